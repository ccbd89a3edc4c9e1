#include "layers/harness.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

#include "core/shapes_only.hpp"
#include "core/undo.hpp"
#include "layers/all_rows.hpp"
#include "layers/configs.hpp"
#include "layers/keras_models.hpp"
#include "layers/layer_state.hpp"
#include "layers/replays.hpp"
#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::testing {

namespace {

std::vector<LayerRow>& layer_rows() {
  static std::vector<LayerRow> rows;
  return rows;
}

}  // namespace

std::set<std::string>& layers_with_rows() {
  static std::set<std::string> names;
  return names;
}

const std::vector<LayerRow>& all_layer_rows() { return layer_rows(); }

LayerTable::LayerTable(std::initializer_list<LayerRow> rows) : rows_(rows) {
  for (const auto& row : rows_) layers_with_rows().insert(row.layer);
  layer_rows().insert(layer_rows().end(), rows_.begin(), rows_.end());
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
  const TensorList data = layer_inputs(row, float32);
  Model model(inputs, outputs);
  const TensorList expected = run(*layer, data);
  check_same_bits(model(data), expected);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    CHECK(outputs[i].shape() == with_batch(row.outputs[i], -1));
    CHECK(outputs[i].dtype() == expected[i].dtype());
  }
  if (row.empty_batch) {
    std::vector<Shape> empty;
    for (const Shape& shape : row.outputs) empty.push_back(with_batch(shape, 0));
    check_shapes(run(*layer, layer_inputs(row, float32, 0)), empty);
  }
}

/// A symbolic call reads no elements, also in training and in mixed precision.
void check_without_elements(const LayerRow& row) {
  for (const char* policy : {"float32", "mixed_bfloat16"}) {
    for (const bool training : {false, true}) {
      AnyLayer layer = row.make(float32);
      layer->set_dtype_policy(policy);
      const TensorList data = layer_inputs(row, float32), expected = run(*layer, data, training);
      const detail::Trial trial;
      const detail::ShapesOnly without_elements;
      TensorList shapes;
      for (const Tensor& t : data) shapes.push_back(detail::make_tensor(t.shape(), t.dtype()));
      const TensorList outputs = run(*layer, shapes, training);
      REQUIRE(outputs.size() == expected.size());
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        CHECK(outputs[i].shape() == expected[i].shape());
        CHECK(outputs[i].dtype() == expected[i].dtype());
        const bool known = get_mask(outputs[i]).defined();
        REQUIRE(known == get_mask(expected[i]).defined());
        if (known) CHECK(get_mask(outputs[i]).shape() == get_mask(expected[i]).shape());
      }
    }
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
    // Set without assign(), so that the tape sees these tensors.
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
  // Other values for all weights than those of a new layer.
  std::vector<Tensor> values;
  for (const auto& variable : layer->variables()) {
    if (is_floating(variable.dtype())) {
      values.push_back(abs(variable.peek() + some(variable.shape(), variable.dtype(), -0.5, 0.5)) + 0.1);
    } else {
      values.push_back(variable.peek() + 1);
    }
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

/// Inputs for which a layer may throw: those of the row, and variations of the valid ones.
std::vector<TensorList> wrong_inputs(const LayerRow& row) {
  std::vector<TensorList> all;
  for (const auto& wrong : row.wrong) {
    TensorList inputs;
    for (std::size_t i = 0; i < wrong.shapes.size(); ++i) {
      const auto dtype = i < row.inputs.size() ? row.inputs[i].dtype.value_or(float32) : float32;
      inputs.push_back(zeros(wrong.shapes[i], dtype));
    }
    all.push_back(inputs);
  }
  const TensorList right = layer_inputs(row, float32);
  TensorList more = right;
  more.push_back(zeros({2, 3, 5, 7}));
  more.push_back(zeros({7}));
  all.push_back(more);
  for (std::size_t i = 0; i < right.size(); ++i) {
    const auto changed = [&](const Tensor& other) {
      TensorList inputs = right;
      inputs[i] = other;
      all.push_back(inputs);
    };
    const Shape shape = right[i].shape();
    changed(Tensor());
    changed(cast(right[i], boolean));
    changed(zeros({}, right[i].dtype()));
    changed(expand_dims(right[i], -1));
    for (int axis = 0; axis < shape.rank(); ++axis) {
      Shape longer = shape;
      longer[axis] += 1;
      changed(zeros(longer, right[i].dtype()));
    }
  }
  return all;
}

/// Copies of the weights: assignments do not change them, since they do not write to shared elements.
TensorList values_of(const Layer& layer) {
  TensorList values;
  for (const Tensor& value : layer.get_weights()) values.push_back(value);
  return values;
}

/// Whether the call throws an error of this library.
bool refuses(Layer& layer, const TensorList& inputs, bool training) {
  try {
    (void)run(layer, inputs, training);
    return false;
  } catch (const Error&) {
    return true;
  }
}

/// After each wrong input a valid one gives the right result: for an unbuilt layer, a built layer, and in training.
void check_after_wrong(const LayerRow& row) {
  const TensorList right = layer_inputs(row, float32);
  random::set_seed(11);
  AnyLayer reference = row.make(float32);
  const TensorList expected = run(*reference, right);
  const random::GeneratorState drawn = random::default_generator().state();
  const TensorList first_weights = values_of(*reference);
  const bool compare_training = !row.random;
  const TensorList expected_in_training = compare_training ? run(*reference, right, true) : expected;
  const TensorList trained_weights = values_of(*reference);
  int number = 0, refused = 0;
  for (const TensorList& wrong : wrong_inputs(row)) {
    INFO("wrong input ", number++);
    for (const bool training : {false, true}) {
      random::set_seed(11);
      AnyLayer fresh = row.make(float32);
      const bool built = fresh->built();
      if (refuses(*fresh, wrong, training)) {
        ++refused;
        CHECK(fresh->built() == built);
        CHECK(fresh->variables().empty());
        CHECK(fresh->losses().empty());
        if (training && row.random) continue;  // random numbers have been drawn
        check_same_bits(run(*fresh, right), expected);
        CHECK(random::default_generator().state() == drawn);
      }
      AnyLayer built_layer = row.make(float32);
      (void)run(*built_layer, right);
      built_layer->set_weights({first_weights.begin(), first_weights.end()});
      if (!refuses(*built_layer, wrong, training)) continue;
      check_same_bits(values_of(*built_layer), first_weights);
      check_same_bits(run(*built_layer, right), expected);
      if (!compare_training) continue;
      check_same_bits(run(*built_layer, right, true), expected_in_training);
      check_same_bits(values_of(*built_layer), trained_weights);
    }
  }
  CHECK(refused > 0);
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

/// Calls the layer as in training, even if it is called with symbolic tensors itself.
struct InTraining : LayerBase<InTraining> {
  explicit InTraining(AnyLayer layer) : inner(std::move(layer)) {
    set_casts_inputs(false);
    adopt(*inner);
  }
  TensorList call_list(const TensorList& inputs) override { return (*inner)(inputs, {.training = true}); }
  AnyLayer inner;
};

/// A call with symbolic tensors changes neither weights nor random generators, not even as in training, and adds no
/// losses.
void check_symbolic_keeps_state(const LayerRow& row) {
  const TensorList data = layer_inputs(row, float32);
  AnyLayer layer = row.make(float32);
  (void)run(*layer, data);
  InTraining outer(layer);
  (void)run(outer, data);
  const TensorList weights = values_of(*layer);
  const auto generators = detail::LayerState::of(*layer).all_generators();
  const auto states = [&] {
    std::vector<random::GeneratorState> all{random::default_generator().state()};
    for (const auto& generator : generators) all.push_back(generator->state());
    return all;
  };
  const auto before = states();
  const std::vector<Tensor> losses_before = layer->losses();
  (void)outer.outputs(symbolic_inputs(row, float32));
  (void)layer->outputs(symbolic_inputs(row, float32));
  CHECK(states() == before);
  check_same_bits(values_of(*layer), weights);
  const std::vector<Tensor> losses = layer->losses();
  REQUIRE(losses.size() == losses_before.size());
  for (std::size_t i = 0; i < losses.size(); ++i) CHECK_SAME_BITS(losses[i], losses_before[i]);
  // Built by a symbolic call it is the layer that an eager call builds.
  random::set_seed(5);
  AnyLayer eager = row.make(float32);
  const TensorList expected = run(*eager, data);
  const random::GeneratorState drawn = random::default_generator().state();
  random::set_seed(5);
  AnyLayer symbolic = row.make(float32);
  (void)symbolic->outputs(symbolic_inputs(row, float32));
  check_same_bits(run(*symbolic, data), expected);
  CHECK(random::default_generator().state() == drawn);
}

/// float64 inputs of a float32 layer are cast where it has weights, and their gradients are float64.
void check_casts(const LayerRow& row) {
  AnyLayer layer = row.make(float32);
  const TensorList narrow = layer_inputs(row, float32);
  TensorList wide;
  std::vector<Tensor> narrow_sources, wide_sources;
  for (const Tensor& input : narrow) {
    wide.push_back(input.dtype() == float32 ? cast(input, float64) : input);
    if (input.dtype() != float32) continue;
    narrow_sources.push_back(input);
    wide_sources.push_back(wide[wide.size() - 1]);
  }
  if (narrow_sources.empty()) return;
  const auto gradients = [&](const TensorList& inputs, const std::vector<Tensor>& sources) {
    GradientTape tape;
    tape.watch(sources);
    const Tensor y = joined(run(*layer, inputs));
    return tape.gradient(y, sources);
  };
  const TensorList y = run(*layer, narrow);
  const auto agree = [&](const Tensor& received, const Tensor& expected) {
    if (!row.weights.empty() || !is_floating(expected.dtype())) {
      CHECK_SAME_BITS(received, expected);
    } else {
      CHECK_CLOSE(cast(received, float64), cast(expected, float64), 1e-5, 1e-5);
    }
  };
  const TensorList y_of_wide = run(*layer, wide);
  for (std::size_t i = 0; i < y.size(); ++i) agree(y_of_wide[i], y[i]);
  if (!row.gradients) return;
  const Tensors expected = gradients(narrow, narrow_sources), received = gradients(wide, wide_sources);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    REQUIRE(received[i].defined() == expected[i].defined());
    if (!expected[i].defined()) continue;
    CHECK(received[i].dtype() == float64);
    agree(received[i], cast(expected[i], float64));
  }
}

/// The first call in several threads at once, with the layer itself and with copies of it, and more calls then.
void check_threads(const LayerRow& row) {
  const TensorList data = layer_inputs(row, float32);
  random::set_seed(3);
  AnyLayer reference = row.make(float32);
  const TensorList expected = run(*reference, data);
  random::set_seed(3);
  AnyLayer layer = row.make(float32);
  const std::shared_ptr<Layer> copy = detail::LayerState::copy(*layer);
  std::array<Layer*, 3> handles{&*layer, copy.get(), &*layer};
  std::array<std::vector<TensorList>, 3> results;
  std::vector<std::thread> threads;
  std::atomic<int> waiting{3};
  for (std::size_t i = 0; i < handles.size(); ++i) {
    threads.emplace_back([&, i] {
      for (--waiting; waiting > 0;) std::this_thread::yield();
      for (int call = 0; call < 2; ++call) {
        results[i].push_back(run(*handles[i], data));
        const auto another = detail::LayerState::copy(*handles[i]);
        results[i].push_back(run(*another, data));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& of_thread : results) {
    REQUIRE(of_thread.size() == 4);
    for (const TensorList& outputs : of_thread) check_same_bits(outputs, expected);
  }
  CHECK(layer->variables().size() == row.weights.size());
}

/// A mask for all axes but the last, or of the batch; about a third is left out.
Tensor some_mask(const Shape& shape) {
  Shape steps = shape.rank() > 1 ? Shape(std::vector<std::int64_t>(shape.begin(), shape.end() - 1)) : shape;
  std::vector<double> values;
  for (std::int64_t i = 0; i < steps.numel(); ++i) values.push_back(i % 3 != 1);
  return cast(constant(values, steps), boolean);
}

bool same_values(const TensorList& a, const TensorList& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!testing::same_bits(a[i], b[i]).ok) return false;
  }
  return a.size() == b.size();
}

void check_masks(const LayerRow& row) {
  REQUIRE_MESSAGE(row.masks != Masks::unstated, "the row does not say what the layer does with masks");
  const bool uses = row.masks == Masks::uses || row.masks == Masks::uses_and_passes;
  const bool first_has_one = row.masks == Masks::passes || row.masks == Masks::uses_and_passes ||
                             row.masks == Masks::combines || row.masks == Masks::makes ||
                             row.masks == Masks::passes_unused;
  const bool training = uses && row.training_differs;
  const TensorList plain = layer_inputs(row, float32);
  TensorList inputs;
  for (const Tensor& x : plain) {
    inputs.push_back(x.rank() > 0 && x.dtype() != boolean ? with_mask(x, some_mask(x.shape())) : x);
  }
  AnyLayer layer = row.make(float32);
  layer->set_name("the_layer");
  const WarningCapture warnings;
  const TensorList without = run(*layer, plain, training);
  CHECK(warnings.count() == 0);
  for (std::size_t i = 0; i < without.size(); ++i) {
    CHECK(get_mask(without[i]).defined() == (row.masks == Masks::makes && i == 0));
  }
  const auto check_outputs = [&](const TensorList& outputs) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Tensor mask = get_mask(outputs[i]);
      if (row.layer != "Identity") CHECK(mask.defined() == (first_has_one && i == 0));
      if (mask.defined()) CHECK(detail::mask_fits(mask.shape(), outputs[i].shape()));
      if (row.masks == Masks::passes || row.masks == Masks::passes_unused)
        CHECK_TENSOR_EQ(get_mask(outputs[0]), get_mask(inputs[0]));
    }
  };
  const TensorList outputs = run(*layer, inputs, training);
  check_outputs(outputs);
  CHECK(same_values(outputs, without) == !uses);
  check_outputs(run(*layer, inputs, training));
  for (std::size_t i = 0; i < inputs.size(); ++i) {  // the caller's tensors
    CHECK_FALSE(get_mask(plain[i]).defined());
    if (detail::has_mask(inputs[i])) CHECK_TENSOR_EQ(get_mask(inputs[i]), some_mask(inputs[i].shape()));
  }
  CHECK(warnings.count() == (row.masks == Masks::drops || row.masks == Masks::passes_unused ? 1 : 0));
  if (row.masks == Masks::drops) {
    CHECK(warnings.text().find("[" + row.layer + "] layer 'the_layer' was passed an input with a mask") == 0);
  }
  if (row.masks == Masks::passes_unused) CHECK(warnings.text().find("include the padding") != std::string::npos);
  const SymbolicList symbolic = symbolic_inputs(row, float32);
  check_outputs(Model(symbolic, layer->outputs(symbolic))(inputs));
  AnyLayer narrow = row.make(float32);
  narrow->set_dtype_policy("mixed_bfloat16");
  check_outputs(run(*narrow, inputs, training));
  if (!row.gradients) return;
  GradientTape tape;  // it holds outputs that rules need
  for (const Tensor& input : inputs) {
    if (is_floating(input.dtype())) tape.watch(input);
  }
  check_outputs(run(*layer, inputs, training));
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
  check_config(row);
  write_keras_model(row);
  check_eager(row);
  check_symbolic(row);
  check_without_elements(row);
  check_dtypes(row);
  check_mixed_precision(row);
  check_copies(row);
  check_wrong(row);
  check_replays(row);
  check_after_wrong(row);
  check_symbolic_keeps_state(row);
  check_casts(row);
  check_threads(row);
  check_masks(row);
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
      FAIL_CHECK(std::string(error.what()));  // the rows that follow are checked all the same
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
