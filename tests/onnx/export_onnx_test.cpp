#include "onnx/export_onnx.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "layers/harness.hpp"
#include "onnx/layer_mappings.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/xtape.hpp"

namespace xtape::testing {
namespace {

namespace inner = xtape::detail;
using namespace layers;
using inner::onnx_model;
using inner::OnnxModel;
using Strings = std::vector<std::string>;

Strings ops(const OnnxModel& model) {
  Strings all;
  for (const auto& node : model.nodes) all.push_back(node.op);
  return all;
}
Strings ops(const Model& model, const ExportOnnxOptions& options = {}) { return ops(onnx_model(model, options)); }

const Tensor& initializer(const OnnxModel& model, const std::string& name) {
  for (const auto& [key, value] : model.initializers) {
    if (key == name) return value;
  }
  FAIL("no initializer " << name);
  return model.initializers.front().second;
}

std::string shown(const inner::OnnxPort& port) {
  std::string text = port.name + " " + name(port.dtype);
  for (const auto& dimension : port.dimensions) {
    text += " " + (dimension.size >= 0 ? std::to_string(dimension.size) : dimension.name);
  }
  return text;
}

TEST_CASE("export_onnx: every class of layers has a mapping") {
  // harness_test.cpp compares the rows with the classes of the headers.
  CHECK(layers_with_rows().size() >= 75);
  for (const auto& name : layers_with_rows()) {
    const bool mapped = inner::find_onnx_layer(name) != nullptr;
    CHECK_MESSAGE(mapped == (name != "Lambda"), name, " has no mapping in src/onnx");
  }
}

TEST_CASE("export_onnx: ports, names and layouts") {
  const auto image = Input({-1, 8, 3}, {.name = "image"}), label = Input({4}, {.dtype = int32, .name = "label"});
  const auto y = Conv2D(5, {2, 3}, {.name = "conv"})(image);
  const Model model({image, label}, {GlobalMaxPooling2D({.name = "pool"})(y), Embedding(9, 2, {.name = "ids"})(label)});
  const OnnxModel onnx = onnx_model(model, {});
  CHECK(onnx.opset == 17);
  CHECK(onnx.ir_version == 8);
  REQUIRE(onnx.inputs.size() == 2);
  CHECK(shown(onnx.inputs[0]) == "image float32 batch image_1 8 3");
  CHECK(shown(onnx.inputs[1]) == "label int32 batch 4");
  REQUIRE(onnx.outputs.size() == 2);
  CHECK(shown(onnx.outputs[0]) == "pool float32 batch 5");
  CHECK(shown(onnx.outputs[1]) == "ids float32 batch 4 2");
  CHECK(initializer(onnx, "conv/kernel").shape() == Shape{5, 3, 2, 3});
  CHECK(initializer(onnx, "conv/bias").shape() == Shape{5});
  const Tensor kernel = model.get_layer("conv").variables()[0].peek();
  CHECK_SAME_BITS(initializer(onnx, "conv/kernel"), transpose(kernel, {3, 2, 0, 1}));
  // No transpose back: the pooling is over the axes where ONNX has them.
  CHECK(ops(onnx) == Strings{"Transpose", "Conv", "ReduceMax", "Gather"});
  CHECK(onnx.nodes[1].name == "conv/Conv");
}

TEST_CASE("export_onnx: a batch of one size, and opsets") {
  const Sequential model{Input({3}), Dense(2, {.name = "out"})};
  CHECK(shown(onnx_model(model, {.batch_size = 4}).outputs[0]) == "out float32 4 2");
  CHECK(onnx_model(model, {.opset = 21}).ir_version == 10);
  CHECK_THROWS_TEXT(ValueError, "expected an opset from 13 to 21, received 12", (void)onnx_model(model, {.opset = 12}));
  CHECK_THROWS_TEXT(ValueError, "expected a positive batch_size, received 0",
                    (void)onnx_model(model, {.batch_size = 0}));
  const Sequential norm{Input({3}), LayerNormalization()};
  CHECK(ops(norm) == Strings{"LayerNormalization"});
  CHECK(ops(norm, {.opset = 16}).size() > 5);
}

TEST_CASE("export_onnx: transposes between layers that have the channels last are not repeated") {
  const Sequential model{Input({12, 12, 3}), Conv2D(4, 3, {.activation = "relu"}),
                         MaxPooling2D(2),    ZeroPadding2D(1),
                         Conv2D(4, 3),       Flatten()};
  CHECK(ops(model) == Strings{"Transpose", "Conv", "Relu", "MaxPool", "Pad", "Conv", "Transpose", "Reshape"});
  const auto x = Input({8, 8, 4});
  auto y = Conv2D(4, 1)(x);
  y = add({y, Conv2D(4, 1)(nn::relu(y))});
  y = concatenate({y, y * 2.0});
  CHECK(ops(Model(x, GlobalAveragePooling2D()(y))) ==
        Strings{"Transpose", "Conv", "Relu", "Conv", "Add", "Mul", "Concat", "ReduceMean"});
  const Sequential sequences{Input({5, 3}), LSTM(4, {.return_sequences = true}), LSTM(4)};
  const Strings found = ops(sequences);
  CHECK(std::count(found.begin(), found.end(), "Transpose") == 1);
}

TEST_CASE("export_onnx: BatchNormalization goes into the weights before it") {
  const Sequential model{Input({8, 8, 3}),
                         Conv2D(4, 3, {.use_bias = false}),
                         BatchNormalization(),
                         Activation("relu"),
                         BatchNormalization(),
                         Flatten(),
                         Dense(3),
                         BatchNormalization()};
  CHECK(ops(model) == Strings{"Transpose", "Conv", "Relu", "BatchNormalization", "Transpose", "Reshape", "Gemm"});
  CHECK(ops(model, {.fold_batch_normalization = false}) == Strings{"Transpose", "Conv", "BatchNormalization", "Relu",
                                                                   "BatchNormalization", "Transpose", "Reshape", "Gemm",
                                                                   "BatchNormalization"});
  const Sequential steps{Input({5, 3}), Dense(4), BatchNormalization(), Dense(4, {.use_bias = false}),
                         BatchNormalization()};
  CHECK(ops(steps) == Strings{"MatMul", "Add", "MatMul", "Add"});
  // With another consumer the numbers before it are needed.
  const auto x = Input({6});
  const auto y = Dense(4)(x);
  CHECK(ops(Model(x, {y, BatchNormalization()(y)})) == Strings{"Gemm", "BatchNormalization"});
  // Weights that another layer uses stay as they are.
  Dense shared(6);
  const auto once = BatchNormalization()(shared(x));
  const OnnxModel twice = onnx_model(Model(x, shared(once)), {});
  CHECK(ops(twice) == Strings{"Gemm", "Gemm"});
  CHECK(twice.nodes[0].inputs[1] != twice.nodes[1].inputs[1]);
  CHECK_SAME_BITS(initializer(twice, twice.nodes[1].inputs[1]), shared.variables()[0].peek());
}

TEST_CASE("export_onnx: what does nothing in inference is gone, shared weights are stored once") {
  const Sequential model{Input({4, 4, 1}), RandomFlip("horizontal"), GaussianNoise(0.1), Flatten(),
                         Dropout(0.5),     ActivityRegularization()};
  CHECK(ops(model) == Strings{"Reshape"});
  const auto a = Input({3}), b = Input({3});
  Dense dense(2, {.name = "shared"});
  const OnnxModel twice = onnx_model(Model({a, b}, dense(a) + dense(b)), {});
  CHECK(twice.initializers.size() == 2);
  CHECK(initializer(twice, "shared/kernel").shape() == Shape{3, 2});
}

TEST_CASE("export_onnx: what ONNX has no node for is named") {
  const auto error = [](const Model& model, const std::string& text) {
    CHECK_THROWS_TEXT(ValueError, text, (void)onnx_model(model, {}));
  };
  const auto x = Input({4});
  error(Model(x, lgamma(x)), "[export_onnx] the op 'lgamma': ONNX has no node for it");
  error(Sequential{Input({4, 2}), LSTM(3, {.stateful = true})}, "a stateful layer keeps states between calls");
  error(Sequential{Input({4, 2}), LSTM(3, {.activation = "gelu"})},
        "ONNX's recurrent nodes do not have its activation");
  error(Sequential{Dense(3)}, "the model 'sequential' is not built yet");
}

TEST_CASE("export_onnx: a user's class with the name of one of the library is not that class") {
  struct Dense : LayerBase<Dense> {
    Tensor call(const Tensor& t) override { return -t; }
  };
  CHECK(ops(Sequential{Input({4}), Dense()}) == Strings{"Neg"});
}

TEST_CASE("export_onnx: the file") {
  const TempDir folder;
  const Sequential model{Input({3}), Dense(2)};
  model.export_onnx(folder / "m.onnx");
  std::ifstream in(folder / "m.onnx", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  CHECK(bytes.substr(0, 9) == std::string("\x08\x08\x12\x05xtape", 9));  // ir_version 8, producer_name
  for (const char* text : {"Gemm", "dense/kernel", "dense/bias", "batch", "input_layer"}) {
    CHECK_MESSAGE(bytes.find(text) != std::string::npos, text);
  }
  CHECK_THROWS_TEXT(DataError, "none/m.onnx", model.export_onnx(folder / "none/m.onnx"));
}

}  // namespace
}  // namespace xtape::testing
