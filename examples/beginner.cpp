// A first neural network: a stack of layers that classifies ten kinds of clothes.
#include <fmt/core.h>

#include <string>
#include <vector>

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
      layers::Flatten(),
      layers::Dense(128, {.activation = "relu"}),
      layers::Dropout(0.2),
      layers::Dense(10, {.activation = "softmax"}),
  };
  model.summary();

  model.compile("adam", "sparse_categorical_crossentropy", {"accuracy"});
  auto history = model.fit(train, {.epochs = examples::times(5), .validation_data = test});
  auto results = model.evaluate(test);
  fmt::print("test accuracy: {:.4f}\n", results["accuracy"]);
  xp::plot::history(history.history, output("beginner_history.png"));

  // The confusion matrix: which classes are confused.
  auto names = xp::datasets::fashion_mnist::class_names();
  auto predicted = xp::argmax(model.predict(test.x), -1);
  xp::plot::confusion_matrix(xp::metrics::confusion_matrix(test.y, predicted, {.num_classes = 10}), names,
                             output("beginner_confusion.png"));

  // Some images with their predicted classes, in red where they are wrong.
  auto images = test.take(20);
  auto labels = images.y.to_vector<std::int32_t>();
  auto classes = predicted.to_vector<std::int64_t>();
  std::vector<std::string> titles, colors;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    titles.push_back(names[classes[i]]);
    colors.push_back(classes[i] == labels[i] ? "dark-green" : "red");
  }
  xp::plot::image_grid(images.x, titles, output("beginner_images.png"), {.columns = 5, .title_colors = colors});
}
