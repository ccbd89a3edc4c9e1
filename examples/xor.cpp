// The exclusive or, learnt by a subclassed model with two hidden units.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

namespace xp = xtape;

struct Xor : xp::Model {
  xp::layers::Dense hidden = track(xp::layers::Dense(2, {.activation = "tanh"}));
  xp::layers::Dense output = track(xp::layers::Dense(1, {.activation = "sigmoid"}));

  xp::Tensor call(const xp::Tensor& inputs) override { return output(hidden(inputs)); }
};

int main() {
  xp::random::set_seed(7);
  auto x = xp::constant({{0, 0}, {0, 1}, {1, 0}, {1, 1}}, xp::float32);
  auto y = xp::constant({{0}, {1}, {1}, {0}}, xp::float32);

  Xor model;
  xp::losses::MeanSquaredError mse;
  xp::optimizers::Adam optimizer({.learning_rate = 0.05});
  for (int epoch = 0; epoch < 1000; ++epoch) {
    xp::GradientTape tape;
    auto loss = mse(y, model(x));
    auto gradients = tape.gradient(loss, model.trainable_variables());
    optimizer.apply_gradients(xp::zip(gradients, model.trainable_variables()));
    if (epoch % 200 == 199) fmt::print("epoch {:4}: loss {:.5f}\n", epoch + 1, loss.item());
  }
  fmt::print("{}\n", model.predict(x));
}
