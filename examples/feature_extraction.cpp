// Parts of a trained model: the outputs of its layers, the image regions that decide (Grad-CAM), and its features with
// a new head.
#include <fmt/core.h>

#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

xp::Model classifier() {
  auto image = xp::Input({28, 28, 1}, {.name = "image"});
  auto x = layers::Conv2D(8, 3, {.padding = "same", .activation = "relu", .name = "edges"})(image);
  x = layers::MaxPooling2D(2)(x);
  x = layers::Conv2D(16, 3, {.padding = "same", .activation = "relu", .name = "parts"})(x);
  auto features = layers::Dense(32, {.activation = "relu", .name = "features"})(layers::Flatten()(x));
  return {image, layers::Dense(10, {.name = "classes"})(features)};
}

/// How much each position of the layer "parts" supports the predicted class: the sum of its maps, weighted by the mean
/// gradients of the score of the class (Selvaraju et al., Grad-CAM, 2017). [n, 28, 28], from 0 to 1.
xp::Tensor grad_cam(const xp::Model& model, const xp::Tensor& images) {
  xp::Model both(model.input(), {model.get_layer("parts").output(), model.output()});
  xp::GradientTape tape;
  auto outputs = both.outputs(images);
  const xp::Tensor maps = outputs[0], score = xp::reduce_sum(xp::reduce_max(outputs[1], 1));
  auto weights = xp::reduce_mean(tape.gradient(score, maps), {1, 2}, true);
  auto heat = xp::nn::relu(xp::reduce_sum(maps * weights, {3}, true));
  heat = heat / (xp::reduce_max(heat, {1, 2}, true) + 1e-7);
  return xp::squeeze(xp::image::resize(heat, {28, 28}), 3);
}

/// Sandals, sneakers and boots.
xp::Tensor are_shoes(const xp::Tensor& classes) {
  return xp::cast((classes == 5) | (classes == 7) | (classes == 9), xp::float32);
}

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  auto [all, test] = examples::load_fashion_mnist();
  const auto train = all.take(6000);

  xp::Model model = classifier();
  model.compile("adam", xp::losses::SparseCategoricalCrossentropy({.from_logits = true}), {"accuracy"});
  model.fit(train, {.batch_size = 50, .epochs = examples::times(4, 1), .verbose = 0});
  fmt::print("ten classes, test accuracy: {:.4f}\n", model.evaluate(test, {.verbose = 0})["accuracy"]);

  // A model made from its first layer. It shares the layer: nothing is copied or trained again.
  xp::Model edges(model.input(), model.get_layer("edges").output());
  const auto first = test.take(1).x;
  const auto maps = xp::transpose(edges.predict(first), {3, 1, 2, 0});
  xp::plot::image_grid(maps / (xp::reduce_max(maps) + 1e-7), {}, output("feature_maps.png"),
                       {.columns = 8, .size = 60});

  const auto images = test.take(8).x;
  const auto both = xp::concat({xp::reshape(images, {8, 28, 28}), grad_cam(model, images)}, 0);
  xp::plot::image_grid(both, {}, output("grad_cam.png"), {.columns = 8, .size = 60});

  // The frozen features with a head that tells shoes from clothes: it learns 33 numbers from 200 images.
  xp::Model features(model.input(), model.get_layer("features").output());
  features.set_trainable(false);
  const auto score = layers::Dense(1, {.name = "score"})(features.output());
  xp::Model shoes(features.input(), xp::sigmoid(score));
  shoes.compile(xp::optimizers::Adam({.learning_rate = 0.01}), "binary_crossentropy", {"accuracy"});
  const auto few = train.take(200);
  shoes.fit(few.x, are_shoes(few.y), {.epochs = examples::times(20, 2), .verbose = 0});
  auto logs = shoes.evaluate(test.x, are_shoes(test.y), {.verbose = 0});
  fmt::print("shoes or clothes, {} numbers trained, test accuracy: {:.4f}\n",
             shoes.get_layer<layers::Dense>("score").count_params(), logs["accuracy"]);
}
