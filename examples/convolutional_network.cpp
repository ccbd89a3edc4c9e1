// A convolutional network on Fashion-MNIST.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  auto [train, test] = examples::load_fashion_mnist();

  xp::Sequential model{
      xp::Input({28, 28, 1}),
      layers::Conv2D(32, 3, {.padding = "same", .activation = "relu"}),
      layers::MaxPooling2D(2),
      layers::Conv2D(64, 3, {.padding = "same", .activation = "relu"}),
      layers::MaxPooling2D(2),
      layers::Flatten(),
      layers::Dense(128, {.activation = "relu"}),
      layers::Dropout(0.4),
      layers::Dense(10, {.activation = "softmax"}),
  };
  model.summary();
  model.compile("adam", "sparse_categorical_crossentropy", {"accuracy"});
  auto history = model.fit(train, {.epochs = examples::times(5, 1), .validation_data = test});
  fmt::print("test accuracy: {:.4f}\n", model.evaluate(test, {.verbose = 0})["accuracy"]);

  xp::plot::history(history.history, output("convolutional_network.png"));
  const auto kernels = xp::reshape(xp::transpose(model.layer(0).variables()[0], {3, 0, 1, 2}), {32, 3, 3, 1});
  xp::plot::image_grid(kernels * 0.5F + 0.5F, {}, output("convolutional_kernels.png"), {.columns = 8, .size = 60});
}
