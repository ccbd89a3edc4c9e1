#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/gru.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/rnn.hpp"
#include "xtape/layers/simple_rnn.hpp"
#include "xtape/layers/stacked_rnn_cells.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/register_serializable.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

using layers::GRU;
using layers::GRUCell;
using layers::LSTM;
using layers::LSTMCell;
using layers::RNN;
using layers::SimpleRNN;
using layers::SimpleRNNCell;
using layers::StackedRNNCells;

/// A cell of a user's own, with two states of different sizes: a sum of its inputs and a count of the steps.
struct Adder : LayerBase<Adder, layers::RecurrentCell> {
  Variable factor;
  explicit Adder(DType type = float32) : type_(type) {}
  std::vector<std::int64_t> state_size() const override { return {3, 1}; }
  DType dtype() const override { return type_; }

 protected:
  void build(const Shape& x) override {
    factor = add_weight("factor", {x.back()}, {.initializer = "ones", .dtype = type_});
  }
  TensorList call_list(const TensorList& in) override {
    const Tensor sum = in[1] + in[0] * factor, count = in[2] + 1;
    return {sum / count, sum, count};
  }

 private:
  DType type_;
};

const testing::LayerTable recurrent_table = {
    {.layer = "SimpleRNN",
     .masks = testing::Masks::uses,
     .make = [](DType dtype) { return SimpleRNN(4, {.dtype = dtype}); },
     .inputs = {{.shape = {2, 3, 5}}},
     .outputs = {{2, 4}},
     .weights = {{"simple_rnn_cell/kernel", {5, 4}},
                 {"simple_rnn_cell/recurrent_kernel", {4, 4}},
                 {"simple_rnn_cell/bias", {4}}},
     .wrong = {{{{2, 5}}, "expected ndim=3"}}},
    {
        .layer = "SimpleRNNCell",
     .masks = testing::Masks::drops,
        .make = [](DType dtype) { return SimpleRNNCell(2, {.dtype = dtype}); },
        .inputs = {{.shape = {3, 4}}, {.shape = {3, 2}}},
        .outputs = {{3, 2}, {3, 2}},
        .weights = {{"kernel", {4, 2}}, {"recurrent_kernel", {2, 2}}, {"bias", {2}}},
        .wrong = {{{{3, 4}, {3, 5}}, "expected state 0 of shape (3, 2), received (3, 5)"},
                  {{{3}, {3, 2}}, "expected an input of shape (None, "}},
    },
    {.layer = "LSTM",
     .masks = testing::Masks::uses_and_passes,
     .make = [](DType dtype) { return LSTM(3, {.return_sequences = true, .return_state = true, .dtype = dtype}); },
     .inputs = {{.shape = {2, 3, 2}}},
     .outputs = {{2, 3, 3}, {2, 3}, {2, 3}},
     .weights = {{"lstm_cell/kernel", {2, 12}}, {"lstm_cell/recurrent_kernel", {3, 12}}, {"lstm_cell/bias", {12}}},
     .wrong = {{{{2, 5}}, "expected ndim=3"}}},
    {.layer = "LSTM",
     .masks = testing::Masks::has_none,
     .make =
         [](DType dtype) {
           return LSTM(2, {.recurrent_activation = "hard_sigmoid", .use_bias = false, .dtype = dtype});
         },
     .inputs = {{.shape = {2, 3, 2}}, {.shape = {2, 3}, .dtype = boolean}, {.shape = {2, 2}}, {.shape = {2, 2}}},
     .outputs = {{2, 2}},
     .weights = {{"lstm_cell/kernel", {2, 8}}, {"lstm_cell/recurrent_kernel", {2, 8}}}},
    {.layer = "LSTMCell",
     .masks = testing::Masks::drops,
     .make = [](DType dtype) { return LSTMCell(2, {.dtype = dtype}); },
     .inputs = {{.shape = {3, 4}}, {.shape = {3, 2}}, {.shape = {3, 2}}},
     .outputs = {{3, 2}, {3, 2}, {3, 2}},
     .weights = {{"kernel", {4, 8}}, {"recurrent_kernel", {2, 8}}, {"bias", {8}}}},
    {.layer = "GRU",
     .masks = testing::Masks::uses,
     .make = [](DType dtype) { return GRU(3, {.return_state = true, .dtype = dtype}); },
     .inputs = {{.shape = {2, 3, 2}}, {.shape = {2, 3}}},
     .outputs = {{2, 3}, {2, 3}},
     .weights = {{"gru_cell/kernel", {2, 9}}, {"gru_cell/recurrent_kernel", {3, 9}}, {"gru_cell/bias", {2, 9}}}},
    {.layer = "GRU",
     .masks = testing::Masks::uses_and_passes,
     .make =
         [](DType dtype) {
           return GRU(2, {.return_sequences = true, .go_backwards = true, .reset_after = false, .dtype = dtype});
         },
     .inputs = {{.shape = {2, 3, 2}}},
     .outputs = {{2, 3, 2}},
     .weights = {{"gru_cell/kernel", {2, 6}}, {"gru_cell/recurrent_kernel", {2, 6}}, {"gru_cell/bias", {6}}}},
    {.layer = "GRUCell",
     .masks = testing::Masks::drops,
     .make = [](DType dtype) { return GRUCell(2, {.dtype = dtype}); },
     .inputs = {{.shape = {3, 4}}, {.shape = {3, 2}}},
     .outputs = {{3, 2}, {3, 2}},
     .weights = {{"kernel", {4, 6}}, {"recurrent_kernel", {2, 6}}, {"bias", {2, 6}}}},
    {.layer = "RNN",
     .masks = testing::Masks::uses_and_passes,
     .make =
         [](DType dtype) {
           register_serializable<Adder>("tests>Adder");
           return RNN(Adder(dtype), {.return_sequences = true});
         },
     .inputs = {{.shape = {2, 3, 3}}},
     .outputs = {{2, 3, 3}},
     .weights = {{"adder/factor", {3}}}},
    {.layer = "RNN",
     .masks = testing::Masks::has_none,
     .make = [](DType dtype) { return RNN(LSTMCell(2, {.dtype = dtype}), {.return_state = true}); },
     .inputs = {{.shape = {2, 3, 3}}, {.shape = {2, 3}, .dtype = boolean}},
     .outputs = {{2, 2}, {2, 2}, {2, 2}},
     .weights = {{"lstm_cell/kernel", {3, 8}}, {"lstm_cell/recurrent_kernel", {2, 8}}, {"lstm_cell/bias", {8}}}},
    {.layer = "RNN",
     .masks = testing::Masks::uses_and_passes,
     .make =
         [](DType dtype) {
           return RNN(StackedRNNCells({SimpleRNNCell(3, {.dtype = dtype}), LSTMCell(2, {.dtype = dtype})}),
                      {.return_sequences = true, .return_state = true});
         },
     .inputs = {{.shape = {2, 3, 3}}},
     .outputs = {{2, 3, 2}, {2, 3}, {2, 2}, {2, 2}},
     .weights = {{"stacked_rnn_cells/simple_rnn_cell/kernel", {3, 3}},
                 {"stacked_rnn_cells/simple_rnn_cell/recurrent_kernel", {3, 3}},
                 {"stacked_rnn_cells/simple_rnn_cell/bias", {3}},
                 {"stacked_rnn_cells/lstm_cell/kernel", {3, 8}},
                 {"stacked_rnn_cells/lstm_cell/recurrent_kernel", {2, 8}},
                 {"stacked_rnn_cells/lstm_cell/bias", {8}}}},
    {.layer = "StackedRNNCells",
     .masks = testing::Masks::drops,
     .make = [](DType dtype) { return StackedRNNCells({GRUCell(2, {.dtype = dtype}), LSTMCell(3, {.dtype = dtype})}); },
     .inputs = {{.shape = {3, 4}}, {.shape = {3, 2}}, {.shape = {3, 3}}, {.shape = {3, 3}}},
     .outputs = {{3, 3}, {3, 2}, {3, 3}, {3, 3}},
     .weights = {{"gru_cell/kernel", {4, 6}},
                 {"gru_cell/recurrent_kernel", {2, 6}},
                 {"gru_cell/bias", {2, 6}},
                 {"lstm_cell/kernel", {2, 12}},
                 {"lstm_cell/recurrent_kernel", {3, 12}},
                 {"lstm_cell/bias", {12}}},
     .wrong = {{{{3, 4}, {3, 2}, {3, 3}}, "expected an input and 3 state(s), received 3 tensors"},
               {{{3, 4}, {3, 2}, {3, 3}, {3, 2}}, "expected state 2 of shape (3, 3), received (3, 2)"}}},
};

TEST_CASE("recurrent layers: what holds for every layer") { testing::check_layers(recurrent_table); }

Tensor some_sequences(const Shape& shape) {
  return reshape(sin(arange(0.0, static_cast<double>(shape.numel()), 1.0, float64) * 1.7), shape);
}

/// The weights of `from` into a layer that has been built.
template <class A, class B>
void give_weights(A& to, B& from, const Tensor& x) {
  (void)to(TensorList(x));
  to.set_weights(from.get_weights());
}

TEST_CASE("recurrent layers: the fused op and the steps of a cell agree") {
  const Tensor x = some_sequences({3, 4, 5});
  LSTM lstm(6, {.bias_initializer = "random_normal", .return_sequences = true, .return_state = true, .dtype = float64});
  const TensorList fused = lstm.outputs(x);
  RNN lstm_steps(LSTMCell(6, {.dtype = float64}), {.return_sequences = true, .return_state = true});
  give_weights(lstm_steps, lstm, x);
  const TensorList steps = lstm_steps.outputs(x);
  for (std::size_t i = 0; i < 3; ++i) CHECK_CLOSE(fused[i], steps[i], 1e-12, 1e-14);

  // With a mask, that begins with steps left out, from zeros and from other states.
  const Tensor mask = constant({{false, true, false, true}, {true, true, true, false}, {false, false, true, true}});
  const Tensor h = some_sequences({3, 6}), c = h * 0.5;
  for (const TensorList& inputs : {TensorList{x, mask}, TensorList{x, mask, h, c}}) {
    const TensorList a = lstm(inputs), b = lstm_steps(inputs);
    for (std::size_t i = 0; i < 3; ++i) CHECK_CLOSE(a[i], b[i], 1e-12, 1e-14);
    CHECK_CLOSE(slice_axis(slice_axis(a[0], 0, 0, 1), 1, 0, 1), zeros({1, 1, 6}));
  }

  GRU gru(6, {.bias_initializer = "random_normal", .return_sequences = true, .dtype = float64});
  const Tensor y = gru(x);
  RNN gru_steps(GRUCell(6, {.dtype = float64}), {.return_sequences = true});
  give_weights(gru_steps, gru, x);
  CHECK_CLOSE(y, gru_steps(x), 1e-12, 1e-14);
  CHECK_CLOSE(gru({x, mask}).only(), gru_steps({x, mask}).only(), 1e-12, 1e-14);
  CHECK_CLOSE(gru({x, mask, h}).only(), gru_steps({x, mask, h}).only(), 1e-12, 1e-14);
}

TEST_CASE("SimpleRNN: by hand") {
  SimpleRNN rnn(1, {.activation = "linear",
                    .kernel_initializer = "ones",
                    .recurrent_initializer = "ones",
                    .bias_initializer = "ones",
                    .return_sequences = true});
  // h = x + h + 1
  CHECK_CLOSE(rnn(constant({{{1.0}, {2.0}, {-4.0}}})), {2.0, 5.0, 2.0});
  CHECK_CLOSE(rnn({constant({{{1.0}, {2.0}, {-4.0}}}), constant({{10.0}})}).only(), {12.0, 15.0, 12.0});
}

TEST_CASE("LSTM: its forget gate's bias starts from one") {
  LSTM lstm(2);
  (void)lstm(zeros({1, 1, 3}));
  CHECK_CLOSE(lstm.variables()[2], {0, 0, 1, 1, 0, 0, 0, 0});
  LSTM without(2, {.unit_forget_bias = false});
  (void)without(zeros({1, 1, 3}));
  CHECK_CLOSE(without.variables()[2], {0, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("recurrent layers: a masked step repeats output and state") {
  RNN rnn(Adder{}, {.return_sequences = true, .return_state = true});
  const Tensor x = reshape(constant({1.0, 2.0, 3.0, 4.0}), {1, 4, 1}) * ones({3});
  const Tensor mask = constant({{false, true, false, true}});
  const TensorList y = rnn.outputs({x, mask});
  // Masked, 2, masked, (2 + 4) / 2
  CHECK_CLOSE(slice_axis(y[0], 2, 0, 1), reshape(constant({0.0, 2.0, 2.0, 3.0}), {1, 4, 1}));
  CHECK_CLOSE(y[1], {6.0, 6.0, 6.0});
  CHECK_CLOSE(y[2], {2.0});

  // Padding at the end changes nothing, for any values.
  for (const bool go_backwards : {false, true}) {
    LSTM lstm(3, {.go_backwards = go_backwards});
    const Tensor sequence = cast(some_sequences({2, 3, 2}), float32);
    const Tensor padded = concat(std::vector<Tensor>{sequence, full({2, 2, 2}, 100)}, 1);
    const Tensor keep = concat(std::vector<Tensor>{ones({2, 3}, boolean), zeros({2, 2}, boolean)}, 1);
    CHECK_CLOSE(lstm({padded, keep}).only(), lstm(sequence), 1e-5, 1e-6);
  }
}

TEST_CASE("recurrent layers: second derivatives, of the fused ops and of steps with a mask") {
  const Tensor x = some_sequences({2, 3, 2}), mask = constant({{true, false, true}, {false, true, true}});
  LSTM lstm(2, {.dtype = float64});
  GRU gru(2, {.dtype = float64});
  SimpleRNN simple(2, {.dtype = float64});
  for (Layer* layer : std::initializer_list<Layer*>{&lstm, &gru, &simple}) {
    const GradientCheck fused = check_gradients([&](const Tensor& t) { return (*layer)(t); }, x);
    CHECK_MESSAGE(fused, fused.message);
    const GradientCheck steps = check_gradients([&](const Tensor& t) { return (*layer)({t, mask}).only(); }, x);
    CHECK_MESSAGE(steps, steps.message);
  }
}

TEST_CASE("recurrent layers: go_backwards reads the sequence from its end") {
  const Tensor x = cast(some_sequences({2, 4, 3}), float32);
  GRU forwards(2, {.return_sequences = true}), backwards(2, {.return_sequences = true, .go_backwards = true});
  const Tensor y = forwards(reverse(x, {1}));
  give_weights(backwards, forwards, x);
  CHECK_TENSOR_EQ(backwards(x), y);
}

TEST_CASE("recurrent layers: a stateful one goes on until it is reset; copies share the states, clones do not") {
  const Tensor x = cast(some_sequences({2, 6, 3}), float32);
  const Tensor first = slice_axis(x, 1, 0, 2), rest = slice_axis(x, 1, 2, 4);
  LSTM lstm(4, {.stateful = true});
  const Tensor whole = lstm(x);
  lstm.reset_states();
  CHECK(lstm.states().empty());
  (void)lstm(first);
  LSTM copy = lstm, other = clone(lstm);
  CHECK_CLOSE(copy(rest), whole, 1e-5, 1e-6);
  CHECK(lstm.states().size() == 2);
  CHECK(other.states().empty());
  const Tensor of_one = lstm(slice_axis(x, 0, 0, 1));  // another batch size: from zeros
  CHECK_CLOSE(of_one, slice_axis(whole, 0, 0, 1), 1e-5, 1e-6);
  // No gradient flows into the sequence before.
  GradientTape tape;
  tape.watch(first);
  (void)lstm(first);
  CHECK_FALSE(tape.gradient(lstm(rest), first).defined());
}

TEST_CASE("recurrent layers: dropout is drawn once a sequence, in training only") {
  const Tensor x = ones({4, 5, 6});
  for (const bool state : {false, true}) {
    const double rate = 0.5;
    SimpleRNN rnn(6, {.activation = "linear",
                      .kernel_initializer = "identity",
                      .recurrent_initializer = "identity",
                      .dropout = state ? 0 : rate,
                      .recurrent_dropout = state ? rate : 0,
                      .seed = 5,
                      .return_sequences = true});
    const Tensor calm = rnn(x);
    CHECK_CLOSE(slice_axis(calm, 1, 4, 1), full({4, 1, 6}, 5));
    const Tensor y = rnn(x, {.training = true});
    std::int64_t dropped = 0;
    for (std::int64_t i = 0; i < 4; ++i) {
      for (std::int64_t j = 0; j < 6; ++j) {
        const auto at = [&](std::int64_t t) { return y.data<float>()[static_cast<std::size_t>((i * 5 + t) * 6 + j)]; };
        if (!state) {  // 2, 4, 6 ... or zeros
          dropped += at(0) == 0;
          for (std::int64_t t = 0; t < 5; ++t) CHECK(at(t) == (at(0) == 0 ? 0.0F : 2.0F * static_cast<float>(t + 1)));
        } else {  // h = 1 + 2 h, or always 1
          dropped += at(1) == 1;
          for (std::int64_t t = 1; t < 5; ++t) CHECK(at(t) == (at(1) == 1 ? 1.0F : 2 * at(t - 1) + 1));
        }
      }
    }
    CHECK(dropped > 0);
    CHECK(dropped < 24);
    CHECK_TENSOR_EQ(rnn(x), calm);
    CHECK(reduce_any(rnn(x, {.training = true}) != y).item<bool>());
  }
}

TEST_CASE("StackedRNNCells: as layers one after the other, with masks and states") {
  const Tensor x = cast(some_sequences({3, 5, 4}), float32);
  const Tensor mask =
      constant({{true, true, true, false, false}, {false, true, false, true, true}, {true, true, true, true, true}});
  RNN stack(StackedRNNCells({LSTMCell(3), GRUCell(2), LSTMCell(4)}), {.return_sequences = true, .return_state = true});
  LSTM first(3, {.return_sequences = true, .return_state = true});
  GRU second(2, {.return_sequences = true, .return_state = true});
  LSTM third(4, {.return_sequences = true, .return_state = true});
  const auto one_after_the_other = [&](const TensorList& extra, const TensorList& states) {
    const auto with = [&](const Tensor& input, std::size_t from, std::size_t count) {
      TensorList all(input);
      all.insert(all.end(), extra.begin(), extra.end());
      for (std::size_t i = from; i < from + count && !states.empty(); ++i) all.push_back(states[i]);
      return all;
    };
    const TensorList a = first.outputs(with(x, 0, 2)), b = second.outputs(with(a[0], 2, 1)),
                     c = third.outputs(with(b[0], 3, 2));
    return TensorList{c[0], a[1], a[2], b[1], c[1], c[2]};
  };
  (void)one_after_the_other({}, {});
  (void)stack.outputs(x);
  std::vector<Tensor> weights;
  for (Layer* each : {static_cast<Layer*>(&first), static_cast<Layer*>(&second), static_cast<Layer*>(&third)}) {
    for (const Tensor& weight : each->get_weights()) weights.push_back(weight);
  }
  stack.set_weights(weights);
  const TensorList states{full({3, 3}, 0.5), full({3, 3}, -0.5), full({3, 2}, 0.25), full({3, 4}, 1), full({3, 4}, 2)};
  for (const bool masked : {false, true}) {
    for (const bool started : {false, true}) {
      CAPTURE(masked);
      CAPTURE(started);
      const TensorList extra = masked ? TensorList(mask) : TensorList(), from = started ? states : TensorList();
      TensorList inputs(x);
      inputs.insert(inputs.end(), extra.begin(), extra.end());
      inputs.insert(inputs.end(), from.begin(), from.end());
      const TensorList y = stack.outputs(inputs), expected = one_after_the_other(extra, from);
      REQUIRE(y.size() == expected.size());
      for (std::size_t i = 0; i < y.size(); ++i) CHECK_CLOSE(y[i], expected[i], 1e-5, 1e-6);
    }
  }
}

TEST_CASE("StackedRNNCells: the dropout of each cell is the same at all steps of a sequence") {
  // Both cells pass on what they read; each drops half of it.
  const auto cell = [](std::uint64_t seed) {
    return SimpleRNNCell(64, {.activation = "linear",
                              .kernel_initializer = "identity",
                              .recurrent_initializer = "zeros",
                              .dropout = 0.5,
                              .seed = seed});
  };
  RNN rnn(StackedRNNCells({cell(1), cell(2)}), {.return_sequences = true});
  const Tensor x = ones({1, 4, 64});
  CHECK_TENSOR_EQ(rnn(x), x);
  const Tensor y = rnn(x, {.training = true}), step = slice_axis(y, 1, 0, 1);
  CHECK_TENSOR_EQ(y, broadcast_to(step, {1, 4, 64}));
  const double kept = reduce_sum(cast(step != 0, float32)).item();
  CHECK(kept > 4);  // about 16: a quarter
  CHECK(kept < 32);
  CHECK(reduce_sum(step).item() == doctest::Approx(4 * kept));
}

TEST_CASE("StackedRNNCells: what cannot be is refused") {
  CHECK_THROWS_TEXT(ValueError, "[StackedRNNCells] expected at least one cell, received none",
                    StackedRNNCells(std::vector<AnyLayer>{}));
  CHECK_THROWS_TEXT(ValueError, "[StackedRNNCells] expected cells, such as LSTMCell, received a LSTM",
                    StackedRNNCells({LSTMCell(2), LSTM(2)}));
  CHECK_THROWS_TEXT(ValueError, "expected cells of one dtype policy, received float32 and float64",
                    StackedRNNCells({LSTMCell(2), LSTMCell(2, {.dtype = float64})}));
  const StackedRNNCells two({LSTMCell(2), GRUCell(3)});
  CHECK(two.size() == 2);
  CHECK(two.state_size() == std::vector<std::int64_t>{2, 2, 3});
  CHECK_THROWS_TEXT(IndexError, "expected an index below 2, received 2", (void)two.cell(2));
}

TEST_CASE("recurrent layers: regularizers, constraints and initializers reach the weights") {
  LSTM lstm(2, {.kernel_initializer = "ones",
                .recurrent_initializer = "zeros",
                .kernel_regularizer = regularizers::L2{.l2 = 0.5},
                .activity_regularizer = regularizers::L1{.l1 = 1},
                .recurrent_constraint = "non_neg"});
  const Tensor y = lstm(ones({1, 2, 3}));
  const auto losses = lstm.losses();
  REQUIRE(losses.size() == 2);
  CHECK_CLOSE(losses[0], reduce_sum(abs(y)));
  CHECK(losses[1].item() == doctest::Approx(0.5 * 24));
  CHECK(lstm.variables()[1].constraint());
  CHECK_FALSE(lstm.variables()[0].constraint());
}

TEST_CASE("recurrent layers: in a model, with a mask and states as inputs; sequences of any length") {
  auto x = Input({-1, 3}), h = Input({2});
  auto mask = Input({-1}, {.dtype = boolean});
  GRU gru(2, {.return_sequences = true, .return_state = true});
  auto y = gru(SymbolicList{x, mask, h});
  REQUIRE(y.size() == 2);
  CHECK(y[0].shape() == Shape{-1, -1, 2});
  CHECK(y[1].shape() == Shape{-1, 2});
  Model model({x, mask, h}, y);
  const Tensor data = cast(some_sequences({2, 5, 3}), float32), keep = ones({2, 5}, boolean), start = ones({2, 2});
  const TensorList out = model({data, keep, start});
  CHECK_CLOSE(out[0], gru.outputs({data, start})[0], 1e-5, 1e-6);
}

TEST_CASE("recurrent layers: errors") {
  CHECK_THROWS_TEXT(ValueError, "[LSTM] expected a positive number of units, received units=0", LSTM(0));
  CHECK_THROWS_TEXT(ValueError, "[GRU] expected 0 <= recurrent_dropout < 1, received recurrent_dropout=1",
                    GRU(2, {.recurrent_dropout = 1}));
  LSTM lstm(2);
  const Tensor x = ones({2, 3, 4});
  (void)lstm(x);
  CHECK_THROWS_TEXT(ValueError, "expected sequences [batch, time, 4], received an input of shape (2, 3, 5)",
                    lstm(ones({2, 3, 5})));
  CHECK_THROWS_TEXT(ValueError, "a bool mask or none, and 2 initial state(s) or none: received 2 tensors",
                    lstm({x, ones({2, 3})}));
  CHECK_THROWS_TEXT(ValueError, "expected a mask of shape (2, 3), received (2, 4)", lstm({x, ones({2, 4}, boolean)}));
  CHECK_THROWS_TEXT(ValueError, "expected state 1 of shape (2, 2), received (2, 3)",
                    lstm({x, ones({2, 2}), ones({2, 3})}));
  SimpleRNN rnn(2);
  CHECK_THROWS_TEXT(ValueError, "expected sequences of one step or more, received shape (2, 0, 4)",
                    rnn(ones({2, 0, 4})));
  CHECK_THROWS_TEXT(ValueError, "[LSTM] expected sequences of one step or more, received shape (2, 0, 4)",
                    lstm(ones({2, 0, 4})));
  GRU gru(2);
  CHECK_THROWS_TEXT(ValueError, "[GRU] expected sequences of one step or more, received shape (2, 0, 4)",
                    gru(ones({2, 0, 4})));
  struct Forgetful : LayerBase<Forgetful, layers::RecurrentCell> {
    std::vector<std::int64_t> state_size() const override { return {1}; }
    TensorList call_list(const TensorList& in) override { return in[0]; }
  };
  CHECK_THROWS_TEXT(ValueError, "expected the cell to return an output and 1 state(s), received 1",
                    RNN(Forgetful())(ones({1, 1, 1})));
}

}  // namespace
}  // namespace xtape
