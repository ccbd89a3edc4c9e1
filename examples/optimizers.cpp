// The path of every optimizer on the same surface, Beale's function, whose lowest point is (3, 0.5).
#include <fmt/core.h>

#include <string>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
using namespace xtape::optimizers;

xp::Tensor beale(const xp::Tensor& x, const xp::Tensor& y) {
  return xp::square(1.5 - x + x * y) + xp::square(2.25 - x + x * xp::square(y)) +
         xp::square(2.625 - x + x * xp::pow(y, 3));
}

/// The path of an optimizer from (1, 1.4) on.
xp::plot::Series path_of(const std::string& name, xp::AnyOptimizer optimizer) {
  xp::Variable x(1.0), y(1.4);
  std::vector<double> xs{x.value().item()}, ys{y.value().item()};
  for (int step = 0; step < examples::times(500, 20); ++step) {
    optimizer.get()->minimize([&] { return beale(x, y); }, {x, y});
    xs.push_back(x.value().item());
    ys.push_back(y.value().item());
  }
  fmt::print("{:9} reaches ({:6.3f}, {:6.3f}), height {:.1e}\n", name, xs.back(), ys.back(), beale(x, y).item());
  return {name, xs, ys};
}

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  const std::vector<xp::plot::Series> descent = {
      path_of("SGD", SGD({.learning_rate = 0.01})),
      path_of("momentum", SGD({.learning_rate = 0.001, .momentum = 0.9})),
      path_of("Nesterov", SGD({.learning_rate = 0.001, .momentum = 0.9, .nesterov = true})),
      path_of("Adagrad", Adagrad({.learning_rate = 0.5})),
      path_of("Adadelta", Adadelta({.learning_rate = 10})),
      path_of("RMSprop", RMSprop({.learning_rate = 0.01})),
      path_of("Ftrl", Ftrl({.learning_rate = 0.5})),
  };
  const std::vector<xp::plot::Series> adaptive = {
      path_of("Adam", Adam({.learning_rate = 0.1})),     path_of("AdamW", AdamW({.learning_rate = 0.1})),
      path_of("Adamax", Adamax({.learning_rate = 0.3})), path_of("Nadam", Nadam({.learning_rate = 0.1})),
      path_of("Lion", Lion({.learning_rate = 0.008})),   path_of("Lamb", Lamb({.learning_rate = 0.02})),
  };

  auto surface = [](const xp::Tensor& points) { return beale(points[{xp::all, 0}], points[{xp::all, 1}]); };
  const xp::plot::Region region{0, 4.5, -1.5, 1.6};
  const xp::plot::ContourPathsOptions options{.log_levels = true, .minimum = {{3, 0.5}}};
  xp::plot::contour_paths(surface, region, descent, output("optimizers_descent.png"), options);
  xp::plot::contour_paths(surface, region, adaptive, output("optimizers_adaptive.png"), options);
}
