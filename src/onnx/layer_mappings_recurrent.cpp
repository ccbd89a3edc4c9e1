// Recurrent layers: ONNX's LSTM, GRU and RNN over [time, batch, features].
#include <algorithm>
#include <array>

#include "onnx/layer_mappings.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/rnn.hpp"
#include "xtape/layers/stacked_rnn_cells.hpp"
#include "xtape/layers/time_distributed.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

struct Recurrence {
  const char* op = nullptr;
  std::vector<int> gates;  ///< ONNX's gates in their order, by their places in Keras's weights
  std::vector<std::string> activations;
  std::vector<OnnxAttribute> attributes = {};
};

/// ONNX's name of an activation in a recurrent node; alpha and beta are its numbers if it has any.
struct GateActivation {
  const char *keras, *onnx;
  float alpha = 0, beta = 0;
};
constexpr GateActivation gate_activations[] = {
    {"tanh", "Tanh"},
    {"sigmoid", "Sigmoid"},
    {"relu", "Relu"},
    {"linear", "Affine", 1, 0},
    {"leaky_relu", "LeakyRelu", 0.2f},
    {"hard_sigmoid", "HardSigmoid", 1.0f / 6, 0.5f},
    {"elu", "Elu", 1},
    {"softsign", "Softsign"},
    {"softplus", "Softplus"},
};

Recurrence recurrence_of(const OnnxCall& cell) {
  Recurrence r;
  const std::string kind = cell.layer().class_name();
  std::vector<const char*> functions;
  if (kind == "LSTMCell") {
    r.op = "LSTM";
    r.gates = {0, 3, 1, 2};  // i, o, f, c of i, f, c, o
    functions = {"recurrent_activation", "activation", "activation"};
  } else if (kind == "GRUCell") {
    r.op = "GRU";
    r.gates = {0, 1, 2};  // z, r, h
    functions = {"recurrent_activation", "activation"};
    r.attributes.push_back({"linear_before_reset", std::int64_t{cell.get<bool>("reset_after")}});
  } else if (kind == "SimpleRNNCell") {
    r.op = "RNN";
    r.gates = {0};
    functions = {"activation"};
  } else {
    cell.refuse("ONNX has nodes for the cells LSTMCell, GRUCell and SimpleRNNCell only");
  }
  std::vector<float> alphas, betas;
  for (const char* function : functions) {
    const ConfigValue& value = cell.argument(function);
    const std::string name = value.is_none() ? "linear" : value.get<std::string>() ? *value.get<std::string>() : "";
    const auto known = std::find_if(std::begin(gate_activations), std::end(gate_activations),
                                    [&](const auto& each) { return name == each.keras; });
    if (known == std::end(gate_activations)) {
      cell.refuse("ONNX's recurrent nodes do not have its {}, {}", function, value.str());
    }
    r.activations.emplace_back(known->onnx);
    // One number for each activation that takes any, in their order.
    const std::string_view onnx = known->onnx;
    if (onnx == "Affine" || onnx == "HardSigmoid" || onnx == "LeakyRelu" || onnx == "Elu")
      alphas.push_back(known->alpha);
    if (onnx == "Affine" || onnx == "HardSigmoid") betas.push_back(known->beta);
  }
  r.attributes.push_back({"activations", r.activations});
  if (!alphas.empty()) r.attributes.push_back({"activation_alpha", alphas});
  if (!betas.empty()) r.attributes.push_back({"activation_beta", betas});
  return r;
}

/// [rows, gates * units] -> [1, gates * units, rows] with the gates in ONNX's order.
Tensor kernel_of(const Tensor& kernel, const Recurrence& r) {
  const Tensors parts = split(kernel, static_cast<std::int64_t>(r.gates.size()), -1);
  std::vector<Tensor> ordered;
  for (const int gate : r.gates) ordered.push_back(xtape::transpose(parts[static_cast<std::size_t>(gate)]));
  return expand_dims(concat(ordered, 0), 0);
}
Tensor bias_of(const Tensor& bias, const Recurrence& r) {
  const Tensors parts = split(bias, static_cast<std::int64_t>(r.gates.size()), -1);
  std::vector<Tensor> ordered;
  for (const int gate : r.gates) ordered.push_back(parts[static_cast<std::size_t>(gate)]);
  return concat(ordered, 0);
}

struct Sequence {
  OnnxValue outputs, last;  ///< [batch, time, units], [batch, units]
  OnnxValues states;
};

/// The steps where the mask is true, moved to the front in their order: ONNX's nodes only know how many steps of a
/// sequence there are. `places` says which of them is the last one at or before each step, -1 for none.
struct Compacted {
  OnnxValue x, lengths, places;
};
Compacted compact(OnnxBuilder& g, const OnnxValue& x, const OnnxValue& mask) {
  const OnnxValue ones = g.cast(mask, int32);
  const OnnxValue counts = g.alike("CumSum", {ones, g.scalar(1, int64)});
  // A key for each step, larger for earlier ones, and for all kept ones larger than for the others.
  const OnnxValue time = g.sizes({OnnxSize(x, 1)});
  const OnnxValue all = g.cast(g.squeeze(time, {0}), int32);
  OnnxValue steps = g.node("Range", {g.scalar(0, int32), all, g.scalar(1, int32)}, {}, {x.shape[1]}, int32);
  const OnnxValue keys = g.cast(g.subtract(g.multiply(ones, all), steps), float32);
  const OnnxValue order = g.nodes("TopK", {keys, time}, {{"axis", std::int64_t{1}}, {"sorted", std::int64_t{1}}},
                                  {{keys.shape, float32}, {keys.shape, int64}})[1];
  Compacted c;
  c.x = g.node("GatherND", {x, g.expand_dims(order, {-1})}, {{"batch_dims", std::int64_t{1}}}, x.shape, x.dtype);
  c.lengths = g.reduce("ReduceSum", ones, {1}, false);
  c.places = g.with_scalar("Sub", counts, 1);
  return c;
}

Sequence run(OnnxBuilder& g, const OnnxCall& cell, OnnxValue x, const std::optional<OnnxValue>& mask,
             const OnnxValues& given_states, bool reversed) {
  const Recurrence r = recurrence_of(cell);
  const Tensor kernel = cell.weight("kernel"), recurrent = cell.weight("recurrent_kernel");
  const std::int64_t units = recurrent.shape()[0], batch = x.shape[0], time = x.shape[1];
  x = g.cast(x, kernel.dtype());
  std::optional<Compacted> kept;
  if (mask) {
    kept = compact(g, x, *mask);
    x = kept->x;
  }
  OnnxValues inputs{g.transpose(x, {1, 0, 2}), g.weight(cell.weight_name("kernel"), kernel_of(kernel, r)),
                    g.weight(cell.weight_name("recurrent_kernel"), kernel_of(recurrent, r))};
  OnnxValue none;
  if (cell.find("bias") != nullptr) {
    const Tensor bias = cell.weight("bias");
    const bool both = bias.rank() == 2;  // of the inputs and of the state
    const auto row = [&](std::int64_t i) { return squeeze(slice_axis(bias, 0, i, 1), 0); };
    const Tensor of_inputs = bias_of(both ? row(0) : bias, r);
    const Tensor of_state = both ? bias_of(row(1), r) : zeros_like(of_inputs);
    inputs.push_back(g.weight(cell.weight_name("bias"), expand_dims(concat({of_inputs, of_state}, 0), 0)));
  } else {
    inputs.push_back(none);
  }
  // Sequences without a step keep their first states; the node is given one step of them, which is thrown away.
  inputs.push_back(kept ? g.with_scalar("Max", kept->lengths, 1) : none);
  for (const auto& state : given_states) inputs.push_back(g.expand_dims(g.cast(state, x.dtype), {0}));
  auto attributes = r.attributes;
  attributes.push_back({"hidden_size", units});
  if (reversed) attributes.push_back({"direction", std::string("reverse")});
  const bool lstm = std::string_view(r.op) == "LSTM";
  const Shape state_shape{1, batch, units};
  std::vector<std::pair<Shape, DType>> results{{{time, 1, batch, units}, x.dtype}, {state_shape, x.dtype}};
  if (lstm) results.emplace_back(state_shape, x.dtype);
  const OnnxValues made = g.nodes(r.op, inputs, attributes, results);

  Sequence s;
  s.outputs = g.transpose(g.squeeze(made[0], {1}), {1, 0, 2});
  for (std::size_t i = 1; i < made.size(); ++i) s.states.push_back(g.squeeze(made[i], {0}));
  s.last = s.states[0];
  if (kept) {
    const OnnxValue zero = g.scalar(0, x.dtype);
    const OnnxValue place = g.cast(g.with_scalar("Max", kept->places, 0), int64);
    const OnnxValue back = g.node("GatherND", {s.outputs, g.expand_dims(place, {-1})},
                                  {{"batch_dims", std::int64_t{1}}}, s.outputs.shape, x.dtype);
    const OnnxValue begun = g.compare("GreaterOrEqual", kept->places, g.scalar(0, int32));
    s.outputs = g.where(g.expand_dims(begun, {-1}), back, zero);
    const OnnxValue some = g.expand_dims(g.compare("Greater", kept->lengths, g.scalar(0, int32)), {-1});
    s.last = g.where(some, s.last, zero);
    for (std::size_t i = 0; i < s.states.size(); ++i) {
      s.states[i] = g.where(some, s.states[i], given_states.empty() ? zero : given_states[i]);
    }
  }
  return s;
}

/// The cells that a cell consists of: itself, or those of StackedRNNCells.
std::vector<Layer*> cells_of(Layer& cell) {
  std::vector<Layer*> all{&cell};
  if (auto* stack = dynamic_cast<layers::StackedRNNCells*>(&cell)) {
    all.clear();
    for (std::size_t i = 0; i < stack->size(); ++i) {
      const auto inner = cells_of(stack->cell(i));
      all.insert(all.end(), inner.begin(), inner.end());
    }
  }
  return all;
}

/// All steps of several cells, each of which reads the outputs of the one before. A step that the mask leaves out keeps
/// the states of all cells.
Sequence run_all(OnnxBuilder& g, const std::vector<Layer*>& cells, const OnnxValue& x,
                 const std::optional<OnnxValue>& mask, const OnnxValues& given_states, bool reversed) {
  Sequence all;
  all.outputs = x;
  auto next = given_states.begin();
  for (Layer* cell : cells) {
    const OnnxBuilder::Scope scope(g, cell->name());
    OnnxValues states;
    if (!given_states.empty()) {
      const auto count =
          static_cast<std::ptrdiff_t>(dynamic_cast<const layers::RecurrentCell&>(*cell).state_size().size());
      states.assign(next, next + count);
      next += count;
    }
    Sequence one = run(g, OnnxCall(*cell, {}, {}), all.outputs, mask, states, reversed);
    one.states.insert(one.states.begin(), all.states.begin(), all.states.end());
    all = std::move(one);
  }
  return all;
}

struct RecurrentInputs {
  OnnxValue x;
  std::optional<OnnxValue> mask;
  OnnxValues states;
};
RecurrentInputs recurrent_inputs(const OnnxCall& call) {
  RecurrentInputs in{call.x(), std::nullopt, {}};
  if (in.x.mask != nullptr) in.mask = *in.x.mask;
  std::size_t used = 1;
  if (call.inputs().size() > 1 && call.inputs()[1].dtype == boolean) in.mask = call.inputs()[used++];
  in.states.assign(call.inputs().begin() + static_cast<std::ptrdiff_t>(used), call.inputs().end());
  return in;
}

/// {outputs, states...}, with return_sequences in the order of `in_time`, otherwise as the layer returns them.
OnnxValues recurrent_outputs(OnnxBuilder& g, const OnnxCall& call, const layers::RNN& rnn, const RecurrentInputs& in,
                             bool in_time) {
  const auto& options = rnn.options();
  if (options.stateful) {
    call.refuse(
        "a stateful layer keeps states between calls, which an ONNX model cannot: use return_state, and give "
        "the states as inputs");
  }
  const std::vector<Layer*> cells = cells_of(rnn.cell());
  OnnxValue x = in.x;
  std::optional<OnnxValue> mask = in.mask;
  const bool turned = options.go_backwards && mask;  // otherwise the node itself goes backwards
  if (turned) {
    x = g.reverse(x, 1);
    mask = g.reverse(*mask, 1);
  }
  Sequence s = run_all(g, cells, x, mask, in.states, options.go_backwards && !turned);
  if (options.return_sequences && options.zero_output_for_mask && mask) {
    s.outputs = g.where(g.expand_dims(*mask, {-1}), s.outputs, g.scalar(0, s.outputs.dtype));
  }
  if (!options.return_sequences && options.zero_output_for_mask && mask) {
    s.last = g.where(g.slice(*mask, 1, -1, OnnxBuilder::to_end), s.last, g.scalar(0, s.last.dtype));
  }
  // The node returns the outputs in the order of time if it goes backwards itself.
  if (options.return_sequences && options.go_backwards && turned == in_time) s.outputs = g.reverse(s.outputs, 1);
  OnnxValues outputs{options.return_sequences ? s.outputs : s.last};
  if (options.return_state) outputs.insert(outputs.end(), s.states.begin(), s.states.end());
  return outputs;
}

OnnxValues recurrent(OnnxBuilder& g, const OnnxCall& call) {
  const auto& rnn = dynamic_cast<const layers::RNN&>(call.layer());
  const RecurrentInputs in = recurrent_inputs(call);
  OnnxValues outputs = recurrent_outputs(g, call, rnn, in, false);
  outputs[0].mask = nullptr;
  if (rnn.return_sequences() && in.mask) {
    outputs[0] = g.with_mask(outputs[0], rnn.options().go_backwards ? g.reverse(*in.mask, 1) : *in.mask);
  }
  return outputs;
}

OnnxValues bidirectional(OnnxBuilder& g, const OnnxCall& call) {
  auto& both = dynamic_cast<layers::Bidirectional&>(call.layer());
  const auto& forward = dynamic_cast<const layers::RNN&>(both.forward_layer());
  const auto& backward = dynamic_cast<const layers::RNN&>(both.backward_layer());
  const RecurrentInputs in = recurrent_inputs(call);
  RecurrentInputs one = in, other = in;
  const auto half = static_cast<std::ptrdiff_t>(in.states.size() / 2);
  one.states.assign(in.states.begin(), in.states.begin() + half);
  other.states.assign(in.states.begin() + half, in.states.end());
  const auto outputs_of = [&](const layers::RNN& rnn, const RecurrentInputs& given) {
    const OnnxBuilder::Scope scope(g, rnn.name());
    return recurrent_outputs(g, call, rnn, given, true);
  };
  const OnnxValues ahead = outputs_of(forward, one), back = outputs_of(backward, other);
  const auto mode = call.get<std::string>("merge_mode");
  OnnxValues outputs;
  if (mode == "concat") outputs = {g.concat({ahead[0], back[0]}, -1)};
  if (mode == "sum") outputs = {g.add(ahead[0], back[0])};
  if (mode == "mul") outputs = {g.multiply(ahead[0], back[0])};
  if (mode == "ave") outputs = {g.with_scalar("Div", g.add(ahead[0], back[0]), 2)};
  if (mode == "none") outputs = {ahead[0], back[0]};
  if (forward.return_sequences() && in.mask) {
    for (auto& output : outputs) output = g.with_mask(output, *in.mask);
  }
  outputs.insert(outputs.end(), ahead.begin() + 1, ahead.end());
  outputs.insert(outputs.end(), back.begin() + 1, back.end());
  return outputs;
}

/// A cell as a layer: {x, states...} -> {output, states...}. One step of the sequence's node.
OnnxValues cell_step(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValues states(call.inputs().begin() + 1, call.inputs().end());
  const OnnxValue x = g.expand_dims(call.x(), {1});
  const std::vector<Layer*> cells = cells_of(call.layer());
  const bool single = cells.front() == &call.layer();
  const Sequence s =
      single ? run(g, call, x, std::nullopt, states, false) : run_all(g, cells, x, std::nullopt, states, false);
  OnnxValues outputs{s.last};
  outputs.insert(outputs.end(), s.states.begin(), s.states.end());
  return outputs;
}

OnnxValues time_distributed(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue x = call.with_given_mask();
  Layer& inner = dynamic_cast<layers::TimeDistributed&>(call.layer()).layer();
  OnnxSizes samples{-1};
  for (int axis = 2; axis < x.rank(); ++axis) samples.emplace_back(x, axis);
  OnnxValue given = g.reshape(x, samples);
  given.mask = nullptr;
  if (x.mask != nullptr && LayerState::takes_masks(inner)) {
    // As detail::of_samples in layers/time_distributed.cpp.
    OnnxSizes sizes{-1};
    if (x.mask->rank() > 2) {
      for (int axis = 2; axis < x.mask->rank(); ++axis) sizes.emplace_back(*x.mask, axis);
      given = g.with_mask(given, g.reshape(*x.mask, sizes));
    } else {
      OnnxSizes wanted{OnnxSize(given, 0)};
      for (int axis = 1; axis < given.rank() - 1; ++axis) {
        sizes.emplace_back(1);
        wanted.emplace_back(given, axis);
      }
      OnnxValue mask = g.reshape(*x.mask, sizes);
      if (wanted.size() > 1) mask = g.broadcast_to(mask, wanted);
      given = g.with_mask(given, mask);
    }
  }
  const OnnxValue inside = map_layer(g, inner, {given}).front();
  const auto of_steps = [&](const OnnxValue& y) {
    OnnxSizes sizes{OnnxSize(x, 0), OnnxSize(x, 1)};
    for (int axis = 1; axis < y.rank(); ++axis) sizes.emplace_back(y, axis);
    return g.reshape(y, sizes);
  };
  OnnxValue y = of_steps(inside);
  y.mask = nullptr;
  if (inside.mask != nullptr && (x.mask == nullptr || x.mask->rank() > 2)) {
    return {g.with_mask(y, of_steps(*inside.mask))};
  }
  if (x.mask == nullptr) return {y};
  std::vector<std::int64_t> axes;
  for (int axis = 2; axis < x.mask->rank(); ++axis) axes.push_back(axis);
  return {g.with_mask(y, axes.empty() ? *x.mask : g.reduce_any(*x.mask, axes, false))};
}

constexpr OnnxLayerMapping mappings[] = {
    {"Bidirectional", bidirectional, OnnxMasks::own}, {"GRU", recurrent, OnnxMasks::own},
    {"GRUCell", cell_step, OnnxMasks::own},           {"LSTM", recurrent, OnnxMasks::own},
    {"LSTMCell", cell_step, OnnxMasks::own},          {"RNN", recurrent, OnnxMasks::own},
    {"SimpleRNN", recurrent, OnnxMasks::own},         {"SimpleRNNCell", cell_step, OnnxMasks::own},
    {"StackedRNNCells", cell_step, OnnxMasks::own},   {"TimeDistributed", time_distributed, OnnxMasks::own},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_recurrent_layers() { return mappings; }

}  // namespace xtape::detail
