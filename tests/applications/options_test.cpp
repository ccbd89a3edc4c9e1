// The options of the applications: shapes for images of other sizes, tops, weights from files, and errors.
#include <fstream>

#include "core/shapes_only.hpp"
#include "support/check.hpp"
#include "support/make_application.hpp"
#include "support/temp_dir.hpp"
#include "support/warning_capture.hpp"
#include "xtape/applications/convnext.hpp"
#include "xtape/applications/efficientnet.hpp"
#include "xtape/applications/mobilenet_v2.hpp"
#include "xtape/applications/mobilenet_v3.hpp"
#include "xtape/applications/resnet.hpp"
#include "xtape/applications/vgg16.hpp"
#include "xtape/applications/xception.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/rescaling.hpp"
#include "xtape/models/load_model.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/statistics.hpp"

namespace xtape {
namespace {

using namespace applications;
using testing::TempDir;

/// A small application; 32 x 32 images make 1 x 1 features.
Model small(const ApplicationOptions& options) {
  return MobileNetV2({.alpha = 0.1,
                      .include_top = options.include_top,
                      .weights = options.weights,
                      .input_shape = Shape{32, 32, 3},
                      .pooling = options.pooling,
                      .classes = options.classes,
                      .classifier_activation = options.classifier_activation,
                      .name = options.name});
}

TEST_CASE("applications: shapes of outputs") {
  const detail::ShapesOnly shapes_only;
  const auto output = [](const char* name, const char* options) {
    return testing::make_application(name, nlohmann::ordered_json::parse(options)).output().shape();
  };
  CHECK(output("ResNet50", R"({"input_shape": [64, 96, 3], "include_top": false})") == Shape{-1, 2, 3, 2048});
  CHECK(output("ResNet50", R"({"input_shape": [64, 96, 1], "classes": 7})") == Shape{-1, 7});
  CHECK(output("ResNet50V2", R"({"include_top": false, "pooling": "max"})") == Shape{-1, 2048});
  CHECK(output("DenseNet121", R"({"include_top": false, "pooling": "avg", "classes": 7})") == Shape{-1, 1024});
  CHECK(output("VGG16", R"({"include_top": false, "input_shape": [70, -1, 3]})") == Shape{-1, 2, -1, 512});
  CHECK(output("EfficientNetB0", R"({"include_top": false, "input_shape": [65, 65, 3]})") == Shape{-1, 3, 3, 1280});
  CHECK(output("Xception", R"({"include_top": false, "input_shape": [71, 80, 3]})") == Shape{-1, 3, 3, 2048});
  CHECK(output("MobileNetV3Small", R"({"alpha": 1.5, "classes": 3})") == Shape{-1, 3});
  CHECK(output("ConvNeXtTiny", R"({"input_shape": [64, 64, 3], "include_top": false})") == Shape{-1, 2, 2, 768});
}

TEST_CASE("applications: the classifier's activation, names, and layers that options add") {
  Model logits = small({.classes = 3, .classifier_activation = {}, .name = "mine"});
  CHECK(logits.name() == "mine");
  Model probabilities = small({.classes = 3});
  const Tensor images = random::Generator(1).uniform({2, 32, 32, 3}, -1, 1);
  CHECK_CLOSE(reduce_sum(probabilities.predict(images), 1), {1, 1}, 1e-6);
  CHECK(logits.get_layer<layers::Dense>("predictions").config()["activation"] == ConfigValue("linear"));

  const detail::ShapesOnly shapes_only;
  const auto count = [](const Model& model, const char* class_name) {
    std::size_t n = 0;
    for (const Layer* layer : model.layers()) n += layer->class_name() == class_name ? 1 : 0;
    return n;
  };
  CHECK(count(EfficientNetB0({.imagenet_rescaling = true}), "Rescaling") == 2);
  CHECK(count(MobileNetV3Small({.dropout_rate = 0}), "Dropout") == 0);
  CHECK(count(MobileNetV3Small({.include_preprocessing = false}), "Rescaling") == 0);
  CHECK(count(ConvNeXtTiny({.include_preprocessing = false}), "Normalization") == 0);
  const Model dropping = ConvNeXtTiny({.name = "net", .drop_path_rate = 0.17});
  CHECK(count(dropping, "StochasticDepth") == 17);  // the first block has rate 0
  CHECK(dropping.get_layer("net_stage_3_block_2_stochastic_depth").config()["drop_path_rate"] == ConfigValue(0.17));
}

TEST_CASE("applications: weights are drawn as in Keras") {
  random::set_seed(1);
  const Model model = EfficientNetB0({.include_top = false});
  // Variance 2 / fan_out.
  const auto& kernel = model.get_layer<layers::Conv2D>("block6a_expand_conv").kernel();
  CHECK(reduce_variance(kernel.value()).item() * 672 / 2 == doctest::Approx(1).epsilon(0.02));
  const Model resnet = ResNet50({.include_top = false});
  const auto& glorot = resnet.get_layer<layers::Conv2D>("conv4_block2_2_conv").kernel();
  CHECK(reduce_max(abs(glorot.value())).item() == doctest::Approx(std::sqrt(6.0 / (9 * 512))).epsilon(1e-3));
}

TEST_CASE("applications: weights from files") {
  const TempDir dir;
  random::set_seed(2);
  const Tensor images = random::Generator(1).uniform({2, 32, 32, 3}, -1, 1);
  Model first = small({.classes = 3});
  const Tensor expected = first.predict(images);
  for (const char* name : {"w.weights.h5", "w.safetensors", "w.keras"}) {
    const std::string path = dir / name;
    if (path.ends_with(".keras"))
      first.save(path);
    else
      first.save_weights(path);
    CHECK_CLOSE(small({.weights = path, .classes = 3}).predict(images), expected);
  }
  CHECK_THROWS_AS(small({.weights = dir / "w.weights.h5", .classes = 4}), DataError);
  CHECK_THROWS_AS(small({.include_top = false, .weights = dir / "w.weights.h5"}), DataError);
  // The features go into another model by the names of layers.
  Model features = small({.include_top = false, .pooling = "avg"});
  const auto report = features.load_weights(dir / "w.weights.h5", {.by_name = true});
  CHECK(report.loaded.size() == features.variables().size());
  CHECK(report.unused.size() == 2);
  CHECK_THROWS_TEXT(ValueError,
                    "[MobileNetV2] expected the classifier_activation \"softmax\" or none with weights and "
                    "include_top, received sigmoid",
                    small({.weights = dir / "w.weights.h5", .classifier_activation = "sigmoid"}));
  CHECK_THROWS_TEXT(ValueError, "[MobileNetV2] expected `weights` to be the path of a file or empty, received '",
                    small({.weights = dir / "none.h5"}));
}

TEST_CASE("applications: a model in a file is the same with its layers") {
  const TempDir dir;
  Model model = ConvNeXtTiny({.include_top = false, .input_shape = Shape{32, 32, 3}, .drop_path_rate = 0.1});
  const Model loaded = models::model_from_json(model.to_json());
  CHECK(loaded.count_params() == model.count_params());
  CHECK(loaded.to_json() == model.to_json());
  const Model rescaled = EfficientNetB0({.include_top = false, .imagenet_rescaling = true});
  CHECK(models::model_from_json(rescaled.to_json()).to_json() == rescaled.to_json());
}

TEST_CASE("applications: \"imagenet\" says which file to get") {
  const detail::ShapesOnly shapes_only;
  CHECK_THROWS_TEXT(ValueError,
                    "[ResNet50] expected `weights` to be the path of a file, received \"imagenet\": nothing is "
                    "downloaded. Get https://storage.googleapis.com/tensorflow/keras-applications/resnet/"
                    "resnet50_weights_tf_dim_ordering_tf_kernels.h5 and give its path",
                    ResNet50({.weights = "imagenet"}));
  CHECK_THROWS_TEXT(ValueError,
                    "[ResNet50] expected 1000 classes with weights = \"imagenet\" and include_top, received 9",
                    ResNet50({.weights = "imagenet", .classes = 9}));
  CHECK_THROWS_TEXT(
      ValueError, "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5",
      MobileNetV2({.alpha = 0.35, .include_top = false, .weights = "imagenet", .input_shape = Shape{96, 96, 3}}));
  CHECK_THROWS_TEXT(ValueError, "tf_kernels_1.0_224.h5", MobileNetV2({.weights = "imagenet"}));
  CHECK_THROWS_TEXT(ValueError, "Get a file for an alpha of 0.35, 0.5, 0.75, 1, 1.3 or 1.4 (alpha is 0.4)",
                    MobileNetV2({.alpha = 0.4, .weights = "imagenet"}));
  CHECK_THROWS_TEXT(ValueError, "mobilenet_v3/weights_mobilenet_v3_large_minimalistic_224_1.0_float_no_top_v2.h5",
                    MobileNetV3Large({.minimalistic = true, .include_top = false, .weights = "imagenet"}));
  CHECK_THROWS_TEXT(ValueError, "keras-applications/efficientnetb3_notop.h5 and give its path with imagenet_rescaling",
                    EfficientNetB3({.include_top = false, .weights = "imagenet"}));
  CHECK_THROWS_TEXT(ValueError, "convnext/convnext_small.h5", ConvNeXtSmall({.weights = "imagenet"}));
  CHECK_THROWS_TEXT(ValueError, "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
                    VGG16({.include_top = false, .weights = "imagenet"}));
}

TEST_CASE("applications: options that cannot be are refused") {
  const detail::ShapesOnly shapes_only;
  CHECK_THROWS_TEXT(ValueError, "[ResNet50] expected pooling \"avg\", \"max\" or none, received 'mean'",
                    ResNet50({.include_top = false, .pooling = "mean"}));
  CHECK_THROWS_TEXT(ValueError, "[ResNet50] expected at least 1 class, received 0", ResNet50({.classes = 0}));
  CHECK_THROWS_TEXT(ValueError, "[ResNet50] expected an input_shape [height, width, channels], received (32, 32)",
                    ResNet50({.input_shape = Shape{32, 32}}));
  CHECK_THROWS_TEXT(ValueError, "[ResNet50] expected an input_shape of at least 32 x 32, received (64, 31, 3)",
                    ResNet50({.input_shape = Shape{64, 31, 3}}));
  CHECK_THROWS_TEXT(ValueError, "[Xception] expected an input_shape of at least 71 x 71, received (70, 71, 3)",
                    Xception({.include_top = false, .input_shape = Shape{70, 71, 3}}));
  CHECK_THROWS_TEXT(
      ValueError,
      "[VGG16] expected an input_shape with a fixed height and width with include_top, received (-1, 64, 3)",
      VGG16({.input_shape = Shape{-1, 64, 3}}));
  CHECK_THROWS_TEXT(ValueError, "expected an input_shape with at least 1 channel, received (32, 32, -1)",
                    VGG16({.input_shape = Shape{32, 32, -1}}));
  CHECK_THROWS_TEXT(ValueError, "[MobileNetV2] expected alpha > 0, received 0", MobileNetV2({.alpha = 0}));
  CHECK_THROWS_TEXT(ValueError, "[MobileNetV3Small] expected alpha > 0, received nan",
                    MobileNetV3Small({.alpha = NAN}));
  CHECK_THROWS_TEXT(ValueError, "[ConvNeXtTiny] expected 0 <= drop_path_rate < 1, received 1",
                    ConvNeXtTiny({.drop_path_rate = 1}));
  CHECK_THROWS_TEXT(ValueError, "softmx", ResNet50({.classifier_activation = "softmx"}));
  testing::WarningCapture warnings;
  (void)VGG16({.include_top = false, .input_shape = Shape{32, 32, 5}});
  REQUIRE(warnings.count() == 1);
  CHECK(warnings.text().find("images usually have 1 or 3 channels; the input_shape is (32, 32, 5)") !=
        std::string::npos);
}

}  // namespace
}  // namespace xtape
