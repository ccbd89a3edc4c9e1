// Pooling.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/padding.hpp"
#include "xtape/ops/pool.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

/// The windows of a pooling; `beyond` are the elements after the padded image that ceil_mode adds.
struct Pools : OnnxWindows {
  Integers beyond, results;
};

Pools pools(Call call, const Tensor& x) {
  expect_rank(call, x, 3, 5);
  const Integers input = image_sizes(x);
  Pools p{onnx_windows(call, call.get("kernel_shape", Integers()), input), {}, {}};
  const bool up = call.flag("ceil_mode");
  for (std::size_t i = 0; i < p.axes(); ++i) {
    const std::int64_t padded = input[i] + p.before[i] + p.after[i], room = padded - p.extent(i);
    if (p.before[i] < 0 || p.after[i] < 0 || room < 0) {
      call.refuse("a window of {} does not fit an image of {} with pads {} and {}", p.extent(i), input[i], p.before[i],
                  p.after[i]);
    }
    std::int64_t count = (room + (up ? p.strides[i] - 1 : 0)) / p.strides[i] + 1;
    // A window that would begin after the image and the pads before it is left out.
    if (up && (count - 1) * p.strides[i] >= input[i] + p.before[i]) --count;
    p.results.push_back(count);
    p.beyond.push_back(std::max<std::int64_t>((count - 1) * p.strides[i] + p.extent(i) - padded, 0));
  }
  return p;
}

bool any_positive(const Integers& numbers) {
  return std::any_of(numbers.begin(), numbers.end(), [](std::int64_t number) { return number > 0; });
}

Tensor with_margins(Call call, const Tensor& x, const Integers& before, const Integers& after, double value) {
  std::vector<std::array<std::int64_t, 2>> margins(static_cast<std::size_t>(x.rank()), {0, 0});
  std::int64_t elements = x.shape()[0] * x.shape().back();
  for (std::size_t i = 0; i < before.size(); ++i) {
    margins[i + 1] = {before[i], after[i]};
    elements =
        checked_product(OnnxImportCall::method, elements, x.shape()[static_cast<int>(i) + 1] + before[i] + after[i]);
  }
  call.expect_moderate(elements);
  return any_positive(before) || any_positive(after) ? pad(x, margins, {.constant_values = value}) : x;
}

/// combine() of the elements of each window of the padded image, for what the pooling ops of images do not have.
template <class F>
Tensor over_windows(Call call, const Tensor& x, const Pools& p, const F& combine) {
  std::int64_t taps = 1;
  for (const auto size : p.size) taps = checked_product(OnnxImportCall::method, taps, size);
  if (taps > 4096) call.refuse("its windows have {} elements: expected at most 4096", taps);
  Tensor result;
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    std::vector<IndexItem> items{Slice()};
    std::int64_t rest = tap;
    for (std::size_t i = 0; i < p.axes(); ++i) {
      const std::int64_t begin = rest % p.size[i] * p.dilations[i];
      rest /= p.size[i];
      items.push_back(Slice(begin, begin + (p.results[i] - 1) * p.strides[i] + 1, p.strides[i]));
    }
    items.push_back(Slice());
    const Tensor part = index(x, items);
    result = result.defined() ? combine(result, part) : part;
  }
  return result;
}

/// Whether xtape's pooling of images computes it once the image is padded.
bool is_plain(const Pools& p) {
  return p.axes() < 3 && std::all_of(p.dilations.begin(), p.dilations.end(), [](auto d) { return d == 1; });
}

/// An image of one axis gets a height of 1.
template <class F>
Tensor pooled(const Tensor& x, const Pools& p, const F& pool) {
  if (p.axes() == 1) return squeeze(pool(expand_dims(x, 1), Size2d(1, p.size[0]), Size2d(1, p.strides[0])), 1);
  return pool(x, Size2d(p.size[0], p.size[1]), Size2d(p.strides[0], p.strides[1]));
}

Integers sum_of(const Integers& a, const Integers& b) {
  Integers sum = a;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += b[i];
  return sum;
}

TensorList max_pool(Call call) {
  if (call.wants(1)) call.refuse("xtape does not have its second result, the places of the largest elements");
  return with_channels_last(call, [&](const Tensor& given) {
    const Pools p = pools(call, given);
    const bool small = given.dtype() == uint8;  // of which xtape has no pooling
    const double least = is_floating(given.dtype()) ? -std::numeric_limits<double>::infinity()
                         : small                    ? 0
                         : given.dtype() == int32   ? std::numeric_limits<std::int32_t>::min()
                                                    : static_cast<double>(std::numeric_limits<std::int64_t>::min());
    const Tensor x = with_margins(call, small ? cast(given, int32) : given, p.before, sum_of(p.after, p.beyond), least);
    const Tensor y = is_plain(p) ? pooled(x, p,
                                          [](const Tensor& image, Size2d size, Size2d strides) {
                                            return nn::max_pool2d(image, size, {.strides = strides});
                                          })
                                 : over_windows(call, x, p, maximum);
    return cast(y, given.dtype());
  });
}

/// The mean of the elements of each window of the padded image, zeros among them.
Tensor means(Call call, const Tensor& x, const Pools& p) {
  if (is_plain(p)) {
    return pooled(x, p, [](const Tensor& image, Size2d size, Size2d strides) {
      return nn::avg_pool2d(image, size, {.strides = strides});
    });
  }
  double taps = 1;
  for (const auto size : p.size) taps *= static_cast<double>(size);
  return over_windows(call, x, p, add) * (1 / taps);
}

TensorList average_pool(Call call) {
  const bool counts_pads = call.flag("count_include_pad");
  return with_channels_last(call, [&](const Tensor& x) {
    const Pools p = pools(call, x);
    const Integers after = sum_of(p.after, p.beyond);
    const Tensor sums = means(call, with_margins(call, x, p.before, after, 0), p);
    const bool padded = any_positive(p.before) || any_positive(p.after);
    if (!any_positive(p.beyond) && (counts_pads || !padded)) return sums;
    // The share of each window that counts.
    Integers sizes{1};
    for (std::size_t i = 0; i < p.axes(); ++i) {
      sizes.push_back(x.shape()[static_cast<int>(i) + 1] + (counts_pads ? p.before[i] + p.after[i] : 0));
    }
    sizes.push_back(1);
    call.expect_moderate(Shape(sizes));
    const Tensor counted = ones(Shape(sizes), x.dtype());
    const Integers none(p.axes(), 0);
    return sums / means(call,
                        with_margins(call, counted, counts_pads ? none : p.before, counts_pads ? p.beyond : after, 0),
                        p);
  });
}

Tensor to_power(const Tensor& x, double p) { return p == 2 ? square(x) : pow(abs(x), constant(p, x.dtype())); }
Tensor root(const Tensor& x, double p) { return p == 2 ? sqrt(x) : pow(x, constant(1 / p, x.dtype())); }

TensorList lp_pool(Call call) {
  const double power = static_cast<double>(call.integer("p", 2));
  return with_channels_last(call, [&](const Tensor& x) {
    const Pools p = pools(call, x);
    double taps = 1;
    for (const auto size : p.size) taps *= static_cast<double>(size);
    const Tensor padded = with_margins(call, to_power(x, power), p.before, sum_of(p.after, p.beyond), 0);
    return root(means(call, padded, p) * taps, power);
  });
}

std::vector<int> image_axes(Call call, const Tensor& x) {
  if (x.rank() < 3) call.refuse("expected at least three axes, received the shape {}", x.shape().str());
  std::vector<int> axes;
  for (int axis = 2; axis < x.rank(); ++axis) axes.push_back(call.placed(axis, x.rank()));
  return axes;
}

TensorList global_average(Call call) { return reduce_mean(call.x(), image_axes(call, call.x()), true); }
TensorList global_max(Call call) { return reduce_max(call.x(), image_axes(call, call.x()), true); }
TensorList global_lp(Call call) {
  const double p = static_cast<double>(call.integer("p", 2));
  return root(reduce_sum(to_power(call.x(), p), image_axes(call, call.x()), true), p);
}

constexpr OnnxImportOp pooling(const char* op, TensorList (*run)(Call), OnnxLayout layout = OnnxLayout::channels) {
  return {op, run, 1, 1, 0, 0, 0, layout};
}

constexpr OnnxImportOp table[] = {
    pooling("AveragePool", average_pool),
    pooling("GlobalAveragePool", global_average, OnnxLayout::axes),
    pooling("GlobalLpPool", global_lp, OnnxLayout::axes),
    pooling("GlobalMaxPool", global_max, OnnxLayout::axes),
    pooling("LpPool", lp_pool),
    pooling("MaxPool", max_pool),
};

}  // namespace

std::span<const OnnxImportOp> imported_pooling_ops() { return table; }

}  // namespace xtape::detail
