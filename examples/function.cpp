// A training step as a function: traced once, then replayed without running its body. For exclusive or, almost all of a
// step is overhead.
#include <chrono>

#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;

struct Net : xp::Model {
  xp::layers::Dense hidden = track(xp::layers::Dense(2, {.activation = "tanh"}));
  xp::layers::Dense output = track(xp::layers::Dense(1, {.activation = "sigmoid"}));

  xp::Tensor call(const xp::Tensor& inputs) override { return output(hidden(inputs)); }
};

template <class Step>
double microseconds_per_step(Step& step, const xp::Tensor& x, const xp::Tensor& y) {
  const int steps = examples::times(100000, 20);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < steps; ++i) step(x, y);
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() / steps;
}

int main() {
  xp::random::set_seed(4);
  const xp::Tensor x = xp::constant({{0.0f, 0.0f}, {0.0f, 1.0f}, {1.0f, 0.0f}, {1.0f, 1.0f}});
  const xp::Tensor y = xp::constant({{0.0f}, {1.0f}, {1.0f}, {0.0f}});
  Net net;
  xp::optimizers::Adam optimizer({.learning_rate = 0.01});

  int runs = 0;
  auto train_step = [&](const xp::Tensor& inputs, const xp::Tensor& expected) {
    ++runs;  // a side effect: a replay does not repeat it
    xp::GradientTape tape;
    auto loss = xp::reduce_mean(xp::losses::mean_squared_error(expected, net(inputs)));
    auto gradients = tape.gradient(loss, net.trainable_variables());
    optimizer.apply_gradients(xp::zip(gradients, net.trainable_variables()));
    return loss;
  };
  auto traced_step = xp::function(train_step, {.name = "train_step"});

  const double stepwise = microseconds_per_step(train_step, x, y);
  runs = 0;
  const double traced = microseconds_per_step(traced_step, x, y);
  fmt::print("{:.2f} us a step, {:.2f} us as a function, whose body ran {} time(s)\n", stepwise, traced, runs);
  fmt::print("{}", traced_step.str());
  fmt::print("loss {:.6f}, predictions {}\n", traced_step(x, y).item(), xp::reshape(net.predict(x), {4}).str());
}
