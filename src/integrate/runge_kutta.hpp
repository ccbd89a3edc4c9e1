#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::integrate {

/// What an equation moves: several tensors.
using State = std::vector<Tensor>;
/// dy/dt
using Dynamics = std::function<State(double t, const State& y)>;

/// How the steps are chosen.
struct Steps {
  double rtol = 0, atol = 0;   ///< of adaptive steps
  double first_step = 0;       ///< of adaptive steps; 0: chosen by the first derivatives
  std::int64_t max_steps = 0;  ///< of adaptive steps
  double step = 0;             ///< the longest fixed step; 0: any
  double resolution = 0;       ///< the relative distance of neighbouring times
};

/// The states at all times, the first of which is the start.
using Solver = std::vector<State> (*)(const Dynamics& f, State start, std::span<const double> times,
                                      const Steps& steps);

std::vector<State> solve_euler(const Dynamics& f, State start, std::span<const double> times, const Steps& steps);
std::vector<State> solve_rk4(const Dynamics& f, State start, std::span<const double> times, const Steps& steps);
std::vector<State> solve_dopri5(const Dynamics& f, State start, std::span<const double> times, const Steps& steps);

/// y + h (c_0 k_0 + c_1 k_1 + ...)
State advanced(const State& y, double h, std::span<const double> factors, std::span<const State> slopes);

}  // namespace xtape::integrate
