#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "optimize/unknowns.hpp"
#include "optimize/vectors.hpp"

namespace xtape::optimize {

/// A point with the value and the gradient there.
struct Point {
  Vector x = {};
  double value = 0;
  Vector gradient = {};

  bool is_finite() const { return std::isfinite(value) && optimize::is_finite(gradient); }
};

/// The product of a symmetric matrix with a vector.
using Product = std::function<Vector(const Vector&)>;

/// A function to minimize, of one vector.
class Objective {
 public:
  using Function = std::function<Tensor(std::span<const Tensor>)>;
  /// The value and a gradient for each unknown.
  using WithGradients = std::function<std::pair<Tensor, Tensors>()>;
  /// `op` stands in errors.
  Objective(const char* op, Function f, Unknowns& unknowns) : op_(op), f_(std::move(f)), unknowns_(unknowns) {}
  /// Without hessian().
  Objective(const char* op, WithGradients f, Unknowns& unknowns)
      : op_(op), with_gradients_(std::move(f)), unknowns_(unknowns) {}

  /// The value and the gradient at x, rounded to the dtypes of the unknowns.
  Point at(const Vector& x);
  /// Products with the Hessian at x. The function is evaluated once; a product costs a backward pass.
  Product hessian(const Vector& x);

  Unknowns& unknowns() noexcept { return unknowns_; }
  /// Calls of the function so far.
  std::int64_t evaluations() const noexcept { return evaluations_; }
  /// The relative distance of neighbouring numbers of the value's dtype.
  double resolution() const noexcept { return resolution_; }

 private:
  Tensor checked(const Tensor& value);
  Tensor evaluate();
  std::pair<Tensor, Tensors> differentiated();
  std::pair<Tensor, Tensors> given();

  const char* op_;
  Function f_;
  WithGradients with_gradients_;
  Unknowns& unknowns_;
  std::int64_t evaluations_ = 0;
  double resolution_ = 0;
};

}  // namespace xtape::optimize
