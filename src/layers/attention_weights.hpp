#pragma once

#include <span>

#include "xtape/core/tensor.hpp"
#include "xtape/core/tensor_list.hpp"

// Shared by the attention layers.
namespace xtape::detail {

/// Throws a ValueError unless 0 <= dropout < 1.
void check_dropout(const char* layer, double dropout);

/// softmax(scores) [..., T, S] over the keys to which a query may attend: those where the bool mask, which may be
/// empty, is true, and with `causal` no later ones. Zeros for a query without keys.
Tensor attention_weights(const Tensor& scores, const Tensor& mask, bool causal);

/// Checks the inputs {query, value[, key[, mask]]} of a layer that projects them to heads: [batch, steps, features]
/// each, with the features of queries, values and keys for which the layer was built, unless these are empty. Throws a
/// ValueError.
void check_query_value_key(const char* layer, std::span<const Shape> shapes, const Shape& features);

/// The mask of the scores [batch, heads, T, S] for these inputs: the given one [T, S], [batch, T, S] or [batch, heads,
/// T, S], and the masks of the queries, values and keys; empty if there are none. Throws a TypeError for one that is
/// not bool.
Tensor mask_of_scores(const char* layer, const TensorList& inputs);

/// [batch, steps, features] times a kernel [features, heads, size], plus a bias [heads, size], which may be empty:
/// [batch, steps, heads, size].
Tensor project_to_heads(const Tensor& x, const Tensor& kernel, const Tensor& bias);
/// [batch, steps, heads, size] times a kernel [heads, size, features], plus a bias [features], which may be empty.
Tensor project_from_heads(const Tensor& x, const Tensor& kernel, const Tensor& bias);

}  // namespace xtape::detail
