#include <string>

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/applications/convnext.hpp"
#include "xtape/applications/densenet.hpp"
#include "xtape/applications/efficientnet.hpp"
#include "xtape/applications/mobilenet_v2.hpp"
#include "xtape/applications/mobilenet_v3.hpp"
#include "xtape/applications/resnet.hpp"
#include "xtape/applications/resnet_v2.hpp"
#include "xtape/applications/vgg16.hpp"
#include "xtape/applications/vgg19.hpp"
#include "xtape/applications/xception.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

namespace xtape {
namespace {

using namespace applications;
using imagenet_utils::decode_predictions, imagenet_utils::preprocess_input;

const Tensor pixel = constant({{{0.0, 51.0, 255.0}}});

TEST_CASE("preprocess_input: the three modes, by Keras's constants") {
  CHECK_CLOSE(preprocess_input(pixel, "tf"), {-1, -0.6, 1}, 1e-6);
  CHECK_CLOSE(preprocess_input(pixel, "torch"), {-0.485 / 0.229, (0.2 - 0.456) / 0.224, (1 - 0.406) / 0.225}, 1e-6);
  CHECK_CLOSE(preprocess_input(pixel), {255 - 103.939, 51 - 116.779, -123.68}, 1e-5);
  CHECK_CLOSE(preprocess_input(pixel, "caffe"), {255 - 103.939, 51 - 116.779, -123.68}, 1e-5);
  const Tensor bytes = constant({{{{0, 51, 255}}}}, uint8);
  CHECK(preprocess_input(bytes, "tf").dtype() == float32);
  CHECK(preprocess_input(bytes, "caffe").shape() == Shape{1, 1, 1, 3});
  CHECK(preprocess_input(cast(pixel, float64), "torch").dtype() == float64);
  CHECK_THROWS_TEXT(ValueError, "[preprocess_input] expected the mode \"caffe\", \"tf\" or \"torch\", received 'tff'",
                    preprocess_input(pixel, "tff"));
  CHECK_THROWS_TEXT(ValueError,
                    "[preprocess_input] expected images [height, width, 3] or [batch, height, width, 3], received "
                    "(4, 4, 1)",
                    preprocess_input(ones({4, 4, 1}), "torch"));
  CHECK_THROWS_TEXT(ValueError, "received (3,)", preprocess_input(ones({3})));
}

TEST_CASE("preprocess_input: each application has Keras's mode") {
  const auto tf = preprocess_input(pixel, "tf"), torch = preprocess_input(pixel, "torch"),
             caffe = preprocess_input(pixel);
  CHECK_SAME_BITS(convnext::preprocess_input(pixel), pixel);
  CHECK_SAME_BITS(densenet::preprocess_input(pixel), torch);
  CHECK_SAME_BITS(efficientnet::preprocess_input(pixel), pixel);
  CHECK_SAME_BITS(mobilenet_v2::preprocess_input(pixel), tf);
  CHECK_SAME_BITS(mobilenet_v3::preprocess_input(pixel), pixel);
  CHECK_SAME_BITS(resnet::preprocess_input(pixel), caffe);
  CHECK_SAME_BITS(resnet_v2::preprocess_input(pixel), tf);
  CHECK_SAME_BITS(vgg16::preprocess_input(pixel), caffe);
  CHECK_SAME_BITS(vgg19::preprocess_input(pixel), caffe);
  CHECK_SAME_BITS(xception::preprocess_input(pixel), tf);
}

TEST_CASE("preprocess_input: as a part of a model") {
  const auto image = Input({1, 1, 3}, {.dtype = uint8});
  Model model(image,
              {resnet::preprocess_input(image), xception::preprocess_input(image), densenet::preprocess_input(image)});
  const Tensor bytes = constant({{{{0, 51, 255}}}}, uint8);
  const auto outputs = model.predict(TensorList{bytes});
  CHECK_CLOSE(outputs[0], preprocess_input(bytes).to_vector<float>(), 1e-6);
  CHECK_CLOSE(outputs[1], preprocess_input(bytes, "tf").to_vector<float>(), 1e-6);
  CHECK_CLOSE(outputs[2], preprocess_input(bytes, "torch").to_vector<float>(), 1e-6);
}

TEST_CASE("decode_predictions: the best classes of each row") {
  const testing::TempDir dir;
  const std::string path =
      dir.write("classes.json", R"({"0": ["n1", "tench"], "2": ["n3", "shark"], "1": ["n2", "ray"]})");
  const Tensor preds = constant({{0.2, 0.5, 0.3}, {0.7, 0.1, 0.2}});
  const auto best = decode_predictions(preds, {.top = 2, .class_index_path = path});
  REQUIRE(best.size() == 2);
  REQUIRE(best[0].size() == 2);
  CHECK(best[0][0].class_name == "n2");
  CHECK(best[0][0].class_description == "ray");
  CHECK(best[0][0].score == doctest::Approx(0.5));
  CHECK(best[0][1].class_description == "shark");
  CHECK(best[1][0].class_description == "tench");
  CHECK(resnet::decode_predictions(preds, {.class_index_path = path})[1].size() == 3);
  CHECK(decode_predictions(zeros({0, 3}), {.class_index_path = path}).empty());
}

TEST_CASE("decode_predictions: what cannot be is refused") {
  const testing::TempDir dir;
  const auto decode = [&](const Tensor& preds, const std::string& json) {
    return decode_predictions(preds, {.class_index_path = dir.write("c.json", json)});
  };
  CHECK_THROWS_TEXT(ValueError, "[decode_predictions] expected predictions [samples, classes], received shape (3,)",
                    decode(ones({3}), "{}"));
  CHECK_THROWS_TEXT(ValueError, "expected predictions [samples, 1] for the classes of ",
                    decode(ones({2, 3}), R"({"0": ["a", "b"]})"));
  CHECK_THROWS_TEXT(ValueError, "expected top >= 1, received 0",
                    decode_predictions(ones({2, 3}), {.top = 0, .class_index_path = "x"}));
  CHECK_THROWS_TEXT(ValueError, "nothing is downloaded. For ImageNet get https://storage.googleapis.com/",
                    decode_predictions(ones({2, 3}), {}));
  CHECK_THROWS_AS(decode_predictions(ones({2, 3}), {.class_index_path = dir / "none.json"}), DataError);
  CHECK_THROWS_TEXT(DataError, "c.json: expected JSON", decode(ones({1, 1}), R"({"0": ["a", "b"])"));
  for (const char* wrong : {"3", "[]", "null", R"({"0": "a"})", R"({"0": ["a"]})", R"({"0": ["a", "b", "c"]})",
                            R"({"0": ["a", 1]})", R"({"0": {"a": "b"}})", R"({"0": [["a", "b"]]})",
                            R"({"0": ["a", "b"], "0": ["c", "d"]})", R"(["a", "b"])", R"("a")"}) {
    CAPTURE(wrong);
    CHECK_THROWS_TEXT(DataError, "c.json: expected {\"0\": [name, description], ...}, found",
                      decode(ones({1, 1}), wrong));
  }
  CHECK_THROWS_TEXT(DataError, "c.json: expected the 2 classes \"0\" to \"1\", \"1\" is missing",
                    decode(ones({1, 2}), R"({"0": ["a", "b"], "2": ["c", "d"]})"));
}

}  // namespace
}  // namespace xtape
