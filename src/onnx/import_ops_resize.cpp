// Resizing, along one axis after the other: each element of the result is a weighted sum of few elements.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

/// Where element i of the result is among those of the input.
double coordinate(Call call, const std::string& mode, double i, double scale, double size, double result) {
  if (mode == "half_pixel") return (i + 0.5) / scale - 0.5;
  if (mode == "half_pixel_symmetric") {
    const double adjustment = result / std::max(scale * size, 1e-12);
    return size / 2 * (1 - adjustment) + (i + 0.5) / scale - 0.5;
  }
  if (mode == "pytorch_half_pixel") return result > 1 ? (i + 0.5) / scale - 0.5 : 0;
  if (mode == "align_corners") return result > 1 ? i * (size - 1) / (result - 1) : 0;
  if (mode == "asymmetric") return i / scale;
  if (mode == "tf_half_pixel_for_nn") return (i + 0.5) / scale;
  call.refuse("xtape does not have its coordinate_transformation_mode '{}'", mode);
}

double nearest(Call call, const std::string& mode, double x) {
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  if (mode == "round_prefer_floor") return std::ceil(x - 0.5);
  if (mode == "round_prefer_ceil") return std::floor(x + 0.5);
  call.refuse("xtape does not have its nearest_mode '{}'", mode);
}

struct Options {
  std::string mode, coordinates, nearest_mode;
  double cubic;
  bool exclude_outside;
};

/// The places of the elements before the coordinate and their weights: 1 (nearest), 2 (linear) or 4 (cubic) of them.
std::vector<std::pair<std::int64_t, double>> weights_at(Call call, const Options& options, double x) {
  if (options.mode == "nearest") return {{static_cast<std::int64_t>(nearest(call, options.nearest_mode, x)), 1}};
  const double whole = std::floor(x), part = x - whole;
  const auto at = static_cast<std::int64_t>(whole);
  if (options.mode == "linear") return {{at, 1 - part}, {at + 1, part}};
  const double a = options.cubic;
  const auto far = [&](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  const auto near = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  return {{at - 1, far(1 + part)}, {at, near(part)}, {at + 1, near(1 - part)}, {at + 2, far(2 - part)}};
}

Tensor resized(Call call, const Tensor& x, int axis, std::int64_t result, double scale, const Options& options) {
  const std::int64_t size = x.shape()[axis];
  if (size < 1 || result < 1) call.refuse("it cannot resize an axis of size {} to {}", size, result);
  call.expect_moderate(result);
  std::vector<Integers> places;
  std::vector<std::vector<double>> weights;
  for (std::int64_t i = 0; i < result; ++i) {
    auto all = weights_at(call, options,
                          coordinate(call, options.coordinates, static_cast<double>(i), scale,
                                     static_cast<double>(size), static_cast<double>(result)));
    places.resize(all.size());
    weights.resize(all.size());
    double sum = 0;
    for (auto& [place, weight] : all) {
      if (options.exclude_outside && (place < 0 || place >= size)) weight = 0;
      sum += weight;
    }
    for (std::size_t k = 0; k < all.size(); ++k) {
      places[k].push_back(std::clamp<std::int64_t>(all[k].first, 0, size - 1));
      weights[k].push_back(options.exclude_outside ? all[k].second / sum : all[k].second);
    }
  }
  if (places.size() == 1) return gather(x, constant(places[0]), axis);
  Integers row(static_cast<std::size_t>(x.rank()), 1);
  row[static_cast<std::size_t>(axis)] = result;
  Tensor y;
  for (std::size_t k = 0; k < places.size(); ++k) {
    const Tensor factor = cast(constant(weights[k], Shape(row)), x.dtype());
    const Tensor part = gather(x, constant(places[k]), axis) * factor;
    y = y.defined() ? y + part : part;
  }
  return y;
}

/// The sizes and the scales of the axes: from `scales` or from `sizes`.
TensorList resize_to(Call call, std::vector<double> scales, const Integers& sizes, const Options& options) {
  const Tensor& x = call.x();
  std::vector<int> axes;
  for (const auto axis : call.get("axes", Integers())) axes.push_back(call.axis(axis, x.rank()));
  if (axes.empty()) {
    for (int axis = 0; axis < x.rank(); ++axis) axes.push_back(axis);
  }
  Integers results = sizes;
  if (sizes.empty()) {
    if (scales.size() != axes.size()) call.refuse("expected {} scales, received {}", axes.size(), scales.size());
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const double result = std::floor(static_cast<double>(x.shape()[call.placed(axes[i], x.rank())]) * scales[i]);
      if (!(scales[i] > 0) || !(result < 1e12)) call.refuse("expected positive scales, received {}", scales[i]);
      results.push_back(static_cast<std::int64_t>(result));
    }
  } else {
    if (sizes.size() != axes.size()) call.refuse("expected {} sizes, received {}", axes.size(), sizes.size());
    const std::string policy = call.text("keep_aspect_ratio_policy", "stretch");
    scales.clear();
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::int64_t size = x.shape()[call.placed(axes[i], x.rank())];
      if (sizes[i] < 0) call.refuse("expected sizes of 0 or more, received {}", sizes[i]);
      scales.push_back(static_cast<double>(sizes[i]) / static_cast<double>(std::max<std::int64_t>(size, 1)));
    }
    if (policy != "stretch") {
      const auto [least, most] = std::minmax_element(scales.begin(), scales.end());
      const double scale = policy == "not_larger" ? *least : *most;
      for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto size = static_cast<double>(x.shape()[call.placed(axes[i], x.rank())]);
        scales[i] = scale;
        results[i] = static_cast<std::int64_t>(std::floor(scale * size + 0.5));
      }
    }
  }
  std::int64_t elements = x.size();
  Tensor y = x;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const int axis = call.placed(axes[i], x.rank());
    if (results[i] == x.shape()[axis] && scales[i] == 1) continue;
    elements =
        checked_product(OnnxImportCall::method, elements / std::max<std::int64_t>(x.shape()[axis], 1), results[i]);
    call.expect_moderate(elements);
    y = resized(call, y, axis, results[i], scales[i], options);
  }
  return y;
}

TensorList resize(Call call) {
  // Version 10 had X and scales, and the coordinates of Upsample.
  const bool old = call.opset < 11;
  const std::size_t scales_input = old ? 1 : 2;
  Options options{call.text("mode", "nearest"),
                  call.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel"),
                  call.text("nearest_mode", old ? "floor" : "round_prefer_floor"), call.number("cubic_coeff_a", -0.75),
                  call.flag("exclude_outside")};
  if (options.mode != "nearest" && options.mode != "linear" && options.mode != "cubic") {
    call.refuse("xtape does not have its mode '{}'", options.mode);
  }
  if (options.coordinates == "tf_half_pixel_for_nn") options.nearest_mode = "floor";
  if (call.flag("antialias")) call.refuse("xtape does not have its antialias");
  const bool by_scales = call.has(scales_input) && call.in(scales_input).size() > 0;
  if (!by_scales && !call.has(3)) call.refuse("expected scales or sizes");
  return resize_to(call, by_scales ? call.numbers(scales_input) : std::vector<double>(),
                   by_scales ? Integers() : call.integers(3), options);
}

TensorList upsample(Call call) {
  std::vector<double> scales;
  if (call.has(1)) {
    scales = call.numbers(1);
  } else {
    const auto given = call.get("scales", std::vector<float>());
    scales.assign(given.begin(), given.end());
    if (scales.empty()) scales = {1, 1, call.number("height_scale", 1), call.number("width_scale", 1)};
  }
  const std::string mode = call.text("mode", "nearest");
  return resize_to(call, scales, {}, {mode == "bilinear" ? "linear" : mode, "asymmetric", "floor", -0.75, false});
}

constexpr OnnxImportOp table[] = {
    {"Resize", resize, 1, 4, input_bits(1, 2, 3), 0, input_bits(1, 2), OnnxLayout::axes},
    {"Upsample", upsample, 1, 2, input_bits(1), 0, input_bits(1), OnnxLayout::axes},
};

}  // namespace

std::span<const OnnxImportOp> imported_resize_ops() { return table; }

}  // namespace xtape::detail
