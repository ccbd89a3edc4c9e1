#include "xtape/layers/embedding.hpp"

#include "base/check.hpp"
#include "ops/whole_numbers.hpp"
#include "xtape/layers/not_equal.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {

Embedding::Embedding(std::int64_t input_dim, std::int64_t output_dim, EmbeddingOptions options)
    : LayerBase(options, {{"input_dim", input_dim}, {"output_dim", output_dim}}),
      input_dim_(input_dim),
      output_dim_(output_dim),
      options_(std::move(options)) {
  if (input_dim < 1 || output_dim < 1) {
    xtape::detail::fail<ValueError>("Embedding", "expected positive dimensions, received input_dim={}, output_dim={}",
                                    input_dim, output_dim);
  }
  set_casts_inputs(false);
  set_supports_masking(options_.mask_zero);
  if (options_.activity_regularizer) set_activity_regularizer(options_.activity_regularizer);
}

void Embedding::build(const Shape&) {
  embeddings_ = add_weight("embeddings", {input_dim_, output_dim_},
                           {.initializer = options_.embeddings_initializer,
                            .regularizer = options_.embeddings_regularizer,
                            .constraint = options_.embeddings_constraint,
                            .autocast = false});
}

Tensor Embedding::call(const Tensor& inputs) {
  const Tensor ids = is_integer(inputs.dtype()) ? inputs : xtape::detail::whole_numbers("Embedding", "index", inputs);
  try {
    return cast(nn::embedding_lookup(embeddings_, ids), compute_dtype());  // casts only the rows, not the whole matrix
  } catch (const IndexError&) {
    const Tensor wide = cast(ids, int64);
    for (const std::int64_t id : wide.data<std::int64_t>()) {
      if (id < 0 || id >= input_dim_) {
        xtape::detail::fail<IndexError>("Embedding", "expected indices in [0, {}), received {}", input_dim_, id);
      }
    }
    throw;
  }
}

void Embedding::check_masks() const {
  if (!options_.mask_zero) {
    xtape::detail::fail<ValueError>("Embedding.compute_mask", "layer '{}' was made without mask_zero", name());
  }
}

Tensor Embedding::compute_mask(const Tensor& inputs, const Tensor& previous_mask) {
  return options_.mask_zero ? compute_mask(inputs) : Layer::compute_mask(inputs, previous_mask);
}

Tensor Embedding::compute_mask(const Tensor& inputs) const {
  check_masks();
  return NotEqual()(inputs);
}

SymbolicTensor Embedding::compute_mask(const SymbolicTensor& inputs) const {
  check_masks();
  return NotEqual()(inputs);
}

}  // namespace xtape::layers
