// A deep network of sigmoids hardly learns; with BatchNormalization between its layers it does.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

xp::Sequential deep(bool normalized) {
  xp::Sequential model{xp::Input({28, 28, 1}), layers::Flatten()};
  for (int i = 0; i < 6; ++i) {
    model.add(layers::Dense(64, {.use_bias = !normalized}));
    if (normalized) model.add(layers::BatchNormalization());
    model.add(layers::Activation("sigmoid"));
  }
  model.add(layers::Dense(10, {.activation = "softmax"}));
  return model;
}

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  auto [train, test] = examples::load_fashion_mnist();

  xp::plot::Panel accuracy{.axes = {.title = "six layers of sigmoids", .xlabel = "epoch", .ylabel = "accuracy"}};
  for (bool normalized : {false, true}) {
    xp::random::set_seed(1);
    auto model = deep(normalized);
    if (normalized) model.summary();  // the moving statistics are weights that are not trained
    model.compile("adam", "sparse_categorical_crossentropy", {"accuracy"});
    auto history =
        model.fit(train, {.batch_size = 128, .epochs = examples::times(10), .verbose = 2, .validation_data = test});

    const std::string name = normalized ? "BatchNormalization" : "none";
    accuracy.series.push_back({.label = name, .y = history["accuracy"]});
    accuracy.series.push_back({.label = name + ", validation", .y = history["val_accuracy"], .style = "--"});
    fmt::print("{}: test accuracy {:.4f}\n", name, history["val_accuracy"].back());
  }
  xp::plot::subplots({accuracy}, output("batch_normalization.png"));
}
