#pragma once

#include <functional>
#include <span>
#include <vector>

#include "optimize/vectors.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::optimize {

/// What a solver moves: a list of tensors, or variables, seen as one vector.
class Unknowns {
 public:
  /// Throw a TypeError for dtypes other than float32 and float64, a ValueError for an empty list, for variables that
  /// are given twice and for constraints.
  Unknowns(const char* op, std::vector<Tensor> start);
  Unknowns(const char* op, std::vector<Variable> variables);

  std::size_t size() const noexcept { return size_; }
  /// The present values.
  Vector values() const;
  /// The nearest vector whose elements the dtypes can represent.
  Vector rounded(Vector x) const;
  /// Moves the unknowns; x is rounded.
  void move_to(const Vector& x);
  /// Gives the variables their first values.
  void restore();

  /// The tensors; none where variables are moved.
  const std::vector<Tensor>& tensors() const noexcept { return tensors_; }
  detail::PoolVector<detail::Source> sources() const;
  void watch_with(GradientTape& tape) const;
  /// One tensor for each source, with the elements of x.
  std::vector<Tensor> split(const Vector& x) const;
  /// The elements of one tensor for each source, such as gradients.
  Vector joined(std::span<const Tensor> parts) const;

 private:
  const std::vector<Tensor>& like() const noexcept { return variables_.empty() ? tensors_ : first_; }
  void check(const char* op, const Tensor& t);

  std::vector<Tensor> tensors_;
  std::vector<Variable> variables_;
  std::vector<Tensor> first_;  // of the variables
  std::size_t size_ = 0;
};

/// Runs f, and restores the unknowns before an exception leaves it.
template <class F>
auto restoring(Unknowns& unknowns, const F& f) {
  try {
    return f();
  } catch (...) {
    unknowns.restore();
    throw;
  }
}

/// The relative distance of neighbouring numbers of float32 or float64.
double resolution_of(DType dtype);

/// Appends the elements of a tensor of float32 or float64.
void append_elements(Vector& elements, const Tensor& t);

}  // namespace xtape::optimize
