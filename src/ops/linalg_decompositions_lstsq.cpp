#include <algorithm>
#include <cmath>

#include "core/call_notes.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "ops/matrices.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/statistics.hpp"

namespace xtape::linalg {
namespace {

using detail::fail;
using detail::Matrices;

/// Throws if an element of r's diagonal is 0 up to rounding errors.
void check_rank(const char* op, const Matrices& m, const Tensor& r) {
  const Matrices factors = detail::check_matrices(op, r);
  detail::launch(
      detail::LaunchKind::throws,
      [op, m, factors](detail::Read triangles) {
        const std::int64_t bad =
            detail::for_matrices(triangles.dtype(), factors, [&]<class T>(kernels::Type<T>, std::int64_t i) {
              const T* a = triangles.data<T>() + i * factors.size();
              T largest = 0, least = std::numeric_limits<T>::infinity();
              for (std::int64_t j = 0; j < factors.rows; ++j) {
                const T size = std::abs(a[j * (factors.columns + 1)]);
                largest = std::max(largest, size);
                least = std::min(least, size);
              }
              const auto longest = static_cast<T>(std::max(m.rows, m.columns));
              return !(least <= std::numeric_limits<T>::epsilon() * longest * largest);
            });
        if (bad >= 0) {
          fail<ValueError>(op, "{} has a rank below {}: pass an l2_regularizer", detail::which(m, bad), factors.rows);
        }
      },
      r);
}

/// value times the identity for each matrix of the batch.
Tensor multiple_of_identity(const Matrices& m, DType dtype, double value) {
  return linalg::diag(detail::filled(m.shape(m.columns), dtype, value));
}

}  // namespace

Tensor lstsq(const Tensor& a_, const Tensor& b_, LstsqOptions options) {
  XTAPE_NOTE(linalg::lstsq, a_, b_, options);
  const char* op = "linalg.lstsq";
  if (!(options.l2_regularizer >= 0)) {
    fail<ValueError>(op, "the l2_regularizer must not be negative: received {}", options.l2_regularizer);
  }
  auto [a, b, vector] = detail::make_system(op, a_, b_);
  const Matrices m = detail::check_matrices(op, a);
  if (options.l2_regularizer > 0) {  // appends the equations sqrt(l2) x = 0
    a = concat({a, multiple_of_identity(m, a.dtype(), std::sqrt(options.l2_regularizer))}, -2);
    b = concat({b, detail::filled(m.shape(m.columns, b.shape(-1)), b.dtype(), 0)}, -2);
  }
  Tensor x;
  if (a.shape(-2) >= a.shape(-1)) {
    const auto [q, r] = qr(a);
    check_rank(op, m, r);
    x = triangular_solve(r, matmul(q, b, {.transpose_a = true}), {.lower = false});
  } else {
    const auto [q, r] = qr(matrix_transpose(a));
    check_rank(op, m, r);
    x = matmul(q, triangular_solve(r, b, {.lower = false, .adjoint = true}));
  }
  return vector ? squeeze(x, -1) : x;
}

Tensor matrix_norm(const Tensor& x, const std::string& ord, bool keepdims) {
  XTAPE_NOTE(linalg::matrix_norm, x, ord, keepdims);
  const char* op = "linalg.matrix_norm";
  detail::check_matrices(op, x);
  Tensor y;
  if (ord == "nuc") {
    y = reduce_sum(svd(x).s, -1);
  } else if (ord == "fro") {
    y = norm(x, {}, {-2, -1});
  } else {
    fail<ValueError>(op, "the norm must be \"fro\", \"nuc\" or a number: received \"{}\"", ord);
  }
  return keepdims ? expand_dims(expand_dims(y, -1), -1) : y;
}

Tensor matrix_norm(const Tensor& x, double ord, bool keepdims) {
  XTAPE_NOTE(linalg::matrix_norm, x, ord, keepdims);
  const char* op = "linalg.matrix_norm";
  detail::check_matrices(op, x);
  const double kind = std::abs(ord);
  if (kind != 1 && kind != 2 && !std::isinf(kind)) {
    fail<ValueError>(op, "the norm must be 1, 2 or infinity, or the negative of one: received {}", ord);
  }
  const Tensor values = kind == 2 ? svd(x).s : reduce_sum(abs(x), kind == 1 ? -2 : -1);
  const Tensor y = ord > 0 ? reduce_max(values, -1) : reduce_min(values, -1);
  return keepdims ? expand_dims(expand_dims(y, -1), -1) : y;
}

}  // namespace xtape::linalg
