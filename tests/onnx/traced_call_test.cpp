#include "onnx/traced_call.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "core/call_notes.hpp"
#include "core/shapes_only.hpp"
#include "onnx/export_onnx.hpp"
#include "onnx/op_mappings.hpp"
#include "onnxruntime/op_rows.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/xtape.hpp"

namespace xtape::testing {
namespace {

namespace inner = xtape::detail;
using namespace layers;
using inner::OnnxModel;
using Strings = std::vector<std::string>;

OnnxModel traced(const inner::OnnxFunction& function, const SymbolicList& inputs) {
  return inner::onnx_model(function, inputs, {});
}
Strings ops(const OnnxModel& model) {
  Strings all;
  for (const auto& node : model.nodes) all.push_back(node.op);
  return all;
}
Strings names(const OnnxModel& model) {
  Strings all;
  for (const auto& [name, tensor] : model.initializers) all.push_back(name);
  return all;
}
std::string shown(const inner::OnnxPort& port) {
  std::string text = port.name + " " + name(port.dtype);
  for (const auto& dimension : port.dimensions) {
    text += " " + (dimension.size >= 0 ? std::to_string(dimension.size) : dimension.name);
  }
  return text;
}

/// The ops that a function calls, without those of which they are made.
std::set<std::string> noted(const std::function<void()>& call) {
  inner::CallNotes notes;
  const inner::ShapesOnly shapes(&notes);
  call();
  std::set<std::string> all;
  for (const auto& note : notes.all()) all.insert(note.op);
  return all;
}

}  // namespace

TEST_CASE("export of traced code: every op of the table notes its calls, and is in a row that ONNX Runtime runs") {
  std::set<std::string> called{"masked",
                               "dense"};  // of with_mask() and layers: tests/onnxruntime/traced_models_test.cpp
  for (const OnnxOpRow& row : onnx_op_rows()) {
    CAPTURE(row.name);
    const Tensor x = full({2, 4, 6}, 0.5), y = full({2, 4, 6}, 0.25);
    called.merge(noted([&] { (void)row.eager(x, y); }));
  }
  std::size_t count = 0;
  for (const auto& family : {inner::onnx_elementwise_ops(), inner::onnx_reduction_ops(), inner::onnx_movement_ops(),
                             inner::onnx_nn_ops(), inner::onnx_window_ops()}) {
    for (const auto& mapping : family) {
      ++count;
      CHECK_MESSAGE(called.contains(mapping.op), mapping.op,
                    " is in no row of tests/onnxruntime/op_rows_test.cpp, or does not begin with XTAPE_NOTE");
    }
  }
  CHECK(count >= 120);
}

TEST_CASE("export of traced code: ports, names and weights") {
  struct Net : Model {
    Dense hidden = track(Dense(3), "hidden");
    Variable scale = track(Variable(2.0f, {.name = "scale"}), "scale");
    TensorList call_list(const TensorList& in) override {
      const Tensor y = hidden(in[0]) * scale;
      return {y + in[1], nn::softmax(y)};
    }
  };
  Net net;
  (void)net({zeros({2, 4}), zeros({2, 3})});
  const OnnxModel onnx = inner::onnx_model(net, {});
  CHECK(shown(onnx.inputs[0]) == "input float32 batch 4");
  CHECK(shown(onnx.inputs[1]) == "input_1 float32 batch 3");
  CHECK(shown(onnx.outputs[0]) == "output float32 batch 3");
  CHECK(shown(onnx.outputs[1]) == "output_1 float32 batch 3");
  CHECK(ops(onnx) == Strings{"Gemm", "Mul", "Add", "Softmax"});
  CHECK(names(onnx) == Strings{"hidden/kernel", "hidden/bias", "scale"});
  CHECK(onnx.nodes[0].name == "hidden/Gemm");
  CHECK(shown(inner::onnx_model(net, {.batch_size = 5}).outputs[0]) == "output float32 5 3");

  const OnnxModel named =
      inner::onnx_model(net, {.inputs = {Input({-1, 4}, {.name = "a"}), Input({-1, 3}, {.name = "b"})}});
  CHECK(shown(named.inputs[0]) == "a float32 batch a_1 4");
  CHECK(shown(named.outputs[0]) == "output float32 batch a_1 3");
  const Sequential plain{Input({4}), Dense(2)};
  CHECK_THROWS_TEXT(ValueError, "has inputs of its own", (void)inner::onnx_model(plain, {.inputs = Input({4})}));
}

TEST_CASE("export of traced code: dtypes of the first call, and what nothing needs is gone") {
  struct Words : Model {
    Embedding table = track(Embedding(9, 2));
    Dropout dropout = track(Dropout(0.5));
    Tensor call(const Tensor& ids) override {
      const Tensor x = dropout(table(ids));
      add_loss(reduce_sum(square(x)) * reduce_mean(random::normal({3})));
      return reduce_mean(x, 1);
    }
  };
  Words words;
  (void)words(zeros({2, 5}, int64));
  const OnnxModel onnx = inner::onnx_model(words, {});
  CHECK(shown(onnx.inputs[0]) == "input int64 batch 5");
  CHECK(ops(onnx) == Strings{"Gather", "ReduceMean"});
}

TEST_CASE("export of traced code: constants are folded, weights are not") {
  const Variable w(full({2, 2}, 3.0), {.name = "w"});
  const OnnxModel onnx = traced(
      [&](const TensorList& x) -> TensorList {
        const Tensor table = xtape::sqrt(cast(arange(2000), float32));
        return matmul(x.only(), w, {.transpose_b = true}) +
               slice_axis(table, 0, 1998, 2) * (xtape::exp(Tensor(0.0)) + 1.0);
      },
      Input({2}));
  CHECK(ops(onnx) == Strings{"Transpose", "MatMul", "Add"});
  CHECK(names(onnx) == Strings{"w", "constant"});
}

TEST_CASE("export of traced code: sizes that the inputs leave open") {
  const auto shape_ops = [](const inner::OnnxFunction& f) { return ops(traced(f, Input({-1, 4}, {.name = "x"}))); };
  CHECK(shape_ops([](const TensorList& x) -> TensorList {
          return reshape(x[0], {x[0].shape(0), 2, -1});
        }) == Strings{"Reshape"});
  CHECK(shape_ops([](const TensorList& x) -> TensorList { return slice_axis(x[0], 1, x[0].shape(1) - 2, 2); }) ==
        Strings{"Slice"});
  CHECK(shape_ops([](const TensorList& x) -> TensorList { return slice_axis(x[0], 1, 0, x[0].shape(1)) * 2; }) ==
        Strings{"Mul"});
}

TEST_CASE("export of traced code: what cannot be written is named with its layer") {
  const auto error = [](const std::string& text, const inner::OnnxFunction& f, const Shape& shape = {4}) {
    CHECK_THROWS_TEXT(ValueError, text, (void)traced(f, Input(shape)));
  };
  error("[export_onnx] the op 'lgamma' in the function: ONNX has no node for it",
        [](const TensorList& x) -> TensorList { return xtape::lgamma(x.only()); });
  error("the op 'polygamma' of 'digamma' in the function",
        [](const TensorList& x) -> TensorList { return digamma(x.only()); });
  error("the op 'add' in the function: a tensor of shape (4,) is neither made by ops of the inputs nor constant",
        [](const TensorList& x) -> TensorList { return x.only() + random::normal({4}); });
  error("depends on elements of tensors in C++", [](const TensorList& x) -> TensorList {
    return reduce_sum(x.only()).item<float>() > 0 ? x : TensorList(-x.only());
  });
  error("the ops that it calls depend on a size",
        [](const TensorList& x) -> TensorList {
          Tensor sum = zeros({1});
          for (std::int64_t i = 0; i < x.only().shape(1); ++i) sum = sum + slice_axis(x.only(), 1, i, 1);
          return sum;
        },
        {-1});
  error("its multiples depends on a size that the inputs leave open, such as {1, 32} and {1, 64}",
        [](const TensorList& x) -> TensorList {
          return tile(slice_axis(x.only(), 1, 0, 1), {1, x.only().shape(1)});
        },
        {-1});
  error("the op 'cast' in the function: a constant of shape (1, 32) depends on a size",
        [](const TensorList& x) -> TensorList {
          std::vector<double> squares;
          for (std::int64_t i = 0; i < x.only().shape(1); ++i) squares.push_back(static_cast<double>(i * i));
          return x.only() + cast(constant(squares, {1, x.only().shape(1)}), float32);
        },
        {-1});
  struct Noise : LayerBase<Noise> {
    Tensor call(const Tensor& x) override { return x + random::normal(x.shape()); }
  };
  struct Net : Model {
    Noise noise = track(Noise(), "noise");
    Tensor call(const Tensor& x) override { return noise(x) * 2; }
  };
  Net net;
  (void)net(zeros({2, 3}));
  CHECK_THROWS_TEXT(ValueError, "the op 'add' in layer 'net/noise' (Noise): a tensor of shape",
                    (void)inner::onnx_model(net, {}));
  Net unbuilt;
  CHECK_THROWS_TEXT(ValueError, "the model 'net' is not built yet", (void)inner::onnx_model(unbuilt, {}));
  CHECK_THROWS_TEXT(ValueError, "expected at least one input", (void)traced([](const TensorList& x) { return x; }, {}));
}

TEST_CASE("export of traced code: dropout that drops in inference is not left out") {
  struct Uncertain : Model {
    Dropout dropout = track(Dropout(0.5));
    Tensor call(const Tensor& x) override { return dropout(x, {.training = true}); }
  };
  Uncertain model;
  (void)model(zeros({2, 3}));
  CHECK_THROWS_TEXT(ValueError, "in layer 'uncertain/dropout' (Dropout): a tensor of shape",
                    (void)inner::onnx_model(model, {}));
}

TEST_CASE("export of traced code: nothing is left behind, also after an error") {
  const TempDir folder;
  struct Counting : Model {
    Dense dense = track(Dense(2));
    Variable calls = track(Variable(Tensor(0.0f), {.trainable = false}), "calls");
    Tensor call(const Tensor& x) override {
      calls.assign_add(1.0f);
      return fails ? lgamma(dense(x)) : dense(x);
    }
    bool fails = false;
  };
  Counting model;
  const Tensor x = random::normal({3, 4}), before = model(x);
  model.export_onnx(folder / "m.onnx");
  model.fails = true;
  CHECK_THROWS_AS(model.export_onnx(folder / "m.onnx"), ValueError);
  model.fails = false;
  CHECK(model.calls.value().item<float>() == 1);
  CHECK(inner::thread_state.tracer == nullptr);
  CHECK(inner::thread_state.variable_hooks == nullptr);
  CHECK_SAME_BITS(model(x), before);
}

}  // namespace xtape::testing
