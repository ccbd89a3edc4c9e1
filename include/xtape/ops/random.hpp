#pragma once

#include <cstdint>

#include "xtape/base/config.hpp"
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

/// Exponentially distributed numbers with the mean `scale`, by inversion. Throws a ValueError unless scale is finite
/// and at least 0.
Tensor exponential(const Shape& shape, double scale = 1, DType dtype = float32,
                   Generator& generator = default_generator());

/// Numbers of the gamma distribution with the density z^(alpha - 1) e^-z / Gamma(alpha) (Marsaglia and Tsang, "A simple
/// method for generating gamma variables", 2000). Throws a ValueError unless alpha is finite and above 0.
Tensor gamma(const Shape& shape, double alpha, DType dtype = float32, Generator& generator = default_generator());
/// The same with an alpha for each element, a floating tensor, in its dtype. The gradient is that of the number whose
/// probability to be exceeded stays the same: dz/dalpha = -(dF/dalpha) / (dF/dz), with the distribution function F
/// (Figurnov, Mohamed, Mnih, "Implicit Reparameterization Gradients", 2018). It has no second derivative.
Tensor gamma(const Tensor& alpha, Generator& generator = default_generator());

/// Numbers of the beta distribution, with the density z^(alpha - 1) (1 - z)^(beta - 1) / B(alpha, beta): x / (x + y) of
/// gamma-distributed x and y. Throws as gamma().
Tensor beta(const Shape& shape, double alpha, double beta, DType dtype = float32,
            Generator& generator = default_generator());
/// The same with floating tensors, which broadcast; gradients flow to both, as those of gamma().
Tensor beta(const Tensor& alpha, const Tensor& beta, Generator& generator = default_generator());

/// Counts of the Poisson distribution with the mean `rate`, in any dtype but bool (Hoermann, "The transformed rejection
/// method for generating Poisson random variables", 1993). Throws a ValueError unless 0 <= rate <= 10^9.
Tensor poisson(const Shape& shape, double rate, DType dtype = float32, Generator& generator = default_generator());
/// The same with a rate for each element, a floating tensor, in its dtype. No gradient.
Tensor poisson(const Tensor& rate, Generator& generator = default_generator());

/// Numbers of successes in n trials that succeed with probability p, in any dtype but bool (Hoermann, "The generation
/// of binomial random variates", 1993). Throws a ValueError unless 0 <= n <= 10^9, n is whole and 0 <= p <= 1.
Tensor binomial(const Shape& shape, double n, double p, DType dtype = float32,
                Generator& generator = default_generator());
/// The same with floating tensors, which broadcast. No gradient.
Tensor binomial(const Tensor& n, const Tensor& p, Generator& generator = default_generator());

/// Keyword arguments of choice.
struct ChoiceOptions {
  bool replace = true;  ///< a slice may be chosen again
  Tensor p = {};        ///< the probability of each slice, a floating vector, divided by its sum; empty: all alike

  XTAPE_FIELDS(replace, p)
};
/// `count` slices of x along axis 0, drawn at random (np.random.choice). Without replacement, and with probabilities,
/// each is drawn from those that are left. Throws a ValueError for a scalar, a count that is negative or, without
/// replacement, above the number of slices, no slices to choose from, and probabilities of another shape.
Tensor choice(const Tensor& x, std::int64_t count, const ChoiceOptions& options = {},
              Generator& generator = default_generator());

/// The slices of x along axis 0 in random order, every order equally likely (tf.random.shuffle). Throws a ValueError
/// for a scalar.
Tensor shuffle(const Tensor& x, Generator& generator = default_generator());

}  // namespace random
}  // namespace xtape
