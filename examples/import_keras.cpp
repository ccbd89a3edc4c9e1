// A model that Keras has saved in Python: what it is and predicts, more training in C++, and back into a file for
// Python.
//
//     import_keras [FOLDER [MODEL.keras]]
#include <fmt/core.h>

#include <string>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  const std::string file = argc > 2 ? argv[2] : XTAPE_SOURCE_DIR "/tests/data/fixtures/keras/conv_rmsprop.keras";
  xp::random::set_seed(1);

  // The layers, their weights, and how the model was compiled with the state of its optimizer.
  xp::Model model = xp::models::load_model(file);
  model.summary();
  fmt::print("optimizer {} after {} steps\n", model.optimizer().name(), model.optimizer().iterations());

  // Images that are light at the top or at the bottom, as data for training it further.
  const auto shape = model.input().shape();
  const std::int64_t count = 64, height = shape[1];
  const auto labels = xp::cast(xp::reshape(xp::mod(xp::arange(count), 2), {count, 1}), xp::float32);
  const auto rows =
      xp::reshape(xp::cast(xp::arange(height), xp::float32) / static_cast<double>(height), {1, height, 1, 1});
  const auto light = xp::reshape(labels, {count, 1, 1, 1});
  const auto images = (light * rows + (1 - light) * (1 - rows)) * xp::ones({1, 1, shape[2], shape[3]}) +
                      0.1 * xp::random::normal({count, height, shape[2], shape[3]});
  const auto classes = xp::reshape(xp::cast(labels, xp::int32), {count});

  model.compile(xp::optimizers::Adam({.learning_rate = 0.01}),
                xp::losses::SparseCategoricalCrossentropy({.from_logits = true}), {"accuracy"});
  fmt::print("before: accuracy {:.3f}\n", model.evaluate(images, classes, {.verbose = 0})["accuracy"]);
  model.fit(images, classes, {.epochs = examples::times(20, 1), .verbose = 0});
  fmt::print("after:  accuracy {:.3f}\n", model.evaluate(images, classes, {.verbose = 0})["accuracy"]);

  // keras.models.load_model("trained.keras") in Python goes on from here.
  model.save(output("trained.keras"));
}
