#include "integrate/runge_kutta.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "integrate/combination.hpp"

namespace xtape::integrate {

State advanced(const State& y, double h, std::span<const double> factors, std::span<const State> slopes) {
  std::vector<double> all{1};
  for (const double factor : factors) all.push_back(h * factor);
  State next;
  for (std::size_t part = 0; part < y.size(); ++part) {
    std::vector<Tensor> terms{y[part]};
    for (std::size_t i = 0; i < factors.size(); ++i) terms.push_back(slopes[i][part]);
    next.push_back(combination(terms, all));
  }
  return next;
}

namespace {

State euler_step(const Dynamics& f, double t, const State& y, double h) {
  return advanced(y, h, std::vector<double>{1}, std::vector<State>{f(t, y)});
}

State rk4_step(const Dynamics& f, double t, const State& y, double h) {
  std::vector<State> k{f(t, y)};
  const auto add = [&](std::initializer_list<double> factors, double end) {
    k.push_back(f(t + end * h, advanced(y, h, std::vector<double>(factors), k)));
  };
  add({0.5}, 0.5);
  add({0, 0.5}, 0.5);
  add({0, 0, 1}, 1);
  return advanced(y, h, std::vector<double>{1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6}, k);
}

template <auto step>
std::vector<State> solve_fixed(const Dynamics& f, State start, std::span<const double> times, const Steps& steps) {
  std::vector<State> states{std::move(start)};
  for (std::size_t i = 1; i < times.size(); ++i) {
    const double length = times[i] - times[i - 1];
    // A step may be longer by what rounding makes of a whole number of steps.
    const double count = steps.step > 0 ? std::max(1.0, std::ceil(std::abs(length) / steps.step - 1e-9)) : 1;
    State y = states.back();
    for (double k = 0; k < count; ++k) y = step(f, times[i - 1] + length * (k / count), y, length / count);
    states.push_back(std::move(y));
  }
  return states;
}

}  // namespace

std::vector<State> solve_euler(const Dynamics& f, State start, std::span<const double> times, const Steps& steps) {
  return solve_fixed<euler_step>(f, std::move(start), times, steps);
}

std::vector<State> solve_rk4(const Dynamics& f, State start, std::span<const double> times, const Steps& steps) {
  return solve_fixed<rk4_step>(f, std::move(start), times, steps);
}

}  // namespace xtape::integrate
