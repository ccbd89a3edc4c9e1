// Why is there no gradient? The tape explains it.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

namespace xp = xtape;

int main() {
  xp::Variable weights(xp::random::normal({3, 2}), {.name = "weights"});
  xp::Variable frozen(xp::zeros({2}), {.trainable = false, .name = "frozen"});
  xp::Tensor x = xp::constant({{1.0, 2.0, 3.0}});

  xp::GradientTape tape({.persistent = true});
  auto logits = xp::matmul(x, weights) + frozen;
  auto loss = xp::reduce_sum(xp::square(logits));
  auto prediction = xp::cast(xp::argmax(logits, 1), xp::float32);
  auto behind = xp::reduce_sum(xp::stop_gradient(logits) * 2);

  fmt::print("loss by weights:       {}\n", tape.explain(loss, weights).text);
  fmt::print("loss by x:             {}\n", tape.explain(loss, x).text);
  fmt::print("loss by frozen:        {}\n", tape.explain(loss, frozen).text);
  fmt::print("prediction by weights: {}\n", tape.explain(prediction, weights).text);
  fmt::print("behind by weights:     {}\n", tape.explain(behind, weights).text);

  // The first op whose result contains a NaN throws an error.
  xp::debug::CheckNumerics check;
  try {
    auto entropy = xp::reduce_sum(xp::log(logits - xp::reduce_max(logits)));
  } catch (const xp::Error& error) {
    fmt::print("{}\n", error.message());
  }
}
