#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/layers/symbolic.hpp"

// Family: layers that merge several tensors, `Add()({a, b})`. They are also functions of tensors or symbolic tensors,
// `layers::add({a, b})`.
namespace xtape {
namespace layers {

/// Keyword arguments of the layers below.
struct MergeOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

}  // namespace layers

namespace detail {

/// The base of the layers that merge element by element (keras.layers.Merge). The shapes [batch, ...] of the inputs
/// broadcast; an input with fewer axes gets axes of size 1 after the batch axis. Throws a ValueError without inputs,
/// for different batch sizes and for shapes that do not broadcast. If all inputs have masks (see get_mask), the mask of
/// the output is true where any of them is.
class Merge : public Layer {
 public:
  TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) override;

 protected:
  explicit Merge(const layers::MergeOptions& options);
  bool may_make_masks() const override { return false; }
  TensorList call_list(const TensorList& inputs) final;
  /// Merges inputs that have the same number of axes.
  virtual Tensor merge(const TensorList& inputs) = 0;
};

}  // namespace detail

namespace layers {

/// The sum of the inputs (keras.layers.Add).
class Add : public LayerBase<Add, xtape::detail::Merge> {
 public:
  explicit Add(MergeOptions options = {});

 protected:
  Tensor merge(const TensorList& inputs) override;
};
Tensor add(const TensorList& inputs);
SymbolicTensor add(const SymbolicList& inputs);

/// The first of two inputs minus the second (keras.layers.Subtract). Throws a ValueError for another number of inputs.
class Subtract : public LayerBase<Subtract, xtape::detail::Merge> {
 public:
  explicit Subtract(MergeOptions options = {});

 protected:
  Tensor merge(const TensorList& inputs) override;
};
Tensor subtract(const TensorList& inputs);
SymbolicTensor subtract(const SymbolicList& inputs);

/// The product of the inputs (keras.layers.Multiply).
class Multiply : public LayerBase<Multiply, xtape::detail::Merge> {
 public:
  explicit Multiply(MergeOptions options = {});

 protected:
  Tensor merge(const TensorList& inputs) override;
};
Tensor multiply(const TensorList& inputs);
SymbolicTensor multiply(const SymbolicList& inputs);

/// The mean of the inputs (keras.layers.Average).
class Average : public LayerBase<Average, xtape::detail::Merge> {
 public:
  explicit Average(MergeOptions options = {});

 protected:
  Tensor merge(const TensorList& inputs) override;
};
Tensor average(const TensorList& inputs);
SymbolicTensor average(const SymbolicList& inputs);

/// The largest of the inputs (keras.layers.Maximum).
class Maximum : public LayerBase<Maximum, xtape::detail::Merge> {
 public:
  explicit Maximum(MergeOptions options = {});

 protected:
  Tensor merge(const TensorList& inputs) override;
};
Tensor maximum(const TensorList& inputs);
SymbolicTensor maximum(const SymbolicList& inputs);

/// The smallest of the inputs (keras.layers.Minimum).
class Minimum : public LayerBase<Minimum, xtape::detail::Merge> {
 public:
  explicit Minimum(MergeOptions options = {});

 protected:
  Tensor merge(const TensorList& inputs) override;
};
Tensor minimum(const TensorList& inputs);
SymbolicTensor minimum(const SymbolicList& inputs);

/// Concatenates the inputs along an axis, by default the last (keras.layers.Concatenate). If any input has a mask (see
/// get_mask), the masks are concatenated too; along the last axis, the mask of the output is true where the mask of any
/// input is. Throws a ValueError without inputs, for shapes that differ along another axis and for an axis outside the
/// inputs.
class Concatenate : public LayerBase<Concatenate> {
 public:
  explicit Concatenate(int axis = -1, MergeOptions options = {});
  TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) override;

 protected:
  TensorList call_list(const TensorList& inputs) override;
  bool may_make_masks() const override { return false; }

 private:
  int axis_;
};
Tensor concatenate(const TensorList& inputs, int axis = -1);
SymbolicTensor concatenate(const SymbolicList& inputs, int axis = -1);

/// The axes of two inputs that are paired: `{1, 2}`, or `1` for axis 1 of both.
struct DotAxes {
  int first;
  int second;
  DotAxes(int both) : first(both), second(both) {}
  DotAxes(int first_, int second_) : first(first_), second(second_) {}
  ConfigValue config() const;
  static DotAxes from_config(const ConfigValue& value);
};

/// Keyword arguments of Dot.
struct DotOptions {
  bool normalize = false;  ///< first scale both inputs to norm 1 along their axis: the cosine similarity
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(normalize, dtype, name)
};

/// The product of two inputs, summed over one axis of each, for each sample: [batch, a..., k, b...] and [batch, c...,
/// k, d...] -> [batch, a..., b..., c..., d...], or [batch, 1] for two of [batch, k] (keras.layers.Dot). The result has
/// no mask. Throws a ValueError for another number of inputs, for sizes that differ, and for the batch axis.
class Dot : public LayerBase<Dot> {
 public:
  explicit Dot(DotAxes axes, DotOptions options = {});

 protected:
  TensorList call_list(const TensorList& inputs) override;
  bool may_make_masks() const override { return false; }

 private:
  DotAxes axes_;
  bool normalize_;
};
Tensor dot(const TensorList& inputs, DotAxes axes, const DotOptions& options = {});
SymbolicTensor dot(const SymbolicList& inputs, DotAxes axes, const DotOptions& options = {});

}  // namespace layers
}  // namespace xtape
