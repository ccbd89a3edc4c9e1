#pragma once

#include <string>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::regularizers {

/// factor times the mean of |cos| of the angles between all pairs of rows (mode "rows") or columns ("columns") of a
/// matrix (keras.regularizers.OrthogonalRegularizer). A row of zeros is orthogonal to all others. Without any pair the
/// penalty is 0 (NaN in Keras).
///
/// Throws a ValueError for another mode, for a factor that is negative or not finite, and for other ranks than 2.
struct OrthogonalRegularizer {
  double factor = 0.01;
  std::string mode = "rows";

  Tensor operator()(const Tensor& w) const;
  void check() const;
  XTAPE_FIELDS(factor, mode)
};

}  // namespace xtape::regularizers
