// A custom training loop: a subclassed model, GradientTape and apply_gradients on Fashion-MNIST.
#include <fmt/core.h>

#include <cstdlib>

#include <xtape/xtape.hpp>

namespace xp = xtape;

struct MLP : xp::Model {
  xp::layers::Flatten flatten = track(xp::layers::Flatten());
  xp::layers::Dense dense1 = track(xp::layers::Dense(100, {.activation = xp::nn::relu}));
  xp::layers::Dense dense2 = track(xp::layers::Dense(10));

  xp::Tensor call(const xp::Tensor& inputs) override {  // [batch, 28, 28, 1]
    auto x = flatten(inputs);                           // [batch, 784]
    x = dense1(x);                                      // [batch, 100]
    x = dense2(x);                                      // [batch, 10]
    return xp::nn::softmax(x);
  }
};

/// The real data set or, if it is not installed, the 2500 of its images that come with the sources.
xp::datasets::TrainTest load_data() {
  namespace fashion_mnist = xp::datasets::fashion_mnist;
  if (!fashion_mnist::find().empty()) return fashion_mnist::load_data();
  fmt::print("Fashion-MNIST is not installed (apt install dataset-fashion-mnist): training on 2000 images of it\n");
  return fashion_mnist::load_data({.dir = XTAPE_SOURCE_DIR "/data/fashion-mnist-small"});
}

int main() {
  xp::random::set_seed(30);
  auto [train, test] = load_data();
  MLP model;
  xp::optimizers::Adam optimizer({.learning_rate = 0.001});
  xp::data::RandomBatches batches(train, /*batch_size=*/50, /*seed=*/30);
  xp::metrics::SparseCategoricalAccuracy accuracy;

  const char* fewer = std::getenv("XTAPE_EXAMPLE_STEPS");
  const auto steps = fewer != nullptr ? std::atoll(fewer) : 5 * train.size() / 50;
  xp::ProgressLine progress(steps);
  for (std::int64_t step = 0; step < steps; ++step) {
    auto [x, y] = batches.next();
    xp::GradientTape tape;
    auto y_pred = model(x);
    auto loss = xp::reduce_mean(xp::losses::sparse_categorical_crossentropy(y, y_pred));
    auto grads = tape.gradient(loss, model.trainable_variables());
    optimizer.apply_gradients(xp::zip(grads, model.trainable_variables()));

    if (step % (train.size() / 50) == 0) accuracy.reset_state();  // for each epoch
    accuracy.update_state(y, y_pred);
    progress.update(step + 1, {{"loss", loss}, {"accuracy", accuracy}});
  }

  accuracy.reset_state();
  for (auto [x, y] : test.batch(50)) accuracy.update_state(y, model.predict(x));
  fmt::print("test accuracy: {:.4f}\n", accuracy.result());
}
