#include "xtape/layers/merging.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "layers/input_checks.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape {
namespace detail {
namespace {

std::vector<Shape> shapes_of(const TensorList& inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  return shapes;
}

/// Whether the samples of both broadcast; sets `shape` to the shape to which they do.
bool broadcasts(Shape& shape, const Shape& other) {
  for (int axis = 1; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) {
      shape[axis] = other[axis];
    } else if (other[axis] != 1 && other[axis] != shape[axis]) {
      return false;
    }
  }
  return true;
}

}  // namespace

Merge::Merge(const layers::MergeOptions& options) : Layer(options) { set_supports_masking(true); }

TensorList Merge::call_list(const TensorList& inputs) {
  if (inputs.empty()) {
    fail<ValueError>(class_name().c_str(),
                     "A merge layer should be called on a list of at least 1 input. Received 0 inputs.");
  }
  int rank = 1;
  for (const Tensor& input : inputs) {
    expect_min_ndim(*this, input.shape(), 1);
    rank = std::max(rank, input.rank());
    if (input.shape()[0] != inputs[0].shape()[0]) {
      fail<ValueError>(class_name().c_str(),
                       "Cannot merge tensors with different batch sizes. Received tensors with shapes {}",
                       join(shapes_of(inputs)));
    }
  }
  TensorList aligned;
  Shape shape;
  for (Tensor x : inputs) {
    while (x.rank() < rank) x = expand_dims(x, 1);
    if (aligned.empty()) shape = x.shape();
    if (!broadcasts(shape, x.shape())) {
      fail<ValueError>(class_name().c_str(), "Inputs have incompatible shapes. Received shapes {}",
                       join(shapes_of(inputs)));
    }
    aligned.push_back(x);
  }
  return merge(aligned);
}

TensorList Merge::compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) {
  int rank = 1;
  for (const Tensor& input : inputs) rank = std::max(rank, input.rank());
  Tensor any;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Tensor mask = previous_masks[i];
    if (!mask.defined()) return {};
    // Aligns the masks as merge() aligns the inputs.
    for (int r = inputs[i].rank(); r < rank && mask.rank() > 0; ++r) mask = expand_dims(mask, 1);
    while (any.defined() && mask.rank() < any.rank()) mask = expand_dims(mask, -1);
    while (any.defined() && any.rank() < mask.rank()) any = expand_dims(any, -1);
    any = any.defined() ? logical_or(any, mask) : mask;
  }
  return any;
}

}  // namespace detail

namespace layers {
namespace {

Tensor folded(const TensorList& inputs, Tensor (*op)(const Tensor&, const Tensor&)) {
  Tensor result = inputs[0];
  for (std::size_t i = 1; i < inputs.size(); ++i) result = op(result, inputs[i]);
  return result;
}

}  // namespace

Add::Add(MergeOptions options) : LayerBase(options) {}

Tensor Add::merge(const TensorList& inputs) { return folded(inputs, xtape::add); }

Subtract::Subtract(MergeOptions options) : LayerBase(options) {}

Tensor Subtract::merge(const TensorList& inputs) {
  if (inputs.size() != 2) {
    detail::fail<ValueError>("Subtract", "A `Subtract` layer should be called on exactly 2 inputs. Received {} inputs.",
                             inputs.size());
  }
  return inputs[0] - inputs[1];
}

Multiply::Multiply(MergeOptions options) : LayerBase(options) {}

Tensor Multiply::merge(const TensorList& inputs) { return folded(inputs, xtape::multiply); }

Average::Average(MergeOptions options) : LayerBase(options) {}

Tensor Average::merge(const TensorList& inputs) {
  return folded(inputs, xtape::add) / static_cast<double>(inputs.size());
}

Maximum::Maximum(MergeOptions options) : LayerBase(options) {}

Tensor Maximum::merge(const TensorList& inputs) { return folded(inputs, xtape::maximum); }

Minimum::Minimum(MergeOptions options) : LayerBase(options) {}

Tensor Minimum::merge(const TensorList& inputs) { return folded(inputs, xtape::minimum); }

Concatenate::Concatenate(int axis, MergeOptions options) : LayerBase(options, {{"axis", axis}}), axis_(axis) {
  set_supports_masking(true);
}

TensorList Concatenate::call_list(const TensorList& inputs) {
  if (inputs.empty()) {
    detail::fail<ValueError>("Concatenate", "A `Concatenate` layer should be called on a list of at least 1 input.");
  }
  const int axis = detail::expect_axis_inside(*this, inputs[0].shape(), axis_);
  for (const Tensor& input : inputs) {
    Shape shape = input.shape();
    if (shape.rank() == inputs[0].rank()) shape[axis] = inputs[0].shape()[axis];
    if (shape == inputs[0].shape()) continue;
    detail::fail<ValueError>("Concatenate",
                             "A `Concatenate` layer requires inputs with matching shapes except for the concatenation "
                             "axis. Received: input_shape=[{}]",
                             detail::join(detail::shapes_of(inputs)));
  }
  return concat(inputs, axis);
}

TensorList Concatenate::compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) {
  const auto there = [](const Tensor& mask) { return mask.defined(); };
  const int rank = inputs.front().rank(), axis = detail::expect_axis_inside(*this, inputs.front().shape(), axis_);
  if (rank < 2 || std::none_of(previous_masks.begin(), previous_masks.end(), there)) return {};
  // Masks of all axes but the last. An input without a mask counts as true everywhere.
  std::vector<Tensor> masks;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Shape& x = inputs[i].shape();
    const Shape steps(std::vector<std::int64_t>(x.begin(), x.end() - 1));
    Tensor mask = previous_masks[i].defined() ? previous_masks[i] : ones(steps, boolean);
    if (mask.rank() == rank) mask = reduce_any(mask, -1);
    while (mask.rank() < rank - 1) mask = expand_dims(mask, -1);
    masks.push_back(broadcast_to(mask, steps));
  }
  if (axis < rank - 1) return concat(masks, axis);
  Tensor any = masks.front();
  for (std::size_t i = 1; i < masks.size(); ++i) any = logical_or(any, masks[i]);
  return any;
}

ConfigValue DotAxes::config() const { return std::array{first, second}; }

DotAxes DotAxes::from_config(const ConfigValue& value) {
  if (value.get<std::int64_t>() != nullptr) return xtape::detail::value_as<int>(value);
  const auto [first, second] = xtape::detail::value_as<std::array<int, 2>>(value);
  return {first, second};
}

Dot::Dot(DotAxes axes, DotOptions options)
    : LayerBase(options, {{"axes", axes}}), axes_(axes), normalize_(options.normalize) {}

TensorList Dot::call_list(const TensorList& inputs) {
  if (inputs.size() != 2) {
    detail::fail<ValueError>("Dot", "A `Dot` layer should be called on a list of 2 inputs. Received {} inputs.",
                             inputs.size());
  }
  Tensor a = inputs[0], b = inputs[1];
  detail::expect_min_ndim(*this, a.shape(), 2);
  detail::expect_min_ndim(*this, b.shape(), 2);
  const int first = detail::expect_axis_inside(*this, a.shape(), axes_.first);
  const int second = detail::expect_axis_inside(*this, b.shape(), axes_.second);
  if (first == 0 || second == 0) {
    detail::fail<ValueError>("Dot", "Cannot perform a dot product over axis 0, the batch. Received axes ({}, {})",
                             axes_.first, axes_.second);
  }
  const std::int64_t batch = a.shape()[0], size = a.shape()[first];
  if (b.shape()[0] != batch) {
    detail::fail<ValueError>("Dot",
                             "Cannot merge tensors with different batch sizes. Received tensors with shapes {}, {}",
                             a.shape(), b.shape());
  }
  if (b.shape()[second] != size) {
    detail::fail<ValueError>("Dot",
                             "Incompatible input shapes: axis values {} (at axis {}) != {} (at axis {}). Full input "
                             "shapes: {}",
                             size, first, b.shape()[second], second, detail::join({a.shape(), b.shape()}));
  }
  std::vector<std::int64_t> sizes{batch};
  std::int64_t rows = 1, columns = 1;
  for (int axis = 1; axis < a.rank(); ++axis) {
    if (axis == first) continue;
    sizes.push_back(a.shape()[axis]);
    rows *= sizes.back();
  }
  for (int axis = 1; axis < b.rank(); ++axis) {
    if (axis == second) continue;
    sizes.push_back(b.shape()[axis]);
    columns *= sizes.back();
  }
  if (sizes.size() == 1) sizes.push_back(1);
  if (normalize_) {
    a = nn::l2_normalize(a, first);
    b = nn::l2_normalize(b, second);
  }
  a = reshape(moveaxis(a, first, -1), {batch, rows, size});
  b = reshape(moveaxis(b, second, 1), {batch, size, columns});
  return reshape(matmul(a, b), sizes);
}

Tensor add(const TensorList& inputs) { return Add()(inputs); }
SymbolicTensor add(const SymbolicList& inputs) { return Add()(inputs); }

Tensor subtract(const TensorList& inputs) { return Subtract()(inputs); }
SymbolicTensor subtract(const SymbolicList& inputs) { return Subtract()(inputs); }

Tensor multiply(const TensorList& inputs) { return Multiply()(inputs); }
SymbolicTensor multiply(const SymbolicList& inputs) { return Multiply()(inputs); }

Tensor average(const TensorList& inputs) { return Average()(inputs); }
SymbolicTensor average(const SymbolicList& inputs) { return Average()(inputs); }

Tensor maximum(const TensorList& inputs) { return Maximum()(inputs); }
SymbolicTensor maximum(const SymbolicList& inputs) { return Maximum()(inputs); }

Tensor minimum(const TensorList& inputs) { return Minimum()(inputs); }
SymbolicTensor minimum(const SymbolicList& inputs) { return Minimum()(inputs); }

Tensor concatenate(const TensorList& inputs, int axis) { return Concatenate(axis)(inputs); }
SymbolicTensor concatenate(const SymbolicList& inputs, int axis) { return Concatenate(axis)(inputs); }

Tensor dot(const TensorList& inputs, DotAxes axes, const DotOptions& options) { return Dot(axes, options)(inputs); }
SymbolicTensor dot(const SymbolicList& inputs, DotAxes axes, const DotOptions& options) {
  return Dot(axes, options)(inputs);
}

}  // namespace layers
}  // namespace xtape
