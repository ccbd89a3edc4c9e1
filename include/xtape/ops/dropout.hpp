#pragma once

#include <cstdint>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {
namespace nn {

/// Keyword arguments of dropout.
struct DropoutOptions {
  std::optional<std::uint64_t> seed = {};  ///< set: every call drops the same elements, which this seed determines
  random::Generator* generator = nullptr;  ///< from which to draw; null: the default generator
};

/// Sets each element to 0 with probability `rate`, even NaN, and otherwise multiplies it by 1 / (1 - rate), so that the
/// expected sum stays the same (tf.nn.dropout; Srivastava et al., 2014). Throws a ValueError unless 0 <= rate < 1, a
/// TypeError for a tensor that is not floating.
Tensor dropout(const Tensor& x, double rate, const DropoutOptions& options = {});

}  // namespace nn
}  // namespace xtape
