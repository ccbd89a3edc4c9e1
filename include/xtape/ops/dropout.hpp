#pragma once

#include <cstdint>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {
namespace nn {

/// Keyword arguments of dropout.
struct DropoutOptions {
  std::optional<std::uint64_t> seed = {};  ///< the same elements at every call, those that this seed chooses
  random::Generator* generator = nullptr;  ///< where to draw from; the default generator unless given
};

/// Each element 0 with probability `rate`, whatever it was, and multiplied by 1 / (1 - rate) otherwise, so that the
/// expected sum stays (tf.nn.dropout; Srivastava et al., 2014). Throws a ValueError unless 0 <= rate < 1, a TypeError
/// for a tensor that is not floating.
Tensor dropout(const Tensor& x, double rate, const DropoutOptions& options = {});

}  // namespace nn
}  // namespace xtape
