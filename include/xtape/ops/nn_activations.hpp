#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// More activations of floating tensors, with Keras's names and values; relu and softmax are in nn.hpp. NaN stays NaN.
// The value at an infinity is the limit, if there is one.
namespace xtape {
namespace nn {

/// min(max(x, 0), 6), of integers too. The gradient at 0 and at 6 is 0.
Tensor relu6(const Tensor& x);
/// x where x > 0, alpha (e^x - 1) below; alpha is 1 unless given (Clevert, Unterthiner, Hochreiter, 2016).
Tensor elu(const Tensor& x);
Tensor elu(const Tensor& x, double alpha);
/// scale elu(x, alpha) with the two constants of Klambauer et al., 2017: 1.0507 and 1.6733.
Tensor selu(const Tensor& x);

/// Keyword arguments of gelu.
struct GeluOptions {
  bool approximate = false;  ///< 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))

  XTAPE_FIELDS(approximate)
};
/// x P(z <= x) with a standard normal z: 0.5 x (1 + erf(x / sqrt(2))) (Hendrycks, Gimpel, 2016).
Tensor gelu(const Tensor& x);
Tensor gelu(const Tensor& x, const GeluOptions& options);
/// x sigmoid(x); swish is another name (Ramachandran, Zoph, Le, 2017).
Tensor silu(const Tensor& x);
Tensor swish(const Tensor& x);
/// x tanh(softplus(x)) (Misra, 2019).
Tensor mish(const Tensor& x);
/// relu6(x + 3) / 6
Tensor hard_sigmoid(const Tensor& x);
/// x hard_sigmoid(x); hard_swish is another name.
Tensor hard_silu(const Tensor& x);
Tensor hard_swish(const Tensor& x);
/// log(sigmoid(x)) = -softplus(-x)
Tensor log_sigmoid(const Tensor& x);
/// x / (1 + |x|)
Tensor softsign(const Tensor& x);
/// e^x (Keras's "exponential").
Tensor exponential(const Tensor& x);

}  // namespace nn
}  // namespace xtape
