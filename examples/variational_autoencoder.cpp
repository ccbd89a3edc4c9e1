// A variational autoencoder (Kingma and Welling, 2014): images as points of the plane, and new images of such points.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

struct Autoencoder : xp::Model {
  xp::Sequential encoder =
      track(xp::Sequential{layers::Flatten(), layers::Dense(256, {.activation = "relu"})}, "encoder");
  layers::Dense mean = track(layers::Dense(2), "mean");
  layers::Dense log_variance = track(layers::Dense(2), "log_variance");
  xp::Sequential decoder = track(
      xp::Sequential{layers::Dense(256, {.activation = "relu"}), layers::Dense(28 * 28), layers::Reshape({28, 28, 1})},
      "decoder");

  xp::Tensor call(const xp::Tensor& images) override {
    auto features = encoder(images);
    auto m = mean(features), v = log_variance(features);
    // How far the distribution of the codes is from the normal one (the Kullback-Leibler divergence).
    add_loss(-0.5 * xp::reduce_mean(xp::reduce_sum(1 + v - xp::square(m) - xp::exp(v), 1)));
    auto codes = training() ? m + xp::exp(0.5 * v) * xp::random::normal(m.shape()) : m;
    return decoder(codes);  // logits of the pixels
  }
};

/// The crossentropy of all pixels of each image.
xp::Tensor reconstruction_loss(const xp::Tensor& images, const xp::Tensor& logits) {
  return xp::reduce_sum(xp::losses::binary_crossentropy(images, logits, {.from_logits = true}), {1, 2});
}

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  auto [train, test] = examples::load_fashion_mnist();

  Autoencoder model;
  model.compile("adam", reconstruction_loss);
  model.fit(train.x, train.x, {.batch_size = 128, .epochs = examples::times(15), .verbose = 2});
  fmt::print("loss of unseen images: {:.1f}\n", model.evaluate(test.x, test.x, {.verbose = 0})["loss"]);

  // Images, and below each what its two numbers make of it.
  auto images = test.take(10).x;
  auto again = xp::sigmoid(model.predict(images));
  xp::plot::image_grid(xp::concat({images, again}, 0), {}, output("autoencoder_images.png"),
                       {.columns = 10, .size = 56});

  // The images of a grid in the plane of codes.
  auto grid = xp::meshgrid({xp::linspace(-2, 2, 12), xp::linspace(2, -2, 12)});
  auto codes = xp::stack({xp::flatten(grid[0]), xp::flatten(grid[1])}, 1);
  xp::plot::image_grid(xp::sigmoid(model.decoder(codes)), {}, output("autoencoder_plane.png"),
                       {.columns = 12, .size = 56});
}
