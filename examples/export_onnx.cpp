// A model that is trained here and runs where no xtape is: in ONNX Runtime, from C++, Python, JavaScript, C#, ...
//
//     export_onnx [FOLDER]
#include <fmt/core.h>

#include <filesystem>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xp::layers;

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);

  // Which half of an image is lighter.
  const std::int64_t count = 256;
  const auto labels = xp::random::uniform({count}, 0, 2, xp::int32);
  const auto light = xp::reshape(xp::cast(labels, xp::float32), {count, 1, 1, 1});
  const auto left = xp::reshape(xp::cast(xp::arange(std::int64_t{12}) < 6, xp::float32), {1, 1, 12, 1});
  const auto images = light * left + (1 - light) * (1 - left) + xp::random::normal({count, 12, 12, 1});

  xp::Sequential model{xp::Input({12, 12, 1}, {.name = "image"}),
                       layers::Conv2D(8, 3, {.padding = "same", .use_bias = false}),
                       layers::BatchNormalization(),
                       layers::ReLU(),
                       layers::MaxPooling2D(2),
                       layers::Conv2D(16, 3, {.activation = "relu"}),
                       layers::Flatten(),
                       layers::Dropout(0.3),
                       layers::Dense(2, {.activation = "softmax", .name = "side"})};
  model.compile("adam", "sparse_categorical_crossentropy", {"accuracy"});
  model.fit(images, labels, {.epochs = examples::times(10, 1), .verbose = 0});
  fmt::print("accuracy {:.3f}\n", model.evaluate(images, labels, {.verbose = 0})["accuracy"]);

  // In the file the batch normalization is part of the first convolution, and the dropout is gone.
  const std::string file = output("sides.onnx");
  model.export_onnx(file);
  fmt::print("{} bytes\n", std::filesystem::file_size(file));

  // Any function of tensors can be exported: here the model with the choice of the side after it.
  xp::export_onnx([&](const xp::Tensor& x) { return xp::argmax(model(x), -1); },
                  xp::Input({12, 12, 1}, {.name = "image"}), output("side.onnx"));
  fmt::print("python: onnxruntime.InferenceSession(\"sides.onnx\").run([\"side\"], {{\"image\": images}})\n");
}
