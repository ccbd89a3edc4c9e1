// Graphs as other exporters write them, in several versions of ONNX's operators, loaded by xtape and run by ONNX
// Runtime.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "io/onnx_file.hpp"
#include "onnxruntime/cases.hpp"
#include "xtape/xtape.hpp"

namespace xtape::testing {
namespace {

using detail::OnnxAttribute;
using detail::OnnxModel;
using detail::OnnxNode;
using detail::OnnxTensor;
using Integers = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Strings = std::vector<std::string>;
using Initializers = std::vector<std::pair<std::string, Tensor>>;

constexpr std::int64_t yes = 1, no = 0;

Tensor numbers(const Shape& shape, std::uint64_t seed = 1) { return random::Generator(seed).normal(shape); }
Tensor whole(const Integers& values) { return constant(values); }
std::int64_t whole_number(std::int64_t value) { return value; }
std::string text(const char* value) { return value; }

struct Cases {
  OnnxRuntimeCases cases;
  bool open_batch = true;

  /// A graph of the inputs x, x1, ... whose last node computes y, and y1 if it has two results.
  void add(const std::string& name, int opset, const std::vector<Tensor>& x, std::vector<OnnxNode> nodes,
           Initializers initializers = {}) {
    CAPTURE(name);
    OnnxModel model;
    model.name = "case";
    model.opset = opset;
    for (std::size_t i = 0; i < x.size(); ++i) {
      std::vector<detail::OnnxDimension> dimensions;
      for (const auto size : x[i].shape()) dimensions.push_back({size, ""});
      if (open_batch && !dimensions.empty()) dimensions[0] = {-1, "batch"};
      model.inputs.push_back({i == 0 ? "x" : "x" + std::to_string(i), x[i].dtype(), dimensions});
    }
    for (const auto& output : nodes.back().outputs) {
      if (!output.empty()) model.outputs.push_back({output, float32, {}});
    }
    model.nodes = std::move(nodes);
    model.initializers = std::move(initializers);
    cases.add_file(name, model, {TensorList(x)});
  }
  /// One node: x -> y.
  void one(const std::string& op, int opset, const Tensor& x, std::vector<OnnxAttribute> attributes,
           const std::vector<Tensor>& others = {}) {
    Strings inputs{"x"};
    Initializers initializers;
    for (std::size_t i = 0; i < others.size(); ++i) {
      inputs.push_back(others[i].defined() ? "w" + std::to_string(i) : "");
      if (others[i].defined()) initializers.emplace_back(inputs.back(), others[i]);
    }
    std::string name = op + "-" + std::to_string(opset) + " " + x.shape().str();
    for (const auto& attribute : attributes) name += " " + attribute.name;
    add(name, opset, {x}, {{op, "node", inputs, {"y"}, std::move(attributes)}}, initializers);
  }
};

}  // namespace

TEST_CASE("ONNX Runtime: loaded graphs of convolutions and poolings") {
  if (!OnnxRuntimeCases::available()) return;
  Cases c;
  const Tensor line = numbers({2, 4, 11}), image = numbers({2, 4, 9, 10}), volume = numbers({2, 3, 6, 7, 5});
  const auto conv = [&](const Tensor& x, const Shape& w, std::vector<OnnxAttribute> attributes, bool bias = true) {
    c.one("Conv", 11, x, std::move(attributes),
          bias ? std::vector{numbers(w, 2), numbers({w[0]}, 3)} : std::vector{numbers(w, 2)});
  };
  conv(line, {6, 2, 3}, {{"group", whole_number(2)}, {"pads", Integers{2, 1}}, {"strides", Integers{2}}});
  conv(line, {8, 1, 3}, {{"group", whole_number(4)}, {"dilations", Integers{2}}});
  conv(image, {5, 4, 3, 2}, {{"pads", Integers{0, 1, 2, 0}}, {"strides", Integers{2, 3}}});
  conv(image, {5, 4, 3, 3}, {{"auto_pad", text("SAME_LOWER")}, {"strides", Integers{2, 2}}});
  conv(image, {5, 4, 2, 2}, {{"auto_pad", text("SAME_UPPER")}}, false);
  conv(image, {5, 4, 3, 3}, {{"auto_pad", text("VALID")}, {"dilations", Integers{2, 3}}});
  conv(image, {4, 1, 3, 3}, {{"group", whole_number(4)}, {"pads", Integers{1, 1, 1, 1}}, {"strides", Integers{2, 2}}});
  conv(image, {6, 2, 1, 1}, {{"group", whole_number(2)}, {"kernel_shape", Integers{1, 1}}});
  conv(volume, {4, 3, 3, 2, 3}, {{"pads", Integers{1, 0, 1, 1, 1, 0}}, {"strides", Integers{2, 1, 2}}});
  conv(volume, {4, 3, 2, 2, 2}, {{"dilations", Integers{2, 1, 1}}});

  const auto transposed = [&](const Tensor& x, const Shape& w, std::int64_t filters,
                              std::vector<OnnxAttribute> attributes) {
    c.one("ConvTranspose", 11, x, std::move(attributes), {numbers(w, 2), numbers({filters}, 3)});
  };
  transposed(line, {4, 3, 3}, 3, {{"strides", Integers{2}}, {"pads", Integers{1, 0}}, {"output_padding", Integers{1}}});
  transposed(image, {4, 3, 3, 2}, 3, {{"strides", Integers{2, 3}}, {"pads", Integers{1, 0, 0, 1}}});
  transposed(image, {4, 2, 3, 3}, 4,
             {{"group", whole_number(2)}, {"strides", Integers{2, 2}}, {"dilations", Integers{1, 2}}});
  transposed(image, {4, 3, 3, 3}, 3, {{"strides", Integers{2, 2}}, {"auto_pad", text("SAME_UPPER")}});
  transposed(image, {4, 3, 4, 3}, 3, {{"strides", Integers{3, 2}}, {"auto_pad", text("SAME_LOWER")}});
  transposed(image, {4, 3, 3, 3}, 3, {{"strides", Integers{2, 2}}, {"output_shape", Integers{18, 20}}});
  transposed(volume, {3, 2, 2, 3, 2}, 2, {{"strides", Integers{2, 1, 2}}, {"pads", Integers{0, 1, 0, 1, 0, 0}}});

  for (const char* op : {"MaxPool", "AveragePool"}) {
    for (const std::int64_t up : {0, 1}) {
      const std::vector<OnnxAttribute> more =
          op[0] == 'A' ? std::vector<OnnxAttribute>{{"count_include_pad", up}} : std::vector<OnnxAttribute>{};
      const auto pool = [&](const Tensor& x, std::vector<OnnxAttribute> attributes) {
        attributes.push_back({"ceil_mode", up});
        c.one(op, 12, x, attributes);
        attributes.insert(attributes.end(), more.begin(), more.end());
        if (!more.empty()) c.one(op, 12, x, attributes);
      };
      pool(line, {{"kernel_shape", Integers{3}}, {"strides", Integers{2}}});
      pool(image, {{"kernel_shape", Integers{2, 3}}, {"strides", Integers{2, 3}}});
      pool(image, {{"kernel_shape", Integers{3, 3}}, {"strides", Integers{2, 2}}, {"pads", Integers{1, 1, 1, 1}}});
      pool(image, {{"kernel_shape", Integers{3, 2}}, {"pads", Integers{0, 1, 2, 0}}});
      pool(volume,
           {{"kernel_shape", Integers{2, 3, 2}}, {"strides", Integers{2, 2, 2}}, {"pads", Integers{1, 1, 0, 0, 1, 1}}});
    }
    c.one(op, 12, image,
          {{"kernel_shape", Integers{3, 2}}, {"strides", Integers{2, 2}}, {"auto_pad", text("SAME_LOWER")}});
    c.one(op, 12, image,
          {{"kernel_shape", Integers{3, 3}}, {"strides", Integers{2, 1}}, {"auto_pad", text("SAME_UPPER")}});
  }
  c.one("MaxPool", 12, image,
        {{"kernel_shape", Integers{3, 2}}, {"dilations", Integers{2, 3}}, {"strides", Integers{1, 2}}});
  c.one("LpPool", 11, image, {{"kernel_shape", Integers{3, 2}}, {"strides", Integers{2, 1}}, {"p", whole_number(3)}});
  for (const char* op : {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"}) c.one(op, 11, image, {});
  c.cases.check();
}

TEST_CASE("ONNX Runtime: loaded graphs of what stands behind a convolution, in either order of axes") {
  if (!OnnxRuntimeCases::available()) return;
  Cases c;
  const Tensor x = numbers({2, 3, 6, 5});
  const Initializers weights{{"w", numbers({4, 3, 3, 3}, 2) * 0.2}, {"v", numbers({4, 3, 3, 3}, 3) * 0.2}};
  const OnnxAttribute pads{"pads", Integers{1, 1, 1, 1}};
  // [2, 4, 6, 5], then the nodes, of which another convolution can come after.
  const auto behind = [&](const std::string& name, std::vector<OnnxNode> nodes, const Initializers& more = {},
                          int opset = 17) {
    Initializers all = weights;
    all.insert(all.end(), more.begin(), more.end());
    nodes.insert(nodes.begin(), {"Conv", "other", {"x", "v"}, {"b"}, {pads}});
    nodes.insert(nodes.begin(), {"Conv", "conv", {"x", "w"}, {"a"}, {pads}});
    c.add(name, opset, {x}, nodes, all);
  };
  const auto one = [&](const char* op, const Strings& inputs, std::vector<OnnxAttribute> attributes = {},
                       const Initializers& more = {}, int opset = 17) {
    std::string name = std::string(op) + " of";
    for (const auto& input : inputs) name += " " + input;
    for (const auto& attribute : attributes) name += " " + attribute.name;
    behind(name, {{op, "", inputs, {"y"}, std::move(attributes)}}, more, opset);
  };
  one("Relu", {"a"});
  one("Add", {"a", "b"});
  one("Add", {"a", "k"}, {}, {{"k", numbers({4, 1, 1})}});
  one("Mul", {"k", "a"}, {}, {{"k", numbers({5})}});
  one("Sub", {"a", "k"}, {}, {{"k", numbers({1, 4, 6, 1})}});
  one("Add", {"a", "k"}, {}, {{"k", numbers({3, 1, 4, 6, 5})}});  // of more axes
  behind("with the input", {{"Slice", "", {"x", "s", "e", "d"}, {"i"}}, {"Add", "", {"i", "a"}, {"y"}}},
         {{"s", whole({0})}, {"e", whole({1})}, {"d", whole({1})}});
  behind("with a vector of the data",
         {{"ReduceMean", "", {"x"}, {"m"}, {{"axes", Integers{0, 1, 2}}, {"keepdims", no}}},
          {"Mul", "", {"a", "m"}, {"y"}}});
  one("Where", {"k", "a", "b"}, {}, {{"k", numbers({1, 4, 1, 5}) > 0.0}});
  one("PRelu", {"a", "k"}, {}, {{"k", numbers({4, 1, 1})}});
  one("Max", {"a", "b", "k"}, {}, {{"k", constant(0.25)}});
  one("Clip", {"a", "k", "l"}, {}, {{"k", constant(-0.5)}, {"l", constant(0.5)}});
  for (const std::int64_t axis : {0, 1, 2, -1}) {
    one("Concat", {"a", "b"}, {{"axis", axis}});
    one("Softmax", {"a"}, {{"axis", axis}});
    one("Softmax", {"a"}, {{"axis", axis}}, {}, 11);
    one("LogSoftmax", {"a"}, {{"axis", axis}}, {}, 12);
    for (const std::int64_t keep : {0, 1}) {
      one("ArgMax", {"a"}, {{"axis", axis}, {"keepdims", keep}});
      one("ReduceMax", {"a"}, {{"axes", Integers{axis}}, {"keepdims", keep}});
    }
    if (axis >= 0) behind("Split", {{"Split", "", {"a"}, {"y", "z"}, {{"axis", axis}}}});
    one("Gather", {"a", "k"}, {{"axis", axis}}, {{"k", whole({1, 0, -1})}});
    behind("convolution after a reduction",
           {{"ReduceMean", "", {"a"}, {"m"}, {{"axes", Integers{axis}}}},
            {"Mul", "", {"m", "a"}, {"n"}},
            {"Conv", "", {"n", "u"}, {"y"}}},
           {{"u", numbers({2, 4, 2, 2})}});
  }
  one("Concat", {"x", "a"}, {{"axis", whole_number(1)}});
  for (const Integers& axes : {Integers{2, 3}, Integers{1, 2}, Integers{0, 2}, Integers{0, 1}, Integers{0, 2, 3},
                               Integers{1, -1}, Integers{0, 1, 2, 3}}) {
    for (const std::int64_t keep : {0, 1}) one("ReduceSum", {"a", "k"}, {{"keepdims", keep}}, {{"k", whole(axes)}});
  }
  behind("reduced volume",
         {{"Unsqueeze", "", {"a", "k"}, {"u"}},
          {"Conv", "", {"u", "t"}, {"v5"}},
          {"ReduceMax", "", {"v5"}, {"y"}, {{"axes", Integers{2}}, {"keepdims", no}}}},
         {{"k", whole({2})}, {"t", numbers({3, 4, 1, 2, 2})}});
  one("Transpose", {"a"}, {{"perm", Integers{0, 2, 3, 1}}});
  one("Transpose", {"a"}, {{"perm", Integers{0, 3, 1, 2}}});
  one("Transpose", {"a"}, {{"perm", Integers{3, 1, 0, 2}}});
  behind("from channels last",
         {{"Transpose", "", {"a"}, {"t"}, {{"perm", Integers{0, 2, 3, 1}}}},
          {"Relu", "", {"t"}, {"r"}},
          {"Transpose", "", {"r"}, {"u"}, {{"perm", Integers{0, 3, 1, 2}}}},
          {"Conv", "", {"u", "k"}, {"y"}}},
         {{"k", numbers({2, 4, 3, 3})}});
  one("Flatten", {"a"});
  one("Reshape", {"a", "k"}, {}, {{"k", whole({0, -1, 5})}});
  one("Shape", {"a"});
  behind("sizes",
         {{"Shape", "", {"a"}, {"s"}},
          {"Slice", "", {"s", "k", "l"}, {"t"}},
          {"Concat", "", {"t", "m"}, {"u"}, {{"axis", no}}},
          {"Reshape", "", {"a", "u"}, {"y"}}},
         {{"k", whole({0})}, {"l", whole({2})}, {"m", whole({-1})}});
  one("Slice", {"a", "s", "e", "d", "p"}, {},
      {{"s", whole({-1, 3, 0})}, {"e", whole({-100, 0, 100})}, {"d", whole({1, 2, -1})}, {"p", whole({-2, -1, 2})}});
  one("Pad", {"a", "k", "l"}, {}, {{"k", whole({0, 1, 2, -1, 0, 0, 1, 2})}, {"l", constant(0.5)}});
  for (const char* mode : {"reflect", "edge"})
    one("Pad", {"a", "k"}, {{"mode", text(mode)}}, {{"k", whole({0, 1, 2, 1, 0, 0, 1, 2})}});
  one("Resize", {"a", "", "k"}, {{"mode", text("linear")}}, {{"k", constant({1.0, 1.0, 2.0, 1.5})}});
  one("Resize", {"a", "", "", "k"}, {}, {{"k", whole({2, 4, 9, 3})}});
  one("DepthToSpace", {"a"}, {{"blocksize", whole_number(2)}, {"mode", text("CRD")}});
  one("SpaceToDepth", {"k"}, {{"blocksize", whole_number(2)}}, {{"k", numbers({2, 3, 4, 6})}});
  one("Tile", {"a", "k"}, {}, {{"k", whole({1, 2, 1, 3})}});
  one("MatMul", {"a", "k"}, {}, {{"k", numbers({5, 3})}});
  one("Dropout", {"a"});
  one("Cast", {"a"}, {{"to", whole_number(11)}});
  one("InstanceNormalization", {"a", "k", "l"}, {}, {{"k", numbers({4})}, {"l", numbers({4}, 5)}});
  one("LayerNormalization", {"a", "k"}, {{"axis", whole_number(1)}}, {{"k", numbers({4, 6, 5})}});
  one("LayerNormalization", {"a", "k", "l"}, {{"axis", whole_number(-1)}},
      {{"k", numbers({5})}, {"l", numbers({5}, 5)}});
  one("BatchNormalization", {"a", "k", "l", "m", "n"}, {{"epsilon", 0.01f}},
      {{"k", numbers({4})}, {"l", numbers({4}, 5)}, {"m", numbers({4}, 6)}, {"n", abs(numbers({4}, 7))}}, 9);
  one("BatchNormalization", {"x", "k", "l", "m", "n"}, {},
      {{"k", numbers({3})}, {"l", numbers({3}, 5)}, {"m", numbers({3}, 6)}, {"n", abs(numbers({3}, 7))}});
  one("LRN", {"a"}, {{"size", whole_number(3)}, {"alpha", 0.5f}});
  one("MeanVarianceNormalization", {"a"});
  one("GroupNormalization", {"a", "k", "l"}, {{"num_groups", whole_number(2)}},
      {{"k", numbers({4})}, {"l", numbers({4}, 5)}}, 21);
  one("Einsum", {"a", "b"}, {{"equation", text("nchw, ndhw -> ncd")}});
  c.cases.check();
}

TEST_CASE("ONNX Runtime: loaded graphs of older versions and odd attributes") {
  if (!OnnxRuntimeCases::available()) return;
  Cases c;
  c.open_batch = false;
  const Tensor x = numbers({2, 4, 6}), image = numbers({2, 3, 4, 5});
  for (const std::int64_t axis : {0, 1, 2}) {
    for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) {
      c.one(op, 11, x, {{"axis", axis}});
      c.one(op, 13, x, {{"axis", axis}});
    }
    c.one("Flatten", 13, x, {{"axis", axis}});
    for (const char* op : {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMean", "ReduceMin",
                           "ReduceProd", "ReduceSumSquare"}) {
      const Tensor values = std::string_view(op).starts_with("ReduceLogSum") ? abs(x) + 0.1 : x;
      c.one(op, 11, values, {{"axes", Integers{axis}}, {"keepdims", no}});
      c.one(op, 18, values, {}, {whole({axis})});
    }
    for (const std::int64_t flag : {0, 1}) {
      c.one("CumSum", 14, x, {{"exclusive", flag}, {"reverse", 1 - flag}}, {constant(axis, int64)});
      c.one("ArgMin", 13, x, {{"axis", axis}, {"keepdims", flag}, {"select_last_index", flag}});
    }
    c.one("GatherElements", 13, x, {{"axis", axis}}, {constant(Integers{0, -1, 1, 1, -2, 0}, {1, 2, 3})});
    c.one("ScatterElements", 16, x, {{"axis", axis}, {"reduction", text("add")}},
          {constant(Integers{0, -1, 1, 1, -2, 0}, {1, 2, 3}), numbers({1, 2, 3}, 2)});
    c.one("ScatterElements", 13, x, {{"axis", axis}}, {constant(Integers{0, -1}, {1, 1, 2}), numbers({1, 1, 2}, 2)});
  }
  c.one("ReduceSum", 13, x, {{"noop_with_empty_axes", yes}}, {constant(Integers{}, {0})});
  c.one("ReduceSum", 13, x, {});
  c.one("Squeeze", 11, numbers({1, 3, 1}), {{"axes", Integers{-1}}});
  c.one("Squeeze", 13, numbers({2, 1, 3, 1}), {}, {whole({1})});
  c.one("Unsqueeze", 11, x, {{"axes", Integers{0, 2}}});
  c.one("Unsqueeze", 13, x, {}, {whole({-1, 1})});
  c.one("Slice", 9, x, {{"starts", Integers{1, -3}}, {"ends", Integers{100, -1}}, {"axes", Integers{1, 2}}});
  c.one("Slice", 13, x, {}, {whole({3, 5}), whole({-100, 1}), whole({1, -1}), whole({-2, -2})});
  c.one("Pad", 2, x, {{"pads", Integers{0, 1, 2, 0, 0, -1}}, {"value", 0.5f}});
  c.one("Pad", 18, x, {{"mode", text("reflect")}}, {whole({2, 1}), Tensor(), whole({-1})});
  c.one("Clip", 6, x, {{"min", -0.5f}, {"max", 0.25f}});
  c.one("Clip", 13, x, {}, {Tensor(), constant(0.5)});
  c.one("Dropout", 7, x, {{"ratio", 0.75f}});
  c.one("Upsample", 9, image, {{"mode", text("nearest")}}, {constant({1.0, 1.0, 2.0, 3.0})});
  c.one("Upsample", 9, image, {{"mode", text("linear")}}, {constant({1.0, 1.0, 2.0, 2.0})});
  c.one("Resize", 10, image, {{"mode", text("nearest")}}, {constant({1.0, 1.0, 0.5, 2.0})});
  c.one("Resize", 10, image, {{"mode", text("linear")}}, {constant({1.0, 1.0, 2.0, 1.5})});
  for (const char* coordinates : {"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"}) {
    const OnnxAttribute how{"coordinate_transformation_mode", text(coordinates)};
    for (const Integers& sizes : {Integers{2, 3, 7, 9}, Integers{2, 3, 3, 2}, Integers{2, 3, 1, 5}}) {
      c.one("Resize", 13, image, {how, {"mode", text("linear")}}, {Tensor(), Tensor(), whole(sizes)});
      c.one("Resize", 13, image, {how, {"mode", text("cubic")}, {"cubic_coeff_a", -0.5f}},
            {Tensor(), Tensor(), whole(sizes)});
      for (const char* nearest : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}) {
        c.one("Resize", 13, image, {how, {"mode", text("nearest")}, {"nearest_mode", text(nearest)}},
              {Tensor(), Tensor(), whole(sizes)});
      }
    }
  }
  c.one("Resize", 13, image, {{"mode", text("cubic")}, {"exclude_outside", yes}},
        {Tensor(), constant({1.0, 1.0, 1.5, 0.6})});
  c.one("Gelu", 20, x, {{"approximate", text("tanh")}});
  c.one("Gelu", 20, x, {});
  c.one("HardSigmoid", 6, x, {{"alpha", 0.3f}, {"beta", 0.4f}});
  c.one("Selu", 6, x, {{"alpha", 1.5f}, {"gamma", 1.2f}});
  c.one("Celu", 12, x, {{"alpha", 0.5f}});
  c.one("Elu", 6, x, {{"alpha", 0.5f}});
  c.one("ThresholdedRelu", 10, x, {{"alpha", 0.5f}});
  c.one("Shrink", 9, x, {{"lambd", 0.5f}, {"bias", 0.25f}});
  c.one("Trilu", 14, x, {{"upper", no}}, {constant(-1, int64)});
  c.one("LpNormalization", 1, x, {{"axis", whole_number(1)}, {"p", whole_number(1)}});
  c.one("Shape", 15, x, {{"start", whole_number(-2)}, {"end", whole_number(100)}});
  c.one("Gather", 13, x, {{"axis", whole_number(1)}}, {constant(Integers{0, -1, 2, 1}, {2, 2})});
  c.one("GatherND", 13, x, {{"batch_dims", whole_number(1)}}, {constant(Integers{1, -1, 0, 3}, {2, 1, 2})});
  c.one("ScatterND", 16, x, {{"reduction", text("add")}},
        {constant(Integers{0, 1, 0, 1, 1, -1}, {3, 2}), numbers({3, 6}, 2)});
  c.one("OneHot", 11, constant(Integers{0, 2, -1, 7}, {2, 2}), {{"axis", whole_number(1)}},
        {constant(3, int64), constant({0.5, 2.0})});
  c.add("TopK of the smallest", 11, {x},
        {{"TopK", "", {"x", "k"}, {"y", "z"}, {{"axis", whole_number(1)}, {"largest", no}}}}, {{"k", whole({2})}});
  c.add("TopK with an attribute", 9, {x}, {{"TopK", "", {"x"}, {"y", "z"}, {{"k", whole_number(3)}}}});
  c.add("Split with an attribute", 11, {x},
        {{"Split", "", {"x"}, {"y", "z"}, {{"axis", whole_number(2)}, {"split", Integers{2, 4}}}}});
  c.add("Split into unequal parts", 18, {numbers({2, 7})},
        {{"Split", "", {"x"}, {"y", "z", "u"}, {{"axis", yes}, {"num_outputs", whole_number(3)}}}});
  c.add("LayerNormalization with all results", 17, {x},
        {{"LayerNormalization", "", {"x", "w"}, {"y", "m", "s"}, {{"axis", yes}, {"epsilon", 0.01f}}}},
        {{"w", numbers({4, 6})}});
  const Tensor a = numbers({3, 4}, 2);
  c.one("Gemm", 7, a, {{"alpha", 0.5f}, {"beta", 2.0f}, {"transB", yes}}, {numbers({5, 4}), numbers({5})});
  c.one("Gemm", 13, a, {{"transA", yes}}, {numbers({3, 5}), numbers({4, 1})});
  c.one("Gemm", 13, a, {{"beta", 0.5f}}, {numbers({4, 5}), numbers({1})});
  c.one("Gemm", 13, a, {}, {numbers({4, 5})});
  c.one("Pow", 13, abs(x), {}, {constant(2.5)});
  c.one("Pow", 13, constant(Integers{-3, 2, 5}), {}, {whole({3, 2, 0})});
  c.one("Div", 13, constant(Integers{-7, 7, -7, 7}), {}, {whole({2, -2, -2, 2})});
  c.one("Mod", 13, constant(Integers{-7, 7, -7, 7}), {}, {whole({2, -2, -2, 2})});
  c.one("Mod", 13, x, {{"fmod", yes}}, {constant(0.7)});
  c.one("Mod", 13, constant(Integers{-7, 7, -7, 7}), {{"fmod", yes}}, {whole({2, -2, -2, 2})});
  c.one("BitwiseAnd", 18, constant(Integers{-7, 7, -7, 12}), {}, {whole({2, -2, 5, 6})});
  c.one("BitwiseOr", 18, constant(Integers{-7, 7, -7, 12}), {}, {whole({2, -2, 5, 6})});
  c.one("BitwiseXor", 18, constant(Integers{-7, 7, -7, 12}), {}, {whole({2, -2, 5, 6})});
  c.one("BitwiseNot", 18, constant(Integers{-7, 7, 0, 12}), {});
  c.one("Round", 11, constant({0.5, 1.5, 2.5, -0.5, -1.5}), {});
  c.one("IsInf", 10, x / zeros({2, 4, 6}), {{"detect_negative", no}});
  c.one("Cast", 13, x * 3, {{"to", whole_number(6)}});
  c.one("Cast", 13, x * 3, {{"to", whole_number(9)}});
  c.cases.check();
}

TEST_CASE("ONNX Runtime: loaded graphs of recurrent operators") {
  if (!OnnxRuntimeCases::available()) return;
  Cases c;
  const std::int64_t time = 5, batch = 3, k = 4, units = 3;
  const Tensor x = numbers({time, batch, k});
  const auto add = [&](const std::string& op, std::int64_t gates, std::vector<OnnxAttribute> attributes,
                       const std::string& given = "BLHC", std::int64_t directions = 1) {
    attributes.push_back({"hidden_size", units});
    const auto has = [&](char what) { return given.find(what) != std::string::npos; };
    Initializers all{{"W", numbers({directions, gates * units, k}, 2)},
                     {"R", numbers({directions, gates * units, units}, 3)}};
    Strings inputs{"x", "W", "R"};
    const auto input = [&](char what, const Tensor& t) {
      inputs.push_back(has(what) ? std::string(1, what) : "");
      if (has(what)) all.emplace_back(std::string(1, what), t);
    };
    input('B', numbers({directions, 2 * gates * units}, 4));
    input('L', constant({5, 2, 3}));
    input('H', numbers({directions, batch, units}, 5));
    if (gates == 4) {
      input('C', numbers({directions, batch, units}, 6));
      input('P', numbers({directions, 3 * units}, 7));
    }
    Strings outputs{"y", "h"};
    if (gates == 4) outputs.push_back("c");
    std::string name = op + " " + given;
    for (const auto& attribute : attributes) name += " " + attribute.name;
    c.add(name, 14, {x}, {{op, "", inputs, outputs, attributes}}, all);
  };
  const auto direction = [](const char* name) { return OnnxAttribute{"direction", text(name)}; };
  for (const auto& [op, gates] : {std::pair{"LSTM", 4}, std::pair{"GRU", 3}, std::pair{"RNN", 1}}) {
    add(op, gates, {}, "");
    add(op, gates, {});
    add(op, gates, {direction("reverse")});
    add(op, gates, {direction("bidirectional")}, "BLHC", 2);
    add(op, gates, {direction("bidirectional")}, "B", 2);
    add(op, gates, {{"clip", 0.5f}}, "B");
  }
  add("LSTM", 4, {}, "BLHCP");
  add("LSTM", 4, {direction("bidirectional")}, "BP", 2);
  add("LSTM", 4,
      {{"activations", Strings{"HardSigmoid", "Softsign", "Relu"}},
       {"activation_alpha", Floats{0.3f}},
       {"activation_beta", Floats{0.4f}}});
  add("LSTM", 4,
      {direction("bidirectional"),
       {"activations", Strings{"Sigmoid", "Tanh", "Tanh", "Sigmoid", "Elu", "LeakyRelu"}},
       {"activation_alpha", Floats{0.5f, 0.1f}}},
      "B", 2);
  add("GRU", 3, {{"linear_before_reset", yes}});
  add("GRU", 3, {{"linear_before_reset", yes}, direction("reverse")}, "L");
  add("GRU", 3, {{"linear_before_reset", yes}, {"activations", Strings{"HardSigmoid", "Tanh"}}});
  add("GRU", 3, {{"activations", Strings{"Sigmoid", "Relu"}}}, "B");
  add("RNN", 1, {{"activations", Strings{"Relu"}}}, "BH");
  c.cases.check();
}

}  // namespace xtape::testing
