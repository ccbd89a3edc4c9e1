#include "xtape/layers/embedding.hpp"

#include "base/check.hpp"
#include "core/launch.hpp"
#include "ops/whole_numbers.hpp"
#include "xtape/layers/not_equal.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::layers {
namespace {

void check_ids(const Tensor& ids, std::int64_t count) {
  using xtape::detail::Read;
  xtape::detail::launch(
      xtape::detail::LaunchKind::throws,
      [count](Read ids) {
        const auto* id = ids.data<std::int64_t>();
        for (std::int64_t i = 0; i < ids.size(); ++i) {
          if (id[i] < 0 || id[i] >= count)
            xtape::detail::fail<IndexError>("Embedding", "expected indices in [0, {}), received {}", count, id[i]);
        }
      },
      ids);
}

}  // namespace

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
  const Tensor wide = cast(ids, int64);
  check_ids(wide, input_dim_);
  return cast(nn::embedding_lookup(embeddings_, wide), compute_dtype());  // casts only the rows, not the whole matrix
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
