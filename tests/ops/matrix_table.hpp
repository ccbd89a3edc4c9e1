#pragma once

#include <algorithm>
#include <functional>
#include <numeric>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"

namespace xtape::testing {

/// An op on matrices, checked by the equations that define its result.
struct MatrixRow {
  std::string op;
  std::function<Tensor(const OpInputs&)> f;
  std::vector<Shape> inputs;
  std::function<bool(const OpInputs& x, const Tensor& y)> holds;
};

/// Values without pattern, with more weight on the diagonal: far from singular.
inline Tensor well_conditioned(const Tensor& x) {
  const std::int64_t n = std::min(x.shape(-1), x.shape(-2));
  return linalg::set_diag(x, linalg::diag_part(x) * 0.5 + static_cast<double>(n) + 1);
}
inline Tensor well_conditioned(const Shape& shape, DType dtype) { return cast(well_conditioned(some(shape)), dtype); }

/// Whether |a - b| is within rounding errors for matrices of ordinary size.
inline bool close_to(const Tensor& a, const Tensor& b) {
  const double tolerance = a.dtype() == float64 ? 1e-11 : 2e-4;
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  return a.size() == 0 || reduce_max(abs(a - b)).item() <= tolerance * (1 + reduce_max(abs(b)).item());
}
inline bool close_to_eye(const Tensor& a) { return close_to(a, a * 0 + eye(a.shape(-1), -1, a.dtype())); }

/// x x^T + 1
inline Tensor gram(const Tensor& x) { return matmul(x, x, {.transpose_b = true}) + eye(x.shape(-2), -1, x.dtype()); }

/// Determinants as the sum over all permutations.
inline Tensor by_leibniz(const Tensor& x) {
  const auto n = static_cast<std::size_t>(x.shape(-1));
  const std::vector<double> values = to_doubles(x);
  std::vector<double> results;
  for (std::size_t at = 0; at < values.size(); at += n * n) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    double sum = 0;
    do {
      double product = 1;
      for (std::size_t i = 0; i < n; ++i) {
        product *= values[at + i * n + order[i]];
        for (std::size_t j = 0; j < i; ++j) product *= order[j] > order[i] ? -1 : 1;
      }
      sum += product;
    } while (std::next_permutation(order.begin(), order.end()));
    results.push_back(sum);
  }
  const Shape leading(std::span<const std::int64_t>(x.shape().begin(), static_cast<std::size_t>(x.rank() - 2)));
  return tensor(results, leading, x.dtype());
}

/// Well-conditioned square matrices, then right-hand sides.
inline OpInputs matrices_of(const MatrixRow& row, DType dtype) {
  OpInputs inputs;
  for (const auto& shape : row.inputs) {
    inputs.push_back(inputs.empty() ? well_conditioned(shape, dtype) : some(shape, dtype));
  }
  return inputs;
}

inline FunctionRow under_function(const MatrixRow& row) {
  return {row.op, row.f, [inputs = fresh_inputs(row.inputs, float64)](int call) {
            OpInputs x = inputs(call);
            x[0] = well_conditioned(x[0]);
            return x;
          }};
}

inline void check_matrix_rows(const Table<MatrixRow>& table) {
  for (const auto& row : table) {
    CAPTURE(row.op);
    CAPTURE(row.inputs[0].str());
    for (const DType dtype : {float64, float32}) {
      const OpInputs x = matrices_of(row, dtype);
      const Tensor y = row.f(x);
      CHECK(y.dtype() == dtype);
      CHECK(row.holds(x, y));
      for (std::size_t i = 0; i < x.size(); ++i) CHECK_TENSOR_EQ(x[i], matrices_of(row, dtype)[i]);
    }
    const GradientCheck check =
        check_gradients([&](const OpInputs& x) { return row.f(x); }, matrices_of(row, float64), {.atol = 1e-6});
    CHECK_MESSAGE(check, check.message);
  }
}

}  // namespace xtape::testing
