#pragma once

#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// More activations of floating tensors, with Keras's names and values; relu(x) and softmax are in nn.hpp. NaN stays
// NaN. The value at an infinity is the limit, if there is one.
namespace xtape {
namespace nn {

/// Keyword arguments of relu.
struct ReluOptions {
  double negative_slope = 0;
  std::optional<double> max_value = {};
  double threshold = 0;

  XTAPE_FIELDS(negative_slope, max_value, threshold)
};
/// max_value where x >= max_value, otherwise x where x > threshold, otherwise negative_slope (x - threshold)
/// (keras.activations.relu). The gradient at max_value is 0, at the threshold negative_slope; at a threshold of 0 it is
/// that of leaky_relu if there is a slope.
Tensor relu(const Tensor& x, const ReluOptions& options);
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

/// x where x > 0, alpha (e^(x / alpha) - 1) below, of which the derivative is continuous; alpha is 1 unless given
/// (Barron, 2017). Throws a ValueError unless alpha > 0.
Tensor celu(const Tensor& x);
Tensor celu(const Tensor& x, double alpha);
/// (x + sqrt(x^2 + b)) / 2; b is 4 unless given (Barron, 2021). Throws a ValueError unless b > 0.
Tensor squareplus(const Tensor& x);
Tensor squareplus(const Tensor& x, double b);
/// min(max(x, -1), 1). The gradient at -1 and 1 is 0.
Tensor hard_tanh(const Tensor& x);
/// x where |x| > threshold, else 0; the threshold is 0.5 unless given.
Tensor hard_shrink(const Tensor& x);
Tensor hard_shrink(const Tensor& x, double threshold);
/// x - threshold where x > threshold, x + threshold where x < -threshold, else 0; the threshold is 0.5 unless given.
/// Throws a ValueError for a negative threshold.
Tensor soft_shrink(const Tensor& x);
Tensor soft_shrink(const Tensor& x, double threshold);
/// x - tanh(x), accurate near 0.
Tensor tanh_shrink(const Tensor& x);
/// x where x > threshold, else default_value.
Tensor threshold(const Tensor& x, double threshold, double default_value);
/// 0 where x <= -1, x where x >= 1, (x + 1)^2 / 4 between them.
Tensor sparse_plus(const Tensor& x);
/// 0 where x <= -1, 1 where x >= 1, (x + 1) / 2 between them, the derivative of sparse_plus. Its gradient at -1 and 1
/// is 0.
Tensor sparse_sigmoid(const Tensor& x);

/// a sigmoid(b) of the two halves a and b of x along an axis, the last one unless given (Dauphin et al., 2017). Throws
/// a ValueError if the axis has an odd size.
Tensor glu(const Tensor& x);
Tensor glu(const Tensor& x, int axis);
/// The point of the probability simplex along an axis, the last one unless given, that is nearest to x: max(x - t, 0),
/// where t is such that the elements add up to 1 (Martins, Astudillo, 2016). Of infinite elements it is the limit:
/// equal shares of those that are +inf.
Tensor sparsemax(const Tensor& x);
Tensor sparsemax(const Tensor& x, int axis);

}  // namespace nn
}  // namespace xtape
