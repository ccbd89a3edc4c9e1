// A classifier with softmax, trained on class numbers and then on one-hot labels: two losses, the same result.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

xp::Sequential classifier() {
  return xp::Sequential{
      xp::Input({28, 28, 1}),
      layers::Flatten(),
      layers::Dense(32, {.activation = "relu"}),
      layers::Dense(10, {.activation = "softmax"}),
  };
}

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  auto [train, test] = examples::load_fashion_mnist();

  xp::random::set_seed(1);
  auto model = classifier();
  model.compile("adam", "sparse_categorical_crossentropy", {"accuracy"});
  auto history =
      model.fit(train, {.batch_size = 128, .epochs = examples::times(30), .verbose = 2, .validation_data = test});
  xp::plot::history(history.history, output("softmax_classifier.png"));

  // One-hot labels: rows of zeros with a single one.
  auto y_train = xp::utils::to_categorical(train.y, 10);
  auto y_test = xp::utils::to_categorical(test.y, 10);
  fmt::print("label {} as one-hot: {:.0f}\n", test.y[0], y_test[0]);

  xp::random::set_seed(1);  // the same initial weights and order of the images
  auto one_hot_model = classifier();
  one_hot_model.compile("adam", "categorical_crossentropy", {"accuracy"});
  one_hot_model.fit(train.x, y_train, {.batch_size = 128, .epochs = examples::times(30), .verbose = 0});

  fmt::print("test accuracy with class numbers:   {:.4f}\n", model.evaluate(test, {.verbose = 0})["accuracy"]);
  fmt::print("test accuracy with one-hot labels:  {:.4f}\n",
             one_hot_model.evaluate(test.x, y_test, {.verbose = 0})["accuracy"]);

  auto probabilities = one_hot_model.predict(test.take(5).x);
  fmt::print("probabilities of the first images:\n{:.2f}\n", probabilities);
  fmt::print("predicted classes: {}, labels: {}\n", xp::argmax(probabilities, -1), test.take(5).y);
}
