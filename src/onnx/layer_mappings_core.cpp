// Dense, Embedding, masks, and what does nothing in inference.
#include "layers/einsum_equation.hpp"
#include "onnx/layer_mappings.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::detail {
namespace {

OnnxValues identity(OnnxBuilder&, const OnnxCall& call) { return call.inputs(); }

OnnxValues dense(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  const OnnxValue kernel = g.weight(call.weight_name("kernel"), call.weight("kernel"));
  Shape shape = x.shape;
  shape[-1] = kernel.shape[1];
  OnnxValues inputs{g.cast(x, kernel.dtype), kernel};
  if (call.find("bias") != nullptr) inputs.push_back(g.weight(call.weight_name("bias"), call.weight("bias")));
  OnnxValue y;
  if (x.rank() == 2) {
    y = g.node("Gemm", inputs, {}, shape, kernel.dtype);
  } else {
    y = g.matmul(x, kernel);
    if (inputs.size() == 3) y = g.add(y, inputs[2]);
  }
  return {map_activation(g, call, y)};
}

OnnxValues einsum_dense(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  const OnnxValue kernel = g.weight(call.weight_name("kernel"), call.weight("kernel"));
  const auto equation = call.get<std::string>("equation");
  const auto e = EinsumEquation::parse(equation);
  // The axes of "..." stand where the input has them.
  const int elided = e.elided(x.rank());
  const bool first = e.ellipsis == EinsumEquation::Ellipsis::first;
  std::vector<std::int64_t> shape;
  if (first) shape.assign(x.shape.begin(), x.shape.begin() + elided);
  for (const char letter : e.output) {
    const int in = e.place_in_input(letter, x.rank());
    shape.push_back(in >= 0 ? x.shape[in] : kernel.shape[static_cast<int>(e.kernel.find(letter))]);
  }
  if (!first) shape.insert(shape.end(), x.shape.end() - elided, x.shape.end());
  OnnxValue y =
      g.node("Einsum", {g.cast(x, kernel.dtype), kernel}, {{"equation", equation}}, Shape(shape), kernel.dtype);
  if (call.find("bias") != nullptr) y = g.add(y, g.weight(call.weight_name("bias"), call.weight("bias")));
  y = map_activation(g, call, y);
  y.mask = nullptr;
  if (x.mask != nullptr && x.mask->rank() <= e.kept_axes(x.rank())) y.mask = x.mask;
  return {y};
}

/// x != number, with the number in the dtype of x.
OnnxValue not_equal(OnnxBuilder& g, const OnnxValue& x, double number) {
  return g.logical_not(g.compare("Equal", x, g.scalar(number, x.dtype)));
}

OnnxValues embedding(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  const OnnxValue rows = g.weight(call.weight_name("embeddings"), call.weight("embeddings"));
  const OnnxValue ids = x.dtype == int32 || x.dtype == int64 ? x : g.cast(x, int64);
  OnnxValue y = g.gather(rows, ids, 0);
  if (call.get<bool>("mask_zero")) return {g.with_mask(std::move(y), not_equal(g, x, 0))};
  return {y};
}

OnnxValues masking(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  const OnnxValue mask = g.reduce_any(not_equal(g, x, call.get<double>("mask_value")), {-1}, false);
  return {g.with_mask(g.where(g.expand_dims(mask, {-1}), x, g.scalar(0, x.dtype)), mask)};
}

OnnxValues layer_scale(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue gamma = g.weight(call.weight_name("gamma"), call.weight("gamma"));
  return {g.multiply(g.cast(call.x(), gamma.dtype), gamma)};
}

OnnxValues not_equal_layer(OnnxBuilder& g, const OnnxCall& call) {
  return {not_equal(g, call.x(), call.get<double>("value"))};
}

constexpr OnnxLayerMapping mappings[] = {
    {"ActivityRegularization", identity},
    {"AlphaDropout", identity},
    {"Dense", dense},
    {"Dropout", identity},
    {"EinsumDense", einsum_dense, OnnxMasks::own},
    {"Embedding", embedding, OnnxMasks::own},
    {"GaussianDropout", identity},
    {"GaussianNoise", identity},
    {"Identity", identity, OnnxMasks::own},
    {"LayerScale", layer_scale},
    {"Masking", masking, OnnxMasks::own},
    {"NotEqual", not_equal_layer, OnnxMasks::own},
    {"SpatialDropout1D", identity},
    {"SpatialDropout2D", identity},
    {"StochasticDepth", identity},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_core_layers() { return mappings; }

}  // namespace xtape::detail
