// Normalizations, and softmax.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/thread_state.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/padding.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

/// A value for each channel as a factor of x.
Tensor for_channels(Call call, const Tensor& x, const Tensor& values) {
  if (call.channels_last || x.rank() < 3) return values;
  Integers sizes(static_cast<std::size_t>(x.rank() - 1), 1);
  sizes[0] = values.size();
  return reshape(values, Shape(sizes));
}

std::vector<int> spatial_axes(Call call, int rank) {
  std::vector<int> axes;
  for (int axis = 2; axis < rank; ++axis) axes.push_back(call.placed(axis, rank));
  return axes;
}

/// average <- momentum average + (1 - momentum) value
void follow(Variable average, const Tensor& value, double momentum) {
  if (!average.defined()) return;
  const Tensor v = cast(stop_gradient(value), average.dtype());
  average.assign(average.stored_value() * momentum + v * (1 - momentum));
}

TensorList batch_normalization(Call call) {
  const Tensor &x = call.x(), &scale = call.in(1), &offset = call.in(2), &mean = call.in(3), &variance = call.in(4);
  const double epsilon = call.number("epsilon", 1e-5), momentum = call.number("momentum", 0.9);
  if (x.rank() < 2) call.refuse("expected at least two axes, received the shape {}", x.shape().str());
  const bool by_file = call.flag("training_mode");
  // As a layer of Keras: it trains, unless it is frozen.
  const bool learns = call.training && call.trainable && call.variables[3].defined();
  if (!by_file && !learns) {
    return nn::batch_norm(x, for_channels(call, x, mean), for_channels(call, x, variance),
                          for_channels(call, x, offset), for_channels(call, x, scale), epsilon);
  }
  const Tensor last = call.channels_last ? x : to_channels_last(x);
  const nn::BatchNorm normal = nn::batch_norm_training(last, scale, offset, epsilon);
  if (learns && !being_recomputed()) {
    follow(call.variables[3], normal.mean, momentum);
    follow(call.variables[4], normal.variance, momentum);
  }
  TensorList results = call.channels_last ? normal.y : to_channels_first(normal.y);
  if (call.outputs() > 1) results.push_back(mean * momentum + normal.mean * (1 - momentum));
  if (call.outputs() > 2) results.push_back(variance * momentum + normal.variance * (1 - momentum));
  return results;
}

/// (x - mean) / sqrt(variance + epsilon) over the axes.
Tensor standardized(const Tensor& x, const std::vector<int>& axes, double epsilon) {
  const Tensor centred = x - reduce_mean(x, axes, true);
  return centred * rsqrt(reduce_mean(square(centred), axes, true) + constant(epsilon, x.dtype()));
}

TensorList instance_normalization(Call call) {
  const Tensor& x = call.x();
  if (x.rank() < 3) call.refuse("expected at least three axes, received the shape {}", x.shape().str());
  const Tensor y = standardized(x, spatial_axes(call, x.rank()), call.number("epsilon", 1e-5));
  return y * for_channels(call, x, call.in(1)) + for_channels(call, x, call.in(2));
}

TensorList group_normalization(Call call) {
  const Tensor &x = call.x(), &scale = call.in(1), &offset = call.in(2);
  if (x.rank() < 2) call.refuse("expected at least two axes, received the shape {}", x.shape().str());
  const std::int64_t groups = call.integer("num_groups", 0), channels = x.shape()[1];
  if (groups < 1 || channels % groups != 0) call.refuse("{} groups do not fit the shape {}", groups, x.shape().str());
  Integers sizes{x.shape()[0], groups, channels / groups};
  sizes.insert(sizes.end(), x.shape().begin() + 2, x.shape().end());
  std::vector<int> axes(sizes.size() - 2);
  std::iota(axes.begin(), axes.end(), 2);
  const Tensor y = standardized(reshape(x, Shape(sizes)), axes, call.number("epsilon", 1e-5));
  if (scale.size() == channels) {  // from version 21 on
    return reshape(y, x.shape()) * for_channels(call, x, scale) + for_channels(call, x, offset);
  }
  Integers each(sizes.size() - 1, 1);
  each[0] = groups;
  return reshape(y * reshape(scale, Shape(each)) + reshape(offset, Shape(each)), x.shape());
}

std::vector<int> axes_from(Call call, const Tensor& x, std::int64_t otherwise) {
  std::vector<int> axes;
  for (int axis = call.axis(call.integer("axis", otherwise), x.rank()); axis < x.rank(); ++axis) axes.push_back(axis);
  return axes;
}

TensorList layer_normalization(Call call) {
  const Tensor &x = call.x(), &scale = call.in(1);
  const Tensor offset = call.optional(2);
  const std::vector<int> axes = axes_from(call, x, -1);
  const double epsilon = call.number("epsilon", 1e-5);
  const auto full = [&](const Tensor& t) {
    return !t.defined() || (t.rank() == static_cast<int>(axes.size()) &&
                            std::equal(t.shape().begin(), t.shape().end(), x.shape().begin() + axes.front()));
  };
  TensorList results;
  if (full(scale) && full(offset)) {
    results.push_back(nn::layer_norm(x, scale, offset, {.axes = axes, .epsilon = epsilon}));
  } else {
    const Tensor y = standardized(x, axes, epsilon) * scale;
    results.push_back(offset.defined() ? y + offset : y);
  }
  if (call.outputs() > 1) results.push_back(reduce_mean(x, axes, true));
  if (call.outputs() > 2) {
    const Tensor variance = reduce_mean(square(x - results[1]), axes, true);
    results.push_back(rsqrt(variance + constant(epsilon, x.dtype())));
  }
  return results;
}

TensorList rms_normalization(Call call) {
  const Tensor& x = call.x();
  const std::vector<int> axes = axes_from(call, x, -1);
  const Tensor mean = reduce_mean(square(x), axes, true);
  return x * rsqrt(mean + constant(call.number("epsilon", 1e-5), x.dtype())) * call.in(1);
}

TensorList mean_variance_normalization(Call call) {
  const Tensor& x = call.x();
  std::vector<int> axes;
  for (const auto axis : call.get("axes", Integers{0, 2, 3})) axes.push_back(call.axis(axis, x.rank()));
  const Tensor centred = x - reduce_mean(x, axes, true);
  return centred / (sqrt(reduce_mean(square(centred), axes, true)) + constant(1e-9, x.dtype()));
}

TensorList lp_normalization(Call call) {
  const Tensor& x = call.x();
  const int axis = call.axis(call.integer("axis", -1), x.rank());
  const std::int64_t p = call.integer("p", 2);
  if (p != 1 && p != 2) call.refuse("expected a norm p of 1 or 2, received {}", p);
  return x / (p == 1 ? reduce_sum(abs(x), axis, true) : sqrt(reduce_sum(square(x), axis, true)));
}

TensorList local_response_normalization(Call call) {
  const Tensor& x = call.x();
  if (x.rank() < 2) call.refuse("expected at least two axes, received the shape {}", x.shape().str());
  const double alpha = call.number("alpha", 1e-4), beta = call.number("beta", 0.75), bias = call.number("bias", 1);
  const std::int64_t size = call.integer("size", 1), before = (size - 1) / 2;
  if (size < 1 || size > 4096) call.refuse("expected a size from 1 to 4096, received {}", size);
  std::vector<std::array<std::int64_t, 2>> margins(static_cast<std::size_t>(x.rank()), {0, 0});
  margins[1] = {before, size - 1 - before};
  const Tensor squares = pad(square(x), margins);
  Tensor sum = slice_axis(squares, 1, 0, x.shape()[1]);
  for (std::int64_t i = 1; i < size; ++i) sum = sum + slice_axis(squares, 1, i, x.shape()[1]);
  return x / pow(sum * (alpha / static_cast<double>(size)) + bias, constant(beta, x.dtype()));
}

/// f along the axis; versions before 13 take all axes from it on together.
template <class F>
Tensor along(Call call, const F& f) {
  const Tensor& x = call.x();
  if (call.opset >= 13) {
    if (x.rank() == 0) return f(reshape(x, {1}), 0);
    return f(x, call.place(call.integer("axis", -1), x.rank()));
  }
  const int axis = call.axis(call.integer("axis", 1), x.rank());
  if (axis == x.rank() - 1) return f(x, axis);
  std::int64_t rows = 1, columns = 1;
  for (int i = 0; i < x.rank(); ++i) (i < axis ? rows : columns) *= x.shape()[i];
  return reshape(f(reshape(x, {rows, columns}), 1), x.shape());
}

TensorList softmax(Call call) {
  return reshape(along(call, [](const Tensor& x, int axis) { return nn::softmax(x, axis); }), call.x().shape());
}
TensorList log_softmax(Call call) {
  return reshape(along(call, [](const Tensor& x, int axis) { return nn::log_softmax(x, axis); }), call.x().shape());
}
TensorList hardmax(Call call) {
  return along(call, [](const Tensor& x, int axis) {
    const Tensor last = moveaxis(x, axis, -1);
    return moveaxis(one_hot(argmax(last, -1), last.shape().back(), x.dtype()), -1, axis);
  });
}

constexpr InputBits scale_and_offset = input_bits(1, 2);

constexpr OnnxImportOp table[] = {
    {"BatchNormalization", batch_normalization, 5, 5, 0, input_bits(1, 2, 3, 4), 0, OnnxLayout::axes, input_bits(3, 4)},
    {"GroupNormalization", group_normalization, 3, 3, 0, scale_and_offset},
    {"Hardmax", hardmax},
    {"InstanceNormalization", instance_normalization, 3, 3, 0, scale_and_offset, 0, OnnxLayout::axes},
    {"LRN", local_response_normalization},
    {"LayerNormalization", layer_normalization, 2, 3, 0, scale_and_offset},
    {"LogSoftmax", log_softmax, 1, 1, 0, 0, 0, OnnxLayout::axes},
    {"LpNormalization", lp_normalization},
    {"MeanVarianceNormalization", mean_variance_normalization},
    {"RMSNormalization", rms_normalization, 2, 2, 0, input_bits(1)},
    {"Softmax", softmax, 1, 1, 0, 0, 0, OnnxLayout::axes},
};

}  // namespace

std::span<const OnnxImportOp> imported_normalization_ops() { return table; }

}  // namespace xtape::detail
