// The figures of fit, evaluate and train_on_batch leave out what the mask of an output does.
#include <algorithm>
#include <cmath>

#include "support/check.hpp"
#include "xtape/callbacks/terminate_on_nan.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/masking.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape {
namespace {

using Numbers = std::vector<double>;

// keras/src/layers/layer_test.py, test_end_to_end_masking.
TEST_CASE("masks in training: Keras's test") {
  Sequential model{layers::Embedding(2, 2, {.embeddings_initializer = "ones", .mask_zero = true})};
  model.compile({.loss = "mse"});
  const Tensor targets = constant({{{1.0, 1.0}, {2.0, 2.0}, {3.0, 3.0}, {1.0, 1.0}}});
  CHECK(model.evaluate(constant({{1, 0, 0, 1}}), targets, {.verbose = 0})["loss"] == 0);
}

/// Passes its input, [batch, time, 1], on as the sum of it and a weight, 0.
Sequential passing() { return Sequential{layers::Masking(), layers::Dense(1, {.kernel_initializer = "ones"})}; }

const Tensor x = constant({{{1.0F}, {2.0F}, {0.0F}}, {{3.0F}, {0.0F}, {0.0F}}});
const Tensor y = constant({{{0.0F}, {0.0F}, {7.0F}}, {{1.0F}, {9.0F}, {9.0F}}});
// Squared errors 1, 4, -, 4, -, -; absolute ones 1, 2, -, 2, -, -.

TEST_CASE("masks in training: loss, metrics and weights of steps") {
  Sequential model = passing();
  model.compile({.optimizer = "sgd", .loss = "mse", .metrics = {"mae"}, .weighted_metrics = {"mse"}});
  const Logs plain = model.evaluate(x, y, {.verbose = 0});
  CHECK(plain["loss"] == doctest::Approx(3.0));
  CHECK(plain["mae"] == doctest::Approx(5.0 / 3));
  CHECK(plain["mse"] == doctest::Approx(3.0));
  const Logs weighted = model.test_on_batch(x, y, constant({1.0F, 10.0F}));
  CHECK(weighted["loss"] == doctest::Approx((1.0 + 4 + 40) / 3));
  CHECK(weighted["mae"] == doctest::Approx(5.0 / 3));
  CHECK(weighted["mse"] == doctest::Approx((1.0 + 4 + 40) / 12));
  const Logs steps = model.test_on_batch(x, y, constant({{1.0F, 2.0F, 50.0F}, {3.0F, 50.0F, 50.0F}}));
  CHECK(steps["loss"] == doctest::Approx((1.0 + 8 + 12) / 3));
  CHECK(model.train_on_batch(x, y)["loss"] == doctest::Approx(3.0));
}

TEST_CASE("masks in training: masks, weights and penalties in batches of any size, by hand") {
  const Numbers weights{1, 2, 0.5, 3, 1.5};
  const std::vector<Numbers> sequences{{1, 2}, {3}, {1.5, 0.5, 2.5}, {1}, {2, 1}};
  std::vector<float> padded(15);
  for (std::size_t i = 0; i < 5; ++i) std::copy(sequences[i].begin(), sequences[i].end(), &padded[3 * i]);
  const Tensor data = reshape(constant(padded), {5, 3, 1}), labels = data * 2 + 1;  // the model gives data
  for (const bool weighted : {false, true}) {
    const Tensor sample_weight = weighted ? cast(constant(weights), float32) : Tensor();
    for (const std::size_t size : {1U, 2U, 3U, 5U}) {
      CAPTURE(size);
      double loss = 0, error = 0, steps = 0, weighted_error = 0, weight = 0;
      for (std::size_t begin = 0; begin < 5; begin += size) {
        double sum = 0, count = 0;
        const std::size_t end = std::min<std::size_t>(begin + size, 5);
        for (std::size_t i = begin; i < end; ++i) {
          const double w = weighted ? weights[i] : 1;
          for (const double value : sequences[i]) {
            sum += w * (value + 1) * (value + 1);
            count += 1;
            error += value + 1;
            weighted_error += w * (value + 1);
            weight += w;
          }
        }
        loss += (sum / count + 0.1) * static_cast<double>(end - begin) / 5;
        steps += count;
      }
      Sequential model{layers::Masking(), layers::Dense(1, {.use_bias = false,
                                                            .kernel_initializer = "ones",
                                                            .kernel_regularizer = regularizers::L2{.l2 = 0.1}})};
      model.compile({.optimizer = optimizers::SGD({.learning_rate = 0}),
                     .loss = "mse",
                     .metrics = {"mae"},
                     .weighted_metrics = {"mae"}});
      const auto batch_size = static_cast<std::int64_t>(size);
      const auto history = model.fit(data, labels,
                                     {.batch_size = batch_size,
                                      .epochs = 2,
                                      .verbose = 0,
                                      .validation_data = {data, labels, sample_weight},
                                      .sample_weight = sample_weight});
      const Logs tested =
          model.evaluate(data, labels, {.batch_size = batch_size, .verbose = 0, .sample_weight = sample_weight});
      const auto check = [&](const std::string& name, double expected) {
        CAPTURE(name);
        if (size == 1 || size == 5) CHECK(history[name][1] == doctest::Approx(expected));  // others depend on the order
        CHECK(history["val_" + name][1] == doctest::Approx(expected));
        CHECK(tested[name] == doctest::Approx(expected));
      };
      check("loss", loss);
      check("mae", error / steps);
      check("weighted_mae", weighted_error / weight);
    }
  }
}

TEST_CASE("masks in training: more padding changes nothing in fit") {
  const Tensor tokens = constant({{1, 2, 0, 0}, {3, 4, 5, 1}, {2, 0, 0, 0}, {5, 5, 1, 0}, {4, 0, 0, 0}});
  const Tensor labels = gather(constant({1, 2, 0, 1, 2, 0}), tokens);
  const Tensor longer = concat({tokens, zeros({5, 3}, tokens.dtype())}, 1);
  const Tensor longer_labels = concat({labels, full({5, 3}, -1, labels.dtype())}, 1);
  const Sequential model{layers::Embedding(6, 3, {.mask_zero = true}),
                         layers::Bidirectional(layers::LSTM(3, {.return_sequences = true})),
                         layers::BatchNormalization({.momentum = 0.5}), layers::Dense(3, {.activation = "softmax"})};
  Sequential short_one = clone(model), long_one = clone(model);
  (void)short_one(tokens);
  (void)long_one(longer);
  long_one.set_weights(short_one.get_weights());
  const auto fit = [](Sequential& each, const Tensor& x, const Tensor& y) {
    each.compile({.optimizer = optimizers::SGD({.learning_rate = 0.1}),
                  .loss = "sparse_categorical_crossentropy",
                  .metrics = {"accuracy"},
                  .weighted_metrics = {"sparse_categorical_crossentropy"}});
    return each.fit(x, y,
                    {.batch_size = 2,
                     .epochs = 4,
                     .verbose = 0,
                     .validation_data = {x, y},
                     .shuffle = false,
                     .sample_weight = constant({1.0F, 2.0F, 0.5F, 1.5F, 3.0F})});
  };
  const auto expected = fit(short_one, tokens, labels), received = fit(long_one, longer, longer_labels);
  CHECK(expected.history.size() == 6);
  for (const auto& each : expected.history) {
    const std::string& name = each.first;
    const Numbers& values = each.second;
    CAPTURE(name);
    for (std::size_t i = 0; i < 4; ++i) CHECK(received[name][i] == doctest::Approx(values[i]).epsilon(1e-4));
  }
  for (std::size_t i = 0; i < short_one.variables().size(); ++i) {
    CHECK_CLOSE(long_one.variables()[i], short_one.variables()[i], 1e-4, 1e-5);
  }
}

TEST_CASE("masks in training: fit takes the steps that the data alone would have given") {
  const Tensor tokens = constant({{1, 2, 3, 0, 0}, {4, 5, 0, 0, 0}});
  const Tensor labels = constant({{{1.0F}, {0.0F}, {1.0F}, {9.0F}, {9.0F}}, {{0.0F}, {1.0F}, {9.0F}, {9.0F}, {9.0F}}});
  const auto make = [](bool mask_zero) {
    return Sequential{layers::Embedding(6, 3, {.mask_zero = mask_zero}), layers::LSTM(4, {.return_sequences = true}),
                      layers::Dense(1)};
  };
  Sequential padded = make(true), alone = make(false);
  (void)padded(tokens);
  (void)alone(tokens);
  alone.set_weights(padded.get_weights());
  padded.compile({.optimizer = "sgd", .loss = "mse"});
  alone.compile({.optimizer = "sgd", .loss = losses::MeanSquaredError({.reduction = "sum"})});
  const History history = padded.fit(tokens, labels, {.batch_size = 2, .epochs = 1, .verbose = 0, .shuffle = false});
  // Of all five steps that are data, one sequence after the other.
  GradientTape tape;
  const auto part = [&](std::int64_t row, std::int64_t n) {
    const auto cut = [&](const Tensor& t) { return slice_axis(slice_axis(t, 0, row, 1), 1, 0, n); };
    return reduce_sum(square(alone(cut(tokens)) - cut(labels)));
  };
  const Tensor loss = (part(0, 3) + part(1, 2)) / 5;
  const auto gradients = tape.gradient(loss, alone.trainable_variables());
  alone.optimizer().apply_gradients(zip(gradients, alone.trainable_variables()));
  CHECK(history["loss"].at(0) == doctest::Approx(loss.item()).epsilon(1e-5));
  for (std::size_t i = 0; i < padded.variables().size(); ++i) {
    CHECK_CLOSE(padded.variables()[i], alone.variables()[i], 1e-5, 1e-6);
  }
}

TEST_CASE("masks in training: inputs that carry one have it in every batch") {
  const Tensor data = cast(reshape(sin(arange(0.0, 80.0, 1.0, float64) * 1.7), {10, 4, 2}), float32);
  std::vector<double> keep;
  for (int i = 0; i < 40; ++i) keep.push_back(i % 7 < 4);
  const Tensor masked = with_mask(data, cast(reshape(constant(keep), {10, 4}), boolean)), labels = ones({10, 1});
  Sequential model{layers::LSTM(3), layers::Dense(1)};
  const Tensor whole = model(masked);
  model.compile({.optimizer = optimizers::SGD({.learning_rate = 0}), .loss = "mse"});
  const double loss = reduce_mean(square(whole - labels)).item();
  for (const std::int64_t size : {1, 3, 4, 10, 256}) {
    CAPTURE(size);
    CHECK_CLOSE(model.predict(masked, {.batch_size = size}), whole, 1e-6);
    CHECK(model.evaluate(masked, labels, {.batch_size = size, .verbose = 0})["loss"] == doctest::Approx(loss));
    const auto history = model.fit(masked, labels, {.batch_size = size, .verbose = 0, .validation_split = 0.5});
    CHECK((history["loss"][0] + history["val_loss"][0]) / 2 == doctest::Approx(loss));
  }
  // A mask for all rows stays what it is.
  Sequential normalization{layers::Dense(2)};
  const Tensor repeated = with_mask(data, constant({{true, true, false, false}}));
  normalization.compile({.optimizer = "sgd", .loss = "mse"});
  const double expected = normalization.evaluate(repeated, data, {.batch_size = 10, .verbose = 0})["loss"];
  CHECK(normalization.evaluate(repeated, data, {.batch_size = 5, .verbose = 0})["loss"] == doctest::Approx(expected));
  CHECK(model.predict(zeros({0, 4, 2}), {.callbacks = {callbacks::TerminateOnNaN()}}).shape() == Shape{0, 1});
}

TEST_CASE("masks in training: a model of one's own, and one made of symbolic tensors") {
  struct Own : Model {
    layers::Masking masking = track(layers::Masking());
    layers::Dense dense = track(layers::Dense(1, {.kernel_initializer = "ones"}));
    Tensor call(const Tensor& t) override { return dense(masking(t)); }
  };
  Own own;
  auto input = Input({-1, 1});
  Model functional(input, layers::Dense(1, {.kernel_initializer = "ones"})(layers::Masking()(input)));
  for (Model* model : {static_cast<Model*>(&own), &functional}) {
    model->compile({.optimizer = "sgd", .loss = "mse", .metrics = {"mae"}});
    const Logs logs = model->evaluate(x, y, {.verbose = 0});
    CHECK(logs["loss"] == doctest::Approx(3.0));
    CHECK(logs["mae"] == doctest::Approx(5.0 / 3));
    CHECK(model->train_on_batch(x, y)["loss"] == doctest::Approx(3.0));
  }
}

}  // namespace
}  // namespace xtape
