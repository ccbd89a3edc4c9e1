#pragma once

#include "base/check.hpp"
#include "ops/whole_numbers.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

// Labels and embeddings, as losses take them that compare all samples of a batch.
namespace xtape::detail {

/// Integer labels [batch] or [batch, 1], as [batch]. Throws a ValueError for others.
inline Tensor labels_of_embeddings(const char* op, const Tensor& labels, const Tensor& embeddings) {
  const bool column = labels.rank() == 2 && labels.shape()[1] == 1;
  if (embeddings.rank() != 2 || !(column || labels.rank() == 1) || labels.shape()[0] != embeddings.shape()[0]) {
    fail<ValueError>(op, "expected labels [batch] and embeddings [batch, n], received {} and {}", labels.shape(),
                     embeddings.shape());
  }
  const Tensor whole = whole_numbers(op, "label", labels);
  return column ? squeeze(whole, 1) : whole;
}

/// The dtype in which losses compute: bfloat16 and integers become float32.
inline Tensor as_floats(const Tensor& x) { return cast(x, x.dtype() == float64 ? float64 : float32); }

}  // namespace xtape::detail
