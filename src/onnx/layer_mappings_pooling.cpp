#include <limits>

#include "layers/adaptive_windows.hpp"
#include "onnx/layer_mappings.hpp"

namespace xtape::detail {
namespace {

template <bool max>
OnnxValues pooling(OnnxBuilder& g, const OnnxCall& call) {
  const auto sizes = [&](const char* argument) {
    const ConfigValue& value = call.argument(argument);
    if (value.get<std::int64_t>() != nullptr) return std::vector<std::int64_t>{*value.get<std::int64_t>()};
    return value_as<std::vector<std::int64_t>>(value);
  };
  const auto window = sizes("pool_size");
  const auto strides = call.argument("strides").is_none() ? window : sizes("strides");
  return {map_pooling(g, max ? "MaxPool" : "AveragePool", call.x(), window, strides, call.get<std::string>("padding"),
                      call.where())};
}

std::vector<std::int64_t> spatial_axes(const OnnxValue& x) {
  return x.rank() == 3 ? std::vector<std::int64_t>{1} : std::vector<std::int64_t>{1, 2};
}

OnnxValues global_average(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue x = call.with_given_mask();
  const bool keepdims = call.get<bool>("keepdims");
  OnnxValue y;
  if (x.mask == nullptr || x.rank() != 3) {
    y = g.reduce("ReduceMean", x, spatial_axes(x), keepdims);
  } else {
    const OnnxValue kept = g.expand_dims(*x.mask, {-1});
    const OnnxValue count = g.reduce("ReduceSum", g.cast(kept, x.dtype), {1}, keepdims);
    y = g.divide(g.reduce("ReduceSum", g.where(kept, x, g.scalar(0, x.dtype)), {1}, keepdims),
                 g.with_scalar("Max", count, 1));
  }
  return {y};
}

OnnxValues global_max(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  return {g.reduce("ReduceMax", x, spatial_axes(x), call.get<bool>("keepdims"))};
}

/// Adaptive pooling along an axis whose size, or that of an axis after it, is known only at run time: the windows as a
/// mask [size, steps].
OnnxValue adaptive_axis_of_any_size(OnnxBuilder& g, const OnnxValue& x, int axis, std::int64_t size, bool max) {
  const int rank = x.rank();
  const OnnxValue moved = g.move_axis(x, axis, -2);
  const OnnxValue steps = g.squeeze(g.sizes({OnnxSize(moved, rank - 2)}), {0});
  const OnnxValue places =
      g.node("Range", {g.scalar(0, int64), steps, g.scalar(1, int64)}, {}, {moved.shape[rank - 2]}, int64);
  std::vector<std::int64_t> numbers, following;
  for (std::int64_t i = 0; i < size; ++i) {
    numbers.push_back(i);
    following.push_back(i + 1);
  }
  const auto divided = static_cast<double>(size);
  const OnnxValue begin = g.with_scalar("Div", g.multiply(g.expand_dims(g.integers(numbers), {1}), steps), divided);
  const OnnxValue end = g.with_scalar(
      "Div", g.with_scalar("Add", g.multiply(g.expand_dims(g.integers(following), {1}), steps), divided - 1), divided);
  const OnnxValue inside = g.logical_and(g.compare("GreaterOrEqual", places, begin), g.compare("Less", places, end));
  OnnxValue y;
  if (max) {
    const OnnxValue lowest = g.scalar(-std::numeric_limits<double>::infinity(), x.dtype);
    const OnnxValue windows = g.where(g.expand_dims(inside, {2}), g.expand_dims(moved, {rank - 2}), lowest);
    y = g.reduce("ReduceMax", windows, {rank - 1}, false);
  } else {
    y = g.matmul(g.divide(g.cast(inside, x.dtype), g.cast(g.subtract(end, begin), x.dtype)), moved);
  }
  return g.move_axis(y, -2, axis);
}

/// As adaptive_pool() in layers/adaptive_pooling.cpp: along one axis after the other.
template <bool max>
OnnxValues adaptive(OnnxBuilder& g, const OnnxCall& call) {
  OnnxValue y = call.x();
  const int axes = y.rank() - 2;
  const auto given = call.argument("output_size").get<std::int64_t>() != nullptr
                         ? std::vector<std::int64_t>{call.get<std::int64_t>("output_size")}
                         : call.get<std::vector<std::int64_t>>("output_size");
  const auto pool = [&](const OnnxValue& x, std::int64_t window, std::int64_t stride) {
    return map_pooling(g, max ? "MaxPool" : "AveragePool", x, {window}, {stride}, "valid", call.where());
  };
  for (int axis = 1; axis <= axes; ++axis) {
    const std::int64_t steps = y.shape[axis], size = given[static_cast<std::size_t>(axis - 1)];
    if (steps == size) continue;
    std::int64_t after = 1;
    for (int i = axis + 1; i < y.rank(); ++i) after = y.shape[i] < 0 || after < 0 ? -1 : after * y.shape[i];
    if (steps < 0 || after < 0) {
      y = adaptive_axis_of_any_size(g, y, axis, size, max);
      continue;
    }
    OnnxSizes sizes;
    for (int i = 0; i < y.rank(); ++i) sizes.push_back(i == axis ? OnnxSize(size) : OnnxSize(y, i));
    const OnnxValue x = g.reshape(y, {-1, steps, after});
    OnnxValue pooled;
    if (steps % size == 0) {
      pooled = pool(x, steps / size, steps / size);
    } else {
      const AdaptiveWindows windows(steps, size);
      pooled = pool(x, windows.small, 1);
      if (windows.has_big) pooled = g.concat({pooled, pool(x, windows.small + 1, 1)}, 1);
      pooled = g.gather(pooled, g.integers(windows.places), 1);
    }
    y = g.reshape(pooled, sizes);
  }
  return {y};
}

constexpr OnnxLayerMapping mappings[] = {
    {"AdaptiveAveragePooling1D", adaptive<false>},
    {"AdaptiveAveragePooling2D", adaptive<false>},
    {"AdaptiveAveragePooling3D", adaptive<false>},
    {"AdaptiveMaxPooling1D", adaptive<true>},
    {"AdaptiveMaxPooling2D", adaptive<true>},
    {"AdaptiveMaxPooling3D", adaptive<true>},
    {"AveragePooling1D", pooling<false>},
    {"AveragePooling2D", pooling<false>},
    {"GlobalAveragePooling1D", global_average, OnnxMasks::own},
    {"GlobalAveragePooling2D", global_average},
    {"GlobalMaxPooling1D", global_max},
    {"GlobalMaxPooling2D", global_max},
    {"MaxPooling1D", pooling<true>},
    {"MaxPooling2D", pooling<true>},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_pooling_layers() { return mappings; }

}  // namespace xtape::detail
