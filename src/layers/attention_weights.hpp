#pragma once

#include "xtape/core/tensor.hpp"

// What the attention layers share.
namespace xtape::layers::detail {

/// Throws a ValueError unless 0 <= dropout < 1.
void check_rate(const char* layer, double dropout);

/// softmax(scores) over the keys that a query may attend to, [..., T, S]: those where a bool mask, which may be empty,
/// is true, and no later ones where `causal`; zeros for a query without keys.
Tensor attention_weights(const Tensor& scores, const Tensor& mask, bool causal);

}  // namespace xtape::layers::detail
