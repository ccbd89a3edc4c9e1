// A curve through noisy measurements: least_squares with the errors of its parameters, and the same minimum by
// minimize, which also takes a loss that forgives outliers.
#include <fmt/core.h>

#include <cmath>
#include <vector>
#include <xtape/xtape.hpp>

namespace xp = xtape;

/// A damped oscillation: p = (amplitude, damping, frequency).
xp::Tensor curve(const xp::Tensor& p, const xp::Tensor& t) {
  auto v = xp::unstack(p);
  return v[0] * xp::exp(-v[1] * t) * xp::cos(v[2] * t);
}

int main() {
  xp::random::set_seed(1);
  const auto truth = xp::constant({2.0, 0.3, 4.0}, xp::float64), start = xp::constant({1.0, 0.1, 3.5}, xp::float64);
  auto t = xp::linspace(0, 5, 80, xp::float64);
  auto measured = curve(truth, t) + 0.05 * xp::random::normal({80}, 0, 1, xp::float64);
  auto residuals = [&](const xp::Tensor& p) { return curve(p, t) - measured; };

  auto fit = xp::optimize::least_squares(residuals, start);
  fmt::print("{}\n{} iterations\n", fit.message, fit.iterations);
  // The variances of the parameters: the inverse of J' J, times that of the measurements.
  auto normal = xp::matmul(fit.jacobian, fit.jacobian, {.transpose_a = true});
  auto variances = xp::linalg::diag_part(xp::linalg::inv(normal)) * (fit.sum_of_squares / (80 - 3));
  for (int i = 0; i < 3; ++i) {
    fmt::print("{:.4f} +- {:.4f}, in truth {}\n", fit.x.data<double>()[i], std::sqrt(variances.data<double>()[i]),
               truth.data<double>()[i]);
  }

  // Three outliers: squares would follow them, log cosh does not.
  auto outliers = xp::scatter_nd(xp::constant({{5}, {30}, {60}}), xp::constant({5.0, -4.0, 6.0}, xp::float64), {80});
  for (bool robust : {false, true}) {
    auto loss = [&](const xp::Tensor& p) {
      auto r = curve(p, t) - (measured + outliers);
      return xp::reduce_sum(robust ? xp::log(xp::cosh(r)) : xp::square(r));
    };
    auto found = xp::optimize::minimize(loss, start);
    fmt::print("{}: {} after {} iterations\n", robust ? "log cosh" : "squares", found.x, found.iterations);
  }
}
