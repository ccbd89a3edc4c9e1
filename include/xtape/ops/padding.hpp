#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {

/// Keyword arguments of pad.
struct PadOptions {
  std::string mode = "constant";  ///< "constant", "reflect", "symmetric" or "edge"
  double constant_values = 0;     ///< the value that "constant" adds

  XTAPE_FIELDS(mode, constant_values)
};

/// x with paddings[i][0] elements added before and paddings[i][1] after it along axis i (tf.pad). "constant" adds a
/// number; "reflect" mirrors x at its first and last element (c b | a b c | b a; fewer than the size of the axis);
/// "symmetric" mirrors it beyond them (b a | a b c | c b; at most the size of the axis); "edge" repeats them (a a | a b
/// c | c c; of an axis with elements), as np.pad. Throws a ValueError for paddings that are negative, too large or not
/// one pair for each axis.
Tensor pad(const Tensor& x, const std::vector<std::array<std::int64_t, 2>>& paddings, const PadOptions& options = {});

}  // namespace xtape
