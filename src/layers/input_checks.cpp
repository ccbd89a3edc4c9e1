#include "layers/input_checks.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "layers/graph_node.hpp"
#include "layers/layer_state.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::detail {

void expect_ndim(const Layer& layer, const Shape& shape, int ndim) {
  if (shape.rank() == ndim) return;
  fail<ValueError>(
      layer.class_name().c_str(),
      "Input 0 of layer \"{}\" is incompatible with the layer: expected ndim={}, found ndim={}. Full shape "
      "received: {}",
      layer.name(), ndim, shape.rank(), shown_shape(shape));
}

void expect_min_ndim(const Layer& layer, const Shape& shape, int ndim) {
  if (shape.rank() >= ndim) return;
  fail<ValueError>(layer.class_name().c_str(),
                   "Input 0 of layer \"{}\" is incompatible with the layer: expected min_ndim={}, found ndim={}. Full "
                   "shape received: {}",
                   layer.name(), ndim, shape.rank(), shown_shape(shape));
}

void expect_axis(const Layer& layer, const Shape& shape, int axis, std::int64_t size) {
  const int place = axis < 0 ? axis + shape.rank() : axis;
  if (place >= 0 && place < shape.rank() && shape[place] == size) return;
  fail<ValueError>(layer.class_name().c_str(),
                   "Input 0 of layer \"{}\" is incompatible with the layer: expected axis {} of input shape to have "
                   "value {}, but received input with shape {}",
                   layer.name(), axis, size, shown_shape(shape));
}

void warn_of_padding_in(const Layer& layer, const Tensor& input, std::span<const int> axes) {
  if (!has_mask(input)) return;
  const int covered = get_mask(input).rank();
  const auto axis = std::find_if(axes.begin(), axes.end(), [&](int each) { return each < covered; });
  if (axis == axes.end()) return;
  LayerState& state = LayerState::of(layer);
  if (state.has_dropped_mask.exchange(true, std::memory_order_relaxed)) return;
  warn(
      fmt::format("[{}] layer '{}' was passed an input with a mask. Its statistics are over axis {}, which the mask "
                  "covers, and as in Keras they include the padding: the result is not that of the sequences alone",
                  layer.class_name(), state.shown_path(), *axis));
}

int expect_axis_inside(const Layer& layer, const Shape& shape, int axis) {
  const int place = axis < 0 ? axis + shape.rank() : axis;
  if (place >= 0 && place < shape.rank()) return place;
  fail<ValueError>(layer.class_name().c_str(), "Axis {} is out of bounds for layer \"{}\" and input shape {}", axis,
                   layer.name(), shown_shape(shape));
}

std::vector<int> expect_axes_inside(const Layer& layer, const Shape& shape, const Axes& axes) {
  std::vector<int> places;
  for (int axis = 1; axes.all() && axis < shape.rank(); ++axis) places.push_back(axis);
  for (const int axis : axes.axes()) places.push_back(expect_axis_inside(layer, shape, axis));
  std::sort(places.begin(), places.end());
  return places;
}

void check_epsilon(const char* where, double epsilon) {
  if (!(epsilon >= 0)) fail<ValueError>(where, "expected epsilon >= 0, received epsilon={}", epsilon);
}

std::string join(const std::vector<Shape>& shapes) {
  std::string text;
  for (const auto& shape : shapes) {
    if (!text.empty()) text += ", ";
    text += shown_shape(shape);
  }
  return text;
}

}  // namespace xtape::detail
