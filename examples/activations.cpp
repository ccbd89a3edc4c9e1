// A gallery of activations and their derivatives, which a GradientTape computes.
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  const auto x = xp::linspace(-5, 5, 401);

  std::vector<xp::plot::Panel> panels;
  for (const std::string name : {"relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "sigmoid",
                                 "tanh", "softsign", "hard_sigmoid"}) {
    const xp::ActivationFunction f(name);
    xp::GradientTape tape;
    tape.watch(x);
    auto y = f(x);
    auto dy_dx = tape.gradient(y, x);

    panels.push_back({.series = {{.x = x, .y = y}, {.x = x, .y = dy_dx, .style = "--"}},
                      .axes = {.title = name, .ylim = {-1.5, 2.5}, .width = 240, .height = 190}});
  }
  xp::plot::subplots(panels, output("activations.png"), {.title = "f(x) and, dashed, f'(x)", .columns = 4});
}
