// Models whose call() is C++ code: those of the examples, Lambdas, users' layers; run by ONNX Runtime.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>

#include "onnxruntime/cases.hpp"
#include "xtape/ops/map.hpp"
#include "xtape/xtape.hpp"

// The classes of the examples as they are; their programs are not run.
#define XTAPE_SOURCE_DIR ""
#include "../../examples/support/example.hpp"
#define main run
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"  // which only main may leave out
namespace custom_layer {
#include "../../examples/custom_layer.cpp"
}
namespace custom_training_loop {
#include "../../examples/custom_training_loop.cpp"
}
namespace function_example {
#include "../../examples/function.cpp"
}
namespace tensorboard {
#include "../../examples/tensorboard.cpp"
}
namespace transformer {
#include "../../examples/transformer.cpp"
}
namespace variational_autoencoder {
#include "../../examples/variational_autoencoder.cpp"
}
namespace xor_example {
#include "../../examples/xor.cpp"
}
#pragma GCC diagnostic pop
#undef main

namespace xtape::testing {
namespace {

using namespace layers;

Tensor numbers(const Shape& shape, std::uint64_t seed = 1) { return random::Generator(seed).normal(shape); }
Tensor tokens(const Shape& shape, std::int64_t count) {
  return random::Generator(3).uniform(shape, 0, static_cast<double>(count), int32);
}

std::vector<TensorList> runs(const std::function<TensorList(std::int64_t)>& inputs) { return {inputs(1), inputs(7)}; }

/// x w, and what it keeps of the steps that its mask leaves.
struct Scale : LayerBase<Scale> {
  Variable scale;
  void build(const Shape& input) override { scale = add_weight("scale", {input.back()}, {.initializer = "ones"}); }
  Tensor call(const Tensor& x) override { return x * scale + 0.5; }
};

}  // namespace

TEST_CASE("ONNX Runtime: the subclassed models of the examples") {
  if (!OnnxRuntimeCases::available()) return;
  random::set_seed(5);
  OnnxRuntimeCases cases;
  const auto add = [&](const char* name, Model& model, const std::function<TensorList(std::int64_t)>& inputs,
                       const ExportOnnxOptions& options = {}) {
    (void)model(inputs(2));
    // Weights that differ from their initial values, such as biases of 0.
    for (const Variable& variable : model.variables()) {
      Variable each = variable;
      each.assign_add(cast(0.1 * numbers(variable.shape(), 2), variable.dtype()));
    }
    cases.add(name, model, runs(inputs), options);
  };
  {
    custom_training_loop::MLP model;
    add("custom_training_loop", model, [](auto n) { return numbers({n, 28, 28, 1}); });
  }
  {
    function_example::Net model;
    add("function", model, [](auto n) { return numbers({n, 2}); });
  }
  {
    tensorboard::Classifier model;
    add("tensorboard", model, [](auto n) { return numbers({n, 28, 28, 1}); });
  }
  for (const char* activation : {"relu", "leaky_relu"}) {
    xor_example::Xor model(activation);
    add("xor", model, [](auto n) { return numbers({n, 2}); });
  }
  {
    variational_autoencoder::Autoencoder model;
    add("variational_autoencoder", model, [](auto n) { return numbers({n, 28, 28, 1}); });
  }
  {
    Sequential model{custom_layer::Bells(6), Dense(1, {.activation = "sigmoid"})};
    add("custom_layer", model, [](auto n) { return numbers({n, 2}); });
  }
  {
    transformer::Reverser model;
    add("transformer", model, [](auto n) { return tokens({n, transformer::length}, transformer::digits); });
    // Any length up to that of the table of places.
    const ExportOnnxOptions any{.inputs = Input({-1}, {.dtype = int32, .name = "digits"})};
    cases.add("transformer of any length", model, {tokens({1, 12}, 10), tokens({7, 5}, 10), tokens({3, 9}, 10)}, any);
    // What the example plots.
    cases.add("weights", [&](const TensorList& x) -> TensorList { return model.weights(x.only()); },
              Input({-1}, {.dtype = int32}), {tokens({1, 12}, 10), tokens({7, 5}, 10)});
  }
  cases.check();
}

TEST_CASE("ONNX Runtime: functions and classes of users in models") {
  if (!OnnxRuntimeCases::available()) return;
  random::set_seed(6);
  OnnxRuntimeCases cases;
  SUBCASE("Lambda") {
    Sequential model{Input({4, 3}), Dense(5),
                     Lambda([](const Tensor& x) { return square(x) - reduce_mean(x, -1, true); }), Dense(2)};
    cases.add("in a Sequential", model, runs([](auto n) { return numbers({n, 4, 3}); }));
    const auto a = Input({4}, {.name = "a"}), b = Input({4}, {.name = "b"});
    Model functional({a, b}, Lambda([](const TensorList& in) {
                               return TensorList{in[0] * in[1], in[0] - in[1]};
                             }).outputs({a, b}));
    cases.add("of several tensors", functional, runs([](auto n) {
                return TensorList{numbers({n, 4}), numbers({n, 4}, 2)};
              }));
    const auto ids = Input({-1}, {.dtype = int32});
    const auto kept = Lambda([](const Tensor& x) { return x * 2; }, {.mask = [](const Tensor&, const Tensor& mask) {
                               return mask;
                             }})(Embedding(9, 4, {.mask_zero = true})(ids));
    Model masked(ids, GRU(3)(kept));
    cases.add("with a mask", masked, {tokens({1, 5}, 3), tokens({7, 8}, 3)});
  }
  SUBCASE("a user's layer") {
    const auto x = Input({-1, 3});
    Model model(x, GlobalAveragePooling1D()(Scale()(Conv1D(4, 2, {.padding = "same"})(x))));
    cases.add("between layers", model, {numbers({1, 5, 3}), numbers({7, 9, 3})});
    Sequential stack{Input({4, 3}), TimeDistributed(Scale()), Bidirectional(LSTM(2))};
    cases.add("in a wrapper", stack, runs([](auto n) { return numbers({n, 4, 3}); }));
  }
  SUBCASE("activations") {
    Sequential model{Input({6, 3}), Activation([](const Tensor& x) { return x * sigmoid(1.5 * x); }),
                     Dense(4, {.activation = [](const Tensor& x) { return nn::relu(x) + 0.1 * x; }}),
                     Conv1D(4, 2, {.activation = [](const Tensor& x) { return xtape::sin(x); }})};
    cases.add("C++ functions", model, runs([](auto n) { return numbers({n, 6, 3}); }));
  }
  SUBCASE("sizes in the code") {
    struct Heads : Model {
      Dense dense = track(Dense(8));
      Tensor call(const Tensor& x) override {
        const std::int64_t batch = x.shape(0), time = x.shape(1);
        const Tensor parts = transpose(reshape(dense(x), {batch, time, 2, 4}), {0, 2, 1, 3});
        const Tensor scores = nn::softmax(matmul(parts, parts, {.transpose_b = true}) / 2.0);
        const Tensor places = cast(arange(time), float32) / static_cast<double>(8);
        const Tensor ones = zeros({batch, time, 1}) + 1;
        const Tensor joined = reshape(transpose(matmul(scores, parts), {0, 2, 1, 3}), {batch, time, 8});
        return joined * ones + expand_dims(places, 1) + broadcast_to(slice_axis(x, 1, time - 1, 1), {batch, time, 8}) +
               reduce_sum(slice_axis(joined, 1, 0, time), 1, true) / static_cast<double>(time);
      }
    };
    Heads model;
    (void)model(numbers({2, 5, 8}));
    cases.add("of one length", model, runs([](auto n) { return numbers({n, 5, 8}); }));
    cases.add("of any length", model, {numbers({1, 3, 8}), numbers({7, 11, 8})},
              {.inputs = Input({-1, 8}, {.name = "steps"})});
  }
  SUBCASE("two open lengths") {
    const auto attend = [](const TensorList& in) -> TensorList {
      return nn::scaled_dot_product_attention(in[0], in[1], in[1]) +
             reshape(cast(arange(in[0].shape(1)), float32), {in[0].shape(1), 1});
    };
    cases.add("apart", attend, {Input({-1, 4}, {.name = "q"}), Input({-1, 4}, {.name = "k"})},
              {{numbers({1, 3, 4}), numbers({1, 7, 4}, 2)}, {numbers({7, 6, 4}), numbers({7, 2, 4}, 2)}});
    const auto sum = [](const TensorList& in) -> TensorList { return in[0] + in[1]; };
    cases.add("the same", sum, {Input({-1, 4}, {.name = "a"}), Input({-1, 4}, {.name = "b"})},
              {{numbers({1, 3, 4}), numbers({1, 3, 4}, 2)}, {numbers({7, 6, 4}), numbers({7, 6, 4}, 2)}});
  }
  SUBCASE("a function with variables, constants and models") {
    const Variable w(numbers({3, 4}), {.name = "w"});
    const Tensor known = numbers({4}, 3);
    Sequential inner{Input({4}), Dense(2, {.activation = "tanh"}), BatchNormalization()};
    (void)inner(numbers({2, 4}));
    cases.add(
        "closure",
        [&](const TensorList& x) -> TensorList {
          const Tensor y = matmul(x.only(), w) + known;
          return {inner(y), with_mask(y, equal(reduce_sum(x.only(), 1), 0))};
        },
        Input({3}), runs([](auto n) {
          return numbers({n, 3});
        }));
  }
  SUBCASE("map") {
    const auto formula = [](const TensorList& x) -> TensorList {
      return map([](auto a, auto b) { return max(a * tanh(b) + 1, 0.5) - select(a > b, a, 2 * b); }, x[0], x[1]);
    };
    cases.add("formula", formula, {Input({4}, {.name = "a"}), Input({4}, {.name = "b"})}, runs([](auto n) {
                return TensorList{numbers({n, 4}), numbers({n, 4}, 2)};
              }));
  }
  SUBCASE("a class derived from Sequential with a call of its own") {
    struct Residual : Sequential {
      Residual() : Sequential{Input({4}), Dense(4, {.activation = "relu"}), Dense(4)} {}
      Tensor call(const Tensor& x) override { return x + Sequential::call(x); }
    };
    Residual model;
    cases.add("residual", model, runs([](auto n) { return numbers({n, 4}); }));
    const auto x = Input({4});
    Model outer(x, Dense(2)(model(x)));
    cases.add("inside a model", outer, runs([](auto n) { return numbers({n, 4}); }));
  }
  SUBCASE("a class derived from a functional model with a call of its own") {
    struct Doubled : Model {
      explicit Doubled(const SymbolicTensor& x) : Model(x, Dense(3)(x)) {}
      TensorList call_list(const TensorList& x) override { return {Model::call_list(x).only() * 2}; }
    };
    Doubled model(Input({4}));
    cases.add("doubled", model, runs([](auto n) { return numbers({n, 4}); }));
  }
  SUBCASE("mixed precision") {
    struct Net : Model {
      Net(const char* policy) : first(track(Dense(4, {.dtype = policy}))), own(track(Scale())) {
        own.set_dtype_policy(policy);
      }
      Dense first;
      Scale own;
      Tensor call(const Tensor& x) override { return cast(own(first(x)), float32) * 2; }
    };
    Net model("mixed_bfloat16"), same("float32");
    (void)model(numbers({2, 3}));
    (void)same(numbers({2, 3}));
    same.set_weights(model.get_weights());
    cases.add("mixed_bfloat16", model, runs([](auto n) { return numbers({n, 3}); }), {}, &same);
  }
  cases.check();
}

}  // namespace xtape::testing
