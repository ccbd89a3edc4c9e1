#include "ops/matrices.hpp"

#include <algorithm>

#include "base/dtype_errors.hpp"
#include "ops/elementwise.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

Shape part(const Shape& shape, int begin, int end) {
  return Shape(std::span<const std::int64_t>(shape.begin() + begin, static_cast<std::size_t>(end - begin)));
}

}  // namespace

Matrices check_matrices(const char* op, const Tensor& x) {
  if (x.dtype() != float32 && x.dtype() != float64) {
    fail<TypeError>(op, "expected float32 or float64, received {}: cast it, as cast(x, float32)", x.dtype());
  }
  if (x.rank() < 2) fail<ValueError>(op, "expected matrices [..., m, n]: received shape {}", x.shape());
  if (std::max(x.shape(-1), x.shape(-2)) > std::numeric_limits<int>::max() / 64) {
    fail<ValueError>(op, "a matrix of shape {} is too large", x.shape());
  }
  Matrices m;
  m.leading = part(x.shape(), 0, x.rank() - 2);
  m.batch = m.leading.numel();
  m.rows = static_cast<int>(x.shape(-2));
  m.columns = static_cast<int>(x.shape(-1));
  return m;
}

Matrices check_square(const char* op, const Tensor& x) {
  const Matrices m = check_matrices(op, x);
  if (m.rows != m.columns) fail<ValueError>(op, "expected square matrices [..., n, n]: received shape {}", x.shape());
  return m;
}

System make_system(const char* op, const Tensor& a, const Tensor& b_) {
  const Matrices m = check_matrices(op, a);
  detail::expect_same_dtype(op, a.dtype(), b_.dtype());
  const bool vector = b_.rank() == 1;
  const Tensor b = vector ? expand_dims(b_, 1) : b_;
  if (b.rank() < 2 || b.shape(-2) != m.rows) {
    fail<ValueError>(op, "a right-hand side of shape {} does not fit matrices of shape {}", b_.shape(), a.shape());
  }
  check_matrices(op, b);
  const Shape leading_b = part(b.shape(), 0, b.rank() - 2);
  if (m.leading == leading_b) return {a, b, vector};
  const Shape leading = broadcast_shape(op, m.leading, leading_b);
  const auto to_batch = [&leading](const Tensor& t) {
    PoolVector<std::int64_t> sizes(leading.begin(), leading.end());
    sizes.insert(sizes.end(), {t.shape(-2), t.shape(-1)});
    return broadcast_to(t, Shape(sizes));
  };
  return {to_batch(a), to_batch(b), vector};
}

std::string which(const Matrices& m, std::int64_t i) {
  return m.leading.rank() == 0 ? "the matrix" : fmt::format("matrix {} of the batch", i);
}

}  // namespace xtape::detail
