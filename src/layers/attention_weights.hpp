#pragma once

#include "xtape/core/tensor.hpp"

// Shared by the attention layers.
namespace xtape::detail {

/// Throws a ValueError unless 0 <= dropout < 1.
void check_dropout(const char* layer, double dropout);

/// softmax(scores) [..., T, S] over the keys to which a query may attend: those where the bool mask, which may be
/// empty, is true, and with `causal` no later ones. Zeros for a query without keys.
Tensor attention_weights(const Tensor& scores, const Tensor& mask, bool causal);

}  // namespace xtape::detail
