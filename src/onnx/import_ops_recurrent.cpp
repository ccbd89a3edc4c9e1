// Recurrent ops. What xtape's ops of whole sequences cannot do runs step by step.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "core/undo.hpp"
#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/recurrent.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

enum Input : std::size_t { X, W, R, B, lengths, initial_h, initial_c, P };

struct GateActivation {
  std::string name;
  double alpha, beta;  ///< NaN: the default
};

/// What one direction computes, for sequences [batch, time, features] in its own order of time.
struct Direction {
  int index;  ///< among the directions of the file
  Tensor x, mask, h, c;
  std::vector<GateActivation> activations;
  std::int64_t units;
  double clip;  ///< 0: none
};
struct Result {
  Tensor y, h, c;  ///< y: [batch, time, units]
};

/// The part of an input that belongs to a direction, with the parts of its first axis in another order; kept.
Tensor part_of(const Tensor& all, int direction, std::int64_t parts, const std::vector<int>& order) {
  const Tensor own = squeeze(slice_axis(all, 0, direction, 1), 0);
  const Tensors split_up = split(own, parts, 0);
  std::vector<Tensor> ordered;
  for (const int i : order) ordered.push_back(split_up[static_cast<std::size_t>(i)]);
  return concat(ordered, 0);
}

/// All directions of a weight [directions, parts units, k] as [directions, k, parts units], the parts reordered.
Tensor arranged_kernel(Call call, std::size_t input, std::int64_t parts, const std::vector<int>& order, int direction) {
  const Tensor all = call.arrange(input, [&](const Tensor& given) {
    std::vector<Tensor> each;
    for (int d = 0; d < given.shape()[0]; ++d) each.push_back(transpose(part_of(given, d, parts, order)));
    return stack(each);
  });
  return squeeze(slice_axis(all, 0, direction, 1), 0);
}

/// The two halves of the bias, reordered: for the input and for the state.
std::array<Tensor, 2> biases(Call call, std::int64_t parts, const std::vector<int>& order, int direction) {
  if (!call.has(B)) return {};
  std::vector<int> both = order;
  for (const int i : order) both.push_back(i + static_cast<int>(parts));
  const Tensor all = part_of(call.in(B), direction, 2 * parts, both);
  const std::int64_t half = all.size() / 2;
  return {slice_axis(all, 0, 0, half), slice_axis(all, 0, half, half)};
}

Tensor activated(Call call, const Direction& d, std::size_t i, const Tensor& x) {
  const auto& [name, alpha, beta] = d.activations[i];
  return onnx_activation(call, name, x, alpha, beta);
}
Tensor clipped(const Direction& d, const Tensor& x) { return d.clip > 0 ? clip_by_value(x, -d.clip, d.clip) : x; }

/// Runs step(x_t, h, c) -> (h, c) for each step; masked steps change nothing.
template <class Step>
Result by_steps(Call call, const Direction& d, const Step& step) {
  const std::int64_t batch = d.x.shape()[0], steps = d.x.shape()[1];
  if (Trial::current() != nullptr && steps > 4096) call.refuse("expected at most 4096 steps, received {}", steps);
  call.expect_moderate(Shape{batch, d.units});
  Tensor h = d.h.defined() ? d.h : zeros({batch, d.units}, d.x.dtype());
  Tensor c = d.c.defined() ? d.c : zeros({batch, d.units}, d.x.dtype());
  std::vector<Tensor> all;
  for (std::int64_t t = 0; t < steps; ++t) {
    auto [next_h, next_c] = step(squeeze(slice_axis(d.x, 1, t, 1), 1), h, c);
    if (d.mask.defined()) {
      const Tensor counts = slice_axis(d.mask, 1, t, 1);
      next_h = where(counts, next_h, h);
      next_c = where(counts, next_c, c);
    }
    h = next_h;
    c = next_c;
    all.push_back(h);
  }
  if (all.empty()) return {zeros({batch, 0, d.units}, d.x.dtype()), h, c};
  return {stack(all, 1), h, c};
}

bool has_activations(const Direction& d, const std::vector<std::string>& names) {
  return d.clip == 0 && std::equal(d.activations.begin(), d.activations.end(), names.begin(), names.end(),
                                   [](const GateActivation& a, const std::string& name) { return a.name == name; });
}

/// Gates of ONNX: i, o, f, c.
Result run_lstm(Call call, const Direction& d) {
  const bool couples = call.flag("input_forget");
  const std::vector<int> order{0, 2, 3, 1};  // i, f, g, o
  const Tensor w = arranged_kernel(call, W, 4, order, d.index), r = arranged_kernel(call, R, 4, order, d.index);
  const auto halves = biases(call, 4, order, d.index);
  const Tensor bias = halves[0].defined() ? halves[0] + halves[1] : Tensor();
  if (has_activations(d, {"Sigmoid", "Tanh", "Tanh"}) && !couples && !call.has(P)) {
    const nn::LstmResult y = nn::lstm(d.x, w, r, bias, {.initial_h = d.h, .initial_c = d.c, .mask = d.mask});
    return {y.outputs, y.h, y.c};
  }
  Tensors peepholes;  // i, o, f
  if (call.has(P)) peepholes = split(squeeze(slice_axis(call.in(P), 0, d.index, 1), 0), std::int64_t{3}, 0);
  const auto peep = [&](const Tensor& gate, std::size_t i, const Tensor& c) {
    return clipped(d, peepholes.empty() ? gate : gate + peepholes[i] * c);
  };
  return by_steps(call, d, [&](const Tensor& x, const Tensor& h, const Tensor& c) -> std::pair<Tensor, Tensor> {
    Tensor sum = matmul(x, w) + matmul(h, r);
    if (bias.defined()) sum = sum + bias;
    const Tensors gates = split(sum, std::int64_t{4}, 1);
    const Tensor i = activated(call, d, 0, peep(gates[0], 0, c));
    const Tensor f = couples ? 1 - i : activated(call, d, 0, peep(gates[1], 2, c));
    const Tensor next_c = f * c + i * activated(call, d, 1, clipped(d, gates[2]));
    const Tensor o = activated(call, d, 0, peep(gates[3], 1, next_c));
    return {o * activated(call, d, 2, next_c), next_c};
  });
}

/// Gates of ONNX: z, r, h.
Result run_gru(Call call, const Direction& d) {
  const bool reset_after = call.flag("linear_before_reset");
  const std::vector<int> order{0, 1, 2};
  const Tensor w = arranged_kernel(call, W, 3, order, d.index), r = arranged_kernel(call, R, 3, order, d.index);
  const auto halves = biases(call, 3, order, d.index);
  if (has_activations(d, {"Sigmoid", "Tanh"})) {
    Tensor bias;
    if (halves[0].defined()) bias = reset_after ? stack({halves[0], halves[1]}) : halves[0] + halves[1];
    const nn::GruResult y = nn::gru(d.x, w, r, bias, {.initial_h = d.h, .reset_after = reset_after, .mask = d.mask});
    return {y.outputs, y.h, {}};
  }
  const auto with = [](const Tensor& x, const Tensor& bias) { return bias.defined() ? x + bias : x; };
  const Tensor r_gates = slice_axis(r, 1, 0, 2 * d.units), r_new = slice_axis(r, 1, 2 * d.units, d.units);
  return by_steps(call, d, [&](const Tensor& x, const Tensor& h, const Tensor& c) -> std::pair<Tensor, Tensor> {
    const Tensors of_x = split(with(matmul(x, w), halves[0]), std::int64_t{3}, 1);
    Tensors of_h;
    Tensor bias_new;
    Tensor gates = matmul(h, r_gates);
    if (halves[1].defined()) {
      gates = gates + slice_axis(halves[1], 0, 0, 2 * d.units);
      bias_new = slice_axis(halves[1], 0, 2 * d.units, d.units);
    }
    of_h = split(gates, std::int64_t{2}, 1);
    const Tensor z = activated(call, d, 0, clipped(d, of_x[0] + of_h[0]));
    const Tensor reset = activated(call, d, 0, clipped(d, of_x[1] + of_h[1]));
    const Tensor state =
        reset_after ? reset * with(matmul(h, r_new), bias_new) : with(matmul(reset * h, r_new), bias_new);
    const Tensor next = activated(call, d, 1, clipped(d, of_x[2] + state));
    return {z * h + (1 - z) * next, c};
  });
}

Result run_rnn(Call call, const Direction& d) {
  const Tensor w = arranged_kernel(call, W, 1, {0}, d.index), r = arranged_kernel(call, R, 1, {0}, d.index);
  const auto halves = biases(call, 1, {0}, d.index);
  Tensor of_x = matmul(d.x, w);
  if (halves[0].defined()) of_x = of_x + (halves[0] + halves[1]);
  Direction inner = d;
  inner.x = of_x;
  return by_steps(call, inner, [&](const Tensor& x, const Tensor& h, const Tensor& c) -> std::pair<Tensor, Tensor> {
    return {activated(call, d, 0, clipped(d, x + matmul(h, r))), c};
  });
}

/// The activations with the numbers of the attributes: one for each activation that takes any, in their order.
std::vector<GateActivation> with_numbers(Call call, const std::vector<std::string>& names) {
  const auto alphas = call.get("activation_alpha", std::vector<float>());
  const auto betas = call.get("activation_beta", std::vector<float>());
  std::size_t alpha = 0, beta = 0;
  std::vector<GateActivation> all;
  for (const auto& name : names) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    GateActivation each{name, none, none};
    const bool takes_both = name == "Affine" || name == "HardSigmoid" || name == "ScaledTanh";
    const bool takes_alpha = takes_both || name == "LeakyRelu" || name == "ThresholdedRelu" || name == "Elu";
    if (takes_alpha && alpha < alphas.size()) each.alpha = static_cast<double>(alphas[alpha++]);
    if (takes_both && beta < betas.size()) each.beta = static_cast<double>(betas[beta++]);
    all.push_back(each);
  }
  return all;
}

/// What the three ops have in common: directions, masks, states and the order of axes.
TensorList recurrent(Call call, std::int64_t gates, const std::vector<std::string>& defaults,
                     Result (*run)(Call, const Direction&)) {
  const bool batch_first = call.flag("layout");
  expect_rank(call, call.in(X), 3, 3);
  expect_rank(call, call.in(W), 3, 3);
  expect_rank(call, call.in(R), 3, 3);
  const Tensor x = batch_first ? call.in(X) : swapaxes(call.in(X), 0, 1);
  const std::string direction = call.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    call.refuse("it has the unknown direction '{}'", direction);
  }
  const int directions = direction == "bidirectional" ? 2 : 1;
  const std::int64_t units = call.in(R).shape()[2];
  const Shape kernel{directions, gates * units, x.shape()[2]}, recurrent_kernel{directions, gates * units, units};
  if (call.in(W).shape() != kernel || call.in(R).shape() != recurrent_kernel) {
    call.refuse("expected weights of the shapes {} and {}, received {} and {}", kernel.str(), recurrent_kernel.str(),
                call.in(W).shape().str(), call.in(R).shape().str());
  }
  if (call.has(B) && call.in(B).shape() != Shape({directions, 2 * gates * units})) {
    call.refuse("expected a bias of the shape {}, received {}", Shape({directions, 2 * gates * units}).str(),
                call.in(B).shape().str());
  }
  auto names = call.get("activations", std::vector<std::string>());
  if (names.empty()) {
    for (int d = 0; d < directions; ++d) names.insert(names.end(), defaults.begin(), defaults.end());
  }
  if (names.size() != defaults.size() * static_cast<std::size_t>(directions)) {
    call.refuse("expected {} activations, received {}", defaults.size() * static_cast<std::size_t>(directions),
                names.size());
  }
  const std::vector<GateActivation> activations = with_numbers(call, names);
  Tensor mask;
  if (call.has(lengths)) {
    call.expect_moderate(x.shape()[1]);
    const Tensor steps = arange<std::int64_t>(0, x.shape()[1], 1, int64);
    mask = less(steps, expand_dims(cast(call.in(lengths), int64), 1));
  }
  std::vector<Result> results;
  for (int d = 0; d < directions; ++d) {
    const bool backwards = direction == "reverse" || d == 1;
    const auto state = [&](std::size_t input) -> Tensor {
      if (!call.has(input)) return {};
      expect_rank(call, call.in(input), 3, 3);
      const int axis = batch_first ? 1 : 0;
      return squeeze(slice_axis(call.in(input), axis, d, 1), axis);
    };
    const auto in_order = [&](const Tensor& t) { return backwards && t.defined() ? reverse(t, {1}) : t; };
    Direction one{d,  in_order(x), in_order(mask),        state(initial_h), gates == 4 ? state(initial_c) : Tensor(),
                  {}, units,       call.number("clip", 0)};
    const auto first = static_cast<std::ptrdiff_t>(defaults.size()) * d;
    one.activations.assign(activations.begin() + first,
                           activations.begin() + first + static_cast<std::ptrdiff_t>(defaults.size()));
    Result result = run(call, one);
    if (mask.defined()) result.y = where(expand_dims(one.mask, -1), result.y, zeros({}, x.dtype()));
    result.y = in_order(result.y);
    results.push_back(result);
  }
  const auto joined = [&](Tensor Result::*member, int axis) {
    std::vector<Tensor> all;
    for (const Result& each : results) all.push_back(each.*member);
    return stack(all, axis);
  };
  // [time, directions, batch, units], or [batch, time, directions, units]
  const Tensor y = joined(&Result::y, 2);
  const int axis = batch_first ? 1 : 0;
  TensorList outputs{batch_first ? y : transpose(y, {1, 2, 0, 3}), joined(&Result::h, axis)};
  if (gates == 4) outputs.push_back(joined(&Result::c, axis));
  outputs.resize(std::min(outputs.size(), call.outputs()));
  return outputs;
}

constexpr InputBits weights = input_bits(W, R, B, P);

constexpr OnnxImportOp table[] = {
    {"GRU",
     [](Call call) {
       return recurrent(call, 3, {"Sigmoid", "Tanh"}, run_gru);
     },
     3, 6, 0, weights},
    {"LSTM",
     [](Call call) {
       return recurrent(call, 4, {"Sigmoid", "Tanh", "Tanh"}, run_lstm);
     },
     3, 8, 0, weights},
    {"RNN", [](Call call) { return recurrent(call, 1, {"Tanh"}, run_rnn); }, 3, 6, 0, weights},
};

}  // namespace

std::span<const OnnxImportOp> imported_recurrent_ops() { return table; }

}  // namespace xtape::detail
