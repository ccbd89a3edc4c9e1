#include "layers/harness.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "layers/layer_state.hpp"
#include "layers/replays.hpp"
#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/error.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::testing {

std::set<std::string>& layers_with_rows() {
  static std::set<std::string> names;
  return names;
}

LayerTable::LayerTable(std::initializer_list<LayerRow> rows) : rows_(rows) {
  for (const auto& row : rows_) layers_with_rows().insert(row.layer);
}

namespace {

Tensor some(const Shape& shape, DType dtype, double low, double high, std::int64_t start = 0) {
  std::vector<double> values;
  for (std::int64_t i = start; i < start + shape.numel(); ++i) {
    double value = low + (high - low) * std::fmod(0.137 + static_cast<double>(i) * 0.6180339887498949, 1.0);
    if (!is_floating(dtype)) value = std::floor(value);
    if (is_floating(dtype) && std::abs(value) < 0.1) value = (low < 0 ? -0.1 : 0.1) - value;
    values.push_back(value);
  }
  return cast(constant(values, shape), dtype);
}

Shape with_batch(Shape shape, std::int64_t batch) {
  if (shape.rank() > 0) shape[0] = batch;
  return shape;
}

SymbolicList symbolic_inputs(const LayerRow& row, DType dtype) {
  SymbolicList inputs;
  for (const auto& input : row.inputs) {
    const Shape sample(std::vector<std::int64_t>(input.shape.begin() + 1, input.shape.end()));
    inputs.push_back(Input(sample, {.dtype = input.dtype.value_or(dtype)}));
  }
  return inputs;
}

TensorList run(Layer& layer, const TensorList& inputs, bool training = false) {
  return layer(inputs, {.training = training});
}

void check_shapes(const TensorList& outputs, const std::vector<Shape>& expected) {
  REQUIRE(outputs.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(outputs[i].shape() == expected[i]);
}

void check_same_bits(const TensorList& a, const TensorList& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK_SAME_BITS(a[i], b[i]);
}

/// All floating outputs in one vector, in float64.
Tensor joined(const TensorList& outputs) {
  std::vector<Tensor> parts;
  for (const Tensor& output : outputs) {
    if (is_floating(output.dtype())) parts.push_back(flatten(output));
  }
  return concat(parts, 0);
}

void check_eager(const LayerRow& row) {
  for (const DType dtype : {float32, float64}) {
    AnyLayer layer = row.make(dtype);
    const TensorList outputs = run(*layer, layer_inputs(row, dtype));
    check_shapes(outputs, row.outputs);
    for (const Tensor& output : outputs) {
      if (row.dtypes_agree) CHECK(output.dtype() == dtype);
    }
    CHECK(layer->class_name() == row.layer);
    std::int64_t params = 0;
    REQUIRE(layer->variables().size() == row.weights.size());
    for (std::size_t i = 0; i < row.weights.size(); ++i) {
      const Variable& variable = layer->variables()[i];
      CHECK(variable.name() == layer->name() + "/" + row.weights[i].name);
      CHECK(variable.shape() == row.weights[i].shape);
      CHECK(variable.trainable() == row.weights[i].trainable);
      params += row.weights[i].shape.numel();
    }
    CHECK(layer->count_params() == params);
    if (row.inputs.size() == 1 && row.outputs.size() == 1) {  // called with a Tensor, with a list of it
      check_same_bits((*layer)(layer_inputs(row, dtype).only()), outputs);
    }
  }
}

void check_symbolic(const LayerRow& row) {
  AnyLayer layer = row.make(float32);
  const SymbolicList inputs = symbolic_inputs(row, float32);
  const SymbolicList outputs = layer->outputs(inputs);
  REQUIRE(outputs.size() == row.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(outputs[i].shape() == with_batch(row.outputs[i], -1));
  const TensorList data = layer_inputs(row, float32);
  Model model(inputs, outputs);
  check_same_bits(model(data), run(*layer, data));
  if (row.empty_batch) {
    std::vector<Shape> empty;
    for (const Shape& shape : row.outputs) empty.push_back(with_batch(shape, 0));
    check_shapes(run(*layer, layer_inputs(row, float32, 0)), empty);
  }
}

void check_layer_gradients(const LayerRow& row, bool training) {
  AnyLayer layer = row.make(float64);
  const TensorList inputs = layer_inputs(row, float64);
  (void)run(*layer, inputs);
  std::vector<Variable> weights = layer->trainable_variables();
  std::vector<Tensor> points(inputs.begin(), inputs.end());
  for (const auto& weight : weights) {  // away from zeros and ones, the first values of many
    points.push_back(weight.peek() + some(weight.shape(), float64, -0.3, 0.3, 7));
  }
  const auto f = [&](const std::vector<Tensor>& in) {
    // Not assigned but put there, so that the tape sees the very tensors.
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i].impl()->value = in[inputs.size() + i];
    TensorList now;
    for (std::size_t i = 0; i < inputs.size(); ++i) now.push_back(in[i]);
    return joined(run(*layer, now, training));
  };
  for (auto& weight : weights) weight.set_trainable(false);
  const GradientCheck check = check_gradients(f, points, {.order = 1, .eps = row.eps});
  CHECK_MESSAGE(check.ok, check.message);
  for (auto& weight : weights) weight.set_trainable(true);
  GradientTape tape;
  const Tensor y = joined(run(*layer, inputs, training));
  const auto gradients = tape.gradient(y, weights);
  for (std::size_t i = 0; i < weights.size(); ++i) CHECK_MESSAGE(gradients[i].defined(), weights[i].name());
}

void check_dtypes(const LayerRow& row) {
  AnyLayer narrow = row.make(float32), wide = row.make(float64);
  const TensorList inputs = layer_inputs(row, float32);
  TensorList wide_inputs;
  for (const Tensor& input : inputs) {
    wide_inputs.push_back(input.dtype() == float32 ? cast(input, float64) : input);
  }
  const TensorList y = run(*narrow, inputs);
  (void)run(*wide, wide_inputs);
  wide->set_weights(narrow->get_weights());
  const TensorList expected = run(*wide, wide_inputs);
  for (std::size_t i = 0; i < y.size(); ++i) {
    CHECK_CLOSE(cast(y[i], float64), cast(expected[i], float64), 1e-5, 1e-5);
  }
}

/// In bfloat16 on float32 variables: what float32 computes, within a few roundings to 8 bits.
void check_mixed_precision(const LayerRow& row) {
  AnyLayer wide = row.make(float32), narrow = row.make(float32);
  narrow->set_dtype_policy("mixed_bfloat16");
  TensorList inputs = layer_inputs(row, float32);
  for (Tensor& input : inputs) {
    if (is_floating(input.dtype())) input = cast(cast(input, bfloat16), float32);
  }
  (void)run(*narrow, inputs);
  (void)run(*wide, inputs);
  narrow->set_weights(wide->get_weights());
  const auto gradients = [&](Layer& layer) {
    GradientTape tape;
    const TensorList outputs = run(layer, inputs);
    const Tensor y = joined(outputs);
    Tensors all = tape.gradient(y, layer.trainable_variables());
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i].dtype() == layer.trainable_variables()[i].dtype());
    for (const Tensor& output : outputs) all.push_back(output);
    return all;
  };
  const auto close = [](const auto& actual, const auto& expected) {
    double scale = 0;  // of all: some gradients are 0 but for roundings
    for (const Tensor& t : expected) {
      if (t.size() > 0) scale = std::max(scale, reduce_max(abs(cast(t, float64))).item());
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK_CLOSE(cast(actual[i], float64), cast(expected[i], float64), 0.02, 0.02 * scale);
    }
  };
  if (row.gradients) {
    close(gradients(*narrow), gradients(*wide));
  } else {
    close(run(*narrow, inputs), run(*wide, inputs));
  }
}

template <class Optimizer>
void check_training(const LayerRow& row, Optimizer optimizer) {
  AnyLayer layer = row.make(float32);
  const TensorList inputs = layer_inputs(row, float32);
  const Tensor first = joined(run(*layer, inputs));
  if (layer->trainable_variables().empty()) return;
  const Tensor target = first + some(first.shape(), float32, -0.5, 0.5);
  double before = 0, after = 0;
  for (int step = 0; step < 10; ++step) {
    GradientTape tape;
    const Tensor loss = reduce_mean(square(joined(run(*layer, inputs, !row.random)) - target));
    const auto gradients = tape.gradient(loss, layer->trainable_variables());
    optimizer.apply_gradients(zip(gradients, layer->trainable_variables()));
    (step == 0 ? before : after) = loss.item();
  }
  CHECK(after < before);
}

void check_copies(const LayerRow& row) {
  AnyLayer layer = row.make(float32);
  const TensorList inputs = layer_inputs(row, float32);
  const auto early = detail::LayerState::copy(*layer);
  REQUIRE_MESSAGE(early != nullptr, "the class is not derived from LayerBase of itself");
  const TensorList y = run(*layer, inputs);
  const auto late = detail::LayerState::copy(*layer);
  for (const auto* copy : {&early, &late}) {
    check_same_bits(run(**copy, inputs), y);
    REQUIRE((*copy)->variables().size() == row.weights.size());
    for (std::size_t i = 0; i < row.weights.size(); ++i) {
      CHECK((*copy)->variables()[i].is_same(layer->variables()[i]));
    }
  }
  // Weights that are not those of a new layer, all of them.
  std::vector<Tensor> values;
  for (const auto& variable : layer->variables()) {
    values.push_back(abs(variable.peek() + some(variable.shape(), variable.dtype(), -0.5, 0.5)) + 0.1);
  }
  layer->set_weights(values);
  AnyLayer other = layer.clone();
  CHECK(other->variables().empty());
  (void)run(*other, inputs);
  for (std::size_t i = 0; i < row.weights.size(); ++i) {
    CHECK_FALSE(other->variables()[i].is_same(layer->variables()[i]));
  }
  other->set_weights(layer->get_weights());
  check_same_bits(run(*other, inputs), run(*layer, inputs));
}

void check_wrong(const LayerRow& row) {
  for (const auto& wrong : row.wrong) {
    TensorList inputs;
    for (std::size_t i = 0; i < wrong.shapes.size(); ++i) {
      const auto dtype = i < row.inputs.size() ? row.inputs[i].dtype.value_or(float32) : float32;
      inputs.push_back(zeros(wrong.shapes[i], dtype));
    }
    AnyLayer layer = row.make(float32);
    layer->set_name("the_layer");
    CHECK_THROWS_TEXT(ValueError, wrong.text, run(*layer, inputs));
    CHECK(layer->variables().empty());
    if (!row.weights.empty()) CHECK_FALSE(layer->built());
    (void)run(*layer, layer_inputs(row, float32));
    CHECK_THROWS_TEXT(ValueError, "the_layer", run(*layer, inputs));
    check_shapes(run(*layer, layer_inputs(row, float32)), row.outputs);
  }
}

}  // namespace

TensorList layer_inputs(const LayerRow& row, DType dtype, std::optional<std::int64_t> batch) {
  TensorList inputs;
  std::int64_t start = 0;
  for (const auto& input : row.inputs) {
    const Shape shape = batch ? with_batch(input.shape, *batch) : input.shape;
    inputs.push_back(some(shape, input.dtype.value_or(dtype), input.low, input.high, start));
    start += shape.numel();
  }
  return inputs;
}

namespace {

void check_layer(const LayerRow& row) {
  check_eager(row);
  check_symbolic(row);
  check_dtypes(row);
  check_mixed_precision(row);
  check_copies(row);
  check_wrong(row);
  check_replays(row);
  if (row.gradients) {
    check_layer_gradients(row, false);
    if (row.training_differs) check_layer_gradients(row, true);
    check_training(row, optimizers::SGD({.learning_rate = 0.01}));
    check_training(row, optimizers::Adam({.learning_rate = 0.01}));
  }
}

}  // namespace

void check_layers(const LayerTable& table) {
  int number = 0;
  for (const auto& row : table) {
    ++number;
    INFO("row ", number, ", of the layer ", row.layer);
    try {
      check_layer(row);
    } catch (const std::exception& error) {
      FAIL_CHECK(error.what());  // the rows that follow are checked all the same
    }
  }
}

namespace {

/// The classes derived from LayerBase in a header.
std::set<std::string> layers_declared_in(const std::string& header) {
  static const std::regex declares("(?:class|struct) (\\w+)[^;{}]* : public LayerBase<");
  std::set<std::string> names;
  std::istringstream lines(header);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_search(line, match, declares)) names.insert(match[1]);
  }
  return names;
}

TEST_CASE("layers: every class that a header declares has a row, and every row a class") {
  std::set<std::string> declared;
  for (const auto& file : std::filesystem::directory_iterator(testing::source_dir() + "/include/xtape/layers")) {
    std::ifstream in(file.path());
    std::ostringstream text;
    text << in.rdbuf();
    declared.merge(layers_declared_in(text.str()));
  }
  CHECK(declared.size() >= 5);
  for (const auto& name : declared) {
    CHECK_MESSAGE(layers_with_rows().contains(name), "tests/layers has no row for ", name);
  }
  for (const auto& name : layers_with_rows()) {
    CHECK_MESSAGE(declared.contains(name), "include/xtape/layers does not declare ", name);
  }
}

TEST_CASE("layers: what counts as a declaration of a layer") {
  CHECK(layers_declared_in("///     struct Scale : xp::LayerBase<Scale> {\n"
                           "class Dense : public LayerBase<Dense> {\n"
                           "class MaxPooling2D final : public LayerBase<MaxPooling2D, detail::Pooling> {\n"
                           "class Padding {\n"
                           "class Later;\n") == std::set<std::string>{"Dense", "MaxPooling2D"});
}

}  // namespace
}  // namespace xtape::testing
