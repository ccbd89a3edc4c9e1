// Activations, products, and the ops of neural networks.
#include <algorithm>

#include "onnx/op_mappings.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::detail {
namespace {

/// An activation of the op's own name.
OnnxValues activation(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxValue y;
  if (!map_named_activation(g, call.op.op, call.x(), y)) call.call.refuse("no activation of that name");
  return {y};
}

OnnxValues softmax(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.softmax(call.x(), call.axis(-1, call.x().rank()))};
}

OnnxValues log_softmax(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.alike("LogSoftmax", {call.x()}, {{"axis", std::int64_t{call.axis(-1, call.x().rank())}}})};
}

OnnxValues elu(OnnxBuilder& g, const OnnxOpCall& call) { return {map_elu(g, call.x(), call.get<double>("alpha", 1))}; }

OnnxValues gelu(OnnxBuilder& g, const OnnxOpCall& call) {
  return {map_gelu(g, call.x(), call.option<bool>("approximate", false))};
}

OnnxValues leaky_relu(OnnxBuilder& g, const OnnxOpCall& call) {
  return {map_leaky_relu(g, call.x(), call.get<double>("negative_slope", 0.2))};
}

OnnxValues matmul(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxValue a = call.operands[0], b = call.operands[1];
  if (call.option<bool>("transpose_a", false)) a = g.move_axis(a, -1, -2);
  if (call.option<bool>("transpose_b", false)) b = g.move_axis(b, -1, -2);
  return {g.matmul(a, b)};
}

/// An activation (one operand), or x w + b.
OnnxValues linear(OnnxBuilder& g, const OnnxOpCall& call) {
  if (call.operands.size() == 1) return {call.x()};
  const OnnxValue y = g.matmul(call.operands[0], call.operands[1]);
  return {call.operands.size() < 3 || call.operands[2].name.empty() ? y : g.add(y, call.operands[2])};
}

OnnxValues einsum(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto equation = call.get<std::string>("equation", "");
  DType dtype = call.x().dtype;
  for (const auto& operand : call.operands) dtype = OnnxBuilder::promoted({"", dtype}, operand);
  OnnxValues inputs;
  for (const auto& operand : call.operands) inputs.push_back(g.cast(operand, dtype));
  const auto& shapes = call.call.output_shapes();
  return {g.node("Einsum", inputs, {{"equation", equation}}, shapes.empty() ? Shape() : shapes.front(), dtype)};
}

OnnxValues dot(OnnxBuilder& g, const OnnxOpCall& call) {
  if (std::max(call.operands[0].rank(), call.operands[1].rank()) > 2) {
    call.call.refuse("its operands have more than two axes: use matmul or einsum");
  }
  return {g.matmul(call.operands[0], call.operands[1])};
}

OnnxValues outer(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxSizes column{-1, 1}, row{1, -1};
  return {g.multiply(g.reshape(call.operands[0], column), g.reshape(call.operands[1], row))};
}

OnnxValues l2_normalize(OnnxBuilder& g, const OnnxOpCall& call) {
  const Axes axes = Axes::from_config(call.attribute("axes"));
  return {map_l2_normalize(g, call.x(), {axes.axes().begin(), axes.axes().end()}, call.get<double>("epsilon", 1e-12))};
}

OnnxValues global_pool(OnnxBuilder& g, const OnnxOpCall& call, const char* op) {
  std::vector<std::int64_t> axes;
  for (int axis = 1; axis < call.x().rank() - 1; ++axis) axes.push_back(axis);
  return {g.reduce(op, call.x(), axes, call.get<bool>("keepdims", false))};
}

OnnxValues resize(OnnxBuilder& g, const OnnxOpCall& call) {
  const Size2d size = value_as<Size2d>(call.attribute("size"));
  return {map_resize(g, call.x(), size.height, size.width, call.get<std::string>("interpolation", "bilinear"))};
}

constexpr OnnxOpMapping mappings[] = {
    {"bias_add",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {g.add(call.operands[0], call.operands[1])}; }},
    {"dot", dot},
    {"einsum", einsum},
    {"elu", elu},
    {"exponential", activation},
    {"gelu", gelu},
    {"global_average_pool", [](OnnxBuilder& g, const OnnxOpCall& call) { return global_pool(g, call, "ReduceMean"); }},
    {"global_max_pool", [](OnnxBuilder& g, const OnnxOpCall& call) { return global_pool(g, call, "ReduceMax"); }},
    {"hard_sigmoid", activation},
    {"hard_silu", activation},
    {"hard_swish", activation},
    {"l2_normalize", l2_normalize},
    {"leaky_relu", leaky_relu},
    {"linear", linear},
    {"log_sigmoid", activation},
    {"log_softmax", log_softmax},
    {"matmul", matmul},
    {"mish", activation},
    {"outer", outer},
    {"relu", activation},
    {"relu6", activation},
    {"resize", resize},
    {"selu", activation},
    {"sigmoid", activation},
    {"silu", activation},
    {"softmax", softmax},
    {"softplus", activation},
    {"softsign", activation},
    {"swish", activation},
    {"tanh", activation},
};

}  // namespace

std::span<const OnnxOpMapping> onnx_nn_ops() { return mappings; }

}  // namespace xtape::detail
