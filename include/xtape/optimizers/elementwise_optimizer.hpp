#pragma once

#include "xtape/optimizers/optimizer.hpp"

namespace xtape::optimizers {

/// The base of optimizers that treat every element of a variable alike, from its gradient and its slots alone. They can
/// run on some rows at a time, so a sparse gradient (IndexedSlices) is never made dense, and gives the numbers that the
/// dense one would: rows that the batch did not touch take a step with a gradient of zero.
class ElementwiseOptimizer : public Optimizer {
 protected:
  using Optimizer::Optimizer;

  /// Overwrites the elements of w and of the slots by one step; g is the gradient, all of one shape and dtype.
  virtual void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) = 0;
  /// Whether a gradient of zero changes nothing, so that untouched rows need no look.
  virtual bool ignores_zero() const noexcept { return false; }

 private:
  void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) final;
};

}  // namespace xtape::optimizers
