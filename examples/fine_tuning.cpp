// An application of Keras, fine-tuned: its features, frozen, with a new head that learns kinds of shoes from few
// images, then with its last blocks trained as well; and beside it the same model from new weights.
//
//     fine_tuning [FOLDER]
#include <fmt/core.h>

#include <algorithm>
#include <string>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;
namespace applications = xtape::applications;
using xp::data::TensorDataset;

/// What the application takes: images of three colors, from 0 to 255. It takes no smaller ones than 32 x 32.
xp::Tensor colored(const xp::Tensor& grey) {
  const auto images = xp::image::resize(grey, {32, 32}) * 255;
  return xp::concat({images, images, images}, -1);
}

TensorDataset where(const TensorDataset& data, const xp::Tensor& mask, std::int64_t most) {
  const TensorDataset all(xp::boolean_mask(data.x, mask), xp::boolean_mask(data.y, mask));
  const auto some = all.take(std::min(most, all.x.shape()[0]));
  return {colored(some.x), some.y};
}

/// Sandals are 5, sneakers 7 and boots 9.
xp::Tensor are_shoes(const xp::Tensor& classes) { return (classes == 5) | (classes == 7) | (classes == 9); }

/// Their classes from 0 to 2.
TensorDataset shoes(const TensorDataset& data, std::int64_t most) {
  const auto found = where(data, are_shoes(data.y), most);
  return {found.x, xp::floordiv(found.y - 5, 2)};
}

struct Classifier {
  xp::Model features, whole;

  Classifier()
      : features(applications::EfficientNetB0(
            {.include_top = false, .input_shape = xp::Shape{32, 32, 3}, .pooling = "avg"})),
        whole(features.input(), layers::Dense(3, {.activation = "softmax"})(layers::Dropout(0.2)(features.output()))) {}

  void fit(const TensorDataset& data, double learning_rate, int epochs) {
    whole.compile(xp::optimizers::Adam({.learning_rate = learning_rate}), "sparse_categorical_crossentropy",
                  {"accuracy"});
    whole.fit(data, {.batch_size = 20, .epochs = examples::times(epochs, 1), .verbose = 0});
  }
  double accuracy(const TensorDataset& data) { return whole.evaluate(data, {.verbose = 0})["accuracy"]; }
};

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  const auto [train, test] = examples::load_fashion_mnist();
  const auto few = shoes(train, 60), many = shoes(test, examples::times(600, 20));

  // A program would get the weights that Keras publishes, efficientnetb0_notop.h5, and give their path as `weights`,
  // with imagenet_rescaling. Here other clothes stand for ImageNet.
  const auto clothes = where(train, ~are_shoes(train.y), examples::times(2000, 20));
  xp::Model teacher = applications::EfficientNetB0({.input_shape = xp::Shape{32, 32, 3}, .classes = 10});
  teacher.compile(xp::optimizers::Adam({.learning_rate = 1e-3}), "sparse_categorical_crossentropy", {"accuracy"});
  teacher.fit(clothes, {.batch_size = 16, .epochs = examples::times(4, 1), .verbose = 0});
  const std::string weights = output("clothes.weights.h5");
  teacher.save_weights(weights);

  // The layers of the features have the names that those of the teacher have; its head stays behind.
  Classifier tuned;
  const auto loaded = tuned.features.load_weights(weights, {.by_name = true});
  fmt::print("{} weights loaded, {} of the file not used\n", loaded.loaded.size(), loaded.unused.size());

  tuned.features.set_trainable(false);
  tuned.fit(few, 1e-2, 60);
  fmt::print("a head on frozen features, {} images: test accuracy {:.3f}\n", few.x.shape()[0], tuned.accuracy(many));

  // The last blocks too, with a small learning rate. Frozen layers of normalization keep their statistics.
  tuned.features.set_trainable(true);
  for (auto* layer : tuned.features.layers()) {
    const bool last = layer->name().starts_with("block7") || layer->name().starts_with("top");
    const bool normalizes = layer->class_name() == "BatchNormalization";
    layer->set_trainable(last && !normalizes);
  }
  tuned.fit(few, 3e-4, 60);
  fmt::print("and its last blocks trained as well:        test accuracy {:.3f}\n", tuned.accuracy(many));

  Classifier fresh;
  fresh.fit(few, 1e-3, 60);
  fmt::print("the same from new weights:                  test accuracy {:.3f}\n", fresh.accuracy(many));
}
