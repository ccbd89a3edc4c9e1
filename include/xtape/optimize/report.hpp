#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "xtape/core/tensor.hpp"

// What the solvers of this folder report: while they run, and when they end.
namespace xtape {
namespace optimize {

/// Why a solver ended.
enum class Status {
  converged_gradient,   ///< no element of the gradient is larger than the tolerance
  converged_value,      ///< an iteration changed the value by less than the tolerance
  converged_step,       ///< an iteration changed x by less than the tolerance
  converged_residual,   ///< no element of the residual is larger than the tolerance
  max_iterations,       ///< as many iterations as allowed
  max_evaluations,      ///< as many calls of the function as allowed
  line_search_failed,   ///< no step along the direction decreases the value
  trust_region_failed,  ///< no step decreases the value, however small the region in which the model is trusted
  not_finite,           ///< the function is NaN or infinite where the solver starts, or its derivative where it is
  singular,             ///< a linear system that the method has to solve is singular
  stopped,              ///< the callback asked for it
};

/// What all solvers tell in the end.
struct Report {
  Status status = Status::not_finite;
  std::string message;           ///< why it ended, in words, with the numbers
  std::int64_t iterations = 0;   ///< accepted steps
  std::int64_t evaluations = 0;  ///< calls of the function

  /// Whether a test of convergence ended it.
  bool success() const noexcept { return status <= Status::converged_residual; }
};

/// What a callback is told after each iteration.
struct Iteration {
  std::int64_t number = 0;         ///< 1 after the first
  std::int64_t evaluations = 0;    ///< calls of the function so far
  double value = 0;                ///< the value, the sum of squares, or the norm of the residual
  double gradient_norm = 0;        ///< the largest absolute element of the gradient; 0 for root()
  std::span<const Tensor> x = {};  ///< where it is: the tensors of x in order; empty if it moves variables
};

/// Called after each iteration; true ends the solver.
using IterationCallback = std::function<bool(const Iteration&)>;

}  // namespace optimize
}  // namespace xtape
