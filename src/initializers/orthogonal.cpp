#include "xtape/initializers/orthogonal.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::initializers {

Tensor Orthogonal::operator()(const Shape& shape, DType dtype) const {
  if (shape.rank() < 2) {
    detail::fail<ValueError>("Orthogonal",
                             "The tensor to initialize must be at least two-dimensional. Received: shape={} of rank {}",
                             shape, shape.rank());
  }
  const detail::NoRecording unseen;
  const std::int64_t columns = shape[shape.rank() - 1];
  std::int64_t rows = 1;
  for (int axis = 0; axis < shape.rank() - 1; ++axis) rows *= shape[axis];
  const Shape tall{std::max(rows, columns), std::min(rows, columns)};
  const DType wide = detail::widened(dtype);  // decompositions take only float32 and float64
  const Tensor a = seed ? random::Generator(*seed).normal(tall, 0, 1, wide) : random::normal(tall, 0, 1, wide);
  if (a.size() == 0) return reshape(cast(a, dtype), shape);
  const auto [q, r] = linalg::qr(a);
  const Tensor oriented = q * where(linalg::diag_part(r) < 0, full({}, -gain, wide), full({}, gain, wide));
  return reshape(cast(rows < columns ? transpose(oriented) : oriented, dtype), shape);
}

}  // namespace xtape::initializers
