#include "optimize/objective.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/transforms/grad.hpp"

namespace xtape::optimize {

Tensor Objective::checked(const Tensor& value) {
  detail::check_scalar(op_, value);
  if (value.dtype() != float32 && value.dtype() != float64) {
    detail::fail<TypeError>(op_, "expected a function that returns float32 or float64, received {}", value.dtype());
  }
  resolution_ = resolution_of(value.dtype());
  return value;
}

Tensor Objective::evaluate() {
  ++evaluations_;
  return checked(f_(unknowns_.tensors()));
}

/// By the tape.
std::pair<Tensor, Tensors> Objective::differentiated() {
  const auto sources = unknowns_.sources();
  GradientTape tape({.watch_accessed_variables = false});
  unknowns_.watch_with(tape);
  const Tensor value = evaluate();
  Tensors gradients = tape.gradient(value, std::span<const detail::Source>(sources));
  const auto none = [](const Tensor& gradient) { return !gradient.defined(); };
  if (evaluations_ == 1 && std::all_of(gradients.begin(), gradients.end(), none)) {
    detail::fail<ValueError>(op_, "expected a function that depends on x: no gradient flows from its value to x");
  }
  return {value, std::move(gradients)};
}

/// By the user's function.
std::pair<Tensor, Tensors> Objective::given() {
  ++evaluations_;
  auto [value, gradients] = with_gradients_();
  const auto sources = unknowns_.sources();
  if (gradients.size() != sources.size()) {
    detail::fail<ValueError>(op_, "expected a gradient for each of {} variables, received {}", sources.size(),
                             gradients.size());
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const Tensor& variable = sources[i].peek();
    if (!gradients[i].defined()) continue;
    if (gradients[i].shape() != variable.shape()) {
      detail::fail<ValueError>(op_, "gradients[{}] has shape {}, its variable {}", i, gradients[i].shape(),
                               variable.shape());
    }
    if (gradients[i].dtype() != variable.dtype()) {
      detail::fail<TypeError>(op_, "gradients[{}] is {}, its variable {}", i, gradients[i].dtype(), variable.dtype());
    }
  }
  return {checked(value), std::move(gradients)};
}

Point Objective::at(const Vector& x) {
  Point point{.x = unknowns_.rounded(x)};
  unknowns_.move_to(point.x);
  auto [value, gradients] = with_gradients_ ? given() : differentiated();
  const auto sources = unknowns_.sources();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) gradients[i] = zeros_like(sources[i].peek());
  }
  point.value = value.item();
  point.gradient = unknowns_.joined(gradients);
  return point;
}

Product Objective::hessian(const Vector& x) {
  unknowns_.move_to(x);
  // The unknowns move on while the tape lives, so the sources are those of now.
  auto kept = std::make_shared<Unknowns>(unknowns_);
  auto tape =
      std::make_shared<GradientTape>(GradientTapeOptions{.persistent = true, .watch_accessed_variables = false});
  kept->watch_with(*tape);
  Tensors gradients;
  {
    GradientTape inner({.watch_accessed_variables = false});
    kept->watch_with(inner);
    const auto sources = kept->sources();
    gradients = inner.gradient(evaluate(), std::span<const detail::Source>(sources),
                               {.unconnected_gradients = UnconnectedGradients::zero});
  }
  tape->stop();
  const std::vector<Tensor> targets(gradients.begin(), gradients.end());
  return [kept, tape, targets](const Vector& v) {
    const auto sources = kept->sources();
    return kept->joined(
        tape->gradient(targets, std::span<const detail::Source>(sources),
                       {.output_gradients = kept->split(v), .unconnected_gradients = UnconnectedGradients::zero}));
  };
}

}  // namespace xtape::optimize
