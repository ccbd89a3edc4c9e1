#pragma once

#include "xtape/optimizers/optimizer.hpp"

namespace xtape::optimizers {

/// The base class of optimizers that update each element of a variable from its own gradient and slots alone. They can
/// update a part of the rows at a time, so a sparse gradient (IndexedSlices) is never made dense. The result is that of
/// the dense gradient: rows without a gradient take a step with a gradient of zero.
class ElementwiseOptimizer : public Optimizer {
 protected:
  using Optimizer::Optimizer;

  /// Does one step of the elements of w and of the slots, in place; g is the gradient. All have one shape and dtype.
  virtual void update_elements(const Tensor& w, const Tensor& g, std::span<const Tensor> slots) = 0;
  /// Whether a gradient of zero changes nothing. Then rows without a gradient are left out.
  virtual bool ignores_zero() const noexcept { return false; }
  /// Calls update_elements() for the variable, or for parts of its rows.
  void update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) override;

 private:
  bool writes_elements() const noexcept final { return true; }
};

}  // namespace xtape::optimizers
