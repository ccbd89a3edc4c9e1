#pragma once

#include <cstdint>

#include "xtape/core/random.hpp"
#include "xtape/core/tensor.hpp"

// Random tensors that depend on other tensors or on probabilities, from the default generator unless another one is
// given.
namespace xtape {
namespace random {

/// Elements that are 1 with probability p and 0 otherwise, in any dtype. Throws a ValueError unless 0 <= p <= 1.
Tensor bernoulli(const Shape& shape, double p, DType dtype = float32, Generator& generator = default_generator());
/// The same with a probability for each element, a floating tensor, in its dtype. No gradient.
Tensor bernoulli(const Tensor& probabilities, Generator& generator = default_generator());

/// `count` independent draws from each row's classes, class j with probability softmax(logits)_j: [batch, classes] ->
/// int64 [batch, count] (tf.random.categorical), by inversion. No gradient. Throws a ValueError for another rank, for
/// no classes or a negative count, and for a row whose largest logit is NaN or infinite.
Tensor categorical(const Tensor& logits, std::int64_t count, Generator& generator = default_generator());

/// The slices of x along axis 0 in random order, every order equally likely (tf.random.shuffle). Throws a ValueError
/// for a scalar.
Tensor shuffle(const Tensor& x, Generator& generator = default_generator());

}  // namespace random
}  // namespace xtape
