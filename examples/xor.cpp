// Exclusive or, learned by a subclassed model with four hidden units, though not from all initial weights.
#include <fmt/core.h>

#include <string>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

struct Xor : xp::Model {
  layers::Dense hidden, output;

  explicit Xor(const std::string& activation)
      : hidden(track(layers::Dense(4, {.activation = activation}))),
        output(track(layers::Dense(1, {.activation = "sigmoid"}))) {}

  xp::Tensor call(const xp::Tensor& inputs) override { return output(hidden(inputs)); }
};

int main(int argc, char** argv) {
  const examples::Output file(argc, argv);
  const auto x = xp::constant({{0, 0}, {0, 1}, {1, 0}, {1, 1}}, xp::float32);
  const auto y = xp::constant({{0}, {1}, {1}, {0}}, xp::float32);
  const int seeds = examples::times(20), epochs = examples::times(1000, 20);

  for (const std::string activation : {"relu", "leaky_relu"}) {
    int solved = 0;
    for (int seed = 0; seed < seeds; ++seed) {
      xp::random::set_seed(seed);
      Xor model(activation);
      model.compile(xp::optimizers::Adam({.learning_rate = 0.01}), "mse", {"accuracy"});
      model.fit(x, y, {.epochs = epochs, .verbose = 0});
      if (model.evaluate(x, y, {.verbose = 0})["accuracy"] < 1) continue;
      if (++solved > 1) continue;

      fmt::print("{}, seed {}: {:.3f}\n", activation, seed, xp::reshape(model.predict(x), {4}));
      xp::plot::decision_surface([&](const xp::Tensor& points) { return model.predict(points); },
                                 {-0.5, 1.5, -0.5, 1.5}, x, y, file("xor_" + activation + ".png"),
                                 {.axes = {.title = activation}});
      // The same as numbers: the model on the points of a grid.
      auto grid = xp::meshgrid({xp::linspace(0, 1, 5), xp::linspace(0, 1, 5)});
      auto points = xp::stack({xp::reshape(grid[0], {-1}), xp::reshape(grid[1], {-1})}, 1);
      fmt::print("{:.2f}\n", xp::reshape(model.predict(points), {5, 5}));
    }
    fmt::print("{} solves it from {} of {} seeds\n", activation, solved, seeds);
  }
}
