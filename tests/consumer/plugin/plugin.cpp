// A plugin with xtape inside, whose own functions have C's calling convention.
#include <xtape/core/random.hpp>
#include <xtape/layers/dense.hpp>
#include <xtape/losses/mean_squared_error.hpp>
#include <xtape/models/sequential.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/optimizers/sgd.hpp>
#include <xtape/optimizers/zip.hpp>
#include <xtape/tape/gradient_tape.hpp>

namespace xp = xtape;

/// Trains a step of a regression: the loss before it, less the loss after it.
extern "C" double train_step() {
  const xp::Tensor x = xp::random::normal({8192, 64}), y = xp::reduce_sum(x, 1, /*keepdims=*/true);
  xp::Sequential model{xp::layers::Dense(64), xp::layers::Dense(1)};
  xp::optimizers::SGD optimizer({.learning_rate = 0.001});
  const auto loss_of_model = [&] { return xp::reduce_mean(xp::losses::mean_squared_error(y, model(x))); };
  (void)model(x);
  xp::GradientTape tape;
  const auto loss = loss_of_model();
  optimizer.apply_gradients(xp::zip(tape.gradient(loss, model.trainable_variables()), model.trainable_variables()));
  return loss.item<float>() - loss_of_model().item<float>();
}
