// A deep feed-forward network: three-way split, one-hot labels, logits, a custom callback, early stopping.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

/// Prints the running loss and accuracy after every `every` minibatches.
struct MinibatchLog : xp::Callback {
  explicit MinibatchLog(std::int64_t every_batches) : every(every_batches) {}

  void on_epoch_begin(int number) override { epoch = number + 1; }
  void on_train_batch_end(std::int64_t batch, const xp::Logs& logs) override {
    if ((batch + 1) % every != 0) return;
    fmt::print("epoch {}, batch {:4}/{}: loss {:.4f}, accuracy {:.4f}\n", epoch, batch + 1, params().steps,
               logs["loss"], logs["accuracy"]);
  }

  std::int64_t every;
  int epoch = 0;
};

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  auto [train, test] = examples::load_fashion_mnist();

  // All images, split anew: 80 % for training, 10 % for validation, 10 % for the test, with the same share of each
  // class.
  auto x = xp::concat({train.x, test.x}, 0);
  auto y = xp::concat({train.y, test.y}, 0);
  auto [x_train, x_rest, y_train, y_rest] = xp::data::train_test_split(x, y, {.test_size = 0.2, .stratify = y});
  auto [x_val, x_test, y_val, y_test] =
      xp::data::train_test_split(x_rest, y_rest, {.test_size = 0.5, .stratify = y_rest});
  const auto one_hot = [](const xp::Tensor& labels) { return xp::utils::to_categorical(labels, 10); };

  xp::Sequential model{
      xp::Input({28, 28, 1}),
      layers::Flatten(),
      layers::Dense(256, {.activation = "relu"}),
      layers::Dense(128, {.activation = "relu"}),
      layers::Dense(10),  // logits
  };
  model.compile("adam", xp::losses::CategoricalCrossentropy({.from_logits = true}), {"accuracy"});
  auto history = model.fit(
      x_train, one_hot(y_train),
      {.batch_size = 64,
       .epochs = examples::times(30),
       .verbose = 2,
       .callbacks = {MinibatchLog(250), xp::callbacks::EarlyStopping({.patience = 5, .restore_best_weights = true})},
       .validation_data = {x_val, one_hot(y_val)}});

  xp::plot::history(history.history, output("deep_network.png"));
  fmt::print("stopped after {} epochs\n", history.epoch.size());
  fmt::print("validation accuracy: {:.4f}\n", model.evaluate(x_val, one_hot(y_val), {.verbose = 0})["accuracy"]);
  fmt::print("test accuracy: {:.4f}\n", model.evaluate(x_test, one_hot(y_test), {.verbose = 0})["accuracy"]);
}
