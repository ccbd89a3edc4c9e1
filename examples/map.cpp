// An elementwise formula as one C++ lambda. map compiles it, and its derivatives by dual numbers, into one vectorised
// loop each; separate ops would need a pass over the arrays for each operation.
#include <fmt/core.h>

#include <xtape/ops/map.hpp>
#include <xtape/xtape.hpp>

namespace xp = xtape;

/// Huber's loss of each element: squared where it is small, straight where it is large.
xp::Tensor huber(const xp::Tensor& y_true, const xp::Tensor& y_pred, double delta) {
  return xp::map(
      [delta](auto t, auto p) {
        auto error = abs(p - t);
        return select(error <= delta, error * error / 2, delta * (error - delta / 2));
      },
      y_true, y_pred);
}

int main() {
  auto y_true = xp::constant({0.0, 1.0, 2.0, 3.0}, xp::float64);
  auto y_pred = xp::constant({0.5, 1.0, -2.0, 4.5}, xp::float64);

  xp::GradientTape tape;
  tape.watch(y_pred);
  auto loss = huber(y_true, y_pred, 1.0);
  fmt::print("loss     {}\ngradient {}\n", loss, tape.gradient(loss, y_pred));

  // Shapes broadcast, plain numbers take the dtype, and gradients have gradients, which check_gradients checks.
  auto gate = [](const xp::Tensor& x, const xp::Tensor& w) {
    return xp::map([](auto a, auto b) { return tanh(a) / (1 + exp(-b * a)); }, x, w);
  };
  auto x = xp::random::normal({3, 4}, 0, 1, xp::float64), w = xp::random::normal({4}, 0, 1, xp::float64);
  auto check = xp::check_gradients(gate, x, w, {.order = 3});
  fmt::print("its gradients, to the third order: {}\n", check ? "right" : check.message);
  return check ? 0 : 1;
}
