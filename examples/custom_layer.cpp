// A custom layer: bell functions in the plane with learned centers and widths. With a Dense layer after them they
// separate the points of two discs from the others, which no straight line can do.
#include <fmt/core.h>

#include <cstdlib>

#include <xtape/xtape.hpp>

namespace xp = xtape;

/// exp(-|x - center|^2 / width^2) for each of `units` centers: [batch, features] -> [batch, units].
struct Bells : xp::LayerBase<Bells> {
  explicit Bells(std::int64_t count) : units(count) {}

  void build(const xp::Shape& input) override {
    centers = add_weight("centers", {units, input.back()},
                         {.initializer = xp::initializers::RandomUniform{.minval = -1, .maxval = 1}});
    widths = add_weight("widths", {units}, {.initializer = "ones", .constraint = "non_neg"});
  }

  xp::Tensor call(const xp::Tensor& x) override {
    add_loss(1e-3 * xp::reduce_sum(1 / xp::square(widths)));  // a penalty on small widths
    auto distances = xp::reduce_sum(xp::square(xp::expand_dims(x, 1) - centers), -1);
    return xp::exp(-distances / xp::square(widths));
  }

  std::int64_t units;
  xp::Variable centers, widths;
};

int main() {
  xp::random::set_seed(1);
  auto x = xp::random::uniform({2000, 2}, -2, 2);
  auto near = [&](float a, float b) { return xp::reduce_sum(xp::square(x - xp::constant({a, b})), -1) < 0.6; };
  auto y = xp::cast(near(1, 1) | near(-1, -1), xp::float32);

  Bells bells(6);
  xp::Sequential model{bells, xp::layers::Dense(1, {.activation = "sigmoid"})};
  model.compile(xp::optimizers::Adam({.learning_rate = 0.02}), "binary_crossentropy", {"accuracy"});
  const int epochs = std::getenv("XTAPE_EXAMPLE_STEPS") != nullptr ? 1 : 60;
  model.fit(x, y, {.epochs = epochs, .verbose = 0});

  auto logs = model.evaluate(x, y, {.verbose = 0});
  fmt::print("{} numbers learnt; loss {:.3f}, accuracy {:.3f}\n", model.count_params(), logs["loss"], logs["accuracy"]);
  for (const auto& weight : bells.variables()) fmt::print("{}:\n{:.2f}\n", weight.name(), weight.value());
}
