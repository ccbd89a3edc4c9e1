#include <algorithm>

#include "onnx/layer_mappings.hpp"
#include "xtape/layers/merging.hpp"

namespace xtape::detail {
namespace {

int largest_rank(const OnnxValues& values) {
  int rank = 1;
  for (const auto& value : values) rank = std::max(rank, value.rank());
  return rank;
}

/// Sizes of 1 are inserted after the batch until all have one rank.
OnnxValue aligned(OnnxBuilder& g, const OnnxValue& x, int rank) {
  std::vector<std::int64_t> axes;
  for (int axis = 1; axis <= rank - x.rank(); ++axis) axes.push_back(axis);
  return axes.empty() ? x : g.expand_dims(x, axes);
}

OnnxValue with_last_axes(OnnxBuilder& g, const OnnxValue& x, int rank) {
  std::vector<std::int64_t> axes;
  for (int axis = x.rank(); axis < rank; ++axis) axes.push_back(axis);
  return axes.empty() ? x : g.expand_dims(x, axes);
}

/// True where any of the masks is; none if an input has none.
std::optional<OnnxValue> merged_mask(OnnxBuilder& g, const OnnxValues& inputs) {
  const int rank = largest_rank(inputs);
  std::optional<OnnxValue> any;
  for (const auto& input : inputs) {
    if (input.mask == nullptr) return std::nullopt;
    OnnxValue mask = aligned(g, *input.mask, input.mask->rank() + rank - input.rank());
    if (any) {
      const int common = std::max(any->rank(), mask.rank());
      any = g.logical_or(with_last_axes(g, *any, common), with_last_axes(g, mask, common));
    } else {
      any = mask;
    }
  }
  return any;
}

OnnxValue folded(OnnxBuilder& g, const OnnxCall& call, const char* op) {
  const int rank = largest_rank(call.inputs());
  OnnxValue y = aligned(g, call.x(), rank);
  for (std::size_t i = 1; i < call.inputs().size(); ++i) y = g.binary(op, y, aligned(g, call.inputs()[i], rank));
  return y;
}

OnnxValues with_merged_mask(OnnxBuilder& g, const OnnxCall& call, OnnxValue y) {
  y.mask = nullptr;
  if (const auto mask = merged_mask(g, call.inputs())) return {g.with_mask(std::move(y), *mask)};
  return {y};
}

OnnxValues add(OnnxBuilder& g, const OnnxCall& call) { return with_merged_mask(g, call, folded(g, call, "Add")); }
OnnxValues subtract(OnnxBuilder& g, const OnnxCall& call) { return with_merged_mask(g, call, folded(g, call, "Sub")); }
OnnxValues multiply(OnnxBuilder& g, const OnnxCall& call) { return with_merged_mask(g, call, folded(g, call, "Mul")); }
OnnxValues maximum(OnnxBuilder& g, const OnnxCall& call) { return with_merged_mask(g, call, folded(g, call, "Max")); }
OnnxValues minimum(OnnxBuilder& g, const OnnxCall& call) { return with_merged_mask(g, call, folded(g, call, "Min")); }
OnnxValues average(OnnxBuilder& g, const OnnxCall& call) {
  const auto count = static_cast<double>(call.inputs().size());
  return with_merged_mask(g, call, g.with_scalar("Div", folded(g, call, "Add"), count));
}

OnnxValues concatenate(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValues& inputs = call.inputs();
  const int rank = call.x().rank(), axis = normal_axis(OnnxBuilder::method, call.get<int>("axis"), rank);
  OnnxValue y = g.concat(inputs, axis);
  y.mask = nullptr;
  if (rank < 2 || std::none_of(inputs.begin(), inputs.end(), [](const auto& x) { return x.mask != nullptr; })) {
    return {y};
  }
  // Masks of all axes but the last: see layers::Concatenate.
  OnnxValues masks;
  for (const auto& input : inputs) {
    OnnxSizes steps;
    for (int each = 0; each < rank - 1; ++each) steps.emplace_back(input, each);
    OnnxValue mask = input.mask != nullptr ? *input.mask : g.cast(g.scalar(1, float32), boolean);
    if (mask.rank() == rank) mask = g.reduce_any(mask, {-1}, false);
    if (input.mask != nullptr) mask = with_last_axes(g, mask, rank - 1);
    masks.push_back(g.broadcast_to(mask, steps));
  }
  if (axis < rank - 1) return {g.with_mask(y, g.concat(masks, axis))};
  OnnxValue any = masks.front();
  for (std::size_t i = 1; i < masks.size(); ++i) any = g.logical_or(any, masks[i]);
  return {g.with_mask(y, any)};
}

OnnxValues dot(OnnxBuilder& g, const OnnxCall& call) {
  OnnxValue a = call.inputs()[0], b = call.inputs()[1];
  const auto axes = call.get<layers::DotAxes>("axes");
  const int first = normal_axis(OnnxBuilder::method, axes.first, a.rank());
  const int second = normal_axis(OnnxBuilder::method, axes.second, b.rank());
  if (call.get<bool>("normalize")) {
    a = map_l2_normalize(g, a, {first}, 1e-12);
    b = map_l2_normalize(g, b, {second}, 1e-12);
  }
  a = g.move_axis(a, first, -1);
  b = g.move_axis(b, second, 1);
  // [batch, others of a..., size] x [batch, size, others of b...], with the others as one axis.
  OnnxSizes result{OnnxSize(a, 0)};
  for (int axis = 1; axis < a.rank() - 1; ++axis) result.emplace_back(a, axis);
  for (int axis = 2; axis < b.rank(); ++axis) result.emplace_back(b, axis);
  if (result.size() == 1) result.emplace_back(1);
  const OnnxValue rows = a.rank() == 3 ? a : g.reshape(a, {OnnxSize(a, 0), -1, OnnxSize(a, a.rank() - 1)});
  const OnnxValue columns = b.rank() == 3 ? b : g.reshape(b, {OnnxSize(b, 0), OnnxSize(b, 1), -1});
  const OnnxValue y = g.matmul(rows, columns);
  const bool done = a.rank() == 3 && b.rank() == 3;
  return {done ? y : g.reshape(y, result)};
}

constexpr OnnxLayerMapping mappings[] = {
    {"Add", add, OnnxMasks::own},
    {"Average", average, OnnxMasks::own},
    {"Concatenate", concatenate, OnnxMasks::own},
    {"Dot", dot},
    {"Maximum", maximum, OnnxMasks::own},
    {"Minimum", minimum, OnnxMasks::own},
    {"Multiply", multiply, OnnxMasks::own},
    {"Subtract", subtract, OnnxMasks::own},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_merging_layers() { return mappings; }

}  // namespace xtape::detail
