#include <algorithm>

#include "onnx/layer_mappings.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/spectral_normalization.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {

OnnxValue map_standardize(OnnxBuilder& g, const OnnxValue& x, const std::vector<std::int64_t>& axes, double epsilon) {
  const OnnxValue centred = g.subtract(x, g.reduce("ReduceMean", x, axes, true));
  const OnnxValue variance = g.reduce("ReduceMean", g.multiply(centred, centred), axes, true);
  return g.divide(centred, g.alike("Sqrt", {g.with_scalar("Add", variance, epsilon)}));
}

OnnxValue map_l2_normalize(OnnxBuilder& g, const OnnxValue& x, const std::vector<std::int64_t>& axes, double epsilon) {
  const OnnxValue squares = g.reduce("ReduceSum", g.multiply(x, x), axes, true);
  return g.divide(x, g.alike("Sqrt", {g.with_scalar("Max", squares, epsilon)}));
}

namespace {

/// A weight of the layer, or what stands for it where the layer has none.
Tensor weight_or(const OnnxCall& call, const char* name, double otherwise, const Shape& shape) {
  if (call.find(name) != nullptr) return call.weight(name);
  return xtape::cast(full(shape, otherwise), call.dtype());
}

OnnxValues batch_normalization(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue x = call.with_given_mask();
  const int axis = normal_axis(OnnxBuilder::method, call.get<int>("axis"), x.rank());
  const Tensor mean = call.weight("moving_mean");
  const OnnxValues inputs = {g.move_axis(x, axis, 1),
                             g.weight(call.weight_name("gamma"), weight_or(call, "gamma", 1, mean.shape())),
                             g.weight(call.weight_name("beta"), weight_or(call, "beta", 0, mean.shape())),
                             g.weight(call.weight_name("moving_mean"), mean),
                             g.weight(call.weight_name("moving_variance"), call.weight("moving_variance"))};
  OnnxValue y = g.alike("BatchNormalization", inputs,
                        {{"epsilon", static_cast<float>(call.get<double>("epsilon"))},
                         {"momentum", static_cast<float>(call.get<double>("momentum"))}});
  y = g.move_axis(y, 1, axis);
  y.mask = x.mask;
  return {y};
}

/// The axes of a layer counted from the front, ascending; all but that of the batch if none is given.
std::vector<std::int64_t> axes_of(const OnnxCall& call) {
  const Axes given = call.get<Axes>("axis");
  const int rank = call.x().rank();
  std::vector<std::int64_t> axes;
  for (const int axis : given.axes()) axes.push_back(normal_axis(OnnxBuilder::method, axis, rank));
  for (int axis = 1; given.all() && axis < rank; ++axis) axes.push_back(axis);
  std::sort(axes.begin(), axes.end());
  return axes;
}

/// The shape of a weight over the axes of x, with size 1 for the others.
Shape along(const OnnxValue& x, const std::vector<std::int64_t>& axes) {
  std::vector<std::int64_t> place(static_cast<std::size_t>(x.rank()), 1);
  for (const auto axis : axes) place[static_cast<std::size_t>(axis)] = x.shape[static_cast<int>(axis)];
  return Shape(place);
}

OnnxValues layer_normalization(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  const std::vector<std::int64_t> axes = axes_of(call);
  const bool last =
      axes.back() == x.rank() - 1 && axes.back() - axes.front() == static_cast<std::int64_t>(axes.size()) - 1;
  const double epsilon = call.get<double>("epsilon");
  if (last && g.opset() >= 17) {
    std::vector<std::int64_t> sizes;
    for (const auto axis : axes) sizes.push_back(x.shape[static_cast<int>(axis)]);
    OnnxValues inputs{x, g.weight(call.weight_name("gamma"), weight_or(call, "gamma", 1, Shape(sizes)))};
    if (call.find("beta") != nullptr) inputs.push_back(g.weight(call.weight_name("beta"), call.weight("beta")));
    return {g.alike("LayerNormalization", inputs, {{"axis", axes.front()}, {"epsilon", static_cast<float>(epsilon)}})};
  }
  OnnxValue y = map_standardize(g, x, axes, epsilon);
  for (const auto& [name, op] : {std::pair("gamma", "Mul"), std::pair("beta", "Add")}) {
    if (call.find(name) == nullptr) continue;
    y = g.binary(op, y, g.weight(call.weight_name(name), xtape::reshape(call.weight(name), along(x, axes))));
  }
  return {y};
}

OnnxValues rms_normalization(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  const std::vector<std::int64_t> axes = axes_of(call);
  const OnnxValue squares = g.reduce("ReduceMean", g.multiply(x, x), axes, true);
  const OnnxValue y = g.divide(x, g.alike("Sqrt", {g.with_scalar("Add", squares, call.get<double>("epsilon"))}));
  const Tensor scale = xtape::reshape(call.weight("scale"), along(x, axes));
  return {g.multiply(y, g.weight(call.weight_name("scale"), scale))};
}

OnnxValues group_normalization(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  const int axis = normal_axis(OnnxBuilder::method, call.get<int>("axis"), x.rank());
  const OnnxValue moved = g.move_axis(x, axis, -1);
  const std::int64_t channels = x.shape[axis], given = call.get<std::int64_t>("groups");
  const std::int64_t groups = given == -1 ? channels : given;
  OnnxValue y = g.reshape(moved, {OnnxSize(moved, 0), -1, groups, channels / groups});
  y = map_standardize(g, y, {1, 3}, call.get<double>("epsilon"));
  OnnxSizes sizes;
  for (int each = 0; each < moved.rank(); ++each) sizes.emplace_back(moved, each);
  y = g.reshape(y, sizes);
  for (const auto& [name, op] : {std::pair("gamma", "Mul"), std::pair("beta", "Add")}) {
    if (call.find(name) != nullptr) y = g.binary(op, y, g.weight(call.weight_name(name), call.weight(name)));
  }
  return {g.move_axis(y, -1, axis)};
}

OnnxValues unit_normalization(OnnxBuilder& g, const OnnxCall& call) {
  const Axes axis = call.get<Axes>("axis");
  return {map_l2_normalize(g, call.x(), {axis.axes().begin(), axis.axes().end()}, 1e-24)};
}

/// In inference the layer alone.
OnnxValues spectral_normalization(OnnxBuilder& g, const OnnxCall& call) {
  return map_layer(g, dynamic_cast<layers::SpectralNormalization&>(call.layer()).layer(), call.inputs());
}

constexpr OnnxLayerMapping mappings[] = {
    {"BatchNormalization", batch_normalization, OnnxMasks::own},
    {"GroupNormalization", group_normalization},
    {"LayerNormalization", layer_normalization},
    {"RMSNormalization", rms_normalization},
    {"SpectralNormalization", spectral_normalization, OnnxMasks::own},
    {"UnitNormalization", unit_normalization},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_normalization_layers() { return mappings; }

}  // namespace xtape::detail
