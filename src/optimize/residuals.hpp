#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "optimize/unknowns.hpp"
#include "optimize/vectors.hpp"

namespace xtape::optimize {

/// A dense matrix, row by row.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  Vector elements;

  double operator()(std::size_t i, std::size_t k) const { return elements[i * columns + k]; }
  double& operator()(std::size_t i, std::size_t k) { return elements[i * columns + k]; }
  /// The product with a vector.
  Vector times(const Vector& x) const;
  /// The product of the transposed matrix with a vector.
  Vector transposed_times(const Vector& x) const;
  /// As a float64 tensor.
  Tensor tensor() const;
};

/// The value of a vector function at a point, and its derivative there.
struct Linearized {
  Vector value;
  Matrix jacobian;
};

/// A vector function of one vector, such as the residuals of a fit.
class Residuals {
 public:
  using Function = std::function<Tensor(std::span<const Tensor>)>;
  /// `op` stands in errors.
  Residuals(const char* op, Function f, Unknowns& unknowns) : op_(op), f_(std::move(f)), unknowns_(unknowns) {}

  /// The value at x, rounded to the dtypes of the unknowns.
  Vector at(const Vector& x);
  /// The value and the Jacobian there. Takes one backward pass for each element of the value or of x, whichever are
  /// fewer.
  Linearized linearized(const Vector& x);

  Unknowns& unknowns() noexcept { return unknowns_; }
  /// Calls of the function so far.
  std::int64_t evaluations() const noexcept { return evaluations_; }
  /// The relative distance of neighbouring numbers of the value's dtype.
  double resolution() const noexcept { return resolution_; }

 private:
  Tensor evaluate();

  const char* op_;
  Function f_;
  Unknowns& unknowns_;
  std::int64_t evaluations_ = 0;
  double resolution_ = 0;
};

}  // namespace xtape::optimize
