// Too few images for a large network: L1, L2 and Dropout against overfitting.
#include <fmt/core.h>

#include <string>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

xp::Sequential network(const xp::Regularizer& regularizer, double dropout) {
  xp::Sequential model{xp::Input({28, 28, 1}), layers::Flatten()};
  for (int i = 0; i < 2; ++i) {
    model.add(layers::Dense(256, {.activation = "relu", .kernel_regularizer = regularizer}));
    if (dropout > 0) model.add(layers::Dropout(dropout));
  }
  model.add(layers::Dense(10, {.activation = "softmax"}));
  return model;
}

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  auto [train, test] = examples::load_fashion_mnist();
  const auto few = train.take(1000), unseen = test.take(2000);

  xp::plot::Panel training{
      .axes = {.title = "training", .xlabel = "epoch", .ylabel = "crossentropy", .ylim = {0, 1.5}}};
  xp::plot::Panel validation{.axes = {.title = "validation", .xlabel = "epoch", .ylim = {0, 1.5}}};
  const auto compare = [&](const std::string& name, const xp::Regularizer& regularizer, double dropout) {
    xp::random::set_seed(1);
    auto model = network(regularizer, dropout);
    // The crossentropy is also a metric, since the loss includes the penalties.
    model.compile("adam", "sparse_categorical_crossentropy", {"accuracy", "sparse_categorical_crossentropy"});
    auto history = model.fit(few, {.epochs = examples::times(60), .verbose = 0, .validation_data = unseen});
    training.series.push_back({.label = name, .y = history["sparse_categorical_crossentropy"]});
    validation.series.push_back({.label = name, .y = history["val_sparse_categorical_crossentropy"]});
    fmt::print("{:8} accuracy: training {:.3f}, validation {:.3f}; validation crossentropy {:.3f}\n", name,
               history["accuracy"].back(), history["val_accuracy"].back(),
               history["val_sparse_categorical_crossentropy"].back());
  };
  compare("none", {}, 0);
  compare("L1", xp::regularizers::L1{.l1 = 0.0005}, 0);
  compare("L2", xp::regularizers::L2{.l2 = 0.005}, 0);
  compare("Dropout", {}, 0.5);
  xp::plot::subplots({training, validation}, output("regularization.png"));
}
