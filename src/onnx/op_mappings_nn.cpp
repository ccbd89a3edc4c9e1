// Activations, products, and the ops of neural networks.
#include <algorithm>
#include <cmath>
#include <optional>

#include "onnx/op_mappings.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::detail {
namespace {

/// An activation of the op's own name.
OnnxValues activation(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxValue y;
  if (!map_named_activation(g, call.op.op, call.x(), y)) call.refuse("no activation of that name");
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

OnnxValues relu(OnnxBuilder& g, const OnnxOpCall& call) {
  return {map_relu(g, call.x(), call.option<double>("negative_slope", 0),
                   call.option<std::optional<double>>("max_value", std::nullopt), call.option<double>("threshold", 0))};
}

OnnxValues celu(OnnxBuilder& g, const OnnxOpCall& call) {
  return {map_celu(g, call.x(), call.get<double>("alpha", 1))};
}

OnnxValues squareplus(OnnxBuilder& g, const OnnxOpCall& call) {
  return {map_squareplus(g, call.x(), call.get<double>("b", 4))};
}

OnnxValues hard_shrink(OnnxBuilder& g, const OnnxOpCall& call) {
  return {map_shrink(g, call.x(), call.get<double>("threshold", 0.5), 0)};
}

OnnxValues soft_shrink(OnnxBuilder& g, const OnnxOpCall& call) {
  const double threshold = call.get<double>("threshold", 0.5);
  return {map_shrink(g, call.x(), threshold, threshold)};
}

OnnxValues threshold(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue& x = call.x();
  return {g.where(g.compare("Greater", x, g.scalar(call.get<double>("threshold", 0), x.dtype)), x,
                  g.scalar(call.get<double>("default_value", 0), x.dtype))};
}

OnnxValues matmul(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxValue a = call.operands[0], b = call.operands[1];
  if (call.option<bool>("transpose_a", false)) a = g.move_axis(a, -1, -2);
  if (call.option<bool>("transpose_b", false)) b = g.move_axis(b, -1, -2);
  return {g.matmul(a, b)};
}

/// An activation (one operand), or x w + b, with relu if the attribute says so.
OnnxValues linear(OnnxBuilder& g, const OnnxOpCall& call) {
  if (call.operands.size() == 1) return {call.x()};
  OnnxValue y = g.matmul(call.operands[0], call.operands[1]);
  if (call.has(2)) y = g.add(y, call.operands[2]);
  return {call.get<bool>("relu", false) ? g.alike("Relu", {y}) : y};
}

OnnxValues einsum(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto equation = call.get<std::string>("equation", "");
  DType dtype = call.x().dtype;
  for (const auto& operand : call.operands) dtype = OnnxBuilder::promoted({"", dtype}, operand);
  OnnxValues inputs;
  for (const auto& operand : call.operands) inputs.push_back(g.cast(operand, dtype));
  const auto& shapes = call.output_shapes;
  return {g.node("Einsum", inputs, {{"equation", equation}}, shapes.empty() ? Shape() : shapes.front(), dtype)};
}

OnnxValues dot(OnnxBuilder& g, const OnnxOpCall& call) {
  if (std::max(call.operands[0].rank(), call.operands[1].rank()) > 2) {
    call.refuse("its operands have more than two axes: use matmul or einsum");
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

/// gamma or beta of layer_norm, along its axes.
OnnxValue along(OnnxBuilder& g, const OnnxOpCall& call, std::size_t operand, const std::vector<std::int64_t>& axes) {
  OnnxSizes sizes(static_cast<std::size_t>(call.x().rank()), 1);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    sizes[static_cast<std::size_t>(axes[i])] = call.operands[operand].shape[static_cast<int>(i)];
  }
  return g.reshape(call.operands[operand], sizes);
}

OnnxValues layer_norm(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue& x = call.x();
  const Axes given = Axes::from_config(call.option("axes"));
  std::vector<std::int64_t> axes;
  for (const int axis : given.axes()) axes.push_back(normal_axis(OnnxBuilder::method, axis, x.rank()));
  for (int axis = 0; given.all() && axis < x.rank(); ++axis) axes.push_back(axis);
  std::sort(axes.begin(), axes.end());
  const double epsilon = call.option<double>("epsilon", 1e-3);
  const bool last = axes.back() == x.rank() - 1 && axes.front() == x.rank() - static_cast<std::int64_t>(axes.size());
  if (last && g.opset() >= 17 && call.has(1)) {
    OnnxValues inputs{x, call.operands[1]};
    if (call.has(2)) inputs.push_back(call.operands[2]);
    return {g.alike("LayerNormalization", inputs, {{"axis", axes.front()}, {"epsilon", static_cast<float>(epsilon)}})};
  }
  OnnxValue y = map_standardize(g, x, axes, epsilon);
  if (call.has(1)) y = g.multiply(y, along(g, call, 1, axes));
  if (call.has(2)) y = g.add(y, along(g, call, 2, axes));
  return {y};
}

/// (x - mean) / sqrt(variance + epsilon) scale + offset
OnnxValues batch_norm(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValues& in = call.operands;
  const OnnxValue deviation = g.alike("Sqrt", {g.with_scalar("Add", in[2], call.get<double>("epsilon", 1e-3))});
  OnnxValue y = g.divide(g.subtract(in[0], in[1]), deviation);
  if (call.has(4)) y = g.multiply(y, in[4]);
  if (call.has(3)) y = g.add(y, in[3]);
  return {y};
}

/// Of [..., steps, size]; the mask is the fourth operand.
OnnxValue attention(OnnxBuilder& g, const OnnxOpCall& call, const OnnxValue& q, const OnnxValue& k,
                    const OnnxValue& v) {
  if (call.option<double>("dropout", 0) != 0) call.refuse("it drops weights: ONNX has no random numbers");
  const double scale = call.option<double>("scale", 1 / std::sqrt(static_cast<double>(q.shape.back())));
  OnnxValue scores = g.matmul(g.with_scalar("Mul", q, scale), g.move_axis(k, -1, -2));
  std::optional<OnnxValue> mask;
  if (call.has(3) && call.operands[3].dtype == boolean) mask = call.operands[3];
  if (call.has(3) && !mask) scores = g.add(scores, call.operands[3]);
  return g.matmul(map_attention_weights(g, scores, mask, call.option<bool>("is_causal", false)), v);
}

OnnxValues scaled_dot_product_attention(OnnxBuilder& g, const OnnxOpCall& call) {
  return {attention(g, call, call.operands[0], call.operands[1], call.operands[2])};
}

/// The heads stand before the sizes.
OnnxValues dot_product_attention(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto swapped = [&](const OnnxValue& x) { return g.transpose(x, {0, 2, 1, 3}); };
  return {swapped(attention(g, call, swapped(call.operands[0]), swapped(call.operands[1]), swapped(call.operands[2])))};
}

OnnxValues resize(OnnxBuilder& g, const OnnxOpCall& call) {
  const Size2d size = value_as<Size2d>(call.attribute("size"));
  return {map_resize(g, call.x(), size.height, size.width, call.get<std::string>("interpolation", "bilinear"))};
}

constexpr OnnxOpMapping mappings[] = {
    {"batch_norm", batch_norm},
    {"bias_add",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {g.add(call.operands[0], call.operands[1])}; }},
    {"celu", celu},
    {"dense", linear},
    {"dot", dot},
    {"dot_product_attention", dot_product_attention},
    {"einsum", einsum},
    {"elu", elu},
    {"exponential", activation},
    {"gelu", gelu},
    {"global_average_pool", [](OnnxBuilder& g, const OnnxOpCall& call) { return global_pool(g, call, "ReduceMean"); }},
    {"global_max_pool", [](OnnxBuilder& g, const OnnxOpCall& call) { return global_pool(g, call, "ReduceMax"); }},
    {"glu",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {map_glu(g, call.x(), call.axis(-1, call.x().rank()))};
     }},
    {"hard_shrink", hard_shrink},
    {"hard_sigmoid", activation},
    {"hard_silu", activation},
    {"hard_swish", activation},
    {"hard_tanh", activation},
    {"l2_normalize", l2_normalize},
    {"layer_norm", layer_norm},
    {"leaky_relu", leaky_relu},
    {"linear", linear},
    {"log_sigmoid", activation},
    {"log_softmax", log_softmax},
    {"matmul", matmul},
    {"mish", activation},
    {"outer", outer},
    {"relu", relu},
    {"relu6", activation},
    {"resize", resize},
    {"scaled_dot_product_attention", scaled_dot_product_attention},
    {"selu", activation},
    {"sigmoid", activation},
    {"silu", activation},
    {"soft_shrink", soft_shrink},
    {"softmax", softmax},
    {"softplus", activation},
    {"softsign", activation},
    {"sparse_plus", activation},
    {"sparse_sigmoid", activation},
    {"sparsemax",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {map_sparsemax(g, call.x(), call.axis(-1, call.x().rank()))};
     }},
    {"squareplus", squareplus},
    {"swish", activation},
    {"tanh", activation},
    {"tanh_shrink", activation},
    {"threshold", threshold},
};

}  // namespace

std::span<const OnnxOpMapping> onnx_nn_ops() { return mappings; }

}  // namespace xtape::detail
