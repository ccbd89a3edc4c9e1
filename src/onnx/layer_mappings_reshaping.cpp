// Flatten, Reshape, Permute, RepeatVector, padding, cropping, upsampling.
#include "onnx/layer_mappings.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/margins.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::detail {
namespace {

using layers::Margins;
using layers::Margins2d;

OnnxValues flatten(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  std::int64_t features = 1;
  for (int axis = 1; axis < x.rank(); ++axis) {
    features = features < 0 || x.shape[axis] < 0 ? -1 : features * x.shape[axis];
  }
  return {g.reshape(x, {OnnxSize(x, 0), features})};
}

OnnxValues reshape(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  OnnxSizes sizes{OnnxSize(x, 0)};
  for (const auto size : call.get<std::vector<std::int64_t>>("target_shape")) sizes.emplace_back(size);
  return {g.reshape(x, sizes)};
}

OnnxValues permute(OnnxBuilder& g, const OnnxCall& call) {
  std::vector<std::int64_t> permutation{0};
  for (const auto axis : call.get<std::vector<std::int64_t>>("dims")) permutation.push_back(axis);
  return {g.transpose(call.x(), permutation)};
}

OnnxValues repeat_vector(OnnxBuilder& g, const OnnxCall& call) {
  return {g.tile(g.expand_dims(call.x(), {1}), {1, call.get<std::int64_t>("n"), 1})};
}

OnnxValues zero_padding1d(OnnxBuilder& g, const OnnxCall& call) {
  const auto margins = call.get<Margins>("padding");
  return {g.pad(call.x(), {{0, 0}, {margins.before, margins.after}, {0, 0}}, "constant", 0)};
}

OnnxValues zero_padding2d(OnnxBuilder& g, const OnnxCall& call) {
  const auto [height, width] = call.get<Margins2d>("padding");
  return {g.pad(call.x(), {{0, 0}, {height.before, height.after}, {width.before, width.after}, {0, 0}}, "constant", 0)};
}

OnnxValue cropped(OnnxBuilder& g, const OnnxValue& x, int axis, const Margins& margins) {
  if (margins.before == 0 && margins.after == 0) return x;
  return g.slice(x, axis, margins.before, margins.after == 0 ? OnnxBuilder::to_end : -margins.after);
}

OnnxValues cropping1d(OnnxBuilder& g, const OnnxCall& call) {
  return {cropped(g, call.x(), 1, call.get<Margins>("cropping"))};
}

OnnxValues cropping2d(OnnxBuilder& g, const OnnxCall& call) {
  const auto [height, width] = call.get<Margins2d>("cropping");
  return {cropped(g, cropped(g, call.x(), 1, height), 2, width)};
}

/// Each element of an axis repeated.
OnnxValue repeated(OnnxBuilder& g, const OnnxValue& x, int axis, std::int64_t times) {
  if (times == 1) return x;
  OnnxValue each = g.expand_dims(x, {axis + 1});
  std::vector<std::int64_t> repeats(static_cast<std::size_t>(each.rank()), 1);
  repeats[static_cast<std::size_t>(axis) + 1] = times;
  each = g.tile(each, repeats);
  OnnxSizes sizes;
  for (int at = 0; at < x.rank(); ++at) {
    if (at != axis) {
      sizes.emplace_back(x, at);
    } else {
      sizes.emplace_back(x.shape[at] < 0 ? -1 : x.shape[at] * times);
    }
  }
  return g.reshape(each, sizes);
}

OnnxValues up_sampling1d(OnnxBuilder& g, const OnnxCall& call) {
  return {repeated(g, call.x(), 1, call.get<std::int64_t>("size"))};
}

OnnxValues up_sampling2d(OnnxBuilder& g, const OnnxCall& call) {
  const Size2d size = call.get<Size2d>("size");
  const bool bilinear = call.get<std::string>("interpolation") == "bilinear";
  const OnnxValue x = channels_first(g, call.x());
  Shape shape = x.shape;
  if (shape[2] >= 0) shape[2] *= size.height;
  if (shape[3] >= 0) shape[3] *= size.width;
  const OnnxValue scales = g.constant(
      xtape::constant(std::vector<float>{1, 1, static_cast<float>(size.height), static_cast<float>(size.width)}));
  std::vector<OnnxAttribute> attributes{
      {"mode", std::string(bilinear ? "linear" : "nearest")},
      {"coordinate_transformation_mode", std::string(bilinear ? "half_pixel" : "asymmetric")}};
  if (!bilinear) attributes.push_back({"nearest_mode", std::string("floor")});
  return {channels_last(g, g.node("Resize", {x, {}, scales}, std::move(attributes), shape, x.dtype))};
}

constexpr OnnxLayerMapping mappings[] = {
    {"Cropping1D", cropping1d},
    {"Cropping2D", cropping2d},
    {"Flatten", flatten},
    {"Permute", permute},
    {"RepeatVector", repeat_vector},
    {"Reshape", reshape},
    {"UpSampling1D", up_sampling1d},
    {"UpSampling2D", up_sampling2d},
    {"ZeroPadding1D", zero_padding1d},
    {"ZeroPadding2D", zero_padding2d},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_reshaping_layers() { return mappings; }

}  // namespace xtape::detail
