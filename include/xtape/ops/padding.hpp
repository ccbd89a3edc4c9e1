#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape {

/// Keyword arguments of pad.
struct PadOptions {
  std::string mode = "constant";  ///< "constant", "reflect" or "symmetric"
  double constant_values = 0;     ///< what "constant" puts around x
};

/// x with paddings[i][0] elements before and paddings[i][1] after it along axis i (tf.pad): a number, or x mirrored at
/// its first and last element ("reflect": b c | a b c | b a, so fewer than the axis has) or beyond them ("symmetric":
/// a b c | c b a, at most as many). Throws a ValueError for paddings that are negative, too large or not one pair for
/// each axis.
Tensor pad(const Tensor& x, const std::vector<std::array<std::int64_t, 2>>& paddings, const PadOptions& options = {});

}  // namespace xtape
