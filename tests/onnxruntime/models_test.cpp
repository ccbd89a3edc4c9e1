// Models such as those of the examples, exported and run by ONNX Runtime.
#include <doctest/doctest.h>

#include <filesystem>
#include <functional>

#include "onnxruntime/cases.hpp"
#include "support/source_dir.hpp"
#include "xtape/xtape.hpp"

namespace xtape::testing {
namespace {

using namespace layers;

/// Moving statistics that are not 0 and 1, and so on: a few steps of training.
template <class M>
M& trained(M& model, const TensorList& x, const TensorList& y, const char* loss = "mse") {
  model.compile({.optimizer = optimizers::Adam({.learning_rate = 0.01}), .loss = loss});
  model.fit(x, y, {.epochs = 3, .verbose = 0});
  return model;
}

Tensor numbers(const Shape& shape, std::uint64_t seed) { return random::Generator(seed).normal(shape); }
Tensor tokens(const Shape& shape, std::uint64_t seed, std::int64_t count, bool padded = true) {
  const Tensor ids = random::Generator(seed).uniform(shape, 0, static_cast<double>(count), int32);
  if (!padded) return ids;
  return ids * cast(arange(shape[1]) < (shape[1] - 3), int32);
}

}  // namespace

TEST_CASE("ONNX Runtime: models") {
  if (!OnnxRuntimeCases::available()) return;
  random::set_seed(5);
  OnnxRuntimeCases cases;
  const auto runs = [](const std::function<TensorList(std::int64_t)>& inputs) {
    return std::vector<TensorList>{inputs(1), inputs(7)};
  };

  SUBCASE("perceptron") {
    Sequential model{Input({28, 28}), Flatten(), Dense(32, {.activation = "relu"}), Dropout(0.2), Dense(10)};
    cases.add("perceptron", model, runs([](auto n) { return numbers({n, 28, 28}, 1); }));
    Sequential unnamed{Dense(8, {.activation = "gelu"}), BatchNormalization(), Dense(3, {.activation = "softmax"})};
    unnamed.build_for({-1, 5});
    trained(unnamed, numbers({32, 5}, 2), numbers({32, 3}, 3));
    cases.add("without an Input", unnamed, runs([](auto n) { return numbers({n, 5}, 4); }));
  }
  SUBCASE("convolutional network") {
    Sequential model{Input({16, 16, 3}),
                     Rescaling(0.5),
                     Conv2D(8, 3, {.padding = "same", .use_bias = false}),
                     BatchNormalization(),
                     ReLU(),
                     MaxPooling2D(2),
                     DepthwiseConv2D(3, {.strides = 2, .padding = "same"}),
                     BatchNormalization({.scale = false}),
                     Activation("relu6"),
                     SeparableConv2D(12, 3, {.activation = "silu"}),
                     BatchNormalization(),
                     ZeroPadding2D(1),
                     Conv2D(8, 3),
                     GlobalAveragePooling2D(),
                     Dense(16, {.use_bias = false}),
                     BatchNormalization(),
                     Dense(4, {.activation = "softmax"})};
    trained(model, numbers({16, 16, 16, 3}, 1), numbers({16, 4}, 2));
    for (const int opset : {13, 17, 21}) {
      cases.add("cnn", model, runs([](auto n) { return numbers({n, 16, 16, 3}, 3); }), {.opset = opset});
    }
    cases.add("cnn without folding", model, runs([](auto n) {
                return numbers({n, 16, 16, 3}, 3);
              }),
              {.fold_batch_normalization = false});
  }
  SUBCASE("cells of a stack") {
    const auto x = Input({-1, 3});
    const auto masked = Masking()(x);
    RNN stack(StackedRNNCells({LSTMCell(4), SimpleRNNCell(3), GRUCell(2)}),
              {.return_sequences = true, .return_state = true});
    const auto first = stack.outputs(masked);
    const auto second = RNN(StackedRNNCells({GRUCell(3), LSTMCell(2)}), {.go_backwards = true})(first[0]);
    Model model({x}, {first[0], first[1], first[2], first[3], first[4], second});
    cases.add("cells of a stack", model, runs([](auto n) {
                const Tensor keep = cast(numbers({n, 6, 1}, 8) > -0.5, float32);
                return numbers({n, 6, 3}, 7) * keep;
              }));
    const auto h = Input({4}), c = Input({4}), s = Input({3}), g = Input({2});
    Model started({x, h, c, s, g}, stack.outputs({x, h, c, s, g}));
    cases.add("cells of a stack, from given states", started, runs([](auto n) {
                return TensorList{numbers({n, 6, 3}, 1), numbers({n, 4}, 2), numbers({n, 4}, 3), numbers({n, 3}, 4),
                                  numbers({n, 2}, 5)};
              }));
  }
  SUBCASE("adaptive pooling of images of any size") {
    const auto x = Input({-1, -1, 3}), wide = Input({7, -1, 3});
    Model model({x, wide}, {AdaptiveAveragePooling2D({3, 2})(x), AdaptiveMaxPooling2D(3)(x),
                            AdaptiveAveragePooling2D({3, 2})(wide), AdaptiveMaxPooling2D({9, 4})(wide)});
    cases.add("adaptive pooling", model, runs([](auto n) {
                return TensorList{numbers({n, n + 4, 8, 3}, 1), numbers({n, 7, 11, 3}, 2)};
              }));
  }
  SUBCASE("images of any size") {
    const auto x = Input({-1, -1, 3});
    auto y = Conv2D(4, 3, {.padding = "same", .activation = "relu"})(x);
    y = Conv2D(4, 3, {.strides = 2, .padding = "same"})(y);
    y = UpSampling2D(2)(MaxPooling2D(2)(y));
    Model model(x, GlobalMaxPooling2D()(Conv2DTranspose(5, 3, {.strides = 2})(y)));
    cases.add("any size", model, {numbers({1, 16, 12, 3}, 1), numbers({7, 9, 21, 3}, 2)});
  }
  SUBCASE("residual network") {
    const auto x = Input({12, 12, 4}, {.name = "image"});
    auto y = Conv2D(8, 3, {.padding = "same"})(x);
    for (int block = 0; block < 3; ++block) {
      auto inner = Conv2D(8, 3, {.padding = "same"})(nn::relu(BatchNormalization()(y)));
      inner = Conv2D(8, 1)(nn::relu(BatchNormalization()(inner)));
      y = add({y, PReLU({.shared_axes = {1, 2}})(inner)});
    }
    y = concatenate({y, AveragePooling2D(3, {.strides = 1, .padding = "same"})(y)});
    Model model(x, Dense(3)(GlobalAveragePooling2D()(y)));
    trained(model, numbers({16, 12, 12, 4}, 1), numbers({16, 3}, 2));
    cases.add("residual", model, runs([](auto n) { return numbers({n, 12, 12, 4}, 3); }));
  }
  SUBCASE("autoencoder, nested") {
    Sequential encoder{Input({8, 8, 1}), Conv2D(4, 3, {.strides = 2, .padding = "same", .activation = "relu"}),
                       Flatten(), Dense(6)};
    Sequential decoder{Input({6}), Dense(64), Reshape({4, 4, 4}),
                       Conv2DTranspose(1, 3, {.strides = 2, .padding = "same", .activation = "sigmoid"})};
    const auto x = Input({8, 8, 1});
    Model model(x, decoder(encoder(x)));
    cases.add("autoencoder", model, runs([](auto n) { return numbers({n, 8, 8, 1}, 1); }));
  }
  SUBCASE("text") {
    const auto ids = Input({-1}, {.dtype = int32, .name = "tokens"});
    const auto embedded = Embedding(20, 8, {.mask_zero = true})(ids);
    const auto all = Bidirectional(LSTM(6, {.return_sequences = true}))(embedded);
    const auto last = GRU(5)(all);
    const auto attended = Attention()({all, all});
    Model model(ids, {Dense(2)(last), Dense(2)(GlobalAveragePooling1D()(attended))});
    cases.add("text", model, {tokens({1, 9}, 1, 20), tokens({7, 11}, 2, 20), tokens({7, 5}, 3, 20, false)});
  }
  SUBCASE("encoder and decoder with states") {
    const auto source = Input({5, 3}), target = Input({4, 2});
    const auto encoded = LSTM(6, {.return_state = true}).outputs(source);
    const auto decoded = LSTM(6, {.return_sequences = true})(SymbolicList{target, encoded[1], encoded[2]});
    Model model({source, target}, TimeDistributed(Dense(3))(decoded));
    cases.add("seq2seq", model, runs([](auto n) { return TensorList{numbers({n, 5, 3}, 1), numbers({n, 4, 2}, 2)}; }));
  }
  SUBCASE("cells, activations and directions of recurrent layers") {
    const auto x = Input({6, 3}), masked = Masking()(x);
    const SymbolicList outputs = {
        RNN(LSTMCell(4), {.return_sequences = true})(x),
        RNN(GRUCell(4, {.reset_after = false}), {.go_backwards = true})(masked),
        RNN(SimpleRNNCell(4, {.activation = "relu"}), {.return_sequences = true, .go_backwards = true})(masked),
        LSTM(4, {.activation = "softsign", .recurrent_activation = "hard_sigmoid", .use_bias = false})(x),
        GRU(4, {.activation = "elu", .recurrent_activation = "hard_sigmoid", .return_sequences = true})(masked),
        LSTM(4, {.return_sequences = true, .zero_output_for_mask = true})(masked),
        SimpleRNN(4, {.activation = "leaky_relu", .zero_output_for_mask = true})(masked),
        Bidirectional(GRU(4, {.return_sequences = true}), {.merge_mode = "ave"})(masked),
        Bidirectional(LSTM(4, {.go_backwards = true}), {.merge_mode = "mul"})(masked)};
    Model model(x, outputs);
    Tensor some = numbers({7, 6, 3}, 1);
    some = some * cast(numbers({7, 6, 1}, 2) > -0.3, float32) * cast(reshape(arange(7) > 1, {7, 1, 1}), float32);
    cases.add("cells", model, {some, slice_axis(some, 0, 3, 1)});
  }
  SUBCASE("transformer") {
    const auto ids = Input({12}, {.dtype = int32});
    auto x = Embedding(20, 16)(ids) + numbers({12, 16}, 9);
    for (int block = 0; block < 2; ++block) {
      const auto normalized = LayerNormalization()(x);
      x = x + MultiHeadAttention(2, 8, {.use_causal_mask = true})({normalized, normalized});
      x = x + Dense(16)(Dense(32, {.activation = "gelu"})(LayerNormalization()(x)));
    }
    Model model(ids, Dense(20)(x));
    for (const int opset : {15, 17}) {
      cases.add("transformer", model, runs([](auto n) { return tokens({n, 12}, 1, 20, false); }), {.opset = opset});
    }
  }
  SUBCASE("shared layers, several inputs and outputs") {
    const auto a = Input({4}, {.name = "a"}), b = Input({4}, {.name = "b"});
    Dense shared(5, {.activation = "tanh"});
    const auto x = shared(a), y = shared(b);
    Model model({a, b}, {Dense(1, {.name = "score"})(x * y), Dot(1)({x, y}), shared(a + b)}, "siamese");
    cases.add("siamese", model, runs([](auto n) { return TensorList{numbers({n, 4}, 1), numbers({n, 4}, 2)}; }));
  }
  SUBCASE("float64") {
    const auto x = Input({6, 3}, {.dtype = float64});
    // ONNX Runtime has no float64 convolutions and recurrent layers.
    auto y = Dense(4, {.activation = "relu", .dtype = float64})(x);
    y = LayerNormalization({.dtype = float64})(MultiHeadAttention(2, 3, {.dtype = float64})({y, y}));
    Model model(x, Dense(2, {.dtype = float64})(Flatten()(y)));
    cases.add("float64", model, runs([](auto n) { return cast(numbers({n, 6, 3}, 1), float64); }));
  }
  SUBCASE("bytes") {
    Sequential model{Input({6, 6, 3}, {.dtype = uint8}), Rescaling(1.0 / 255), Conv2D(2, 3)};
    cases.add("bytes", model, runs([](auto n) {
                return cast(random::Generator(3).uniform(Shape{n, 6, 6, 3}, 0, 255, int32), uint8);
              }));
  }
  SUBCASE("bfloat16") {
    const auto make = [](const char* dtype) {
      return Sequential{Input({4, 3}), Conv1D(4, 2, {.activation = "relu", .dtype = dtype}),
                        BatchNormalization({.dtype = dtype}), GRU(4, {.dtype = dtype}), Dense(2, {.dtype = dtype})};
    };
    Sequential model = make("mixed_bfloat16"), same = make("float32");
    same.set_weights(model.get_weights());
    cases.add("mixed_bfloat16", model, runs([](auto n) { return numbers({n, 4, 3}, 1); }), {}, &same);
  }
  SUBCASE("a batch of one size") {
    Sequential model{Input({3}), Dense(2)};
    cases.add("batch of 7", model, {numbers({7, 3}, 1)}, {.batch_size = 7});
  }
  cases.check();
}

TEST_CASE("ONNX Runtime: models that Keras has saved") {
  if (!OnnxRuntimeCases::available()) return;
  OnnxRuntimeCases cases;
  for (const auto& file : std::filesystem::directory_iterator(source_dir() + "/tests/data/fixtures/keras")) {
    const std::string path = file.path().string();
    if (!path.ends_with(".keras") || file.path().filename().string().starts_with("broken")) continue;
    CAPTURE(path);
    Model model = models::load_model(path, {.compile = false});
    std::vector<TensorList> runs;
    for (const std::int64_t batch : {1, 7}) {
      TensorList inputs;
      for (const SymbolicTensor& input : model.inputs()) {
        Shape shape = input.shape();
        shape[0] = batch;
        for (std::int64_t& size : shape) size = size < 0 ? 5 : size;
        inputs.push_back(is_integer(input.dtype()) ? cast(tokens(shape, 1, 8), input.dtype()) : numbers(shape, 1));
      }
      runs.push_back(inputs);
    }
    cases.add(file.path().filename().string(), model, runs);
  }
  CHECK(cases.size() >= 10);
  cases.check();
}

}  // namespace xtape::testing
