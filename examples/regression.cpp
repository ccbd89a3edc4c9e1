// A curve through noisy points, and how sure it is: the network gives a mean and a spread for each x.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

/// -log of the normal density of y, without its constant; the model's outputs are the mean and the variance's log.
xp::Tensor negative_log_likelihood(const xp::Tensor& y, const xp::Tensor& outputs) {
  auto parts = xp::split(outputs, 2, -1);
  auto mean = parts[0], log_variance = parts[1];
  return 0.5 * (log_variance + xp::square(y - mean) * xp::exp(-log_variance));
}

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  auto x = xp::random::uniform({500, 1}, -1, 1);
  auto noise = (0.05 + 0.2 * (x + 1)) * xp::random::normal({500, 1});  // more of it on the right
  auto y = xp::sin(4 * x) + noise;
  auto [x_train, x_test, y_train, y_test] = xp::data::train_test_split(x, y, {.test_size = 0.2, .random_state = 1});

  xp::Sequential model{
      xp::Input({1}),
      layers::Dense(32, {.activation = "tanh"}),
      layers::Dense(32, {.activation = "tanh"}),
      layers::Dense(2),
  };
  model.compile(xp::optimizers::Adam({.learning_rate = 0.01}), negative_log_likelihood);
  model.fit(x_train, y_train, {.epochs = examples::times(150), .verbose = 0});
  fmt::print("negative log-likelihood: training {:.3f}, test {:.3f}\n",
             model.evaluate(x_train, y_train, {.verbose = 0})["loss"],
             model.evaluate(x_test, y_test, {.verbose = 0})["loss"]);

  auto line = xp::linspace(-1, 1, 200);
  auto predicted = model.predict(xp::expand_dims(line, 1));
  auto mean = predicted[{xp::all, 0}];
  auto spread = xp::exp(0.5 * predicted[{xp::all, 1}]);
  xp::plot::lines(
      {{.label = "data", .x = x_train, .y = y_train, .style = "o", .color = "#9fb3c8"},
       {.label = "mean", .x = line, .y = mean, .color = "#1764ab"},
       {.label = "mean and twice the spread", .x = line, .y = mean + 2 * spread, .style = "--", .color = "#d64545"},
       {.x = line, .y = mean - 2 * spread, .style = "--", .color = "#d64545"}},
      output("regression.png"), {.xlabel = "x", .ylabel = "y"});
}
