// A subclassed model trained by fit, whose metrics and weights TensorBoard shows: tensorboard --logdir logs
#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

struct Classifier : xp::Model {
  layers::Flatten flatten = track(layers::Flatten());
  layers::Dense dense1 = track(layers::Dense(512, {.activation = "relu"}));
  layers::Dense dense2 = track(layers::Dense(128, {.activation = "relu"}));
  layers::Dense dense3 = track(layers::Dense(32, {.activation = "relu"}));
  layers::Dense dense4 = track(layers::Dense(10, {.activation = "softmax"}));

  xp::Tensor call(const xp::Tensor& x) override { return dense4(dense3(dense2(dense1(flatten(x))))); }
};

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  auto [train, test] = examples::load_fashion_mnist();

  Classifier model;
  model.compile("adam", "sparse_categorical_crossentropy", {"accuracy"});
  auto history =
      model.fit(train, {.batch_size = 128,
                        .epochs = examples::times(10),
                        .callbacks = {xp::callbacks::TensorBoard({.log_dir = output("logs"), .histogram_freq = 1})},
                        .validation_data = test});
  model.summary();
  fmt::print("training accuracy: {:.4f}, test accuracy: {:.4f}\n", history["accuracy"].back(),
             history["val_accuracy"].back());
  fmt::print("look at it: tensorboard --logdir {}\n", output("logs"));
}
