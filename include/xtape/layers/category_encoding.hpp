#pragma once

#include <string>

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of CategoryEncoding.
struct CategoryEncodingOptions {
  std::string output_mode = "multi_hot";  ///< or "one_hot", "count"
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(output_mode, dtype, name)
};

/// Encodes integers in [0, num_tokens) as vectors (keras.layers.CategoryEncoding), depending on output_mode:
/// "one_hot": a 1 at each integer, [...] -> [..., num_tokens]; a last axis of size 1 is dropped first.
/// "multi_hot": 1 for the integers that occur, [..., n] -> [..., num_tokens].
/// "count": how often each integer occurs, or the sum of its weights, a second input of the shape of the first.
/// Gradients flow only to the weights. Throws a ValueError for values outside the range, NaN and values that are not
/// whole, for an unknown mode, num_tokens < 1 and weights in another mode.
class CategoryEncoding : public LayerBase<CategoryEncoding> {
 public:
  explicit CategoryEncoding(std::int64_t num_tokens, CategoryEncodingOptions options = {});

 protected:
  TensorList call_list(const TensorList& inputs) override;

 private:
  std::int64_t num_tokens_;
  CategoryEncodingOptions options_;
};

}  // namespace xtape::layers
