// The applications, exported and run by ONNX Runtime.
#include <doctest/doctest.h>

#include "onnxruntime/cases.hpp"
#include "support/make_application.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"

namespace xtape::testing {

TEST_CASE("ONNX Runtime: applications") {
  if (!OnnxRuntimeCases::available()) return;
  random::set_seed(5);
  OnnxRuntimeCases cases;
  struct Row {
    const char* name;
    const char* options;
    Shape image = {32, 32, 3};
    double largest = 1;
  };
  const std::vector<Row> rows = {
      {"MobileNetV2", R"({"alpha": 0.35, "input_shape": [32, 32, 3], "classes": 5})"},
      {"MobileNetV3Small", R"({"include_top": false, "pooling": "max", "input_shape": [32, 40, 3]})", {32, 40, 3}, 255},
      {"MobileNetV3Large", R"({"minimalistic": true, "input_shape": [32, 32, 3], "classes": 5})", {32, 32, 3}, 255},
      {"ResNet50", R"({"input_shape": [32, 32, 3], "classes": 5})"},
      {"ResNet50V2", R"({"input_shape": [32, 32, 3], "classes": 5})"},
      {"EfficientNetB0", R"({"input_shape": [33, 32, 3], "classes": 5, "imagenet_rescaling": true})", {33, 32, 3}, 255},
      {"DenseNet121", R"({"input_shape": [32, 32, 3], "include_top": false, "pooling": "avg"})"},
      {"VGG16", R"({"input_shape": [32, 32, 3], "include_top": false, "pooling": "max"})"},
      {"ConvNeXtTiny", R"({"input_shape": [32, 32, 3], "classes": 5, "drop_path_rate": 0.1})", {32, 32, 3}, 255},
      {"Xception", R"({"input_shape": [71, 71, 3], "include_top": false, "pooling": "avg"})", {71, 71, 3}},
  };
  random::Generator generator(6);
  for (const auto& row : rows) {
    Model model = make_application(row.name, nlohmann::ordered_json::parse(row.options));
    // Statistics, scales and biases that are not 0 and 1.
    for (Variable variable : model.variables()) {
      if (variable.shape().rank() == 1) variable.assign(generator.uniform(variable.shape(), 0.75, 1.25));
    }
    const auto images = [&](std::int64_t count) {
      return TensorList{generator.uniform({count, row.image[0], row.image[1], row.image[2]}, 0, row.largest)};
    };
    cases.add(row.name, model, {images(1), images(2)});
  }
  cases.check();
}

}  // namespace xtape::testing
