// Derivatives with GradientTape: of a variable, of a watched tensor, of the second order, and with respect to several
// sources at once.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

namespace xp = xtape;

int main() {
  // dy/dx of y = x^2 at x = 3. A Variable is watched automatically.
  xp::Variable x(xp::constant(3.0));
  {
    xp::GradientTape tape;
    auto y = xp::square(x);
    fmt::print("d x^2 / dx at 3:        {}\n", tape.gradient(y, x));
  }

  // A tensor has to be watched. For a y that is not a scalar, the gradient is that of the sum of its elements.
  xp::Tensor t = xp::constant({0.0, 1.0, 2.0});
  {
    xp::GradientTape tape;
    tape.watch(t);
    auto y = xp::exp(-xp::square(t));
    fmt::print("d exp(-t^2) / dt:       {}\n", tape.gradient(y, t));
  }

  // Tapes nest: the outer tape records the ops of the inner tape's gradient.
  {
    xp::GradientTape second;
    xp::GradientTape first;
    auto y = x * x * x;
    auto dy_dx = first.gradient(y, x);
    fmt::print("d^2 x^3 / dx^2 at 3:    {}\n", second.gradient(dy_dx, x));
  }

  // Least squares: the gradient of the error of a line for its slope and its offset.
  xp::Variable slope(xp::constant(0.0)), offset(xp::constant(0.0));
  auto inputs = xp::linspace(0, 1, 11);
  auto targets = 2 * inputs + 1;
  for (int step = 0; step < 300; ++step) {
    xp::GradientTape tape;
    auto loss = xp::reduce_mean(xp::square(slope * inputs + offset - targets));
    auto gradients = tape.gradient(loss, {slope, offset});
    slope.assign_sub(gradients[0] * 0.5);
    offset.assign_sub(gradients[1] * 0.5);
  }
  fmt::print("line through the data:  {:.3f} x + {:.3f}\n", slope.value().item(), offset.value().item());
}
