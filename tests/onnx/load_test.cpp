#include "xtape/onnx/load.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "io/onnx_file.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/xtape.hpp"

namespace xtape::testing {
namespace {

namespace inner = xtape::detail;
using inner::OnnxModel;
using inner::OnnxNode;
using inner::OnnxTensor;
using Integers = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

Tensor numbers(const Shape& shape, std::uint64_t seed) { return random::Generator(seed).normal(shape); }
Tensor integers(const Integers& values) { return constant(values); }

/// A model with one input x and one output y.
OnnxModel graph(const std::vector<inner::OnnxDimension>& x, std::vector<OnnxNode> nodes,
                std::vector<std::pair<std::string, Tensor>> initializers = {}, int opset = 17) {
  OnnxModel model;
  model.name = "graph";
  model.opset = opset;
  model.inputs = {{"x", float32, x}};
  model.outputs = {{"y", float32, {}}};
  model.nodes = std::move(nodes);
  model.initializers = std::move(initializers);
  return model;
}
const inner::OnnxDimension any{};

Model load(const OnnxModel& model, const onnx::LoadOptions& options = {}) {
  const TempDir folder;
  return onnx::load(folder.write("m.onnx", inner::onnx_bytes("test", model)), options);
}

Model exported(Model& model, const ExportOnnxOptions& export_options = {}, const onnx::LoadOptions& options = {}) {
  const TempDir folder;
  model.export_onnx(folder / "m.onnx", export_options);
  return onnx::load(folder / "m.onnx", options);
}

Strings names(const std::vector<Variable>& variables) {
  Strings all;
  for (const auto& variable : variables) all.push_back(variable.name());
  return all;
}

using namespace layers;

Sequential small_cnn() {
  Sequential model{Input({8, 8, 3}),
                   Conv2D(4, 3, {.padding = "same", .use_bias = false}),
                   BatchNormalization(),
                   ReLU(),
                   MaxPooling2D(2),
                   DepthwiseConv2D(3, {.strides = 2, .padding = "same"}),
                   Flatten(),
                   Dense(5)};
  random::Generator generator(8);
  for (Variable v : model.variables()) {
    v.assign(v.trainable() ? generator.normal(v.shape()) * 0.3 : generator.uniform(v.shape(), 0.5, 1.5));
  }
  return model;
}

}  // namespace

TEST_CASE("onnx.load: a network that was exported computes and trains as the original") {
  random::set_seed(3);
  Sequential original = small_cnn();
  Model model = exported(original, {.fold_batch_normalization = false});
  CHECK(model.count_params() == original.count_params());
  CHECK(model.trainable_variables().size() == original.trainable_variables().size());
  CHECK(model.input().shape() == Shape({-1, 8, 8, 3}));
  CHECK(model.output().shape() == Shape({-1, 5}));
  const Tensor x = numbers({7, 8, 8, 3}, 1), y = numbers({7, 5}, 2);
  CHECK_CLOSE(model.predict(x), original.predict(x), 1e-5, 1e-5);
  CHECK_CLOSE(model.predict(slice_axis(x, 0, 2, 1)), slice_axis(original.predict(x), 0, 2, 1), 1e-5, 1e-5);

  for (Model* each : {&model, static_cast<Model*>(&original)}) {
    each->compile({.optimizer = optimizers::SGD({.learning_rate = 0.05, .momentum = 0.9}), .loss = "mse"});
  }
  for (int step = 0; step < 3; ++step) {
    const double loss = original.train_on_batch(x, y)["loss"];
    CHECK(model.train_on_batch(x, y)["loss"] == doctest::Approx(loss).epsilon(1e-5));
  }
  CHECK_CLOSE(model.predict(x), original.predict(x), 1e-4, 1e-4);
  CHECK_CLOSE(model.evaluate(x, y)["loss"], original.evaluate(x, y)["loss"], 1e-4);
}

TEST_CASE("onnx.load: recurrent networks and transformers train as the original") {
  random::set_seed(4);
  const auto check = [](Model original, const Tensor& x, std::int64_t outputs) {
    Model model = exported(original);
    const Tensor y = numbers({x.shape()[0], outputs}, 5);
    for (Model* each : {&original, &model}) {
      each->compile({.optimizer = optimizers::SGD({.learning_rate = 0.1}), .loss = "mse"});
    }
    CHECK(model.count_params() == original.count_params());
    for (int step = 0; step < 3; ++step) {
      const double loss = original.train_on_batch(x, y)["loss"];
      CHECK(model.train_on_batch(x, y)["loss"] == doctest::Approx(loss).epsilon(1e-4));
    }
    CHECK_CLOSE(model.predict(x), original.predict(x), 1e-4, 1e-5);
  };
  const auto steps = Input({6, 3});
  // Without a bias, of which an LSTM in a file has two.
  check(Model(steps, Dense(2)(LSTM(5, {.use_bias = false})(steps))), numbers({4, 6, 3}, 1), 2);
  check(Model(steps, Dense(2)(GRU(5)(steps))), numbers({4, 6, 3}, 1), 2);
  const auto ids = Input({7}, {.dtype = int32});
  auto x = Embedding(11, 8)(ids);
  x = x + MultiHeadAttention(2, 4)({LayerNormalization()(x), x});
  x = x + Dense(8)(Dense(16, {.activation = "gelu"})(LayerNormalization()(x)));
  check(Model(ids, Dense(3)(GlobalAveragePooling1D()(x))), random::Generator(6).uniform({4, 7}, 0, 11, int32), 3);
}

TEST_CASE("onnx.load: names, freezing, files of weights, parts of the model") {
  random::set_seed(5);
  const Tensor w = numbers({4, 3, 3, 3}, 1), b = numbers({4}, 2), head = numbers({2, 4}, 3);
  const OnnxModel file = graph(
      {any, {3}, {8}, {8}},
      {{"Conv", "/features/Conv", {"x", "features.weight", "features.bias"}, {"a"}, {{"pads", Integers{1, 1, 1, 1}}}},
       {"Relu", "/Relu", {"a"}, {"b"}},
       {"GlobalAveragePool", "/pool", {"b"}, {"c"}},
       {"Flatten", "/Flatten", {"c"}, {"d"}},
       {"Gemm", "/head/Gemm", {"d", "head.weight", "head.bias"}, {"y"}, {{"transB", std::int64_t{1}}}}},
      {{"features.weight", w}, {"features.bias", b}, {"head.weight", head}, {"head.bias", zeros({2})}});
  Model model = load(file);
  CHECK(model.name() == "graph");
  CHECK(names(model.variables()) == Strings{"features.weight", "features.bias", "head.weight", "head.bias"});
  CHECK(model.get_layer("/features/Conv").trainable_variables().size() == 2);
  CHECK(model.input().name() == "x");
  CHECK(model.output().name() == "y");
  CHECK(model.input().shape() == Shape({-1, 3, 8, 8}));
  CHECK(model.summary_text().find("/features/Conv (Conv)") != std::string::npos);

  const TempDir folder;
  model.save_weights(folder / "w.safetensors");
  const auto stored = io::load_safetensors(folder / "w.safetensors").tensors;
  CHECK_TENSOR_EQ(io::find(stored, "features.weight"), w);
  CHECK(stored.size() == 4);
  const Tensor x = numbers({2, 3, 8, 8}, 4), before = model.predict(x);
  for (Variable v : model.variables()) v.assign(v.peek() * 2);
  CHECK(reduce_all(model.predict(x) != before));  // not what was kept of the weights
  model.load_weights(folder / "w.safetensors");
  CHECK_SAME_BITS(model.predict(x), before);

  Model frozen = load(file, {.trainable = false});
  CHECK(frozen.trainable_variables().empty());
  frozen.set_trainable(true);
  CHECK(frozen.trainable_variables().size() == 4);

  Model part(model.input(), model.get_layer("/pool").output());
  CHECK(names(part.variables()) == Strings{"features.weight", "features.bias"});
  Model plain = load(file, {.channels_last = false});
  CHECK(plain.get_layer("/Relu").output().shape() == Shape({-1, 4, 8, 8}));
  CHECK(model.get_layer("/Relu").output().shape() == Shape({-1, 8, 8, 4}));
  CHECK_CLOSE(plain.predict(x), before, 1e-5, 1e-6);

  // The number of transposes between the layers: one, of the image.
  const std::string summary = model.summary_text();
  std::size_t transposes = 0;
  for (auto at = summary.find("(Transpose)"); at != std::string::npos; at = summary.find("(Transpose)", at + 1)) {
    ++transposes;
  }
  CHECK(transposes == 2);  // and one of the 1 x 1 image before Flatten
}

TEST_CASE("onnx.load: an update in place of a weight that inference has kept is seen") {
  const OnnxModel file =
      graph({any, {2}, {4}, {4}}, {{"Conv", "conv", {"x", "w"}, {"y"}}}, {{"w", numbers({3, 2, 2, 2}, 1)}});
  Model model = load(file);
  const Tensor x = numbers({1, 2, 4, 4}, 2);
  const Tensor before = model.predict(x);
  Variable w = model.variables()[0];
  optimizers::SGD sgd({.learning_rate = 1});
  sgd.apply_gradients({{w.peek(), w}});  // w - w
  CHECK_CLOSE(model.predict(x), before * 0.0, 0, 1e-6);
}

TEST_CASE("onnx.load: shapes that follow from open sizes") {
  // As PyTorch writes x.view(x.size(0), -1, 2) and y.transpose(1, 2) + positions[: y.size(1)].
  const OnnxModel file = graph({{-1, "batch"}, {-1, "time"}, {4}},
                               {{"Shape", "", {"x"}, {"shape"}},
                                {"Gather", "", {"shape", "zero"}, {"batch"}},
                                {"Unsqueeze", "", {"batch", "axes"}, {"batch1"}},
                                {"Concat", "", {"batch1", "rest"}, {"sizes"}, {{"axis", std::int64_t{0}}}},
                                {"Reshape", "view", {"x", "sizes"}, {"v"}},
                                {"Shape", "", {"v"}, {"shape_v"}},
                                {"Gather", "", {"shape_v", "one"}, {"steps"}},
                                {"Range", "", {"zero", "steps", "one"}, {"places"}},
                                {"Gather", "positions", {"table", "places"}, {"p"}},
                                {"Add", "", {"v", "p"}, {"y"}}},
                               {{"zero", constant(0, int64)},
                                {"one", constant(1, int64)},
                                {"axes", integers({0})},
                                {"rest", integers({-1, 2})},
                                {"table", numbers({200, 2}, 7)}});
  Model model = load(file);
  CHECK(model.output().shape() == Shape({-1, -1, 2}));
  CHECK(names(model.variables()) == Strings{"table"});
  for (const auto& [batch, time] : {std::pair{1, 3}, std::pair{7, 5}, std::pair{2, 1}}) {
    const Tensor x = numbers({batch, time, 4}, 8);
    const Tensor v = reshape(x, {batch, 2 * time, 2});
    CHECK_TENSOR_EQ(Tensor(model(x)), v + slice_axis(model.variables()[0].peek(), 0, 0, 2 * time));
  }
  // Under a tape and in a traced function.
  const Tensor x = numbers({2, 3, 4}, 9);
  GradientTape tape;
  const Tensor loss = reduce_sum(model(x));
  const Tensor gradient = tape.gradient(loss, model.variables()[0]);
  CHECK_TENSOR_EQ(gradient, concat({full({6, 2}, 2), zeros({194, 2})}, 0));
  auto traced = function([&](const Tensor& t) -> Tensor { return model(t); });
  for (int i = 0; i < 3; ++i) {
    const Tensor given = numbers({2, 3, 4}, static_cast<std::uint64_t>(20 + i));
    CHECK_TENSOR_EQ(traced(given), Tensor(model(given)));
  }
}

TEST_CASE("onnx.load: several inputs and outputs, scalars, outputs that are inputs or constants") {
  OnnxModel file;
  file.name = "ports";
  file.inputs = {{"a", float32, {any, {2}}}, {"b", int64, {any}}, {"s", float32, {}}};
  file.outputs = {
      {"sum", float32, {}}, {"b", int64, {}}, {"c", float32, {}}, {"sum", float32, {}}, {"late", float32, {}}};
  file.nodes = {{"Mul", "product", {"a", "s"}, {"scaled"}},
                {"Add", "sum", {"scaled", "c"}, {"sum"}},
                {"Add", "same", {"sum", "sum"}, {"late"}}};
  file.initializers = {{"c", constant({1.0, 2.0})}};
  Model model = load(file);
  const TensorList y = model(TensorList{constant({{1.0, 1.0}, {2.0, 2.0}}), integers({5, 6}), constant(3.0)});
  REQUIRE(y.size() == 5);
  CHECK_TENSOR_EQ(y[0], constant({{4.0, 5.0}, {7.0, 8.0}}));
  CHECK_TENSOR_EQ(y[1], integers({5, 6}));
  CHECK_TENSOR_EQ(y[2], constant({1.0, 2.0}));
  CHECK_TENSOR_EQ(y[3], y[0]);
  CHECK_TENSOR_EQ(y[4], y[0] * 2);
}

TEST_CASE("onnx.load: what is trained of batch normalization and dropout") {
  const OnnxModel file =
      graph({any, {2}},
            {{"BatchNormalization", "bn", {"x", "g", "b", "m", "v"}, {"n"}, {{"momentum", 0.75f}}},
             {"Dropout", "drop", {"n", "ratio"}, {"y"}}},
            {{"g", ones({2})}, {"b", zeros({2})}, {"m", zeros({2})}, {"v", ones({2})}, {"ratio", constant(0.5)}});
  Model model = load(file);
  CHECK(names(model.trainable_variables()) == Strings{"g", "b"});
  CHECK(names(model.non_trainable_variables()) == Strings{"m", "v"});
  const Tensor x = constant({{1.0, 10.0}, {3.0, 30.0}});
  CHECK_CLOSE(Tensor(model(x)), x / std::sqrt(1 + 1e-5), 1e-6);
  random::set_seed(1);
  const Tensor y = model(x, {.training = true});
  // Normalized to -1 and 1, then 0 or twice that.
  CHECK(reduce_all((abs(y) < 1e-6) | (abs(abs(y) - 2) < 1e-4)));
  CHECK_CLOSE(model.non_trainable_variables()[0], {0.5, 5.0}, 1e-6);
  CHECK_CLOSE(model.non_trainable_variables()[1], {0.75 + 0.25 * 1, 0.75 + 0.25 * 100}, 1e-5);
}

TEST_CASE("onnx.load: data beside the file, and other ways to store numbers") {
  // A Constant node whose tensor is in a file beside the model: made by hand, since xtape writes none.
  const TempDir folder;
  const auto field = [](int number, const std::string& bytes) {
    return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
  };
  const auto varint = [](int number, int value) {
    return std::string{static_cast<char>(number << 3), static_cast<char>(value)};
  };
  const auto entry = [&](const std::string& key, const std::string& value) {
    return field(13, field(1, key) + field(2, value));
  };
  const auto shape = [&](int type) { return field(2, field(1, varint(1, type) + field(2, field(1, varint(1, 2))))); };
  const auto model_of = [&](const std::string& tensor) {
    const std::string node = field(1, field(1, "x") + field(1, "w") + field(2, "y") + field(4, "Add"));
    return varint(1, 8) +
           field(7, node + field(5, varint(1, 2) + field(8, "w") + tensor) + field(11, field(1, "x") + shape(1)) +
                        field(12, field(1, "y") + shape(1))) +
           field(8, varint(2, 17));
  };
  const std::string model = folder / "m.onnx";
  const auto sum = [&](const std::string& tensor) {
    folder.write("m.onnx", model_of(tensor));
    return Tensor(onnx::load(model)(constant({1.0, 2.0})));
  };
  const std::string outside = varint(14, 1);
  folder.write("data/w.bin", std::string(4, '\0') + std::string("\0\0\0\x40\0\0\x40\x40", 8));
  CHECK_TENSOR_EQ(sum(varint(2, 1) + outside + entry("location", "data/w.bin") + entry("offset", "4")),
                  constant({3.0, 5.0}));
  CHECK_TENSOR_EQ(sum(varint(2, 1) + field(4, std::string("\0\0\0\x40\0\0\x40\x40", 8))), constant({3.0, 5.0}));
  // float16 as the bits of 2 and 3 in int32_data; bfloat16 as raw_data.
  CHECK_TENSOR_EQ(sum(varint(2, 10) + field(5, std::string("\x80\x80\x01\x80\x84\x01", 6))), constant({3.0, 5.0}));
  CHECK_TENSOR_EQ(sum(varint(2, 16) + field(9, std::string("\0\x40\x40\x40", 4))), constant({3.0, 5.0}));

  const auto wrong = [&](const char* text, const std::string& tensor) {
    CHECK_THROWS_TEXT(DataError, text, sum(tensor));
  };
  for (const char* location : {"../w.bin", "/etc/passwd", "data/../../w.bin", "", "."}) {
    wrong("expected a data file in the folder of the model", varint(2, 1) + outside + entry("location", location));
  }
  wrong("its data file 'v.bin' is not there", varint(2, 1) + outside + entry("location", "v.bin"));
  wrong("expected 8 bytes in the file 'data/w.bin', which has 12, received 8 from byte 5 on",
        varint(2, 1) + outside + entry("location", "data/w.bin") + entry("offset", "5"));
  wrong("received 7 from byte 0 on", varint(2, 1) + outside + entry("location", "data/w.bin") + entry("length", "7"));
  wrong("expected a number for the offset",
        varint(2, 1) + outside + entry("location", "data/w.bin") + entry("offset", "-1"));
  wrong("initializer 'w': expected 8 bytes for the shape (2,) of FLOAT, received 4", varint(2, 1) + field(9, "abcd"));
  wrong("xtape has no tensors of STRING", varint(2, 8));
  wrong("xtape has no tensors of the type 99", varint(2, 99));
  wrong("expected an ONNX model (onnx.ModelProto): the bytes are damaged", field(9, "abcd") + "\xff\xff");
  std::filesystem::create_symlink("/etc/passwd", folder / "link.bin");
  wrong("expected a data file in the folder of the model, received 'link.bin'",
        varint(2, 1) + outside + entry("location", "link.bin"));
}

TEST_CASE("onnx.load: what is wrong with a file is named") {
  const auto wrong = [](const char* text, const OnnxModel& model) { CHECK_THROWS_TEXT(DataError, text, load(model)); };
  const auto relu = [](const char* from, const char* to) {
    return OnnxNode{"Relu", std::string("to ") + to, {from}, {to}};
  };
  const std::vector<inner::OnnxDimension> two{any, {2}};
  {
    OnnxModel unknown = graph(two, {{"Frobnicate", "n1", {"x"}, {"a"}},
                                    {"Frobnicate", "n2", {"a"}, {"b"}},
                                    {"Relu", "r", {"b"}, {"c"}},
                                    {"NonZero", "n3", {"c"}, {"d"}},
                                    {"Foo", "n4", {"d"}, {"y"}}});
    unknown.nodes[4].domain = "com.example";
    CHECK_THROWS_TEXT(
        DataError,
        "xtape does not have these operators (of version 17):\n  Frobnicate: node 'n1' (Frobnicate) and 1 "
        "more\n  NonZero: node 'n3' (NonZero)\n  com.example.Foo: node 'n4' (Foo)",
        load(unknown));
  }
  wrong("node 'to y' (Relu) uses 'z', which is neither an input, an initializer nor the result",
        graph(two, {relu("z", "y")}));
  wrong("node 'to a' (Relu) uses 'y', which is computed only later", graph(two, {relu("y", "a"), relu("a", "y")}));
  wrong("another value has the same name", graph(two, {relu("x", "y"), relu("x", "y")}));
  wrong("initializer 'w': another value has the same name",
        graph(two, {relu("x", "y")}, {{"w", ones({2})}, {"w", ones({2})}}));
  wrong("output 'y' uses 'y', which is neither", graph(two, {relu("x", "z")}));
  wrong("node 'c' (Conv): expected 2 to 3 inputs, received 1", graph(two, {{"Conv", "c", {"x"}, {"y"}}}));
  wrong("node 'c' (Conv): [Conv] expected a tensor of 3 to 5 axes",
        graph(two, {{"Conv", "c", {"x", "w"}, {"y"}}}, {{"w", ones({3, 2, 1, 1})}}));
  wrong(
      "node 'r' (Reshape): its input 'sizes' decides about shapes",
      graph(two, {{"Cast", "", {"x"}, {"sizes"}, {{"to", std::int64_t{7}}}}, {"Reshape", "r", {"x", "sizes"}, {"y"}}}));
  wrong("node 'r' (Reshape): [reshape]", graph(two, {{"Reshape", "r", {"x", "s"}, {"y"}}}, {{"s", integers({-1, 3})}}));
  wrong("its attribute 'axis' has another type", graph(two, {{"Softmax", "s", {"x"}, {"y"}, {{"axis", 1.0f}}}}));
  wrong("expected a result of at most",
        graph(two, {{"ConstantOfShape", "c", {"s"}, {"z"}}, {"Add", "", {"x", "z"}, {"y"}}},
              {{"s", integers({1 << 20, 1 << 20})}}));
  wrong("expected a result of at most",
        graph(two, {{"Range", "c", {"a", "b", "d"}, {"z"}}, {"Add", "", {"x", "z"}, {"y"}}},
              {{"a", constant(0, int64)}, {"b", constant(std::int64_t{1} << 45, int64)}, {"d", constant(1, int64)}}));
  {  // whose result would be large, from few numbers
    const Tensor many = constant(Integers(8192, 1), {8192, 1});
    wrong("elements that decide about shapes",
          graph(two, {{"Add", "a", {"m", "n"}, {"z"}}, {"Reshape", "", {"x", "z"}, {"y"}}},
                {{"m", many}, {"n", reshape(many, {1, 8192})}}));
  }
  OnnxModel none = graph(two, {relu("x", "y")});
  none.inputs.clear();
  none.nodes[0].inputs = {"w"};
  none.initializers = {{"w", ones({2})}};
  wrong("expected at least one input and one output", none);
  CHECK_THROWS_TEXT(DataError, "/nowhere/m.onnx: no such file", onnx::load("/nowhere/m.onnx"));
}

}  // namespace xtape::testing
