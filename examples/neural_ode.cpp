// A neural differential equation (Chen et al., 2018): a network is the right-hand side of dy/dt = f(y), and is trained
// so that the solution follows a spiral. The gradients come from the adjoint equation.
#include <fmt/core.h>

#include <cstdlib>
#include <vector>
#include <xtape/xtape.hpp>

namespace xp = xtape;
namespace layers = xtape::layers;

int main() {
  xp::random::set_seed(1);
  const auto t = xp::linspace(0, 3, 31);
  const auto y0 = xp::constant({{2.0, 0.0}});
  const auto a = xp::constant({{-0.1, 2.0}, {-2.0, -0.1}});
  const auto cube = [](const xp::Tensor& y) { return y * xp::square(y); };
  const auto truth =
      xp::integrate::odeint([&](const xp::Tensor&, const xp::Tensor& y) { return xp::matmul(cube(y), a); }, y0, t);

  xp::Sequential network{xp::Input({2}), layers::Dense(32, {.activation = "tanh"}), layers::Dense(2)};
  const auto f = [&](const xp::Tensor&, const xp::Tensor& y) { return network(cube(y)); };
  xp::optimizers::Adam optimizer({.learning_rate = 0.01});
  const char* given = std::getenv("XTAPE_EXAMPLE_STEPS");
  const int steps = given != nullptr ? std::atoi(given) : 400;
  for (int step = 0; step <= steps; ++step) {
    // Short pieces of the spiral, all at once: from each point to the next ones.
    const auto starts = xp::squeeze(xp::slice_axis(truth, 0, 0, 21), 1), times = xp::slice_axis(t, 0, 0, 11);
    xp::GradientTape tape;
    const auto ys = xp::integrate::odeint(f, starts, times, {.adjoint = true});
    std::vector<xp::Tensor> pieces;
    for (int i = 0; i <= 10; ++i) pieces.push_back(xp::squeeze(xp::slice_axis(truth, 0, i, 21), 1));
    const auto loss = xp::reduce_mean(xp::abs(ys - xp::stack(pieces)));
    const auto gradients = tape.gradient(loss, network.trainable_variables());
    optimizer.apply_gradients(xp::zip(gradients, network.trainable_variables()));
    if (step % 100 == 0 || step == steps) fmt::print("step {}: loss {:.4f}\n", step, loss.item());
  }
  const auto whole = xp::integrate::odeint(f, y0, t);
  fmt::print("the whole spiral from its start: mean distance {:.4f}\n", xp::reduce_mean(xp::abs(whole - truth)).item());
}
