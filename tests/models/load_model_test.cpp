// Models as text and in files of Keras's format; Keras's own files are in keras_files_test.cpp.
#include "xtape/models/load_model.hpp"

#include <filesystem>
#include <fstream>
#include <regex>

#include "io/file_bytes.hpp"
#include "io/zip_reader.hpp"
#include "io/zip_writer.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/io/hdf5.hpp"
#include "xtape/layers/activations.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/conv1d.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/einsum_dense.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/group_query_attention.hpp"
#include "xtape/layers/gru.hpp"
#include "xtape/layers/lambda.hpp"
#include "xtape/layers/layer_normalization.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/multi_head_attention.hpp"
#include "xtape/layers/normalization.hpp"
#include "xtape/layers/rms_normalization.hpp"
#include "xtape/layers/rnn.hpp"
#include "xtape/layers/separable_conv1d.hpp"
#include "xtape/layers/spectral_normalization.hpp"
#include "xtape/layers/stacked_rnn_cells.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/layers/time_distributed.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/huber.hpp"
#include "xtape/metrics/auc.hpp"
#include "xtape/models/register_serializable.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/lars.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"
#include "xtape/optimizers/multi_optimizer.hpp"
#include "xtape/optimizers/muon.hpp"
#include "xtape/optimizers/radam.hpp"
#include "xtape/optimizers/schedule_free_adamw.hpp"
#include "xtape/optimizers/schedules/decay.hpp"
#include "xtape/optimizers/sgd.hpp"

namespace xtape {
namespace {

using layers::Dense;
using testing::TempDir;

Tensor some(const Shape& shape) { return random::Generator(3).normal(shape); }

std::vector<float> floats(const Tensor& tensor) { return tensor.to_vector<float>(); }

/// Whether both give the same bits.
void check_same(Model& a, Model& b, const TensorList& inputs) {
  const TensorList x = a.predict(inputs), y = b.predict(inputs);
  REQUIRE(x.size() == y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(x[i].shape() == y[i].shape());
    CHECK(floats(x[i]) == floats(y[i]));
  }
}

/// Saves, loads, compares, and makes the model again from its text.
void check_round_trip(Model model, const TensorList& inputs) {
  (void)model.predict(inputs);
  const TempDir temp;
  model.save(temp / "m.keras");
  Model loaded = models::load_model(temp / "m.keras");
  CHECK_MESSAGE(loaded.config() == model.config(), loaded.to_json(), "\ninstead of\n", model.to_json());
  check_same(model, loaded, inputs);
  Model again = models::model_from_json(model.to_json());
  CHECK(again.config() == model.config());
  again.set_weights(model.get_weights());
  check_same(model, again, inputs);
  model.save_weights(temp / "m.weights.h5");
  for (auto variable : again.variables()) variable.assign(zeros_like(variable.peek()));
  again.load_weights(temp / "m.weights.h5");
  check_same(model, again, inputs);
  again = models::model_from_json(model.to_json());
  (void)again.predict(inputs);
  again.load_weights(temp / "m.keras");
  check_same(model, again, inputs);
}

TEST_CASE("load_model: a Sequential with an Input, and one that its first call built") {
  check_round_trip(Sequential(Input({3}), Dense(4, {.activation = "relu"}), layers::BatchNormalization(),
                              layers::Dropout(0.5, {.seed = 3}), Dense(2)),
                   some({5, 3}));
  check_round_trip(Sequential(Dense(4), layers::LeakyReLU(0.1), Dense(2)), some({5, 3}));
  check_round_trip(Sequential(layers::Embedding(7, 3, {.mask_zero = true}),
                              layers::Bidirectional(layers::GRU(2, {.return_sequences = true})),
                              layers::TimeDistributed(Dense(2)), layers::LSTM(3)),
                   constant({{1, 2, 0}, {4, 0, 0}}, int32));
}

TEST_CASE("load_model: functional models with shared layers, inner models, several inputs and outputs, and ops") {
  auto left = Input({3}, {.name = "left"}), right = Input({3}, {.name = "right"});
  Dense shared(4, {.activation = "tanh", .name = "shared"});
  Sequential inner(Input({4}), Dense(4, {.activation = "relu"}), Dense(4));
  auto a = shared(left), b = inner(shared(right));
  auto sum = layers::Add()({a, b});
  auto x = nn::relu(sum * 2 - 0.5) + inner(a);
  auto mean = reduce_mean(x, {1}, true);
  auto parts = split(concat({x, sum}, 1), 2, 1);
  auto all = concat({parts[0], maximum(parts[1], mean), reshape(expand_dims(a, 1), {-1, 4})}, -1);
  auto first = Dense(2, {.name = "first"})(all);
  auto second = nn::softmax(slice_axis(all, 1, 2, 3));
  check_round_trip(Model({left, right}, {first, second}, "branches"), {some({5, 3}), some({5, 3})});
}

TEST_CASE("load_model: attention, normalization, recurrent layers with states and masks") {
  auto words = Input({4}, {.dtype = int32, .name = "words"});
  auto x = layers::Embedding(9, 6, {.mask_zero = true})(words);
  auto attended = layers::MultiHeadAttention(2, 3)({x, x});
  x = layers::LayerNormalization()(layers::Add()({x, attended}));
  auto states = layers::LSTM(3, {.return_sequences = true, .return_state = true}).outputs(x);
  auto again = layers::LSTM(3)({x, states[1], states[2]});
  check_round_trip(Model(words, {again, states[0]}), constant({{1, 2, 3, 0}, {4, 8, 0, 0}}, int32));
  layers::Normalization normalization;
  normalization.adapt(some({20, 3}));
  check_round_trip(Sequential(Input({3}), normalization, Dense(1)), some({5, 3}));
}

TEST_CASE("load_model: cells of a stack, with states, in Keras's places") {
  auto x = Input({4, 3});
  auto h = Input({2}), c = Input({2}), s = Input({5});
  layers::RNN stack(layers::StackedRNNCells({layers::LSTMCell(2), layers::GRUCell(5)}),
                    {.return_state = true, .name = "stack"});
  const Model model({x, h, c, s}, stack.outputs({x, h, c, s}), "m");
  CHECK(model.to_json().find("\"initial_state\":[[{") != std::string::npos);  // the states of a cell are a list
  check_round_trip(model, {some({2, 4, 3}), some({2, 2}), some({2, 2}), some({2, 5})});
  Sequential twice(Input({4, 3}), layers::RNN(layers::StackedRNNCells({layers::LSTMCell(2), layers::LSTMCell(5)})));
  check_round_trip(twice, some({2, 4, 3}));
  const TempDir temp;
  twice.save_weights(temp / "m.weights.h5");
  std::vector<std::string> names;
  for (const auto& [name, tensor] : io::load_hdf5(temp / "m.weights.h5")) names.push_back(name);
  // keras.src.saving.saving_lib: the attribute, and the classes in the list
  const std::string cells = "layers/rnn/cell/cells/";
  CHECK(names == std::vector<std::string>{cells + "lstm_cell/vars/0", cells + "lstm_cell/vars/1",
                                          cells + "lstm_cell/vars/2", cells + "lstm_cell_1/vars/0",
                                          cells + "lstm_cell_1/vars/1", cells + "lstm_cell_1/vars/2"});
}

TEST_CASE("load_model: the layers of sums of products, normalizations and convolutions") {
  check_round_trip(
      Sequential(Input({6, 4}), layers::SeparableConv1D(5, 3, {.padding = "same"}), layers::RMSNormalization(),
                 layers::RMSNormalization({.axis = {1, 2}}),
                 layers::EinsumDense("abc,cde->abde", {-1, 2, 3}, {.activation = "tanh", .bias_axes = "de"}),
                 layers::EinsumDense("...xy,xyz->...z", 4, {.bias_axes = "z"})),
      some({2, 6, 4}));
}

TEST_CASE("load_model: a layer with spectral normalization, in Keras's places") {
  Sequential model(Input({6, 3}), layers::SpectralNormalization(layers::Conv1D(4, 3), {.power_iterations = 2}));
  check_round_trip(model, some({2, 6, 3}));
  const TempDir temp;
  model.save_weights(temp / "m.weights.h5");
  std::vector<std::string> names;
  std::vector<Shape> shapes;
  for (const auto& [name, tensor] : io::load_hdf5(temp / "m.weights.h5")) {
    names.push_back(name);
    shapes.push_back(tensor.shape());
  }
  const std::string wrapper = "layers/spectral_normalization/";
  CHECK(names == std::vector<std::string>{wrapper + "layer/vars/0", wrapper + "layer/vars/1", wrapper + "vars/0",
                                          wrapper + "vars/1"});
  CHECK(shapes == std::vector<Shape>{{3, 3, 4}, {4}, {3, 3, 4}, {1, 4}});
}

TEST_CASE("load_model: grouped queries, in Keras's places") {
  auto x = Input({4, 6});
  layers::GroupQueryAttention attention(2, 4, 2, {.sliding_window = 3, .use_causal_mask = true, .use_gate = true});
  const Model model(x, attention(SymbolicList{x, x}), "m");
  const std::string text = model.to_json();
  CHECK(text.find("\"class_name\":\"GroupQueryAttention\"") != std::string::npos);
  CHECK(text.find("\"kwargs\":{\"use_causal_mask\":true}") != std::string::npos);
  CHECK(text.find("\"shapes_dict\":{\"query_shape\":[null,4,6],\"value_shape\":[null,4,6]}") != std::string::npos);
  check_round_trip(model, some({2, 4, 6}));
  const TempDir temp;
  Model(model).save_weights(temp / "m.weights.h5");
  std::vector<std::string> names, expected;
  for (const auto& [name, tensor] : io::load_hdf5(temp / "m.weights.h5")) names.push_back(name);
  for (const char* part : {"gate", "key", "output", "query", "value"}) {
    for (const char* number : {"0", "1"}) {
      expected.push_back(fmt::format("layers/grouped_query_attention/{}_dense/vars/{}", part, number));
    }
  }
  CHECK(names == expected);
}

TEST_CASE("load_model: the configs that Keras's get_config() gives these layers") {
  // The keys and forms of keras/src/layers, with lists where Keras has tuples.
  const char* text = R"json(
{"module":"keras","class_name":"Sequential","config":{"name":"s","trainable":true,
"dtype":{"module":"keras","class_name":"DTypePolicy","config":{"name":"float32"},"registered_name":null},
"layers":[{"module":"keras.layers","class_name":"InputLayer","config":{"batch_shape":[null,8,4],
"dtype":"float32","sparse":false,"ragged":false,"name":"i"},
"registered_name":null},{"module":"keras.layers","class_name":"SeparableConv1D","config":{"name":"sep",
"trainable":true,"dtype":"float32","depth_multiplier":2,"filters":6,"kernel_size":[3],"strides":[1],
"padding":"same","data_format":"channels_last","dilation_rate":[1],"activation":"relu","use_bias":true,
"depthwise_initializer":{"module":"keras.initializers","class_name":"GlorotUniform",
"config":{"seed":null},"registered_name":null},"pointwise_initializer":{"module":"keras.initializers",
"class_name":"GlorotUniform","config":{"seed":null},"registered_name":null},
"bias_initializer":{"module":"keras.initializers","class_name":"Zeros","config":{},
"registered_name":null},"depthwise_regularizer":null,"pointwise_regularizer":null,
"bias_regularizer":null,"activity_regularizer":null,"depthwise_constraint":null,
"pointwise_constraint":null,"bias_constraint":null},"registered_name":null},{"module":"keras.layers",
"class_name":"RMSNormalization","config":{"name":"rms","trainable":true,"dtype":"float32","axis":[-1],
"epsilon":1e-06},"registered_name":null},{"module":"keras.layers","class_name":"EinsumDense",
"config":{"name":"ein","trainable":true,"dtype":"float32","output_shape":[null,5],
"equation":"abc,cd->abd","activation":"linear","bias_axes":"d",
"kernel_initializer":{"module":"keras.initializers","class_name":"GlorotUniform","config":{"seed":null},
"registered_name":null},"bias_initializer":{"module":"keras.initializers","class_name":"Zeros",
"config":{},"registered_name":null},"kernel_regularizer":null,"bias_regularizer":null,
"activity_regularizer":null,"kernel_constraint":null,"bias_constraint":null,"quantization_config":null},
"registered_name":null},{"module":"keras.layers","class_name":"AdaptiveMaxPooling1D",
"config":{"name":"pool","trainable":true,"dtype":"float32","output_size":[3],
"data_format":"channels_last"},"registered_name":null},{"module":"keras.layers",
"class_name":"SpectralNormalization","config":{"name":"spec","trainable":true,"dtype":"float32",
"layer":{"module":"keras.layers","class_name":"Dense","config":{"name":"inner","trainable":true,
"dtype":"float32","units":7,"activation":"linear","use_bias":true,
"kernel_initializer":{"module":"keras.initializers","class_name":"GlorotUniform","config":{"seed":null},
"registered_name":null},"bias_initializer":{"module":"keras.initializers","class_name":"Zeros",
"config":{},"registered_name":null},"kernel_regularizer":null,"bias_regularizer":null,
"kernel_constraint":null,"bias_constraint":null},"registered_name":null},"power_iterations":2},
"registered_name":null},{"module":"keras.layers","class_name":"RNN","config":{"name":"rnn",
"trainable":true,"dtype":"float32","return_sequences":false,"return_state":false,"go_backwards":false,
"stateful":false,"unroll":false,"zero_output_for_mask":false,"cell":{"module":"keras.layers",
"class_name":"StackedRNNCells","config":{"name":"stack","trainable":true,"dtype":"float32",
"cells":[{"module":"keras.layers","class_name":"SimpleRNNCell","config":{"name":"c","trainable":true,
"dtype":"float32","units":3,"activation":"tanh","use_bias":true,
"kernel_initializer":{"module":"keras.initializers","class_name":"GlorotUniform","config":{"seed":null},
"registered_name":null},"recurrent_initializer":{"module":"keras.initializers","class_name":"Orthogonal",
"config":{"seed":null,"gain":1.0},"registered_name":null},
"bias_initializer":{"module":"keras.initializers","class_name":"Zeros","config":{},
"registered_name":null},"kernel_regularizer":null,"recurrent_regularizer":null,"bias_regularizer":null,
"kernel_constraint":null,"recurrent_constraint":null,"bias_constraint":null,"dropout":0.0,
"recurrent_dropout":0.0,"seed":null},"registered_name":null},{"module":"keras.layers",
"class_name":"SimpleRNNCell","config":{"name":"c_1","trainable":true,"dtype":"float32","units":3,
"activation":"tanh","use_bias":true,"kernel_initializer":{"module":"keras.initializers",
"class_name":"GlorotUniform","config":{"seed":null},"registered_name":null},
"recurrent_initializer":{"module":"keras.initializers","class_name":"Orthogonal","config":{"seed":null,
"gain":1.0},"registered_name":null},"bias_initializer":{"module":"keras.initializers",
"class_name":"Zeros","config":{},"registered_name":null},"kernel_regularizer":null,
"recurrent_regularizer":null,"bias_regularizer":null,"kernel_constraint":null,
"recurrent_constraint":null,"bias_constraint":null,"dropout":0.0,"recurrent_dropout":0.0,"seed":null},
"registered_name":null}]},"registered_name":null}},"registered_name":null}]},"registered_name":null})json";
  const testing::WarningCapture warnings;
  Model model = models::model_from_json(text);
  CHECK(warnings.text() == "");
  CHECK(model.predict(some({2, 8, 4})).shape() == Shape{2, 3});
  std::vector<Shape> shapes;
  for (const auto& layer : {"sep", "rms", "ein"}) {
    for (const auto& variable : model.get_layer(layer).variables()) shapes.push_back(variable.shape());
  }
  CHECK(shapes == std::vector<Shape>{{3, 4, 2}, {1, 8, 6}, {6}, {6}, {6, 5}, {5}});
  CHECK(model.count_params() == 24 + 48 + 6 + 6 + 30 + 5 + 7 + 35 + 7 + (21 + 9 + 3) + (9 + 9 + 3));
}

TEST_CASE("load_model: what was frozen stays frozen") {
  Sequential model(Input({3}), Dense(4), layers::BatchNormalization(), Dense(1));
  model.layer(1).set_trainable(false);
  const TempDir temp;
  model.save(temp / "m.keras");
  const Model loaded = models::load_model(temp / "m.keras");
  CHECK(loaded.trainable_variables().size() == model.trainable_variables().size());
  CHECK(loaded.trainable_variables().size() == 4);
}

/// Trains ten steps, saves, loads, trains ten more; and twenty steps at once.
void check_resumed(const std::function<AnyOptimizer()>& optimizer, const Losses& loss, const Metrics& metrics) {
  const Tensor x = some({40, 3}), y = cast(reduce_sum(x, {1}, true) > 0, float32);
  const auto make = [&] {
    random::set_seed(5);
    Sequential model(Input({3}), Dense(8, {.activation = "relu"}), layers::BatchNormalization(),
                     Dense(1, {.activation = "sigmoid"}));
    model.compile({.optimizer = optimizer(), .loss = loss, .metrics = metrics});
    return model;
  };
  const FitOptions ten{.batch_size = 20, .epochs = 5, .verbose = 0, .shuffle = false};
  auto whole = make();
  whole.fit(x, y, ten);
  whole.fit(x, y, ten);
  auto half = make();
  half.fit(x, y, ten);
  const TempDir temp;
  half.save(temp / "half.keras");
  Model loaded = models::load_model(temp / "half.keras");
  CHECK(loaded.optimizer().iterations() == half.optimizer().iterations());
  CHECK(loaded.optimizer().learning_rate() == half.optimizer().learning_rate());
  const History history = loaded.fit(x, y, ten);
  check_same(whole, loaded, x);
  const auto a = whole.optimizer().variables(), b = loaded.optimizer().variables();
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].name() == b[i].name());
    CHECK(a[i].dtype() == b[i].dtype());
    CHECK(cast(a[i].peek(), float64).to_vector<double>() == cast(b[i].peek(), float64).to_vector<double>());
  }
  for (const auto& each : whole.evaluate(x, y, {.verbose = 0})) {
    CHECK_MESSAGE(loaded.evaluate(x, y, {.verbose = 0})[each.first] == each.second, each.first);
  }
}

TEST_CASE("load_model: training goes on bit for bit") {
  check_resumed([] { return AnyOptimizer("adam"); }, "binary_crossentropy", {"accuracy", metrics::AUC()});
  check_resumed(
      [] {
        return optimizers::SGD({.learning_rate = optimizers::schedules::ExponentialDecay(0.1, 5, 0.9),
                                .momentum = 0.9,
                                .nesterov = true,
                                .weight_decay = 0.001,
                                .clipnorm = 1.0});
      },
      losses::Huber({.delta = 0.5}), {});
  check_resumed([] { return optimizers::Adam({.amsgrad = true, .use_ema = true, .gradient_accumulation_steps = 2}); },
                "mse", {"mae"});
}

TEST_CASE(
    "load_model: training goes on with several optimizers and groups of parameters, and with slots of other kinds") {
  const auto grouped = [](auto optimizer) {
    optimizer.set_parameter_groups({{.pattern = "dense/.*", .learning_rate_multiplier = 0.5, .weight_decay = 0.01},
                                    {.pattern = ".*/beta", .trainable = false}});
    return optimizer;
  };
  const auto check = [](const std::function<AnyOptimizer()>& optimizer) { check_resumed(optimizer, "mse", {}); };
  check([&] { return grouped(optimizers::Muon({.exclude_layers = {"dense_1"}})); });
  check([&] { return grouped(optimizers::ScheduleFreeAdamW({.warmup_steps = 15})); });
  check([&] {
    return grouped(optimizers::MultiOptimizer(
        optimizers::OptimizerMap(optimizers::LARS({.nesterov = true}), {{"dense_1/.*", optimizers::RAdam()}})));
  });
  check([] {
    return optimizers::LossScaleOptimizer(
        optimizers::MultiOptimizer(optimizers::OptimizerMap("sgd", {{"dense/.*", "adam"}, {"dense_1/.*", "adam"}})));
  });
}

TEST_CASE("load_model: without compile, and without the optimizer") {
  Sequential model(Input({3}), Dense(1));
  model.compile("adam", "mse");
  model.fit(some({4, 3}), zeros({4, 1}), {.verbose = 0});
  const TempDir temp;
  model.save(temp / "m.keras", {.include_optimizer = false});
  CHECK(!models::load_model(temp / "m.keras", {.compile = false}).compiled());
  const Model loaded = models::load_model(temp / "m.keras");
  CHECK(loaded.compiled());
  CHECK(loaded.optimizer().iterations() == 0);
  CHECK_THROWS_WITH_AS(model.save(temp / "m.keras", {.overwrite = false}), doctest::Contains("exists already"),
                       DataError);
  CHECK_THROWS_WITH_AS(model.save(temp / "m.h5"), doctest::Contains("ends with .keras"), ValueError);
}

/// A class of a user, with an argument and options.
struct ScaleOptions {
  double offset = 0;
  DTypePolicy dtype = {};
  std::string name = {};
  XTAPE_FIELDS(offset, dtype, name)
};
struct Scale : LayerBase<Scale> {
  explicit Scale(double factor, ScaleOptions options = {})
      : LayerBase(options, {{"factor", factor}}), factor_(factor), offset_(options.offset) {}
  Tensor call(const Tensor& x) override { return x * factor_ + offset_; }
  double factor_, offset_;
};
/// One that is made by from_config.
struct Shift : LayerBase<Shift> {
  explicit Shift(const std::vector<double>& by) : by_(by) {}
  static Shift from_config(const Config& config) { return Shift(detail::value_as<std::vector<double>>(config["by"])); }
  Config config() const override {
    Config config = LayerBase::config();
    config.set("by", by_);
    return config;
  }
  Tensor call(const Tensor& x) override {
    return x + cast(constant(by_, {static_cast<std::int64_t>(by_.size())}), x.dtype());
  }
  std::vector<double> by_;
};
struct Halves {
  Tensor operator()(const Shape& shape, DType dtype) const { return full(shape, value, dtype); }
  double value = 0.5;
  XTAPE_FIELDS(value)
};

TEST_CASE("load_model: classes of users") {
  const auto model = [] {
    return Sequential(Input({2}), Scale(3, {.offset = 0.25}), Shift({1, 2.5}),
                      Dense(2, {.kernel_initializer = Halves{0.75}}));
  };
  CHECK_THROWS_WITH_AS(models::model_from_json(model().to_json()), doctest::Contains("unknown layer class 'Scale'"),
                       ValueError);
  register_serializable<Scale>("tests>Scale", "factor");
  register_serializable<Shift>("tests>Shift");
  register_serializable<Halves>("tests>Halves");
  CHECK(model().to_json().find("\"registered_name\":\"tests>Scale\"") != std::string::npos);
  check_round_trip(model(), some({4, 2}));
}

struct Subclassed : Model {
  Dense first = track(Dense(4), "first"), second = track(Dense(2), "second");
  Tensor call(const Tensor& x) override { return second(first(x)); }
};

TEST_CASE("load_model: subclassed models save their weights, and say that they cannot be loaded as a whole") {
  Subclassed model;
  const Tensor x = some({3, 3});
  const Tensor y = model(x);
  const TempDir temp;
  model.save(temp / "m.keras");
  CHECK_THROWS_WITH_AS(models::load_model(temp / "m.keras"), doctest::Contains("Subclassed"), DataError);
  Subclassed other;
  (void)other(x);
  for (const char* file : {"m.keras", "m.weights.h5"}) {
    if (file == std::string("m.weights.h5")) model.save_weights(temp / file);
    for (auto variable : other.variables()) variable.assign(zeros_like(variable.peek()));
    const LoadedWeights report = other.load_weights(temp / file);
    CHECK(report.matched_by == "places");
    CHECK(report.loaded == std::vector<std::string>{"first/kernel", "first/bias", "second/kernel", "second/bias"});
    CHECK(floats(other(x)) == floats(y));
  }
}

TEST_CASE("to_json: what text cannot hold is named with its place") {
  const auto twice = [](const Tensor& x) { return x * 2; };
  Sequential lambda(Input({2}), Dense(2), layers::Lambda(twice, {.name = "twice"}));
  CHECK_THROWS_WITH_AS((void)lambda.to_json(), doctest::Contains("layers[2] (Lambda).function"), ValueError);
  Sequential activation(Input({2}), Dense(2, {.activation = twice}));
  CHECK_THROWS_WITH_AS((void)activation.to_json(), doctest::Contains("(Dense).activation"), ValueError);
  const TempDir temp;
  CHECK_THROWS_WITH_AS(lambda.save(temp / "m.keras"), doctest::Contains("Lambda"), ValueError);
  CHECK(!std::filesystem::exists(temp / "m.keras"));
  Sequential own(Input({2}), Dense(2));
  own.compile("sgd", [](const Tensor& y, const Tensor& p) { return reduce_mean(square(y - p), -1); });
  CHECK_THROWS_WITH_AS(own.save(temp / "m.keras"), doctest::Contains("compile_config.loss"), ValueError);
}

TEST_CASE("model_from_json: damaged texts are ValueErrors that say where") {
  const auto check = [](const std::string& json, const char* text) {
    CHECK_THROWS_WITH_AS((void)models::model_from_json(json), doctest::Contains(text), ValueError);
  };
  check("", "not JSON");
  check("{\"class_name\": \"Sequential\"", "not JSON");
  check("[1, 2]", "expected an object");
  check(R"({"class_name": "Dense", "config": {"units": 3}})", "expected a model");
  check(R"({"class_name": "Sequential", "config": {"name": "s"}})", "needs the argument 'layers'");
  check(R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {}}]}})",
        "Dense needs the argument 'units'");
  check(R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": "x"}}]}})",
        "Dense.units: expected an integer, received \"x\"");
  check(R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 1e300}}]}})",
        "Dense.units");
  check(R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense",
           "config": {"units": 3, "kernel_initializer": {"class_name": "Odd", "config": {}}}}]}})",
        "Dense.kernel_initializer");
  check(R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Conv2D",
           "config": {"filters": 3, "kernel_size": [3, 3], "data_format": "channels_first"}}]}})",
        "channels_first");
  const std::string input = R"({"class_name": "InputLayer", "name": "i", "config": {"batch_shape": [null, 2],
      "dtype": "float32", "name": "i"}, "inbound_nodes": []})";
  const auto functional = [&](const std::string& layers) {
    return R"({"class_name": "Functional", "config": {"name": "f", "layers": [)" + input + layers +
           R"(], "input_layers": ["i", 0, 0], "output_layers": ["b", 0, 0]}})";
  };
  const auto dense = [](const std::string& name, const std::string& from) {
    return R"(, {"class_name": "Dense", "name": ")" + name + R"(", "config": {"units": 2, "name": ")" + name +
           R"("}, "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 2],
           "dtype": "float32", "keras_history": [")" +
           from + R"(", 0, 0]}}], "kwargs": {}}]})";
  };
  CHECK(models::model_from_json(functional(dense("a", "i") + dense("b", "a"))).count_params() == 12);
  // Keras may list a layer before those that it needs.
  CHECK(models::model_from_json(functional(dense("b", "a") + dense("a", "i"))).count_params() == 12);
  check(functional(dense("a", "b") + dense("b", "a")), "wait for each other: a, b");
  check(functional(dense("b", "nowhere")), "no layer 'nowhere'");
  check(functional(dense("b", "i") + dense("b", "i")), "two layers named 'b'");
  check(functional(dense("a", "i")), "no layer 'b'");
  const std::string deep(100000, '[');
  check(deep, "nested more than");
}

TEST_CASE("load_model: a file that describes more weights than it holds is refused before they are made") {
  const TempDir temp;
  Sequential(Input({3}), Dense(2)).save(temp / "good.keras");
  for (const char* units : {"100000000", "100000000000000000"}) {
    detail::ZipReader good("test", temp / "good.keras");
    detail::ZipWriter bad("test", temp / "bad.keras");
    for (const auto& member : good.members()) {
      std::string bytes = detail::read_all(*good.bytes(member));
      if (const auto at = bytes.find("\"units\":2"); at != std::string::npos) {
        bytes.replace(at, 9, std::string("\"units\":") + units);
      }
      bad.add(member.name, bytes, {}, false);
    }
    bad.commit();
    CHECK_THROWS_WITH_AS(models::load_model(temp / "bad.keras"),
                         doctest::Contains("is larger than all that the file holds"), DataError);
  }
}

TEST_CASE("model_from_json: sums and products of tensors and numbers without modules, as in .h5 files of Keras 3") {
  auto x = Input({3});
  Model model(x, layers::Add()({x, layers::ReLU()(x + 3.0) * (1.0 / 6.0)}));
  const std::string json = std::regex_replace(model.to_json(), std::regex(R"("module": ?("[^"]*"|null), ?)"), "");
  REQUIRE(json.find("\"module\"") == std::string::npos);
  Model again = models::model_from_json(json);
  const Tensor in = some({4, 3});
  CHECK_SAME_BITS(again.predict(in), model.predict(in));
}

/// A functional model of these layers, each {class, module, config, args, kwargs}, from the input "x" to the layer "y".
std::string model_text(const std::string& shape, const std::string& dtype, const std::string& layers) {
  return R"({"class_name": "Functional", "config": {"name": "f", "layers": [{"class_name": "InputLayer", "name": "x",
      "config": {"batch_shape": )" +
         shape + R"(, "dtype": ")" + dtype + R"(", "name": "x"}, "inbound_nodes": []})" + layers +
         R"(], "input_layers": ["x", 0, 0], "output_layers": ["y", 0, 0]}})";
}
std::string layer_text(const std::string& module, const std::string& kind, const std::string& name,
                       const std::string& config, const std::string& args, const std::string& kwargs = "{}") {
  return R"(, {"module": ")" + module + R"(", "class_name": ")" + kind + R"(", "name": ")" + name + R"(", "config": )" +
         config + R"(, "inbound_nodes": [{"args": [)" + args + R"(], "kwargs": )" + kwargs + "}]}";
}
std::string tensor_text(const std::string& layer) {
  return R"({"class_name": "__keras_tensor__", "config": {"keras_history": [")" + layer + R"(", 0, 0]}})";
}

TEST_CASE("model_from_json: an op that is read and not written") {
  Model model = models::model_from_json(
      model_text("[null, 3]", "float32",
                 layer_text("keras.src.ops.numpy", "Cumsum", "y", R"({"name": "y", "axis": 1})", tensor_text("x"))));
  CHECK(floats(model(constant({{1.0, 2.0, 3.0}}, float32))) == std::vector<float>{1, 3, 6});
  CHECK_THROWS_AS((void)model.to_json(), ValueError);
}

TEST_CASE("model_from_json: tensors in a dictionary are taken in the order of its keys, as in Keras") {
  Model model = models::model_from_json(
      model_text("[null, 1]", "float32",
                 layer_text("keras.src.ops.numpy", "Negative", "n", R"({"name": "n"})", tensor_text("x")) +
                     layer_text("keras.layers", "Concatenate", "y", R"({"name": "y"})",
                                R"({"b": )" + tensor_text("x") + R"(, "a": )" + tensor_text("n") + "}")));
  CHECK(floats(model(constant({{2.0}}, float32))) == std::vector<float>{-2, 2});
}

TEST_CASE("model_from_json: a mask that the model computes itself is used, as that of an Embedding is") {
  const auto model = [](bool mask_zero) {
    const std::string embedding = R"({"name": "e", "input_dim": 5, "output_dim": 2, "mask_zero": )" +
                                  std::string(mask_zero ? "true" : "false") + "}";
    return models::model_from_json(model_text(
        "[null, 3]", "int32",
        layer_text("keras.layers", "Embedding", "e", embedding, tensor_text("x")) +
            layer_text("keras.src.ops.numpy", "NotEqual", "m", R"({"name": "m"})", tensor_text("x") + ", 0") +
            layer_text("keras.layers", "SimpleRNN", "y", R"({"name": "y", "units": 2})", tensor_text("e"),
                       R"({"mask": )" + tensor_text("m") + "}")));
  };
  Model by_embedding = model(true), by_itself = model(false);
  by_itself.set_weights(by_embedding.get_weights());
  const Tensor padded = constant({{1, 2, 0}}, int32), other = constant({{1, 2, 4}}, int32);
  CHECK(floats(by_itself(padded)) == floats(by_embedding(padded)));
  // A masked step keeps the output of the step before: the same as without that step.
  CHECK(floats(by_itself(padded)) != floats(by_itself(other)));
}

TEST_CASE("model_from_json: unknown arguments are told once, those that ask for nothing are not") {
  testing::WarningCapture warnings;
  const auto json = [](const std::string& argument) {
    return R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer", "config": {"batch_shape":
           [null, 2]}}, {"class_name": "Dense", "config": {"units": 3, )" +
           argument + "}}]}}";
  };
  (void)models::model_from_json(json(R"("lora_rank": null, "quantization_config": null, "sparse": true)"));
  CHECK(warnings.messages().empty());
  (void)models::model_from_json(json(R"("lora_rank": 4)"));
  (void)models::model_from_json(json(R"("lora_rank": 4)"));
  REQUIRE(warnings.messages().size() == 1);
  CHECK(warnings.messages()[0].find("lora_rank = 4 of Dense") != std::string::npos);
}

TEST_CASE("load_weights: by name, with mismatches, and what it reports") {
  const TempDir temp;
  Sequential model(Input({3}), Dense(4, {.name = "body"}), Dense(2, {.name = "head"}));
  model.save_weights(temp / "m.weights.h5");
  Sequential other(Input({3}), Dense(4, {.name = "body"}), Dense(5, {.name = "new_head"}));
  CHECK_THROWS_WITH_AS(other.load_weights(temp / "m.weights.h5"), doctest::Contains("new_head/kernel"), DataError);
  LoadedWeights report = other.load_weights(temp / "m.weights.h5", {.by_name = true});
  CHECK(report.loaded == std::vector<std::string>{"body/kernel", "body/bias"});
  CHECK(report.missing == std::vector<std::string>{"new_head/kernel", "new_head/bias"});
  CHECK(report.unused == std::vector<std::string>{"layers/dense_1/vars/0", "layers/dense_1/vars/1"});
  CHECK(report.matched_by == "names");
  report = other.load_weights(temp / "m.weights.h5", {.skip_mismatch = true});
  CHECK(report.loaded == std::vector<std::string>{"body/kernel", "body/bias"});
  CHECK(floats(other.layer(0).get_weights()[0]) == floats(model.layer(0).get_weights()[0]));
}

}  // namespace
}  // namespace xtape
