#pragma once

#include <initializer_list>
#include <span>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"

namespace xtape {

/// Gradients and the variables that they belong to, pair by pair, as zip makes it. It only refers to both.
class GradientsAndVariables {
 public:
  std::span<const Tensor> gradients() const noexcept { return gradients_; }
  std::span<const Variable> variables() const noexcept { return variables_; }
  std::size_t size() const noexcept { return variables_.size(); }

 private:
  friend GradientsAndVariables zip(std::span<const Tensor>, std::span<const Variable>);
  GradientsAndVariables(std::span<const Tensor> gradients, std::span<const Variable> variables)
      : gradients_(gradients), variables_(variables) {}

  std::span<const Tensor> gradients_;
  std::span<const Variable> variables_;
};

/// Pairs each gradient with its variable, for Optimizer::apply_gradients: Python's zip.
///
///     optimizer.apply_gradients(zip(grads, model.trainable_variables()));
///
/// Takes vectors of any kind and lists in braces, copies nothing, and must not outlive them: write it inside the call,
/// as above. Throws a ValueError when the lengths differ.
GradientsAndVariables zip(std::span<const Tensor> gradients, std::span<const Variable> variables);
inline GradientsAndVariables zip(std::span<const Tensor> gradients, std::initializer_list<Variable> variables) {
  return zip(gradients, std::span<const Variable>(variables.begin(), variables.size()));
}
inline GradientsAndVariables zip(std::initializer_list<Tensor> gradients, std::initializer_list<Variable> variables) {
  return zip(std::span<const Tensor>(gradients.begin(), gradients.size()), variables);
}

}  // namespace xtape
