// The functional style: two branches with the same input image, joined by concatenate, and a residual connection.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

xp::Model two_branches() {
  auto image = xp::Input({28, 28, 1}, {.name = "image"});

  auto whole = layers::Flatten()(image);
  whole = layers::Dense(64, {.activation = "relu"})(whole);

  auto parts = layers::Conv2D(8, 5, {.strides = 2, .activation = "relu"})(image);
  parts = layers::MaxPooling2D(2)(parts);
  parts = layers::Flatten()(parts);
  parts = layers::Dense(64, {.activation = "relu"})(parts);

  auto both = layers::concatenate({whole, parts});
  auto residual = layers::Dense(128, {.activation = "relu"})(both);
  both = layers::add({both, residual});
  return xp::Model(image, layers::Dense(10, {.activation = "softmax"})(both), "two_branches");
}

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  auto [train, test] = examples::load_fashion_mnist();

  auto model = two_branches();
  model.summary();
  xp::plot_model(model, output("functional.svg"), {.show_shapes = true});

  model.compile("adam", "sparse_categorical_crossentropy", {"accuracy"});
  model.fit(train, {.batch_size = 64, .epochs = examples::times(5), .validation_data = test});
  fmt::print("test accuracy: {:.4f}\n", model.evaluate(test, {.verbose = 0})["accuracy"]);
}
