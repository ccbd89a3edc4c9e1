// Convolutions, pooling and padding.
#include <algorithm>

#include "onnx/op_mappings.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::detail {
namespace {

using Integers = std::vector<std::int64_t>;

/// A number for each of the spatial axes.
Integers per_axis(const OnnxOpCall& call, const ConfigValue& value) {
  const auto spatial = static_cast<std::size_t>(call.x().rank() - 2);
  const Integers given = value_as<Integers>(value);
  return given.size() == spatial ? given : Integers(spatial, given.front());
}

/// The filters in ONNX's layout: the axes of theirs in this order, then in that shape if there is one.
OnnxValue kernel(OnnxBuilder& g, const OnnxOpCall& call, Tensor (*in_layout)(const Tensor&), bool depthwise) {
  const Tensor known = call.known(1);
  const OnnxValue& filters = call.operands[1];
  if (known.defined()) return g.weight(filters.name, xtape::cast(in_layout(known), call.x().dtype));
  const int rank = filters.rank();
  Integers permutation = depthwise ? Integers{rank - 2, rank - 1} : Integers{rank - 1, rank - 2};
  for (int axis = 0; axis < rank - 2; ++axis) permutation.push_back(axis);
  const OnnxValue moved = g.transpose(filters, permutation);
  if (!depthwise) return moved;
  OnnxSizes sizes{filters.shape[-1] * filters.shape[-2], 1};
  for (int axis = 0; axis < rank - 2; ++axis) sizes.emplace_back(filters.shape[axis]);
  return g.reshape(moved, sizes);
}

OnnxConvolution described(OnnxBuilder& g, const OnnxOpCall& call, Tensor (*in_layout)(const Tensor&),
                          bool depthwise = false) {
  const OnnxValue& filters = call.operands[1];
  return {.kernel = kernel(g, call, in_layout, depthwise),
          .window = Integers(filters.shape.begin(), filters.shape.end() - 2),
          .strides = per_axis(call, call.option("strides")),
          .dilations = per_axis(call, call.option("dilations")),
          .padding = call.option<std::string>("padding", "valid")};
}

OnnxValues convolution(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxConvolution c = described(g, call, onnx_kernel);
  c.groups = call.x().shape.back() / call.operands[1].shape[-2];
  if (call.has(2)) c.bias = call.operands[2];
  const OnnxValue y = map_convolution(g, call.x(), c, call.where);
  return {call.get<bool>("relu", false) ? g.alike("Relu", {y}) : y};
}

OnnxValues depthwise(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxConvolution c = described(g, call, onnx_depthwise_kernel, true);
  c.groups = call.operands[1].shape[-2];
  return {map_convolution(g, call.x(), c, call.where)};
}

OnnxValues transposed(OnnxBuilder& g, const OnnxOpCall& call) {
  if (!call.option("output_shape").is_none()) call.refuse("its output_shape has no counterpart: leave it out");
  // [spatial..., out, in] -> [in, out, spatial...]
  return {map_transposed_convolution(g, call.x(), {described(g, call, onnx_kernel)})};
}

OnnxValues pooling(OnnxBuilder& g, const OnnxOpCall& call, const char* op) {
  const Integers window = per_axis(call, call.attribute("ksize"));
  const ConfigValue strides = call.option("strides");
  return {map_pooling(g, op, call.x(), window, strides.is_none() ? window : per_axis(call, strides),
                      call.option<std::string>("padding", "valid"), call.where)};
}

OnnxValues pad(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto mode = call.option<std::string>("mode", "constant");
  if (mode == "symmetric") call.refuse("ONNX has no padding of mode \"symmetric\": use \"reflect\"");
  std::vector<std::array<std::int64_t, 2>> margins;
  for (const ConfigValue& margin : list_of(call.attribute("paddings"))) {
    const Integers both = value_as<Integers>(margin);
    margins.push_back({both[0], both[1]});
  }
  return {g.pad(call.x(), margins, mode.c_str(), call.option<double>("constant_values", 0))};
}

OnnxValues max_pool(OnnxBuilder& g, const OnnxOpCall& call) { return pooling(g, call, "MaxPool"); }
OnnxValues avg_pool(OnnxBuilder& g, const OnnxOpCall& call) { return pooling(g, call, "AveragePool"); }

constexpr OnnxOpMapping mappings[] = {
    {"avg_pool1d", avg_pool}, {"avg_pool2d", avg_pool},         {"conv1d", convolution},
    {"conv2d", convolution},  {"conv2d_transpose", transposed}, {"depthwise_conv2d", depthwise},
    {"max_pool1d", max_pool}, {"max_pool2d", max_pool},         {"pad", pad},
};

}  // namespace

std::span<const OnnxOpMapping> onnx_window_ops() { return mappings; }

}  // namespace xtape::detail
