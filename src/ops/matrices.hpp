#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"
#include "xtape/core/tensor.hpp"

// Shared by the ops on batches of matrices.
namespace xtape::detail {

/// Matrices over the last two axes.
struct Matrices {
  std::int64_t batch = 1;
  int rows = 0, columns = 0;
  Shape leading;

  std::int64_t size() const { return std::int64_t{rows} * columns; }
  /// The leading (batch) axes followed by these sizes.
  template <class... Size>
  Shape shape(Size... sizes) const {
    PoolVector<std::int64_t> all(leading.begin(), leading.end());
    (all.push_back(sizes), ...);
    return Shape(all);
  }
};

/// Throws unless x is float32 or float64, of rank 2 or more, with sizes that fit LAPACK's integers.
Matrices check_matrices(const char* op, const Tensor& x);
Matrices check_square(const char* op, const Tensor& x);

/// A system a x = b with both sides as matrices, broadcast to a common batch.
struct System {
  Tensor a, b;
  bool vector;  ///< b was a vector
};
System make_system(const char* op, const Tensor& a, const Tensor& b);

/// "the matrix" or "matrix 3 of the batch".
std::string which(const Matrices& m, std::int64_t i);

/// Calls f(Type<T>, i) for each matrix, on several threads if there is enough work. Returns the first i for which f
/// returns false, or -1.
template <class F>
std::int64_t for_matrices(DType dtype, const Matrices& m, F&& f) {
  if (m.size() == 0) return -1;
  PoolVector<std::uint8_t> good(static_cast<std::size_t>(m.batch), 1);
  // A decomposition takes about 10 steps for each element and row.
  const double steps = 10.0 * static_cast<double>(m.size()) * std::min(m.rows, m.columns);
  const auto grain = static_cast<std::int64_t>(std::ceil(16 * static_cast<double>(kernels::elementwise_grain) / steps));
  kernels::visit_floating(dtype, [&]<class T>(kernels::Type<T> type) {
    kernels::parallel_rows(m.batch, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) good[static_cast<std::size_t>(i)] = f(type, i) ? 1 : 0;
    });
  });
  const auto bad = std::find(good.begin(), good.end(), 0);
  return bad == good.end() ? -1 : bad - good.begin();
}

template <class T>
bool all_finite(const T* values, std::int64_t n) {
  return std::all_of(values, values + n, [](T v) { return std::isfinite(v); });
}

}  // namespace xtape::detail
