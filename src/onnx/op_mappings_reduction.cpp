// Reductions, sums along an axis, and the places of the largest elements.
#include <limits>

#include "onnx/op_mappings.hpp"

namespace xtape::detail {
namespace {

struct Along {
  std::vector<std::int64_t> axes;
  bool keepdims;
};
Along along(const OnnxOpCall& call) {
  const Axes axes = Axes::from_config(call.attribute("axes"));
  return {{axes.axes().begin(), axes.axes().end()}, call.get<bool>("keepdims", false)};
}

template <const auto& name>
OnnxValues reduction(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto [axes, keepdims] = along(call);
  return {g.reduce(name, call.x(), axes, keepdims)};
}
constexpr char sum[] = "ReduceSum", mean[] = "ReduceMean", product[] = "ReduceProd", largest[] = "ReduceMax",
               smallest[] = "ReduceMin", logsumexp[] = "ReduceLogSumExp";

OnnxValues any(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto [axes, keepdims] = along(call);
  return {g.reduce_any(call.x(), axes, keepdims)};
}

OnnxValues all(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto [axes, keepdims] = along(call);
  return {g.cast(g.reduce("ReduceMin", g.cast(g.cast(call.x(), boolean), int32), axes, keepdims), boolean)};
}

OnnxValue variance(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto [axes, keepdims] = along(call);
  const OnnxValue centred = g.subtract(call.x(), g.reduce("ReduceMean", call.x(), axes, true));
  return g.reduce("ReduceMean", g.multiply(centred, centred), axes, keepdims);
}

OnnxValues moments(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto [axes, keepdims] = along(call);
  return {g.reduce("ReduceMean", call.x(), axes, keepdims), variance(g, call)};
}

OnnxValues top_k(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto k = call.get<std::int64_t>("k", 1);
  Shape shape = call.x().shape;
  shape[-1] = k;
  return g.nodes("TopK", {call.x(), g.integers({k})}, {{"axis", std::int64_t{-1}}},
                 {{shape, call.x().dtype}, {shape, int64}});
}

/// Stable in either direction, as ONNX's TopK is.
OnnxValues sorted(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue& x = call.x();
  const int axis = call.axis(-1, x.rank());
  return g.nodes("TopK", {x, g.sizes({OnnxSize(x, axis)})},
                 {{"axis", std::int64_t{axis}}, {"largest", call.get<std::int64_t>("direction", 0)}},
                 {{x.shape, x.dtype}, {x.shape, int64}});
}

/// The 1-, 2- or largest norm.
OnnxValues norm(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto [axes, keepdims] = along(call);
  const double order = call.option<double>("ord", 2);
  if (order == 2) return {g.alike("Sqrt", {g.reduce("ReduceSum", g.multiply(call.x(), call.x()), axes, keepdims)})};
  const OnnxValue sizes = g.alike("Abs", {call.x()});
  if (order == 1) return {g.reduce("ReduceSum", sizes, axes, keepdims)};
  if (order != std::numeric_limits<double>::infinity()) call.refuse("only the 1-, 2- and inf-norm have counterparts");
  return {g.reduce("ReduceMax", sizes, axes, keepdims)};
}

OnnxValues place(OnnxBuilder& g, const OnnxOpCall& call, const char* op) {
  const OnnxValue& x = call.x();
  const int axis = call.axis(0, x.rank());
  std::vector<std::int64_t> shape(x.shape.begin(), x.shape.end());
  shape.erase(shape.begin() + axis);
  const OnnxValue found =
      g.node(op, {x}, {{"axis", std::int64_t{axis}}, {"keepdims", std::int64_t{0}}}, Shape(shape), int64);
  return {found};
}

OnnxValues cumulative_sum(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue& x = call.x();
  return {g.alike("CumSum", {x, g.scalar(call.axis(0, x.rank()), int64)},
                  {{"exclusive", std::int64_t{call.option<bool>("exclusive", false)}},
                   {"reverse", std::int64_t{call.option<bool>("reverse", false)}}})};
}

OnnxValues count_nonzero(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto [axes, keepdims] = along(call);
  return {g.reduce("ReduceSum", g.cast(g.cast(call.x(), boolean), int64), axes, keepdims)};
}

constexpr OnnxOpMapping mappings[] = {
    {"argmax", [](OnnxBuilder& g, const OnnxOpCall& call) { return place(g, call, "ArgMax"); }},
    {"argsort", [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {sorted(g, call)[1]}; }},
    {"argmin", [](OnnxBuilder& g, const OnnxOpCall& call) { return place(g, call, "ArgMin"); }},
    {"count_nonzero", count_nonzero},
    {"cumsum", cumulative_sum},
    {"moments", moments},
    {"norm", norm},
    {"reduce_all", all},
    {"reduce_any", any},
    {"reduce_logsumexp", reduction<logsumexp>},
    {"reduce_max", reduction<largest>},
    {"reduce_mean", reduction<mean>},
    {"reduce_min", reduction<smallest>},
    {"reduce_prod", reduction<product>},
    {"reduce_std",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {g.alike("Sqrt", {variance(g, call)})}; }},
    {"reduce_sum", reduction<sum>},
    {"reduce_variance", [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {variance(g, call)}; }},
    {"sort", [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {sorted(g, call)[0]}; }},
    {"top_k", top_k},
};

}  // namespace

std::span<const OnnxOpMapping> onnx_reduction_ops() { return mappings; }

}  // namespace xtape::detail
