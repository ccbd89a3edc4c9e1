#include <cmath>

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/gru.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/masking.hpp"
#include "xtape/layers/not_equal.hpp"
#include "xtape/layers/simple_rnn.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/layers/time_distributed.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

using layers::Bidirectional;
using layers::Dense;
using layers::Embedding;
using layers::GRU;
using layers::LSTM;
using layers::Masking;
using layers::NotEqual;
using layers::SimpleRNN;
using layers::TimeDistributed;

const testing::LayerTable sequence_layers_table = {
    {.layer = "Embedding",
     .masks = testing::Masks::drops,
     .make = [](DType dtype) { return Embedding(5, 3, {.dtype = dtype}); },
     .inputs = {{.shape = {2, 4}, .dtype = int32, .low = 0, .high = 5}},
     .outputs = {{2, 4, 3}},
     .weights = {{"embeddings", {5, 3}}}},
    {.layer = "Embedding",
     .masks = testing::Masks::makes,
     .make = [](DType dtype) { return Embedding(5, 3, {.mask_zero = true, .dtype = dtype}); },
     .inputs = {{.shape = {2, 4}, .dtype = int32, .low = 0, .high = 5}},
     .outputs = {{2, 4, 3}},
     .weights = {{"embeddings", {5, 3}}}},
    {.layer = "Masking",
     .masks = testing::Masks::makes,
     .make = [](DType) { return Masking(); },
     .inputs = {{.shape = {2, 4, 3}}},
     .outputs = {{2, 4, 3}},
     .wrong = {{{{2}}, "expected min_ndim=2"}}},
    {.layer = "NotEqual",
     .masks = testing::Masks::has_none,
     .make = [](DType) { return NotEqual(); },
     .inputs = {{.shape = {2, 4}, .dtype = int32}},
     .outputs = {{2, 4}},
     .dtypes_agree = false,
     .gradients = false},
    {.layer = "Bidirectional",
     .masks = testing::Masks::uses_and_passes,
     .make = [](DType dtype) { return Bidirectional(LSTM(2, {.return_sequences = true, .dtype = dtype})); },
     .inputs = {{.shape = {2, 3, 2}}},
     .outputs = {{2, 3, 4}},
     .weights = {{"forward_lstm/lstm_cell/kernel", {2, 8}},
                 {"forward_lstm/lstm_cell/recurrent_kernel", {2, 8}},
                 {"forward_lstm/lstm_cell/bias", {8}},
                 {"backward_lstm/lstm_cell/kernel", {2, 8}},
                 {"backward_lstm/lstm_cell/recurrent_kernel", {2, 8}},
                 {"backward_lstm/lstm_cell/bias", {8}}},
     .wrong = {{{{2, 3}}, "expected ndim=3"}}},
    {.layer = "TimeDistributed",
     .masks = testing::Masks::passes,
     .make = [](DType dtype) { return TimeDistributed(Dense(4, {.dtype = dtype})); },
     .inputs = {{.shape = {2, 3, 5}}},
     .outputs = {{2, 3, 4}},
     .weights = {{"dense/kernel", {5, 4}}, {"dense/bias", {4}}},
     .wrong = {{{{2, 3}}, "expected an input of rank 3 or more"}}},
};

TEST_CASE("sequence layers: what holds for every layer") { testing::check_layers(sequence_layers_table); }

Tensor sequences(const Shape& shape) {
  return cast(reshape(sin(arange(static_cast<double>(shape.numel())) * 1.7), shape), float32);
}

TEST_CASE("Embedding: rows of its matrix, whose gradient holds the rows that were used") {
  Embedding embedding(1000, 2);
  const Tensor ids = constant({{3, 999}, {3, 0}});
  GradientTape tape;
  const Tensor y = embedding(ids);
  CHECK(y.shape() == Shape{2, 2, 2});
  for (const float v : embedding.embeddings().peek().data<float>()) CHECK_MESSAGE(std::abs(v) <= 0.05F, v);
  const Tensor gradient = tape.gradient(y, embedding.embeddings());
  CHECK(indexed_slices(gradient).has_value());
  CHECK_CLOSE(reduce_sum(gradient, 1),
              2 * (one_hot(constant(3), 1000) * 2 + one_hot(constant(999), 1000) + one_hot(constant(0), 1000)));
  CHECK_TENSOR_EQ(embedding(cast(ids, float32)), y);
  CHECK_THROWS_TEXT(IndexError, "[Embedding] expected indices in [0, 1000), received 1000",
                    embedding(constant({1, 1000})));
  CHECK_THROWS_TEXT(IndexError, "[Embedding] expected indices in [0, 1000), received -1", embedding(constant({-1})));
  CHECK_THROWS_TEXT(ValueError, "expected positive dimensions, received input_dim=0, output_dim=2", Embedding(0, 2));
}

TEST_CASE("Embedding: numbers of a floating dtype are whole") {
  Embedding embedding(5, 2);
  CHECK_TENSOR_EQ(embedding(constant({1.0, 4.0})), embedding(constant({1, 4})));
  CHECK_THROWS_TEXT(ValueError, "[Embedding] index 0.5 at position 1 is not an integer",
                    embedding(constant({1.0, 0.5})));
  CHECK_THROWS_TEXT(ValueError, "[Embedding] index nan at position 0 is not an integer", embedding(constant({NAN})));
}

TEST_CASE("Embedding: masks, given by hand, in the functional style too") {
  Embedding embedding(6, 3, {.mask_zero = true});
  GRU gru(2);
  const Tensor tokens = constant({{1, 2, 0, 0}, {3, 4, 5, 1}});
  CHECK_TENSOR_EQ(embedding.compute_mask(tokens), constant({{true, true, false, false}, {true, true, true, true}}));
  const Tensor short_one = gru(embedding(constant({{1, 2}})));
  const Tensor y = gru({embedding(tokens), embedding.compute_mask(tokens)}).only();
  CHECK_CLOSE(slice_axis(y, 0, 0, 1), short_one, 1e-5, 1e-6);
  auto x = Input({-1}, {.dtype = int32});
  Model model(x, gru(SymbolicList{embedding(x), embedding.compute_mask(x)}));
  CHECK_CLOSE(model(tokens), y, 1e-5, 1e-6);
  CHECK_THROWS_TEXT(ValueError, "layer 'embedding' was made without mask_zero", Embedding(2, 2).compute_mask(tokens));
}

TEST_CASE("Bidirectional: both directions, merged") {
  const Tensor x = sequences({2, 4, 3});
  for (const bool sequences_out : {false, true}) {
    const layers::SimpleRNNOptions options{.return_sequences = sequences_out};
    SimpleRNN ahead(2, options), back(2, options);
    const Tensor a = ahead(x);
    Tensor b = back(reverse(x, {1}));
    if (sequences_out) b = reverse(b, {1});
    const auto check = [&](const std::string& mode, const Tensor& expected) {
      Bidirectional both(SimpleRNN(2, options), {.merge_mode = mode});
      (void)both(TensorList(x));
      auto weights = ahead.get_weights();
      for (const Tensor& w : back.get_weights()) weights.push_back(w);
      both.set_weights(weights);
      const TensorList y = both.outputs(x);
      if (mode == "none") {
        REQUIRE(y.size() == 2);
        CHECK_CLOSE(y[0], a, 1e-6);
        CHECK_CLOSE(y[1], b, 1e-6);
      } else {
        CHECK_CLOSE(y.only(), expected, 1e-6);
      }
    };
    check("concat", concat(std::vector<Tensor>{a, b}, -1));
    check("sum", a + b);
    check("mul", a * b);
    check("ave", (a + b) * 0.5);
    check("none", {});
  }
}

TEST_CASE("Bidirectional: states, masks and a backward layer of one's own") {
  LSTM lstm(2, {.return_state = true});
  Bidirectional both(lstm);
  const Tensor x = sequences({2, 3, 4}), state = ones({2, 2});
  const TensorList y = both.outputs({x, ones({2, 3}, boolean), state, state, state * 2, state * 2});
  REQUIRE(y.size() == 5);
  CHECK(y[0].shape() == Shape{2, 4});
  CHECK_TENSOR_EQ(y[1], slice_axis(y[0], 1, 0, 2));
  CHECK_TENSOR_EQ(y[3], slice_axis(y[0], 1, 2, 2));
  CHECK(lstm.name() == "lstm");  // copied, not used
  CHECK_FALSE(lstm.built());
  CHECK_THROWS_TEXT(ValueError, "expected the initial states of both layers, received 3",
                    both.outputs({x, state, state, state}));

  Bidirectional mixed(LSTM(2), {.backward_layer = GRU(3, {.go_backwards = true})});
  CHECK(mixed(x).shape() == Shape{2, 5});
  CHECK(mixed.backward_layer().name() == "backward_gru");
  CHECK_THROWS_TEXT(ValueError, "different values of go_backwards, received false twice",
                    Bidirectional(LSTM(2), {.backward_layer = GRU(3)}));
  CHECK_THROWS_TEXT(
      ValueError, "the same return_sequences and return_state",
      Bidirectional(LSTM(2), {.backward_layer = GRU(3, {.return_sequences = true, .go_backwards = true})}));
  CHECK_THROWS_TEXT(ValueError, "expected merge_mode to be one of sum, mul, ave, concat, none: received 'max'",
                    Bidirectional(LSTM(2), {.merge_mode = "max"}));
  CHECK_THROWS_TEXT(ValueError, "expected a recurrent layer (RNN, SimpleRNN, LSTM, GRU), received a Dense",
                    Bidirectional(Dense(2)));
}

TEST_CASE("TimeDistributed: what the layer makes of each step") {
  Dense dense(2);
  TimeDistributed each(dense);
  const Tensor x = sequences({3, 4, 5});
  const Tensor y = each(x);
  CHECK(dense.built());  // shared
  for (std::int64_t t = 0; t < 4; ++t) {
    CHECK_CLOSE(squeeze(slice_axis(y, 1, t, 1), 1), dense(squeeze(slice_axis(x, 1, t, 1), 1)), 1e-6);
  }
}

}  // namespace
}  // namespace xtape
