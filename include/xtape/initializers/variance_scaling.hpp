#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// Family: VarianceScaling and its special cases, the initializers of Glorot, He and LeCun. The variance is
// scale / max(n, 1), where n is the number of inputs of a unit (fan_in), of its outputs (fan_out), or their mean. Fans
// and seeds are as in GlorotUniform.
namespace xtape::initializers {

/// Any of them (keras.initializers.VarianceScaling). `mode` is "fan_in", "fan_out" or "fan_avg"; `distribution`
/// "truncated_normal" (or "normal"; truncated at two standard deviations of the distribution before truncation),
/// "untruncated_normal" or "uniform". Throws a ValueError for other strings and a scale that is not positive.
struct VarianceScaling {
  double scale = 1;
  std::string mode = "fan_in";
  std::string distribution = "truncated_normal";
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(scale, mode, distribution, seed)
};

/// Uniform in [-limit, limit) with limit = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010): Keras's default for
/// kernels. It keeps the variance of activations and of gradients about constant from layer to layer.
///
/// For a matrix, fan_in = rows and fan_out = columns. For a convolution kernel [..., in, out] they are in and out times
/// the product of the leading sizes, for a vector both are its length, for a scalar 1. Throws what the random generator
/// throws for the dtype.
struct GlorotUniform {
  /// Unset: drawn from random::default_generator(). Set: every call gives the same numbers, whatever was drawn before.
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(seed)
};

/// Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010).
struct GlorotNormal {
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(seed)
};

/// A normal distribution of standard deviation sqrt(2 / fan_in), truncated at two standard deviations of the normal
/// distribution before truncation (He et al., 2015), for kernels before a relu. fan_in is as in GlorotUniform.
struct HeNormal {
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(seed)
};

/// Uniform of variance 2 / fan_in: in [-limit, limit) with limit = sqrt(6 / fan_in) (He et al., 2015).
struct HeUniform {
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(seed)
};

/// Truncated normal of variance 1 / fan_in (LeCun et al., 1998), for selu.
struct LecunNormal {
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(seed)
};

/// Uniform of variance 1 / fan_in: in [-limit, limit) with limit = sqrt(3 / fan_in).
struct LecunUniform {
  std::optional<std::uint64_t> seed = {};

  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  XTAPE_FIELDS(seed)
};

/// Keras's other names: `initializers::variance_scaling()`.
using variance_scaling = VarianceScaling;
using glorot_uniform = GlorotUniform;
using glorot_normal = GlorotNormal;
using he_normal = HeNormal;
using he_uniform = HeUniform;
using lecun_normal = LecunNormal;
using lecun_uniform = LecunUniform;

}  // namespace xtape::initializers
