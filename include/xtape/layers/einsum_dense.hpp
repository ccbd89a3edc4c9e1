#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/activation_function.hpp"

namespace xtape::layers {

/// The output_shape of EinsumDense: one size, `64`, or several, `{-1, 64}`. -1 (Keras: None) is the size of the input's
/// axis with the same letter.
class EinsumDenseShape {
 public:
  EinsumDenseShape(std::int64_t size) : sizes_{size} {}
  EinsumDenseShape(std::initializer_list<std::int64_t> sizes) : sizes_(sizes) {}
  EinsumDenseShape(Shape sizes) : sizes_(std::move(sizes)) {}
  const Shape& sizes() const& noexcept { return sizes_; }
  Shape sizes() const&& { return sizes_; }
  /// A list, with none for -1.
  ConfigValue config() const;
  static EinsumDenseShape from_config(const ConfigValue& value);

 private:
  Shape sizes_;
};

/// Keyword arguments of EinsumDense.
struct EinsumDenseOptions {
  ActivationFunction activation = {};
  std::optional<std::string> bias_axes = {};  ///< the letters of the result's axes that the bias has; unset: no bias
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint bias_constraint = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(activation, bias_axes, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
               activity_regularizer, kernel_constraint, bias_constraint, dtype, name)
};

/// activation(einsum(equation, {x, kernel}) + bias) (keras.layers.EinsumDense; see einsum). The equation has one of the
/// forms "ab,bc->ac", "...ab,bc->...ac" and "ab...,bc->ac..."; the first axis is the batch, and the kernel has an axis
/// for each of its letters. output_shape has the sizes of the result without the batch and without the axes of "...".
///
///     EinsumDense("abc,cd->abd", {-1, 64}, {.bias_axes = "d"})    // Dense(64) of sequences [batch, time, features]
///     EinsumDense("...x,xy->...y", 64, {.bias_axes = "y"})        // of any number of axes
///     EinsumDense("abc,cde->abde", {-1, 8, 64})                   // 8 heads of 64
///
/// The bias has the axes of the result from the first one in bias_axes on, with size 1 where an axis is not among them,
/// and for those of "..." at the end. A mask passes if the axes that it covers are the first ones of the result as
/// well. Throws a ValueError for an equation of another form, letters that no tensor has, another number of sizes than
/// the result has axes, and for inputs whose sizes are not those of the first call.
class EinsumDense : public LayerBase<EinsumDense> {
 public:
  EinsumDense(std::string equation, EinsumDenseShape output_shape, EinsumDenseOptions options = {});

  const Variable& kernel() const& noexcept { return kernel_; }
  Variable kernel() const&& { return kernel_; }
  const Variable& bias() const& noexcept { return bias_; }
  Variable bias() const&& { return bias_; }

  Tensor compute_mask(const Tensor& inputs, const Tensor& previous_mask) override;

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;

 private:
  std::string equation_;
  EinsumDenseShape output_shape_;
  EinsumDenseOptions options_;
  Variable kernel_, bias_;
};

}  // namespace xtape::layers
