#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/layers/symbolic.hpp"

namespace xtape::layers {

/// Keyword arguments of Embedding.
struct EmbeddingOptions {
  Initializer embeddings_initializer = "uniform";
  Regularizer embeddings_regularizer = {}, activity_regularizer = {};
  Constraint embeddings_constraint = {};
  bool mask_zero = false;  ///< 0 is padding: the output has a mask, true where the inputs are not 0
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(embeddings_initializer, embeddings_regularizer, activity_regularizer, embeddings_constraint, mask_zero,
               dtype, name)
};

/// Maps integers in [0, input_dim) to rows of the matrix embeddings [input_dim, output_dim]: [...] -> [..., output_dim]
/// (keras.layers.Embedding). The gradient has only the rows that were used, see IndexedSlices. The integers may have a
/// floating dtype. Throws an IndexError for integers outside the range, a ValueError for NaN, for values that are not
/// whole and for dimensions < 1.
///
/// With mask_zero the layers that follow ignore the padding (see get_mask):
///
///     xp::Sequential model{layers::Embedding(5000, 64, {.mask_zero = true}), layers::LSTM(64), layers::Dense(1)};
class Embedding : public LayerBase<Embedding> {
 public:
  Embedding(std::int64_t input_dim, std::int64_t output_dim, EmbeddingOptions options = {});

  std::int64_t input_dim() const noexcept { return input_dim_; }
  std::int64_t output_dim() const noexcept { return output_dim_; }
  const Variable& embeddings() const& noexcept { return embeddings_; }
  Variable embeddings() const&& { return embeddings_; }

  /// A bool mask, true where the inputs are not 0; empty without mask_zero.
  Tensor compute_mask(const Tensor& inputs, const Tensor& previous_mask) override;
  /// The same; throws a ValueError without mask_zero.
  Tensor compute_mask(const Tensor& inputs) const;
  SymbolicTensor compute_mask(const SymbolicTensor& inputs) const;

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs) override;
  bool may_make_masks() const override { return options_.mask_zero; }

 private:
  void check_masks() const;

  std::int64_t input_dim_, output_dim_;
  EmbeddingOptions options_;
  Variable embeddings_;
};

}  // namespace xtape::layers
