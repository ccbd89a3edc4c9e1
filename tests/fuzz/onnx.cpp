// Models in ONNX files: what they hold, and the layers that become of it.
#include "fuzz/files.hpp"
#include "io/onnx_file.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/onnx/load.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) {
    Model model = onnx::load(path);
    (void)model.summary_text();
  });
}

std::vector<std::string> fuzzing::seeds() {
  using detail::OnnxModel;
  using Integers = std::vector<std::int64_t>;
  std::vector<std::string> all;
  const auto add = [&](std::vector<detail::OnnxDimension> shape, std::vector<detail::OnnxNode> nodes,
                       std::vector<std::pair<std::string, Tensor>> initializers) {
    OnnxModel model;
    model.inputs = {{"x", float32, std::move(shape)}};
    model.outputs = {{"y", float32, {}}};
    model.nodes = std::move(nodes);
    model.initializers = std::move(initializers);
    all.push_back(detail::onnx_bytes("fuzz", model));
  };
  const auto integers = [](const Integers& numbers) { return constant(numbers); };
  add({{-1, "n"}, {2}, {6}, {6}},
      {{"Conv", "c", {"x", "w", "b"}, {"c"}, {{"pads", Integers{1, 1, 1, 1}}, {"strides", Integers{2, 2}}}},
       {"BatchNormalization", "", {"c", "b", "b", "b", "b"}, {"n"}},
       {"Relu", "", {"n"}, {"r"}},
       {"MaxPool", "", {"r"}, {"p"}, {{"kernel_shape", Integers{2, 2}}, {"ceil_mode", std::int64_t{1}}}},
       {"Resize", "", {"p", "", "scales"}, {"z"}, {{"mode", std::string("linear")}}},
       {"Shape", "", {"z"}, {"s"}},
       {"Gather", "", {"s", "zero"}, {"first"}},
       {"Concat", "", {"first", "rest"}, {"sizes"}, {{"axis", std::int64_t{0}}}},
       {"Reshape", "", {"z", "sizes"}, {"f"}},
       {"ReduceMean", "", {"f"}, {"y"}, {{"axes", Integers{-1}}, {"keepdims", std::int64_t{0}}}}},
      {{"w", ones({3, 2, 3, 3})},
       {"b", ones({3})},
       {"scales", constant({1.0, 1.0, 2.0, 2.0})},
       {"zero", integers({0})},
       {"rest", integers({-1})}});
  add({{-1, "n"}, {4}, {3}},
      {{"Transpose", "", {"x"}, {"t"}, {{"perm", Integers{1, 0, 2}}}},
       {"LSTM", "", {"t", "w", "r", "b"}, {"a", "h"}, {{"hidden_size", std::int64_t{2}}}},
       {"Squeeze", "", {"h", "axes"}, {"s"}},
       {"Gemm", "", {"s", "g"}, {"m"}, {{"transB", std::int64_t{1}}, {"alpha", 0.5f}}},
       {"Softmax", "", {"m"}, {"y"}, {{"axis", std::int64_t{-1}}}}},
      {{"w", ones({1, 8, 3})},
       {"r", ones({1, 8, 2})},
       {"b", ones({1, 16})},
       {"axes", integers({0})},
       {"g", ones({5, 2})}});
  add({{-1, ""}, {5}},
      {{"Slice", "", {"x", "one", "end", "axes", "minus"}, {"s"}},
       {"Pad", "", {"s", "pads"}, {"p"}, {{"mode", std::string("reflect")}}},
       {"Einsum", "", {"p", "p"}, {"e"}, {{"equation", std::string("ij,kj->ik")}}},
       {"TopK", "", {"p", "one"}, {"v", "i"}},
       {"Expand", "", {"v", "shape"}, {"q"}},
       {"Tile", "", {"q", "shape"}, {"z"}},
       {"Cast", "", {"z"}, {"d"}, {{"to", std::int64_t{11}}}},
       {"Cast", "", {"d"}, {"y"}, {{"to", std::int64_t{1}}}}},
      {{"one", integers({1})},
       {"end", integers({-100})},
       {"axes", integers({1})},
       {"minus", integers({-1})},
       {"pads", integers({0, 1, 0, 1})},
       {"shape", integers({1, 2})}});
  return all;
}
