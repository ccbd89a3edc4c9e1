#include "integrate/adjoint.hpp"

#include <array>
#include <utility>

#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/grad.hpp"

namespace xtape::integrate {

std::vector<Tensor> Adjoint::sources() const {
  std::vector<Tensor> all(parameters_);
  for (const auto& variable : variables_) all.push_back(variable.stored_value());
  return all;
}

/// The state is y, a, and the gradients of the sources.
State Adjoint::slopes(double t, const State& state) const {
  GradientTape tape({.watch_accessed_variables = false});
  const Tensor y = detail::identity(state[0]);
  tape.watch(y);
  tape.watch(parameters_);
  detail::PoolVector<detail::Source> sources{y};
  sources.insert(sources.end(), parameters_.begin(), parameters_.end());
  for (const auto& variable : variables_) {
    tape.watch(variable);
    sources.push_back(variable);
  }
  const Tensor dy = slope_at(f_, t, y);
  const Tensors gradients =
      tape.gradient(dy, std::span<const detail::Source>(sources),
                    {.output_gradients = {-state[1]}, .unconnected_gradients = UnconnectedGradients::zero});
  State all{dy};
  all.insert(all.end(), gradients.begin(), gradients.end());
  return all;
}

Grads Adjoint::gradients(const std::vector<double>& times, const Tensor& ys, const Tensor& dys) const {
  const Tensors y = unstack(ys), dy = unstack(dys);
  State state{y.back(), dy.back()};
  for (const auto& parameter : parameters_) state.push_back(zeros_like(parameter));
  for (const auto& variable : variables_) state.push_back(zeros_like(variable.peek()));
  const Dynamics dynamics = [this](double t, const State& at) { return slopes(t, at); };
  for (std::size_t i = times.size() - 1; i > 0; --i) {
    const std::array back{times[i], times[i - 1]};
    state = solver_(dynamics, std::move(state), back, steps_).back();
    state[0] = y[i - 1];
    state[1] = state[1] + dy[i - 1];
  }
  Grads result{state[1]};
  for (std::size_t i = 2; i < state.size(); ++i) result.push_back(state[i]);
  return result;
}

}  // namespace xtape::integrate
