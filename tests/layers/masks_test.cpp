// A batch of sequences that were padded to one length, with a mask, gives the same numbers as the separate sequences.
#include <cmath>
#include <functional>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/activation.hpp"
#include "xtape/layers/activations.hpp"
#include "xtape/layers/attention.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/conv1d.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/global_pooling.hpp"
#include "xtape/layers/gru.hpp"
#include "xtape/layers/identity.hpp"
#include "xtape/layers/lambda.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/masking.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/multi_head_attention.hpp"
#include "xtape/layers/simple_rnn.hpp"
#include "xtape/layers/time_distributed.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/custom_gradient.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/transforms/grad.hpp"
#include "xtape/transforms/products.hpp"
#include "xtape/transforms/recompute_grad.hpp"

namespace xtape {
namespace {

using layers::Bidirectional, layers::Dense, layers::Embedding, layers::GRU, layers::LSTM, layers::Masking,
    layers::SimpleRNN, layers::TimeDistributed;

/// Numbers without a pattern, in float64.
Tensor some(const Shape& shape, double phase = 0) {
  return reshape(sin(arange(0.0, static_cast<double>(shape.numel()), 1.0, float64) * 1.7 + phase), shape);
}

constexpr std::int64_t steps = 5, features = 3;
const std::vector<std::int64_t> lengths{3, 5, 0, 1};

/// Sequences of these lengths in a batch, padded at the end or in front with numbers that must not matter.
struct Padded {
  Tensor x, mask;
  std::vector<Tensor> alone;            ///< [1, length, features]
  std::vector<std::int64_t> beginning;  ///< of the data
};

Padded padded(bool in_front) {
  Padded all;
  std::vector<Tensor> rows, masks;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::int64_t n = lengths[i];
    all.alone.push_back(some({1, n, features}, static_cast<double>(i)));
    const Tensor rest = some({1, steps - n, features}, 0.3) * 7;
    const Tensor data = ones({1, n}, boolean), padding = zeros({1, steps - n}, boolean);
    rows.push_back(in_front ? concat({rest, all.alone.back()}, 1) : concat({all.alone.back(), rest}, 1));
    masks.push_back(in_front ? concat({padding, data}, 1) : concat({data, padding}, 1));
    all.beginning.push_back(in_front ? steps - n : 0);
  }
  all.x = concat(rows, 0);
  all.mask = concat(masks, 0);
  return all;
}

/// Of a row of outputs [1, ...], the steps that the mask says are data: all of them without one.
Tensor data_of(const Tensor& row, const Tensor& mask) {
  if (!mask.defined()) return row;
  const std::vector<std::uint8_t> kept = [&] {
    std::vector<std::uint8_t> values;
    for (const bool value : mask.to_vector<bool>()) values.push_back(value);
    return values;
  }();
  std::vector<Tensor> parts;
  for (std::size_t t = 0; t < kept.size(); ++t) {
    if (kept[t] != 0) parts.push_back(slice_axis(row, 1, static_cast<std::int64_t>(t), 1));
  }
  return parts.empty() ? slice_axis(row, 1, 0, 0) : concat(parts, 1);
}

/// A number that depends on all of them.
Tensor folded(const std::vector<Tensor>& parts) {
  Tensor sum = zeros({}, float64);
  for (const Tensor& part : parts) sum = sum + reduce_sum(part * some(part.shape(), 0.5));
  return sum;
}

using Apply = std::function<Tensor(const Tensor&)>;

/// Values and gradients, for x and for weights, of a layer in a batch with a mask and of one sequence after the other.
void check_padding(const std::string& name, const AnyLayer& layer, const Apply& apply,
                   bool nothing_gives_zeros = true) {
  (void)apply(some({1, 2, features}));
  std::vector<Tensor> weights;
  for (const auto& w : layer->variables()) weights.push_back(w.peek() * 0.5 + some(w.shape(), 0.1) * 0.3);
  layer->set_weights(weights);
  for (const bool in_front : {false, true}) {
    INFO(name, in_front ? ", padded in front" : ", padded at the end");
    const Padded batch = padded(in_front);
    GradientTape tape({.persistent = true});
    const Tensor x = with_mask(batch.x, batch.mask);
    tape.watch(x);
    const Tensor y = apply(x);
    std::vector<Tensor> from_batch, from_alone;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      const Tensor mask = get_mask(y).defined() ? slice_axis(get_mask(y), 0, row, 1) : Tensor();
      const Tensor data = data_of(slice_axis(y, 0, row, 1), mask);
      if (lengths[i] == 0) {
        if (nothing_gives_zeros) CHECK_CLOSE(data, zeros(data.shape(), float64));
        if (!mask.defined()) from_batch.push_back(data);  // whose gradients must be 0 as well
        continue;
      }
      tape.watch(batch.alone[i]);
      const Tensor alone = apply(batch.alone[i]);
      CHECK_CLOSE(data, alone, 1e-11, 1e-13);
      from_batch.push_back(data);
      from_alone.push_back(alone);
    }
    const Tensor loss = folded(from_batch), expected = folded(from_alone);
    tape.stop();
    const Tensor dx = tape.gradient(loss, x);
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      const Tensor row = slice_axis(dx, 0, static_cast<std::int64_t>(i), 1);
      const std::int64_t begin = batch.beginning[i], n = lengths[i];
      CHECK_CLOSE(slice_axis(row, 1, begin == 0 ? n : 0, steps - n), zeros({1, steps - n, features}));
      if (n == 0) continue;
      CHECK_CLOSE(slice_axis(row, 1, begin, n), tape.gradient(expected, batch.alone[i]), 1e-10, 1e-12);
    }
    const auto& variables = layer->trainable_variables();
    const Tensors dw = tape.gradient(loss, variables), dw_expected = tape.gradient(expected, variables);
    for (std::size_t i = 0; i < dw.size(); ++i) {
      INFO(variables[i].name());
      CHECK_CLOSE(dw[i], dw_expected[i], 1e-10, 1e-12);
    }
  }
}

void check_padding(const std::string& name, const AnyLayer& layer) {
  check_padding(name, layer, [&](const Tensor& x) { return (*layer)(x); });
}

TEST_CASE("masks: recurrent layers, of padded sequences and of the sequences alone") {
  for (const bool sequences : {false, true}) {
    for (const bool backwards : {false, true}) {
      for (const bool zero : {false, true}) {
        if (zero && !sequences) continue;
        const auto name = [&](const char* layer) {
          return std::string(layer) + (sequences ? " returning sequences" : "") + (backwards ? " backwards" : "");
        };
        check_padding(name("SimpleRNN"), SimpleRNN(2, {.return_sequences = sequences,
                                                       .go_backwards = backwards,
                                                       .zero_output_for_mask = zero,
                                                       .dtype = float64}));
        check_padding(name("LSTM"), LSTM(2, {.return_sequences = sequences,
                                             .go_backwards = backwards,
                                             .zero_output_for_mask = zero,
                                             .dtype = float64}));
        check_padding(name("LSTM step by step"), LSTM(2, {.recurrent_activation = "hard_sigmoid",
                                                          .return_sequences = sequences,
                                                          .go_backwards = backwards,
                                                          .zero_output_for_mask = zero,
                                                          .dtype = float64}));
        check_padding(name("GRU"), GRU(2, {.return_sequences = sequences,
                                           .go_backwards = backwards,
                                           .zero_output_for_mask = zero,
                                           .dtype = float64}));
        check_padding(
            name("RNN of a cell"),
            layers::RNN(layers::GRUCell(2, {.dtype = float64}),
                        {.return_sequences = sequences, .go_backwards = backwards, .zero_output_for_mask = zero}));
      }
    }
    check_padding("Bidirectional", Bidirectional(LSTM(2, {.return_sequences = sequences, .dtype = float64})));
    check_padding("Bidirectional sum", Bidirectional(SimpleRNN(2, {.return_sequences = sequences, .dtype = float64}),
                                                     {.merge_mode = "sum"}));
  }
}

/// Sequences of all lengths in one batch, and one after the other: outputs, states and gradients.
void check_bidirectional(layers::Bidirectional& layer, bool sequences, std::size_t outputs, std::size_t states,
                         bool in_front, bool mask_is_input) {
  const Padded batch = padded(in_front);
  const auto states_of = [&](std::int64_t row, std::int64_t rows) {
    TensorList all;
    for (std::size_t i = 0; i < states; ++i) {
      all.push_back(slice_axis(some({4, 2}, 0.2 * static_cast<double>(i)), 0, row, rows));
    }
    return all;
  };
  const auto called = [&](TensorList inputs, std::int64_t row, std::int64_t rows) {
    const TensorList more = states_of(row, rows);
    inputs.insert(inputs.end(), more.begin(), more.end());
    return layer(inputs);
  };
  GradientTape tape({.persistent = true});
  const Tensor x = mask_is_input ? batch.x : with_mask(batch.x, batch.mask);
  tape.watch(x);
  const TensorList y = called(mask_is_input ? TensorList{x, batch.mask} : TensorList(x), 0, 4);
  std::vector<Tensor> from_batch, from_alone;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] == 0) continue;
    const auto row = static_cast<std::int64_t>(i);
    const TensorList alone = called(batch.alone[i], row, 1);
    REQUIRE(alone.size() == y.size());
    for (std::size_t k = 0; k < y.size(); ++k) {
      Tensor part = slice_axis(y[k], 0, row, 1);
      if (k < outputs && sequences) part = slice_axis(part, 1, batch.beginning[i], lengths[i]);
      CHECK_CLOSE(part, alone[k], 1e-11, 1e-13);
      from_batch.push_back(part);
      from_alone.push_back(alone[k]);
    }
  }
  for (std::size_t k = 0; k < y.size(); ++k) CHECK(get_mask(y[k]).defined() == (k < outputs && sequences));
  const Tensor loss = folded(from_batch), expected = folded(from_alone);
  tape.stop();
  const auto& weights = layer.trainable_variables();
  const Tensors dw = tape.gradient(loss, weights), dw_expected = tape.gradient(expected, weights);
  for (std::size_t i = 0; i < dw.size(); ++i) CHECK_CLOSE(dw[i], dw_expected[i], 1e-10, 1e-12);
}

TEST_CASE("masks: Bidirectional in all modes, with states in and out") {
  for (const std::string mode : {"concat", "sum", "ave", "mul", "none"}) {
    for (int bits = 0; bits < 64; ++bits) {
      const auto bit = [&](int i) { return (bits >> i & 1) != 0; };
      const bool sequences = bit(0), state = bit(1), backwards = bit(2), given = bit(3);
      INFO(mode, ", bits ", bits);
      const auto check = [&](const AnyLayer& rnn, std::size_t states) {
        Bidirectional layer(rnn, {.merge_mode = mode});
        (void)layer.outputs(some({1, 2, features}));
        check_bidirectional(layer, sequences, mode == "none" ? 2 : 1, given ? states : 0, bit(4), bit(5));
      };
      check(
          LSTM(2, {.return_sequences = sequences, .return_state = state, .go_backwards = backwards, .dtype = float64}),
          4);
      check(GRU(2, {.return_sequences = sequences, .return_state = state, .go_backwards = backwards, .dtype = float64}),
            2);
    }
  }
}

TEST_CASE("masks: layers over steps, of padded sequences and of the sequences alone") {
  check_padding("GlobalAveragePooling1D", layers::GlobalAveragePooling1D({.dtype = float64}));
  check_padding("GlobalAveragePooling1D keepdims",
                layers::GlobalAveragePooling1D({.keepdims = true, .dtype = float64}));
  check_padding("Softmax over time", layers::Softmax(1, {.dtype = float64}));
  check_padding("TimeDistributed", TimeDistributed(Dense(2, {.dtype = float64})));
  check_padding("Dense", Dense(2, {.activation = "tanh", .dtype = float64}));
  check_padding("a stack", Sequential(Dense(4, {.dtype = float64}), layers::Dropout(0.5, {.dtype = float64}),
                                      layers::Activation("softmax", {.dtype = float64}),
                                      LSTM(3, {.return_sequences = true, .dtype = float64}),
                                      Bidirectional(GRU(2, {.return_sequences = true, .dtype = float64})),
                                      TimeDistributed(Dense(2, {.dtype = float64})),
                                      layers::GlobalAveragePooling1D({.dtype = float64})));
}

TEST_CASE("masks: attention, of padded sequences and of the sequences alone") {
  const auto itself = [](const AnyLayer& layer, std::size_t inputs) {
    return [&layer, inputs](const Tensor& x) {
      TensorList all;
      for (std::size_t i = 0; i < inputs; ++i) all.push_back(x);
      return (*layer)(all)[0];
    };
  };
  for (const bool causal : {false, true}) {
    for (const bool scores : {false, true}) {
      const AnyLayer attention = layers::Attention(
          {.use_scale = true, .use_causal_mask = causal, .return_attention_scores = scores, .dtype = float64});
      check_padding("Attention", attention, itself(attention, 2));
      const AnyLayer additive =
          layers::AdditiveAttention({.use_causal_mask = causal, .return_attention_scores = scores, .dtype = float64});
      check_padding("AdditiveAttention", additive, itself(additive, 3));
      const AnyLayer heads = layers::MultiHeadAttention(
          2, 2, {.use_causal_mask = causal, .return_attention_scores = scores, .dtype = float64});
      check_padding("MultiHeadAttention", heads, itself(heads, 2));
      check_padding("MultiHeadAttention with keys", heads, itself(heads, 3));
    }
  }
  // Padded values, queries of their own: nothing to attend to gives 0.
  const Tensor query = some({4, 2, features}, 0.7);
  const Padded batch = padded(false);
  const Tensor values = with_mask(batch.x, batch.mask);
  layers::Attention attention({.dtype = float64});
  layers::AdditiveAttention additive({.use_scale = false, .dtype = float64});
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const Tensor one = slice_axis(query, 0, row, 1);
    for (Layer* layer : {static_cast<Layer*>(&attention), static_cast<Layer*>(&additive)}) {
      const TensorList all = (*layer)({query, values});
      CHECK_FALSE(get_mask(all[0]).defined());
      const Tensor y = slice_axis(all[0], 0, row, 1);
      CHECK_CLOSE(y, lengths[i] == 0 ? zeros({1, 2, features}) : (*layer)({one, batch.alone[i]})[0], 1e-11, 1e-13);
    }
  }
}

TEST_CASE("masks: BatchNormalization takes the statistics of the data alone") {
  for (const bool in_front : {false, true}) {
    const Padded batch = padded(in_front);
    std::vector<Tensor> data;
    for (const Tensor& sequence : batch.alone) data.push_back(reshape(sequence, {-1, features}));
    const Tensor together = concat(data, 0);
    layers::BatchNormalization masked({.momentum = 0.5, .dtype = float64}), plain({.momentum = 0.5, .dtype = float64});
    (void)masked(together);
    (void)plain(together);
    GradientTape tape({.persistent = true});
    const Tensor x = with_mask(batch.x, batch.mask);
    tape.watch({x, together});
    const Tensor y = masked(x, {.training = true}), expected = plain(together, {.training = true});
    CHECK(get_mask(y).is_same(batch.mask));
    const auto data_in = [&](const Tensor& all) {
      std::vector<Tensor> parts;
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        const Tensor row = slice_axis(all, 0, static_cast<std::int64_t>(i), 1);
        parts.push_back(reshape(slice_axis(row, 1, batch.beginning[i], lengths[i]), {lengths[i], features}));
      }
      return concat(parts, 0);
    };
    CHECK_CLOSE(data_in(y), expected, 1e-10, 1e-12);
    CHECK_CLOSE(masked.moving_mean(), plain.moving_mean(), 1e-12);
    CHECK_CLOSE(masked.moving_variance(), plain.moving_variance(), 1e-12);
    const Tensor dy = some(together.shape(), 0.5);
    const Tensor loss = reduce_sum(data_in(y) * dy), plain_loss = reduce_sum(expected * dy);
    tape.stop();
    CHECK_CLOSE(data_in(tape.gradient(loss, x)), tape.gradient(plain_loss, together), 1e-9, 1e-11);
  }
  // A batch of padding changes nothing; other channel axes work as well.
  layers::BatchNormalization normalization({.axis = 1, .dtype = float64});
  const Tensor x = some({2, 3, 2});
  (void)normalization(x);
  const auto before = normalization.get_weights();
  const Tensor y = normalization({x, zeros({2, 3}, boolean)}, {.training = true}).only();
  CHECK_CLOSE(reduce_sum(cast(y == y, float64)), 12);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK_SAME_BITS(normalization.get_weights()[i], before[i]);
  CHECK_THROWS_TEXT(ValueError, "expected a mask with one axis less than the inputs, of shape (2, 3, 2): received (2,)",
                    normalization(with_mask(x, ones({2}, boolean))));
  // Inside TimeDistributed, which passes samples to it.
  const Padded batch = padded(false);
  TimeDistributed each(layers::BatchNormalization({.momentum = 0, .dtype = float64}));
  (void)each(batch.x);
  (void)each(with_mask(batch.x, batch.mask), {.training = true});
  double sum = 0;
  for (const Tensor& sequence : batch.alone) sum += reduce_sum(slice_axis(sequence, 2, 0, 1)).item();
  CHECK_CLOSE(slice_axis(each.get_weights()[2], 0, 0, 1), {sum / 9});
}

// Keras's own test (keras/src/layers/rnn/lstm_test.py, test_masking; bidirectional_test.py).
TEST_CASE("masks: LSTM and Bidirectional, Keras's numbers") {
  const Tensor sequence = cast(reshape(arange(24.0), {2, 4, 3}), float32);
  const Tensor mask = constant({{true, true, true, false}, {true, true, false, false}});
  const auto constant_of = [](double value) {
    return [value](const Shape& shape, DType dtype) { return full(shape, value, dtype); };
  };
  layers::LSTMOptions options{.kernel_initializer = constant_of(0.01),
                              .recurrent_initializer = constant_of(0.02),
                              .bias_initializer = constant_of(0.03)};
  const auto first = [](const Tensor& y) { return slice_axis(y, -1, 0, 1); };
  CHECK_CLOSE(first(LSTM(2, options)(with_mask(sequence, mask))), {0.11755939, 0.28556206}, 1e-5);
  options.return_sequences = true;
  CHECK_CLOSE(first(LSTM(2, options)(with_mask(sequence, mask))),
              {0.01588910, 0.05552048, 0.11755939, 0.11755939, 0.14185596, 0.28556206, 0.28556206, 0.28556206}, 1e-5);
  options.zero_output_for_mask = true;
  CHECK_CLOSE(first(LSTM(2, options)(with_mask(sequence, mask))),
              {0.01588910, 0.05552048, 0.11755939, 0, 0.14185596, 0.28556206, 0, 0}, 1e-5);
  options = {.kernel_initializer = constant_of(0.01),
             .recurrent_initializer = constant_of(0.02),
             .bias_initializer = constant_of(0.03),
             .go_backwards = true};
  const Tensor in_front = constant({{false, true, true, true}, {false, false, true, true}});
  CHECK_CLOSE(first(LSTM(2, options)(with_mask(sequence, in_front))), {0.15341201, 0.3844719}, 1e-5);
  Bidirectional both(GRU(2, {.kernel_initializer = constant_of(0.01),
                             .recurrent_initializer = constant_of(0.02),
                             .bias_initializer = constant_of(0.03)}));
  const Tensor holes = constant({{true, true, false, true}, {true, false, false, true}});
  CHECK_CLOSE(both(with_mask(sequence, holes)),
              {0.19393763, 0.19393763, 0.11669192, 0.11669192, 0.30818558, 0.30818558, 0.28380975, 0.28380975}, 1e-5);
}

TEST_CASE("masks: an explicit one is taken instead of that which the input carries") {
  const Tensor x = some({2, 4, features}), mask = constant({{true, true, false, false}, {true, true, true, false}});
  const Tensor carried = with_mask(x, constant({{true, false, false, false}, {true, false, true, false}}));
  const auto check = [&](Layer& layer) {
    const TensorList expected = layer(TensorList(with_mask(x, mask)));
    for (const Tensor& input : {x, carried}) {
      const TensorList y = layer({input, mask});
      CHECK_SAME_BITS(y[0], expected[0]);
      CHECK(get_mask(y[0]).defined() == get_mask(expected[0]).defined());
      if (get_mask(y[0]).defined()) CHECK_TENSOR_EQ(get_mask(y[0]), mask);
    }
    CHECK_FALSE(testing::same_bits(layer(TensorList(carried))[0], expected[0]).ok);
  };
  LSTM last(2, {.dtype = float64}), all(2, {.return_sequences = true, .dtype = float64});
  Bidirectional both(GRU(2, {.return_sequences = true, .dtype = float64}));
  layers::GlobalAveragePooling1D mean({.dtype = float64});
  check(last);
  check(all);
  check(both);
  check(mean);
  layers::BatchNormalization normalization({.dtype = float64});
  CHECK(get_mask(normalization({carried, mask})[0]).is_same(mask));
  CHECK(get_mask(TimeDistributed(Dense(2, {.dtype = float64}))({carried, mask})[0]).is_same(mask));
  layers::Attention attention({.dtype = float64});
  const Tensor plain = attention({x, x, x, mask, mask}).only();
  CHECK_SAME_BITS(attention({carried, carried, carried, mask, mask}).only(), plain);
  CHECK(get_mask(attention({carried, x, x, mask, mask}).only()).is_same(mask));
  CHECK_SAME_BITS(attention({with_mask(x, mask), with_mask(x, mask)}).only(), plain);
  CHECK_THROWS_TEXT(ValueError, "or an input and a bool mask, but it received 2 input tensors", mean({x, x}));
  CHECK_THROWS_TEXT(ValueError, "expected a mask of shape (2, 4) for an input of shape (2, 4, 3): received (2,)",
                    mean(with_mask(x, ones({2}, boolean))));
}

TEST_CASE("masks: Softmax with a mask of elements, as attention scores have") {
  layers::Softmax softmax;
  const Tensor x = constant({{1.0F, 2.0F, 3.0F}, {1.0F, 2.0F, 3.0F}});
  const double e = std::exp(1.0);
  CHECK_CLOSE(softmax({x, constant({true, true, false})}).only(),
              {1 / (1 + e), e / (1 + e), 0, 1 / (1 + e), e / (1 + e), 0}, 1e-6);
  CHECK_CLOSE(softmax({x, constant({{false, true, true}, {false, false, false}})}).only(),
              {0, 1 / (1 + e), e / (1 + e), 0, 0, 0}, 1e-6);
  const Tensor steps_only = with_mask(x, constant({true, false}));
  CHECK_SAME_BITS(softmax(steps_only), softmax(x));
  CHECK(get_mask(softmax(steps_only)).defined());
  CHECK_CLOSE(softmax(with_mask(x, constant({{true, false, true}, {true, true, true}}))),
              {1 / (1 + e * e), 0, e * e / (1 + e * e), 0.09003057, 0.24472847, 0.66524096}, 1e-6);
  CHECK_THROWS_TEXT(ValueError, "expected a mask that broadcasts to inputs of shape (2, 3), received shape (2,)",
                    softmax({x, ones({2}, boolean)}));
}

TEST_CASE("masks: Masking, Keras's test") {
  const Tensor x = constant({{{0.0, 0.0}, {1.0, 2.0}, {0.0, 0.0}}, {{2.0, 2.0}, {0.0, 0.0}, {2.0, 1.0}}});
  Masking masking;
  const Tensor y = masking(x);
  CHECK_TENSOR_EQ(get_mask(y), constant({{false, true, false}, {true, false, true}}));
  CHECK_TENSOR_EQ(masking.compute_mask(x, {}), get_mask(y));
  CHECK_FALSE(get_mask(x).defined());
  const Tensor z = Masking(2)(x);
  CHECK_TENSOR_EQ(get_mask(z), constant({{true, true, true}, {false, true, true}}));
  CHECK_CLOSE(slice_axis(z, 0, 1, 1), {0, 0, 0, 0, 2, 1});
  GradientTape tape;
  tape.watch(x);
  CHECK_CLOSE(tape.gradient(reduce_sum(Masking(2)(x)), x), {1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1});
}

// keras/src/layers/merging/merging_test.py, test_add_with_mask and similar tests.
TEST_CASE("masks: merging layers") {
  const Tensor a = Masking()(constant({{{0.0F, 0.0F}, {1.0F, 2.0F}, {0.0F, 0.0F}, {3.0F, 4.0F}}}));
  const Tensor b = constant({{{0.0F, 0.0F}, {0.0F, 0.0F}, {1.0F, 2.0F}, {3.0F, 4.0F}}}), c = Masking()(b);
  CHECK_FALSE(get_mask(layers::add({a, b})).defined());
  for (const Tensor& y :
       {layers::add({a, c}), layers::subtract({a, c}), layers::average({a, c}), layers::multiply({a, c}),
        layers::maximum({a, c}), layers::minimum({a, c}), layers::concatenate({a, c})}) {
    CHECK_TENSOR_EQ(get_mask(y), constant({{false, true, true, true}}));
  }
  CHECK_TENSOR_EQ(get_mask(layers::concatenate({a, c}, 1)),
                  constant({{false, true, false, true, false, false, true, true}}));
  CHECK_TENSOR_EQ(get_mask(layers::concatenate({a, b}, 1)),
                  constant({{false, true, false, true, true, true, true, true}}));
  CHECK_TENSOR_EQ(get_mask(layers::concatenate({b, a})), constant({{true, true, true, true}}));
  CHECK_TENSOR_EQ(get_mask(layers::concatenate({a, c}, 0)),
                  constant({{false, true, false, true}, {false, false, true, true}}));
  {
    const testing::WarningCapture of_dot;
    CHECK_FALSE(get_mask(layers::dot({a, c}, 2)).defined());
    CHECK(of_dot.count() == 1);
  }
  // Inputs that broadcast: their masks do so too.
  const Tensor rows = with_mask(ones({1, 2}), ones({1}, boolean));
  CHECK_TENSOR_EQ(get_mask(layers::add({a, rows})), constant({{true, true, true, true}}));
}

/// Keeps every second step.
struct EverySecond : LayerBase<EverySecond> {
  Tensor call(const Tensor& x) override { return even(x); }
  Tensor compute_mask(const Tensor&, const Tensor& mask) override { return mask.defined() ? even(mask) : mask; }
  static Tensor even(const Tensor& x) { return strided_slice(x, {0, 0}, {x.shape(0), x.shape(1)}, {1, 2}); }
};

/// Notes masks and passes them on.
struct Seeing : LayerBase<Seeing> {
  explicit Seeing(bool passes) { set_supports_masking(passes); }
  Tensor call(const Tensor& x) override {
    *seen = get_mask(x);
    return x;
  }
  std::shared_ptr<Tensor> seen = std::make_shared<Tensor>();
};

TEST_CASE("masks: a layer of several inputs that drops one says so, whichever input has it") {
  const Tensor x = ones({2, 3, 4}), masked = with_mask(x, ones({2, 3}, boolean));
  struct Sum : LayerBase<Sum> {
    TensorList call_list(const TensorList& all) override { return all[0] + all[1]; }
  };
  for (const TensorList& inputs : {TensorList{x, masked}, {masked, x}, {masked, masked}, {x, x}}) {
    const testing::WarningCapture warnings;
    CHECK_FALSE(get_mask(Sum()(inputs).only()).defined());
    CHECK_FALSE(get_mask(layers::Dot(2)(inputs).only()).defined());
    CHECK(warnings.count() == (get_mask(inputs[0]).defined() || get_mask(inputs[1]).defined() ? 2 : 0));
  }
}

TEST_CASE("masks: layers of one's own") {
  const Tensor mask = constant({{true, true, false, true}}), x = with_mask(some({1, 4, 2}), mask);
  EverySecond second;
  CHECK_TENSOR_EQ(get_mask(second(x)), constant({{true, false}}));
  CHECK_FALSE(get_mask(second(with_mask(x, {}))).defined());
  CHECK_FALSE(second.supports_masking());

  Seeing passing(true);
  CHECK(get_mask(passing(x)).is_same(mask));
  CHECK(passing.seen->is_same(mask));
  (void)passing(cast(some({1, 4, 2}), float32));
  CHECK_FALSE(passing.seen->defined());

  // A cast input keeps its mask.
  Seeing narrow(true);
  narrow.set_dtype_policy("mixed_bfloat16");
  const Tensor y = narrow(with_mask(cast(some({1, 4, 2}), float32), mask));
  CHECK(y.dtype() == bfloat16);
  CHECK(narrow.seen->is_same(mask));
  CHECK(get_mask(y).is_same(mask));

  const testing::WarningCapture warnings;
  Seeing dropping(false);
  const Tensor z = dropping(x);  // its input without the mask
  CHECK_FALSE(get_mask(z).defined());
  CHECK(get_mask(x).is_same(mask));
  CHECK_SAME_BITS(z, x);
  (void)dropping(x);
  CHECK(warnings.count() == 1);
  CHECK(warnings.text().find("[Seeing] layer 'seeing' was passed an input with a mask. It does not support masking and "
                             "drops the mask") != std::string::npos);

  struct Wrong : LayerBase<Wrong> {
    Wrong() { set_supports_masking(true); }
    Tensor call(const Tensor& t) override { return slice_axis(t, 1, 0, 2); }
  };
  Wrong wrong;
  CHECK_THROWS_TEXT(ValueError,
                    "[Wrong] expected compute_mask to return a bool mask of the first axes of the output, of shape (1, "
                    "2, 2): received bool (1, 4)",
                    wrong(x));
  CHECK(wrong(with_mask(x, {})).shape() == Shape{1, 2, 2});
}

TEST_CASE("masks: a layer that makes one of nothing is asked in every call, whatever it is derived from") {
  struct Marks : LayerBase<Marks> {
    Tensor call(const Tensor& x) override { return x * 1; }
    Tensor compute_mask(const Tensor& x, const Tensor&) override { return reduce_any(x > 0, -1); }
  };
  struct MarksMore : Marks {
    Tensor compute_mask(const Tensor& x, const Tensor&) override { return reduce_any(x > 1, -1); }
  };
  struct MarksAsList : LayerBase<MarksAsList, Marks> {
    TensorList compute_mask_list(const TensorList& in, const TensorList&) override { return in[0] == in[0]; }
  };
  struct Bare : Layer {
    Tensor call(const Tensor& x) override { return x * 1; }
    Tensor compute_mask(const Tensor& x, const Tensor& mask) override {
      return mask.defined() ? Layer::compute_mask(x, mask) : reduce_any(x > 0, -1);
    }
  };
  const Tensor x = constant({{{1.0, -1.0}, {-1.0, -2.0}}});
  Marks marks;
  MarksMore more;
  MarksAsList list;
  Bare bare;
  for (int call = 0; call < 2; ++call) {
    CHECK_TENSOR_EQ(get_mask(marks(x)), constant({{true, false}}));
    CHECK_TENSOR_EQ(get_mask(more(x)), constant({{false, false}}));
    CHECK_TENSOR_EQ(get_mask(list(x)), ones({1, 2, 2}, boolean));
    CHECK_TENSOR_EQ(get_mask(bare(x)), constant({{true, false}}));
  }
}

TEST_CASE("masks: Lambda drops them unless it is told") {
  const Tensor mask = constant({{true, false}}), x = with_mask(ones({1, 2, 3}), mask);
  const testing::WarningCapture warnings;
  CHECK_FALSE(get_mask(layers::Lambda([](const Tensor& t) { return t * 2; })(x)).defined());
  CHECK(warnings.count() == 1);
  layers::Lambda passing([](const Tensor& t) { return t * 2; },
                         {.mask = [](const Tensor&, const Tensor& previous) { return previous; }});
  CHECK(get_mask(passing(x)).is_same(mask));
  CHECK_FALSE(get_mask(passing(ones({1, 2, 3}))).defined());
  CHECK(warnings.count() == 1);
}

TEST_CASE("masks: TimeDistributed hands on what a mask says of the inside of steps") {
  // Sentences of words: [batch, sentences, words].
  const Tensor tokens = constant({{{1, 2, 0}, {3, 0, 0}, {0, 0, 0}}, {{4, 4, 4}, {0, 0, 0}, {0, 0, 0}}});
  Embedding embedding(5, 2, {.mask_zero = true, .dtype = float64});
  TimeDistributed words(LSTM(3, {.dtype = float64}));
  const Tensor embedded = embedding(tokens), y = words(embedded);
  CHECK(get_mask(embedded).shape() == Shape{2, 3, 3});
  CHECK_TENSOR_EQ(get_mask(y), constant({{true, true, false}, {true, false, false}}));
  CHECK_CLOSE(reshape(slice_axis(slice_axis(y, 0, 0, 1), 1, 0, 1), {1, 3}),
              words.layer()(embedding(constant({{1, 2}}))), 1e-12);
  TimeDistributed inside(Embedding(5, 2, {.mask_zero = true, .dtype = float64}));
  CHECK_TENSOR_EQ(get_mask(inside(tokens)), tokens != 0);
  CHECK_THROWS_TEXT(ValueError, "expected a mask (2, 3, ...) for an input of shape (2, 3, 3, 2), received (2,)",
                    words(with_mask(embedded, ones({2}, boolean))));
}

TEST_CASE("masks: in Sequential, functional and subclassed models, as given by hand") {
  const Tensor tokens = constant({{1, 2, 0, 0}, {3, 4, 5, 1}, {0, 0, 0, 0}});
  Embedding embedding(6, 3, {.mask_zero = true});
  LSTM first(4, {.return_sequences = true});
  GRU second(2);
  Dense dense(1);
  const Tensor by_hand = dense(second({first({embedding(tokens), tokens != 0}).only(), tokens != 0}).only());
  const Tensor short_one = dense(second(first(with_mask(embedding(constant({{1, 2}})), {}))));
  CHECK_CLOSE(slice_axis(by_hand, 0, 0, 1), short_one, 1e-5, 1e-6);

  Sequential stack{embedding, first, layers::Dropout(0.5), second, dense};
  CHECK_SAME_BITS(stack(tokens), by_hand);
  Sequential with_input{Input({-1}, {.dtype = int32}), embedding, first, second, dense};
  CHECK_SAME_BITS(with_input(tokens), by_hand);
  CHECK_SAME_BITS(with_input(cast(tokens, int64)), by_hand);
  auto x = Input({-1}, {.dtype = int32});
  Model functional(x, dense(second(first(embedding(x)))));
  CHECK_SAME_BITS(functional(tokens), by_hand);
  struct Own : Model {
    Own(Embedding e, LSTM a, GRU b, Dense c)
        : embedding(track(std::move(e))), first(track(std::move(a))), second(track(std::move(b))), dense(track(c)) {}
    Embedding embedding;
    LSTM first;
    GRU second;
    Dense dense;
    Tensor call(const Tensor& t) override { return dense(second(first(embedding(t)))); }
  };
  Own own(embedding, first, second, dense);
  CHECK_SAME_BITS(own(tokens), by_hand);
  Model handle = own;
  CHECK_SAME_BITS(handle(tokens), by_hand);

  // A model's output keeps the mask that its layers gave it, and so does a model in a model.
  Sequential inner{embedding, first};
  CHECK_TENSOR_EQ(get_mask(inner(tokens)), tokens != 0);
  auto z = Input({-1}, {.dtype = int32});
  Model outer(z, dense(second(inner(z))));
  CHECK_SAME_BITS(outer(tokens), by_hand);
  CHECK_FALSE(get_mask(inner.predict(tokens)).defined());  // arrays, as in Keras, however many batches there are
}

TEST_CASE("masks: go into and come out of functions that are transformed") {
  const Tensor x = some({2, 4, features}), mask = constant({{true, true, false, false}, {true, true, true, false}});
  const Tensor masked = with_mask(x, mask), direction = some({2, 4, features}, 1);
  LSTM layer(2, {.return_sequences = true, .dtype = float64});
  const auto f = [&](const Tensor& t) { return layer(t); };
  const auto scalar = [&](const Tensor& t) { return reduce_sum(square(layer(t))); };
  const auto given = [&](const Tensor& t) { return reduce_sum(square(layer({t, mask}).only())); };
  const Tensor y = f(masked);
  CHECK_CLOSE(grad(scalar)(masked), grad(given)(x), 1e-12);
  CHECK_CLOSE(hessian_vector_product(scalar, masked, direction), hessian_vector_product(given, x, direction), 1e-12);
  const auto pair = jvp(f, masked, direction);
  CHECK_SAME_BITS(pair.first, y);
  CHECK_CLOSE(pair.second, jvp([&](const Tensor& t) { return layer({t, mask}).only(); }, x, direction).second, 1e-12);
  for (const Tensor& result : {pair.first, vjp(f, masked).first, recompute_grad(f)(masked)}) {
    CHECK_SAME_BITS(result, y);
    CHECK_TENSOR_EQ(get_mask(result), mask);
  }
  const auto own = custom_gradient([](const Tensor& t) {
    return std::pair(with_mask(t * 2, get_mask(t)), [](const Tensor& dy) { return dy * 2; });
  });
  GradientTape tape;
  tape.watch(masked);
  CHECK_TENSOR_EQ(get_mask(own(masked)), mask);
}

TEST_CASE("masks: a stateful layer goes on from the last step that is data") {
  LSTM stateful(2, {.stateful = true, .dtype = float64});
  const Tensor a = some({1, 3, features}), b = some({1, 2, features}, 1);
  (void)stateful(a);
  const Tensor expected = stateful(b);
  stateful.reset_states();
  (void)stateful(with_mask(concat({a, some({1, 2, features}, 2)}, 1), constant({{true, true, true, false, false}})));
  CHECK_CLOSE(stateful(b), expected, 1e-12);
}

TEST_CASE("masks: warnings name the layer that drops one, and models do not warn") {
  const Tensor tokens = constant({{1, 2, 0, 0}});
  const testing::WarningCapture warnings;
  Sequential model{Embedding(6, 3, {.mask_zero = true}), Dense(2), layers::Conv1D(2, 2), layers::GlobalMaxPooling1D(),
                   Dense(1)};
  for (int call = 0; call < 3; ++call) CHECK_FALSE(get_mask(model(tokens)).defined());
  CHECK(warnings.count() == 1);
  CHECK(warnings.text().find("[Conv1D] layer 'sequential/conv1d' was passed an input with a mask") == 0);
}

}  // namespace
}  // namespace xtape
