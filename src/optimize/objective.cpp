#include "optimize/objective.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/transforms/grad.hpp"

namespace xtape::optimize {

Tensor Objective::evaluate() {
  ++evaluations_;
  const Tensor value = detail::check_scalar(op_, f_(unknowns_.tensors()));
  if (value.dtype() != float32 && value.dtype() != float64) {
    detail::fail<TypeError>(op_, "expected a function that returns float32 or float64, received {}", value.dtype());
  }
  resolution_ = resolution_of(value.dtype());
  return value;
}

Point Objective::at(const Vector& x) {
  Point point{.x = unknowns_.rounded(x)};
  unknowns_.move_to(point.x);
  const auto sources = unknowns_.sources();
  GradientTape tape({.watch_accessed_variables = false});
  unknowns_.watch_with(tape);
  const Tensor value = evaluate();
  const bool first = evaluations_ == 1;
  Tensors gradients =
      tape.gradient(value, std::span<const detail::Source>(sources),
                    {.unconnected_gradients = first ? UnconnectedGradients::none : UnconnectedGradients::zero});
  if (first && std::none_of(gradients.begin(), gradients.end(), [](const Tensor& g) { return g.defined(); })) {
    detail::fail<ValueError>(op_, "expected a function that depends on x: no gradient flows from its value to x");
  }
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
