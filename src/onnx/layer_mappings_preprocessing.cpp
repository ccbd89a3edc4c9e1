// Normalization, Discretization, CategoryEncoding, images.
#include <algorithm>
#include <numeric>

#include "onnx/layer_mappings.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/discretization.hpp"
#include "xtape/layers/normalization.hpp"
#include "xtape/layers/rescaling.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::detail {

OnnxValue map_resize(OnnxBuilder& g, const OnnxValue& x, std::int64_t height, std::int64_t width,
                     const std::string& interpolation) {
  const OnnxValue images = channels_first(g, x.rank() == 3 ? g.expand_dims(x, {0}) : x);
  const bool nearest = interpolation == "nearest";
  std::vector<OnnxAttribute> attributes{{"mode", std::string(nearest ? "nearest" : "linear")},
                                        {"coordinate_transformation_mode", std::string("half_pixel")}};
  // The pixel floor((i + 0.5) / scale), whose centre is (i + 0.5) / scale - 0.5 rounded up from the middle.
  if (nearest) attributes.push_back({"nearest_mode", std::string("round_prefer_ceil")});
  const OnnxValue sizes = g.sizes({OnnxSize(images, 0), OnnxSize(images, 1), height, width});
  const OnnxValue y = channels_last(g, g.node("Resize", {images, {}, {}, sizes}, std::move(attributes),
                                              {images.shape[0], images.shape[1], height, width}, x.dtype));
  return x.rank() == 3 ? g.squeeze(y, {0}) : y;
}

namespace {

OnnxValue floating(OnnxBuilder& g, const OnnxValue& x) { return is_floating(x.dtype) ? x : g.cast(x, float32); }

OnnxValues normalization(OnnxBuilder& g, const OnnxCall& call) {
  const auto& layer = dynamic_cast<const layers::Normalization&>(call.layer());
  const OnnxValue x = floating(g, call.x());
  const Tensor mean = xtape::cast(layer.mean(), x.dtype);
  const Tensor spread = xtape::maximum(xtape::sqrt(xtape::cast(layer.variance(), x.dtype)), 1e-7);
  const OnnxValue m = g.weight(call.weight_name("mean"), mean);
  const OnnxValue s = g.weight(call.weight_name("standard_deviation"), spread);
  if (call.get<bool>("invert")) return {g.add(g.multiply(x, s), m)};
  return {g.divide(g.subtract(x, m), s)};
}

OnnxValues rescaling(OnnxBuilder& g, const OnnxCall& call) {
  const auto with = [&](const char* op, const OnnxValue& x, const char* name) {
    const auto value = call.get<layers::RescalingValue>(name);
    if (!value.several()) return g.with_scalar(op, x, value.values()[0]);
    const auto count = static_cast<std::int64_t>(value.values().size());
    return g.binary(op, x, g.constant(cast(xtape::constant(value.values(), {count}), x.dtype)));
  };
  return {with("Add", with("Mul", g.cast(call.x(), call.dtype()), "scale"), "offset")};
}

/// 1 at each id, along a new last axis.
OnnxValue one_hot(OnnxBuilder& g, const OnnxValue& ids, std::int64_t depth, DType dtype) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(depth));
  std::iota(all.begin(), all.end(), 0);
  return g.cast(g.compare("Equal", g.expand_dims(ids, {-1}), g.integers(all)), dtype);
}

/// As detail::encode_categories.
OnnxValue encoded(OnnxBuilder& g, const OnnxValue& ids, std::int64_t depth, const std::string& mode,
                  const std::optional<OnnxValue>& weights, DType dtype) {
  if (mode == "one_hot") {
    return one_hot(g, ids.rank() > 1 && ids.shape.back() == 1 ? g.squeeze(ids, {-1}) : ids, depth, dtype);
  }
  const OnnxValue each = one_hot(g, ids, depth, dtype);
  if (mode == "count") {
    return g.reduce("ReduceSum", weights ? g.multiply(each, g.expand_dims(g.cast(*weights, dtype), {-1})) : each, {-2},
                    false);
  }
  return g.cast(g.reduce_any(each, {-2}, false), dtype);
}

OnnxValues discretization(OnnxBuilder& g, const OnnxCall& call) {
  const auto& layer = dynamic_cast<const layers::Discretization&>(call.layer());  // its config lacks those of adapt()
  const std::vector<double>& boundaries = layer.bin_boundaries();
  if (boundaries.empty() && call.get<std::optional<std::int64_t>>("num_bins").value_or(1) > 1) {
    call.refuse("it has no bins yet: call adapt() with data first");
  }
  // The number of boundaries that are not above the value; all of them for NaN.
  OnnxValue ids;
  if (boundaries.empty()) {
    ids = g.cast(g.with_scalar("Mul", g.cast(call.x(), float64), 0), int64);
  } else {
    const OnnxValue limits = g.constant(xtape::constant(boundaries, {static_cast<std::int64_t>(boundaries.size())}));
    const OnnxValue below = g.compare("Less", g.expand_dims(g.cast(call.x(), float64), {-1}), limits);
    ids = g.reduce("ReduceSum", g.cast(g.logical_not(below), int64), {-1}, false);
  }
  const auto mode = call.get<std::string>("output_mode");
  if (mode == "int") return {ids};
  return {encoded(g, ids, static_cast<std::int64_t>(boundaries.size()) + 1, mode, std::nullopt, call.dtype())};
}

OnnxValues category_encoding(OnnxBuilder& g, const OnnxCall& call) {
  std::optional<OnnxValue> weights;
  if (call.inputs().size() > 1) weights = call.inputs()[1];
  return {encoded(g, g.cast(call.x(), int64), call.get<std::int64_t>("num_tokens"),
                  call.get<std::string>("output_mode"), weights, call.dtype())};
}

/// Height and width, which decide what is cropped.
std::pair<std::int64_t, std::int64_t> image_size(const OnnxCall& call) {
  const Shape& shape = call.x().shape;
  if (shape[-3] < 0 || shape[-2] < 0) {
    call.refuse("it needs images of a known size, found an input of shape {}", shape.str());
  }
  return {shape[-3], shape[-2]};
}

OnnxValue window(OnnxBuilder& g, const OnnxValue& x, std::int64_t top, std::int64_t left, std::int64_t height,
                 std::int64_t width) {
  return g.slice(g.slice(x, -3, top, top + height), -2, left, left + width);
}

/// As detail::smart_resize.
OnnxValue smart_resize(OnnxBuilder& g, const OnnxCall& call, const OnnxValue& x, std::int64_t height,
                       std::int64_t width, const std::string& interpolation) {
  const auto [h, w] = image_size(call);
  const std::int64_t crop_height = std::clamp<std::int64_t>(w * height / width, 1, std::max<std::int64_t>(h, 1));
  const std::int64_t crop_width = std::clamp<std::int64_t>(h * width / height, 1, std::max<std::int64_t>(w, 1));
  const OnnxValue cropped = window(g, x, (h - crop_height) / 2, (w - crop_width) / 2, crop_height, crop_width);
  return map_resize(g, cropped, height, width, interpolation);
}

OnnxValues resizing(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue x = floating(g, call.x());
  const auto height = call.get<std::int64_t>("height"), width = call.get<std::int64_t>("width");
  const auto interpolation = call.get<std::string>("interpolation");
  if (call.get<bool>("crop_to_aspect_ratio")) return {smart_resize(g, call, x, height, width, interpolation)};
  return {map_resize(g, x, height, width, interpolation)};
}

OnnxValues center_crop(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue x = floating(g, call.x());
  const auto height = call.get<std::int64_t>("height"), width = call.get<std::int64_t>("width");
  const auto [h, w] = image_size(call);
  if (h < height || w < width) return {smart_resize(g, call, x, height, width, "bilinear")};
  return {window(g, x, (h - height) / 2, (w - width) / 2, height, width)};
}

OnnxValues random_crop(OnnxBuilder& g, const OnnxCall& call) {
  return {smart_resize(g, call, floating(g, call.x()), call.get<std::int64_t>("height"),
                       call.get<std::int64_t>("width"), "bilinear")};
}

OnnxValues random_image(OnnxBuilder& g, const OnnxCall& call) { return {floating(g, call.x())}; }

constexpr OnnxLayerMapping mappings[] = {
    {"CategoryEncoding", category_encoding},
    {"CenterCrop", center_crop},
    {"Discretization", discretization},
    {"Normalization", normalization},
    {"RandomBrightness", random_image},
    {"RandomContrast", random_image},
    {"RandomCrop", random_crop},
    {"RandomFlip", random_image},
    {"RandomRotation", random_image},
    {"RandomTranslation", random_image},
    {"RandomZoom", random_image},
    {"Rescaling", rescaling},
    {"Resizing", resizing},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_preprocessing_layers() { return mappings; }

}  // namespace xtape::detail
