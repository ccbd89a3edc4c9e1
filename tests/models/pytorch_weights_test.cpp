// Weights in PyTorch's layout. data/fixtures/pytorch/modules.pt has the modules of all rows, with inputs and outputs;
// where libtorch is installed, libtorch/compare_modules.cpp compares them again.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "layers/all_rows.hpp"
#include "models/pytorch_rows.hpp"
#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/io/pytorch.hpp"
#include "xtape/io/safetensors.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/gru.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/multi_head_attention.hpp"
#include "xtape/layers/normalization.hpp"
#include "xtape/layers/prelu.hpp"
#include "xtape/layers/rms_normalization.hpp"
#include "xtape/layers/rnn.hpp"
#include "xtape/layers/separable_conv1d.hpp"
#include "xtape/layers/time_distributed.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace {

using layers::Dense;
using testing::TempDir;
using Names = std::vector<std::string>;

const std::string modules = testing::source_dir() + "/tests/data/fixtures/pytorch/modules.pt";

std::vector<std::vector<float>> values_of(const Model& model) {
  std::vector<std::vector<float>> all;
  for (const auto& variable : model.variables()) all.push_back(cast(variable.peek(), float32).to_vector<float>());
  return all;
}

Names names_in(const std::string& path) {
  Names names;
  for (const auto& tensor : io::load_safetensors(path).tensors) names.push_back(tensor.first);
  std::sort(names.begin(), names.end());
  return names;
}

/// The state dict of a Linear "fc" of 3 inputs and 2 outputs, with more.
io::NamedTensors linear(io::NamedTensors more = {}) {
  io::NamedTensors tensors{{"fc.weight", constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}})},
                           {"fc.bias", constant({7.0, 8.0})}};
  tensors.insert(tensors.end(), more.begin(), more.end());
  return tensors;
}

Sequential fc() { return Sequential(Input({3}), Dense(2, {.name = "fc"})); }

TEST_CASE("load_weights: modules that libtorch wrote compute the same here") {
  const auto file = io::load_pytorch(modules);
  std::set<std::string> rows;
  for (const auto& row : testing::pytorch_rows()) {
    CAPTURE(row.name);
    rows.insert(row.name);
    Model model = row.make();
    LoadWeightsOptions options{.layout = "pytorch",
                               .rename = {{"^" + row.name + "\\.state\\.", ""}, {"^(?!m\\.).*", ""}}};
    options.rename.insert(options.rename.end(), row.rename.begin(), row.rename.end());
    const LoadedWeights report = model.load_weights(modules, options);
    CHECK(report.loaded.size() == model.variables().size());
    CHECK(report.missing.empty());
    CHECK(report.matched_by == "names");
    std::vector<Tensor> inputs;
    for (int i = 0;; ++i) {
      const Tensor input = io::find(file, fmt::format("{}.input.{}", row.name, i));
      if (!input.defined()) break;
      inputs.push_back(input);
    }
    CHECK_CLOSE(row.run(model, inputs), io::find(file, row.name + ".output"), 1e-5, 1e-5);
  }
  for (const auto& tensor : file) CHECK(rows.contains(tensor.first.substr(0, tensor.first.find('.'))));
}

TEST_CASE("save_weights: PyTorch's layout has the tensors of libtorch's state dicts") {
  const auto file = io::load_pytorch(modules);
  const TempDir temp;
  for (const auto& row : testing::pytorch_rows()) {
    CAPTURE(row.name);
    if (row.name == "lstm_layers") continue;  // two layers here
    Model model = row.make();
    model.load_weights(modules,
                       {.layout = "pytorch", .rename = {{"^" + row.name + "\\.state\\.", ""}, {"^(?!m\\.).*", ""}}});
    model.save_weights(temp / "m.safetensors", {.layout = "pytorch"});
    const auto saved = io::load_safetensors(temp / "m.safetensors");
    CHECK(saved.metadata.at("format") == "pt");
    std::map<std::string, Tensor> expected;
    const std::string prefix = row.name + ".state.";
    for (const auto& [name, value] : file) {
      if (name.starts_with(prefix)) expected[name.substr(prefix.size())] = value;
    }
    CHECK(saved.tensors.size() == expected.size());
    const bool one_bias = row.name.starts_with("lstm") || row.name == "rnn";
    for (const auto& tensor : saved.tensors) {
      const std::string& name = tensor.first;
      const Tensor& value = tensor.second;
      CAPTURE(name);
      REQUIRE(expected.contains(name));
      if (const auto at = name.find("bias_ih"); one_bias && at != std::string::npos) {
        std::string other = name;
        other.replace(at, 7, "bias_hh");
        CHECK_TENSOR_EQ(value, expected[name] + expected[other]);
      } else if (one_bias && name.find("bias_hh") != std::string::npos) {
        CHECK_TENSOR_EQ(value, zeros_like(value));
      } else {
        CHECK_TENSOR_EQ(value, expected[name]);
      }
    }
    Model again = row.make();
    again.load_weights(temp / "m.safetensors", {.layout = "pytorch"});
    CHECK(values_of(again) == values_of(model));
  }
}

TEST_CASE("save_weights, load_weights: every layer goes to PyTorch's layout and back, or is named") {
  const TempDir temp;
  std::set<std::string> refused;
  std::size_t saved = 0;
  for (const auto& row : testing::all_layer_rows()) {
    CAPTURE(row.layer);
    const auto make = [&row] {
      SymbolicList inputs;
      for (const auto& [shape, dtype, low, high] : row.inputs) {
        const std::vector<std::int64_t> sample(shape.begin() + 1, shape.end());
        inputs.push_back(Input(Shape(sample), {.batch_size = shape[0], .dtype = dtype.value_or(float32)}));
      }
      const AnyLayer layer = row.make(float32);
      layer->set_name("m");
      return Model(inputs, layer->outputs(inputs));
    };
    Model model = make(), other = make();
    if (model.variables().empty()) continue;
    for (auto variable : model.variables()) {
      if (is_floating(variable.dtype())) variable.assign(random::Generator(7).normal(variable.shape()));
    }
    try {
      model.save_weights(temp / "m.safetensors", {.layout = "pytorch"});
    } catch (const ValueError& error) {
      CHECK(std::string(error.what()).find("'m' (" + row.layer + ")") != std::string::npos);
      refused.insert(row.layer);
      continue;
    }
    ++saved;
    other.load_weights(temp / "m.safetensors", {.layout = "pytorch"});
    CHECK(values_of(other) == values_of(model));
  }
  CHECK(saved >= 20);
  CHECK(refused == std::set<std::string>{"AdditiveAttention", "Attention", "EinsumDense", "GRU", "GroupQueryAttention",
                                         "LayerScale", "Normalization", "PReLU", "SpectralNormalization"});
}

TEST_CASE("save_weights: RMSNorm and a separable Conv1d have PyTorch's names and shapes") {
  const TempDir temp;
  const auto shapes_of = [&](const AnyLayer& layer, const Shape& sample) {
    const SymbolicTensor x = Input(sample);
    Model(x, layer->outputs({x})).save_weights(temp / "w.safetensors", {.layout = "pytorch"});
    std::map<std::string, Shape> shapes;
    for (const auto& [name, value] : io::load_safetensors(temp / "w.safetensors").tensors) {
      shapes.emplace(name, value.shape());
    }
    return shapes;
  };
  CHECK(shapes_of(layers::RMSNormalization({.name = "m"}), {4, 3}) == std::map<std::string, Shape>{{"m.weight", {3}}});
  CHECK(shapes_of(layers::RMSNormalization({.axis = {1, 2, 3}, .name = "m"}), {5, 4, 3}) ==
        std::map<std::string, Shape>{{"m.weight", {3, 5, 4}}});
  CHECK(shapes_of(layers::SeparableConv1D(6, 5, {.depth_multiplier = 2, .name = "m"}), {9, 3}) ==
        std::map<std::string, Shape>{
            {"m.depthwise.weight", {6, 1, 5}}, {"m.pointwise.bias", {6}}, {"m.pointwise.weight", {6, 6, 1}}});
}

TEST_CASE("load_weights: a Linear in any of PyTorch's files, by hand") {
  const TempDir temp;
  auto model = fc();
  io::save_safetensors(temp / "m.safetensors", linear());
  const LoadedWeights report = model.load_weights(temp / "m.safetensors", {.layout = "pytorch"});
  CHECK(report.loaded == Names{"fc/kernel", "fc/bias"});
  CHECK_CLOSE(model.variables()[0], {1, 4, 2, 5, 3, 6});
  CHECK_CLOSE(model.variables()[1], {7, 8});
  // In several files, with the index of safetensors or of pickles.
  io::save_safetensors(temp / "1.safetensors", {linear()[0]});
  io::save_safetensors(temp / "2.safetensors", {linear()[1]});
  temp.write("model.safetensors.index.json",
             R"({"weight_map": {"fc.weight": "1.safetensors", "fc.bias": "2.safetensors"}})");
  auto other = fc();
  other.load_weights(temp / "model.safetensors.index.json", {.layout = "pytorch"});
  CHECK(values_of(other) == values_of(model));
  std::filesystem::copy_file(modules, temp / "modules.bin");
  temp.write("pytorch_model.bin.index.json",
             R"({"weight_map": {"linear.state.m.weight": "modules.bin", "linear.state.m.bias": "modules.bin"}})");
  Sequential m(Input({3}), Dense(4, {.name = "m"}));
  m.load_weights(temp / "pytorch_model.bin.index.json", {.layout = "pytorch", .rename = {{"linear\\.state\\.", ""}}});
  CHECK_CLOSE(m.variables()[1], io::find(io::load_pytorch(modules), "linear.state.m.bias"));
  temp.write("gone.bin.index.json", R"({"weight_map": {"none": "modules.bin"}})");
  CHECK_THROWS_TEXT(DataError, "tensor 'none': expected it in", m.load_weights(temp / "gone.bin.index.json"));
}

TEST_CASE("load_weights: names of xtape's own, with dots as well, in another floating dtype") {
  const TempDir temp;
  auto model = fc();
  io::save_safetensors(temp / "m.safetensors",
                       {{"fc.kernel", ones({3, 2}, float64)}, {"fc/bias", zeros({2}, bfloat16)}});
  const LoadedWeights report = model.load_weights(temp / "m.safetensors");
  CHECK(report.loaded == Names{"fc/kernel", "fc/bias"});
  CHECK(model.variables()[0].dtype() == float32);
  CHECK_CLOSE(model.variables()[0], {1, 1, 1, 1, 1, 1});
  io::save_safetensors(temp / "i.safetensors", {{"fc.kernel", ones({3, 2}, int32)}, {"fc/bias", zeros({2})}});
  CHECK_THROWS_TEXT(DataError, "'fc/kernel' is int32 (3, 2) in the file, expected float32 (3, 2)",
                    model.load_weights(temp / "i.safetensors"));
  // Two names that differ in nothing else are taken as they are.
  io::save_safetensors(temp / "two.safetensors",
                       {{"fc/kernel", zeros({3, 2})}, {"fc.kernel", ones({3, 2})}, {"fc/bias", zeros({2})}});
  CHECK_THROWS_TEXT(DataError, "'fc.kernel' is in the file only", model.load_weights(temp / "two.safetensors"));
  // The files of PyTorch's modules say so.
  io::save_safetensors(temp / "p.safetensors", linear());
  CHECK_THROWS_TEXT(DataError, "{.layout = \"pytorch\"} takes them", model.load_weights(temp / "p.safetensors"));
}

TEST_CASE("load_weights: rename") {
  const TempDir temp;
  const std::string path = temp / "m.safetensors";
  auto model = fc();
  const auto load = [&](std::vector<std::pair<std::string, std::string>> rename, bool skip = false) {
    return model.load_weights(path, {.skip_mismatch = skip, .layout = "pytorch", .rename = std::move(rename)});
  };
  io::save_safetensors(path,
                       {{"module.layer.0.weight", linear()[0].second}, {"module.layer.0.bias", linear()[1].second}});
  // One after the other; what is not matched stays.
  CHECK(load({{"^module\\.", ""}, {"^layer\\.(\\d)\\.(.*)$", "$2@fc$1"}, {"(.*)@(fc)0", "$2.$1"}}).unused.empty());
  CHECK_CLOSE(model.variables()[1], {7, 8});
  CHECK_THROWS_TEXT(DataError, "'module.layer.0.weight' (renamed 'layer.0.weight') is in the file only",
                    load({{"^module\\.", ""}}));
  CHECK_THROWS_TEXT(DataError, "'module.layer.0.weight' and 'module.layer.0.bias' both become 'fc'",
                    load({{".*\\..*", "fc"}}));
  CHECK_THROWS_TEXT(ValueError, "rename: expected a regular expression, received \"(unclosed\"",
                    load({{"a", "b"}, {"(unclosed", ""}}));
  // A name that becomes empty is left out.
  const LoadedWeights report = load({{".*0\\.weight", ""}, {".*0\\.", "fc."}}, true);
  CHECK(report.loaded == Names{"fc/bias"});
  CHECK(report.missing == Names{"fc/kernel"});
  CHECK(report.unused == Names{"module.layer.0.weight"});
  io::save_safetensors(path, {{std::string(100000, 'a'), ones({1})}});
  CHECK_THROWS_TEXT(DataError, "expected names of at most 1000 bytes to rename", load({{"a*b", ""}}));
}

TEST_CASE("load_weights: what does not match PyTorch's modules is listed, and nothing has changed") {
  const TempDir temp;
  const std::string path = temp / "m.safetensors";
  Sequential model(Input({4, 3}), layers::LSTM(2, {.name = "rnn"}), Dense(2, {.name = "fc"}));
  io::save_safetensors(path, {{"fc.weight", zeros({2, 3})},
                              {"rnn.weight_ih_l0", zeros({8, 3})},
                              {"rnn.weight_hh_l0", zeros({8, 2}, int32)},
                              {"rnn.bias_ih_l0", zeros({8})},
                              {"rnn.weight_hr_l0", zeros({1})}});
  const auto before = values_of(model);
  const auto load = [&](LoadWeightsOptions options = {}) {
    options.layout = "pytorch";
    return model.load_weights(path, options);
  };
  CHECK_THROWS_TEXT(
      DataError,
      "does not match the model:\n  'rnn/lstm_cell/recurrent_kernel' needs 'rnn.weight_hh_l0' of float32 (8, 2), the "
      "file has int32 (8, 2)\n  'rnn/lstm_cell/bias' needs 'rnn.bias_hh_l0' (8,), which is missing in the file\n  "
      "'fc/kernel' needs 'fc.weight' of float32 (2, 2), the file has float32 (2, 3)\n  'fc/bias' needs 'fc.bias' (2,), "
      "which is missing in the file\n  'rnn.weight_hr_l0' is in the file only",
      load());
  CHECK(values_of(model) == before);
  CHECK_THROWS_TEXT(DataError, "'fc/kernel' needs", load({.by_name = true}));
  const LoadedWeights report = load({.skip_mismatch = true});
  CHECK(report.loaded == Names{"rnn/lstm_cell/kernel"});
  CHECK(report.missing == Names{"rnn/lstm_cell/recurrent_kernel", "rnn/lstm_cell/bias", "fc/kernel", "fc/bias"});
  CHECK(report.unused == Names{"rnn.weight_hr_l0"});
  CHECK(values_of(model) != before);

  CHECK_THROWS_TEXT(ValueError, "expected the layout \"pytorch\" or \"\", received \"jax\"",
                    model.load_weights(path, {.layout = "jax"}));
  CHECK_THROWS_TEXT(ValueError, "expected the layout \"pytorch\" or \"\", received \"jax\"",
                    model.save_weights(path, {.layout = "jax"}));
  CHECK_THROWS_TEXT(ValueError, "expected a path that ends with .safetensors, received",
                    model.save_weights(temp / "m.weights.h5", {.layout = "pytorch"}));
  CHECK_THROWS_TEXT(ValueError, "expected a path that ends with .weights.h5, as Keras 3 does, or .safetensors",
                    model.save_weights(temp / "m.pt"));
  CHECK_THROWS_TEXT(ValueError, "expected a path that ends with .safetensors, .pt",
                    model.load_weights(temp / "m.onnx"));
  CHECK_THROWS_TEXT(ValueError, "expected no layout for a file of Keras",
                    model.load_weights(temp / "m.weights.h5", {.layout = "pytorch"}));
  CHECK_THROWS_TEXT(ValueError, "expected no rename for a file of Keras",
                    model.load_weights(temp / "m.keras", {.rename = {{"a", "b"}}}));
}

TEST_CASE("load_weights: by name, a part of a model") {
  const TempDir temp;
  const std::string path = temp / "m.safetensors";
  io::save_safetensors(path, linear({{"head.weight", zeros({7, 2})}}));
  Sequential model(Input({3}), Dense(2, {.name = "fc"}), Dense(4, {.name = "new_head"}));
  LoadedWeights report = model.load_weights(path, {.by_name = true, .layout = "pytorch"});
  CHECK(report.loaded == Names{"fc/kernel", "fc/bias"});
  CHECK(report.missing == Names{"new_head/kernel", "new_head/bias"});
  CHECK(report.unused == Names{"head.weight"});
  io::save_safetensors(path, {{"fc/bias", ones({2})}, {"other", ones({1})}});
  report = model.load_weights(path, {.by_name = true});
  CHECK(report.loaded == Names{"fc/bias"});
  CHECK(report.missing == Names{"fc/kernel", "new_head/kernel", "new_head/bias"});
  CHECK(report.unused == Names{"other"});
}

TEST_CASE("PyTorch's layout: modules inside of modules, parameters of users' classes, shared layers") {
  struct Block : Model {
    Variable scale = add_weight("scale", {3}, {.initializer = "ones"});
    Dense fc = track(Dense(3, {.use_bias = false}), "fc");
    Tensor call(const Tensor& x) override { return fc(x) * scale.value(); }
  };
  struct Net : Model {
    Block first = track(Block(), "first"), second = track(Block(), "second");
    layers::TimeDistributed each = track(layers::TimeDistributed(Dense(1)), "each");
    Tensor call(const Tensor& x) override { return each(second(first(x))); }
  };
  const TempDir temp;
  Net net;
  (void)net(ones({1, 2, 3}));
  net.save_weights(temp / "m.safetensors", {.layout = "pytorch"});
  CHECK(names_in(temp / "m.safetensors") ==
        Names{"each.bias", "each.weight", "first.fc.weight", "first.scale", "second.fc.weight", "second.scale"});
  Net other;
  (void)other(ones({1, 2, 3}));
  other.load_weights(temp / "m.safetensors", {.layout = "pytorch"});
  CHECK(values_of(other) == values_of(net));

  // A layer in two places is there under both names, and found under either.
  struct Tied : Model {
    Sequential a, b;
    explicit Tied(const Dense& shared) : a(track(Sequential(shared), "a")), b(track(Sequential(shared), "b")) {}
    Tensor call(const Tensor& x) override { return b(a(x)); }
  };
  const auto tied = [] {
    Tied model{Dense(3, {.use_bias = false, .name = "fc"})};
    (void)model(ones({1, 3}));
    return model;
  };
  Tied twice = tied();
  twice.save_weights(temp / "m.safetensors", {.layout = "pytorch"});
  CHECK(names_in(temp / "m.safetensors") == Names{"a.fc.weight", "b.fc.weight"});
  Tied back = tied();
  back.load_weights(temp / "m.safetensors", {.layout = "pytorch"});
  CHECK(values_of(back) == values_of(twice));
  for (const char* name : {"a.fc.weight", "b.fc.weight"}) {
    io::save_safetensors(temp / "m.safetensors", {{name, ones({3, 3})}});
    back.load_weights(temp / "m.safetensors", {.layout = "pytorch"});
    CHECK_CLOSE(back.variables()[0], ones({3, 3}));
  }
}

TEST_CASE("PyTorch's layout: layers that PyTorch does not have are named") {
  const TempDir temp;
  layers::Normalization normalization({.name = "norm"});
  normalization.adapt(random::Generator(1).normal({5, 3}));
  Sequential model(Input({3}), normalization, Dense(2, {.name = "fc"}));
  const std::string text = "'norm' (Normalization) has weights, and PyTorch has no such module";
  CHECK_THROWS_TEXT(ValueError, text.c_str(), model.save_weights(temp / "m.safetensors", {.layout = "pytorch"}));
  CHECK(!std::filesystem::exists(temp / "m.safetensors"));
  io::save_safetensors(temp / "m.safetensors", linear());
  CHECK_THROWS_TEXT(DataError, text.c_str(), model.load_weights(temp / "m.safetensors", {.layout = "pytorch"}));
  const LoadedWeights report = model.load_weights(temp / "m.safetensors", {.by_name = true, .layout = "pytorch"});
  CHECK(report.loaded == Names{"fc/kernel", "fc/bias"});
  Sequential gru(Input({4, 3}), layers::GRU(2, {.reset_after = false, .name = "gru"}));
  CHECK_THROWS_TEXT(ValueError, "'gru' (GRU) has reset_after = false",
                    gru.save_weights(temp / "g.safetensors", {.layout = "pytorch"}));
  Sequential prelu(Input({4, 3}), layers::PReLU({.name = "act"}));
  CHECK_THROWS_TEXT(ValueError, "'act' (PReLU) has alpha (4, 3)",
                    prelu.save_weights(temp / "p.safetensors", {.layout = "pytorch"}));
  io::save_safetensors(temp / "p.safetensors", {{"act.weight", constant({0.5, 1.0, 2.0})}});
  prelu.load_weights(temp / "p.safetensors", {.layout = "pytorch"});
  CHECK_CLOSE(prelu.variables()[0], {0.5, 1, 2, 0.5, 1, 2, 0.5, 1, 2, 0.5, 1, 2});
}

TEST_CASE("PyTorch's layout: attention of four Linears, and of sizes that PyTorch's module cannot have") {
  const TempDir temp;
  const std::string path = temp / "m.safetensors";
  const auto make = [](std::int64_t key_dim) {
    const auto x = Input({3, 4});
    return Model(x, layers::MultiHeadAttention(2, key_dim, {.name = "m"})({x, x}));
  };
  Model model = make(3), again = make(3);
  model.save_weights(path, {.layout = "pytorch"});
  CHECK(names_in(path) == Names{"m.k_proj.bias", "m.k_proj.weight", "m.out_proj.bias", "m.out_proj.weight",
                                "m.q_proj.bias", "m.q_proj.weight", "m.v_proj.bias", "m.v_proj.weight"});
  again.load_weights(path, {.layout = "pytorch"});
  CHECK(values_of(again) == values_of(model));
  const auto file = io::load_safetensors(path);
  CHECK(file.find("m.q_proj.weight").shape() == Shape{6, 4});
  CHECK(file.find("m.out_proj.weight").shape() == Shape{4, 6});

  // The same numbers as one matrix and as four.
  Model packed = make(2), parts = make(2);
  packed.save_weights(path, {.layout = "pytorch"});
  const auto one = io::load_safetensors(path);
  const Tensors weights = split(one.find("m.in_proj_weight"), 3), biases = split(one.find("m.in_proj_bias"), 3);
  io::save_safetensors(path, {{"m.q_proj.weight", weights[0]},
                              {"m.k_proj.weight", weights[1]},
                              {"m.v_proj.weight", weights[2]},
                              {"m.q_proj.bias", biases[0]},
                              {"m.k_proj.bias", biases[1]},
                              {"m.v_proj.bias", biases[2]},
                              {"m.out_proj.weight", one.find("m.out_proj.weight")},
                              {"m.out_proj.bias", one.find("m.out_proj.bias")}});
  parts.load_weights(path, {.layout = "pytorch"});
  CHECK(values_of(parts) == values_of(packed));
}

}  // namespace
}  // namespace xtape
