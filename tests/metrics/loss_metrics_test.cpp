#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/metrics/any_metric.hpp"
#include "xtape/metrics/binary_accuracy.hpp"
#include "xtape/metrics/categorical_accuracy.hpp"
#include "xtape/metrics/probabilistic.hpp"
#include "xtape/metrics/regression.hpp"
#include "xtape/metrics/sparse_categorical_accuracy.hpp"
#include "xtape/metrics/sum.hpp"
#include "xtape/metrics/top_k_categorical_accuracy.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/gradient_tape.hpp"

// Metrics that are the mean of a value for each sample: a row for each, with the numbers of its docstring in Keras.
using namespace xtape;

TEST_CASE("RootMeanSquaredError: the mean over all weighted squares, of batches of any length") {
  metrics::RootMeanSquaredError rmse;
  rmse.update_state(constant({1.0, 2.0}), constant({2.0, 4.0}));
  rmse.update_state(constant({0.0, 0.0, 0.0, 0.0}), constant({3.0, 0.0, 0.0, 0.0}));
  CHECK(rmse.result() == doctest::Approx(std::sqrt((1 + 4 + 9) / 6.0)));
  rmse.reset_state();
  rmse.update_state(constant({1.0, 2.0, 3.0}), constant({2.0, 4.0, 3.0}), constant({1.0, 0.0, 3.0}));
  CHECK(rmse.result() == doctest::Approx(std::sqrt(1 / 4.0)));
  rmse.reset_state();
  rmse.update_state(constant({{1.0}, {2.0}}), constant({{2.0}, {4.0}}), constant({0.5, 1.5}));
  CHECK(rmse.result() == doctest::Approx(std::sqrt((0.5 * 1 + 1.5 * 4) / 2)));
}

namespace {

struct Row {
  const char* name;  ///< as make_metric knows it
  Tensor y_true, y_pred;
  double result;
  Tensor weights;
  double weighted;
};

const Tensor bits = constant({{0, 1}, {0, 0}}), guess = constant({{1.0, 1.0}, {0.0, 0.0}});
const Tensor chances = constant({{0.6, 0.4}, {0.4, 0.6}}), first = constant({1, 0});
const Tensor one_hots = constant({{0, 1, 0}, {0, 0, 1}}), shares = constant({{0.05, 0.95, 0.0}, {0.1, 0.8, 0.1}});
const Tensor classes = constant({{0, 0, 1}, {0, 1, 0}}), scores = constant({{0.1, 0.9, 0.8}, {0.05, 0.95, 0.0}});
const Tensor some = constant({0.3, 0.7}), others = constant({0.7, 0.3}),
             column = constant({{0.98}, {1.0}, {0.0}, {0.6}});

const Row rows[] = {
    {"mean_squared_error", bits, guess, 0.25, first, 0.5},
    {"root_mean_squared_error", bits, guess, 0.5, first, 0.70710677},
    {"mean_absolute_error", bits, guess, 0.25, first, 0.5},
    {"mean_absolute_percentage_error", bits, guess, 250000000, first, 500000000},
    {"mean_squared_logarithmic_error", bits, guess, 0.12011322, first, 0.24022643},
    {"cosine_similarity", constant({{0, 1}, {1, 1}}), constant({{1.0, 0.0}, {1.0, 1.0}}), 0.5, some, 0.7},
    {"log_cosh_error", bits, guess, 0.10844523, first, 0.21689045},
    {"kl_divergence", bits, chances, 0.45814306, first, 0.9162892},
    {"poisson", bits, guess, 0.49999997, first, 0.99999994},
    {"binary_crossentropy", bits, chances, 0.81492424, first, 0.9162905},
    {"categorical_crossentropy", one_hots, shares, 1.1769392, some, 1.6271976},
    {"sparse_categorical_crossentropy", constant({1, 2}), shares, 1.1769392, some, 1.6271976},
    {"hinge", bits, chances, 1.3, first, 1.1},
    {"squared_hinge", bits, chances, 1.86, first, 1.46},
    {"categorical_hinge", bits, chances, 1.4000001, first, 1.2},
    {"binary_accuracy", constant({{1}, {1}, {0}, {0}}), column, 0.75, constant({1, 0, 0, 1}), 0.5},
    {"categorical_accuracy", classes, scores, 0.5, others, 0.3},
    {"sparse_categorical_accuracy", constant({2, 1}), scores, 0.5, others, 0.3},
    {"top_k_categorical_accuracy", classes, scores, 1, some, 1},
    {"sparse_top_k_categorical_accuracy", constant({2, 1}), scores, 1, some, 1},
};

}  // namespace

TEST_CASE("metrics: Keras's numbers, in both dtypes") {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    for (const DType dtype : {float32, float64}) {
      const auto metric = metrics::make_metric(row.name);
      CHECK(metric->result() == 0);
      const Tensor y_pred = cast(row.y_pred, dtype);
      metric->update_state(row.y_true, y_pred);
      CHECK(metric->result() == doctest::Approx(row.result).epsilon(2e-6));
      metric->reset_state();
      CHECK(metric->result() == 0);
      CHECK((*metric)(row.y_true, y_pred, row.weights) == doctest::Approx(row.weighted).epsilon(2e-6));
    }
  }
}

TEST_CASE("metrics: batches of any size give what the whole gives") {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto whole = metrics::make_metric(row.name), parts = metrics::make_metric(row.name);
    const std::int64_t n = row.y_true.shape()[0];
    const auto twice = [](const Tensor& t) { return concat({t, t}, 0); };
    whole->update_state(twice(row.y_true), twice(row.y_pred), cast(twice(row.weights), float32));
    const auto batch = [&](std::int64_t begin, std::int64_t size) {
      const auto part = [&](const Tensor& t) { return slice_axis(twice(t), 0, begin, size); };
      parts->update_state(part(row.y_true), part(row.y_pred), cast(part(row.weights), float32));
    };
    batch(0, 1);
    batch(1, n);
    batch(n + 1, n - 1);
    batch(n, 0);
    CHECK(parts->result() == doctest::Approx(whole->result()).epsilon(1e-6));
    CHECK(whole->result() == doctest::Approx(row.weighted).epsilon(2e-6));
  }
}

TEST_CASE("metrics: an error adds nothing, an update is not recorded") {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto metric = metrics::make_metric(row.name);
    metric->update_state(row.y_true, row.y_pred);
    const double before = metric->result();
    const std::string where = std::string("[") + row.name + "] ";
    CHECK_THROWS_AS(metric->update_state(ones({3, 2}), ones({4, 3})), ValueError);
    CHECK_THROWS_TEXT(ValueError, where + "sample_weight of shape (7,) does not fit values of shape",
                      metric->update_state(row.y_true, row.y_pred, ones({7})));
    CHECK_THROWS_TEXT(ValueError, "the tensor is empty", metric->update_state(row.y_true, Tensor()));
    CHECK(metric->result() == before);

    const Variable w(row.y_pred);
    GradientTape tape;
    const Tensor y_pred = w * 1;
    const std::size_t records = tape.num_records();
    metric->update_state(row.y_true, y_pred);
    CHECK(tape.num_records() == records);
  }
}

TEST_CASE("metrics: copies go on apart") {
  metrics::MeanSquaredError a;
  a.update_state(bits, guess);
  metrics::MeanSquaredError b = a;
  b.update_state(bits, bits);
  CHECK(a.result() == 0.25);
  CHECK(b.result() == 0.125);
  a = b;
  CHECK(a.result() == 0.125);
}

TEST_CASE("metrics: options") {
  CHECK(metrics::CosineSimilarity({.axis = 0})(eye(2), eye(2)) == doctest::Approx(1));
  const Tensor logits = constant({{10.0, -10.0, 10.0}, {10.0, 10.0, -10.0}});
  // probabilistic_metrics_test.py, and the labels' smoothing of losses_test.py
  CHECK(metrics::BinaryCrossentropy({.from_logits = true})(constant({{1, 0, 1}, {0, 1, 1}}), logits) ==
        doctest::Approx(3.33333).epsilon(1e-4));
  CHECK(metrics::CategoricalCrossentropy({.from_logits = true, .label_smoothing = 0.1})(
            constant({{1, 0, 0}}), constant({{100.0, -100.0, -100.0}})) == doctest::Approx(400 * 0.1 / 3));
  CHECK(metrics::SparseCategoricalCrossentropy({.from_logits = true})(constant({1}), constant({{300.0, -300.0}})) ==
        doctest::Approx(600));
  CHECK_THROWS_TEXT(ValueError, "[binary_crossentropy] expected label_smoothing in [0, 1], received 2",
                    metrics::BinaryCrossentropy({.label_smoothing = 2}));
}

TEST_CASE("metrics::MeanMetricWrapper: of a function") {
  metrics::MeanMetricWrapper metric([](const Tensor& t, const Tensor& p) { return abs(p - cast(t, p.dtype())); },
                                    "distance");
  CHECK(metric.name() == "distance");
  CHECK(metric(bits, guess) == 0.25);
  CHECK(metric(bits, bits, constant({0.0, 2.0})) == doctest::Approx(0.125));
  CHECK_THROWS_TEXT(ValueError, "[nothing] the function is empty",
                    metrics::MeanMetricWrapper(metrics::MeanMetricWrapper::Function(), "nothing"));
}

TEST_CASE("metrics::Sum: Keras's numbers") {
  metrics::Sum sum;
  CHECK(sum.name() == "sum");
  CHECK(sum.result() == 0);
  CHECK(sum(constant({1, 3, 5, 7})) == 16);
  CHECK(sum(constant({1, 3, 5, 7}), constant({1, 1, 0, 0})) == 20);
  CHECK_THROWS_TEXT(ValueError, "[sum] sample_weight of shape (3,) does not fit values of shape (2,)",
                    sum.update_state(constant({1, 2}), constant({1, 1, 1})));
  CHECK(sum(0.1) == 20.1);
  sum.reset_state();
  CHECK(sum(constant({{1, 2}, {3, 4}}), constant({2, 1})) == 13);
}

TEST_CASE("metrics::BinaryAccuracy: thresholds and shapes") {
  // accuracy_metrics_test.py, BinaryAccuracyTest
  const Tensor y = constant({1, 1, 0, 0}), p = constant({0.9, 0.6, 0.4, 0.8});
  CHECK(metrics::BinaryAccuracy({.threshold = 0.3})(constant({{1}, {1}, {0}, {0}}),
                                                    constant({{0.98}, {0.5}, {0.1}, {0.2}})) == 1);
  CHECK(metrics::BinaryAccuracy()(y, p) == 0.75);
  CHECK(metrics::BinaryAccuracy()(y, reshape(p, {4, 1})) == 0.75);
  CHECK(metrics::BinaryAccuracy()(reshape(y, {4, 1}), p) == 0.75);
  // On the threshold is not above it, in the predictions' dtype; 2 is never met.
  CHECK(metrics::BinaryAccuracy({.threshold = 0.7})(constant({0, 0, 2}), constant({0.7, 0.1, 0.9})) ==
        doctest::Approx(2.0 / 3));
  CHECK(metrics::BinaryAccuracy()(constant({{1, 0}, {1, 1}}), constant({{0.9, 0.9}, {0.9, 0.9}}), constant({2, 1})) ==
        doctest::Approx(2.0 / 3));
  CHECK_THROWS_TEXT(ValueError, "[binary_accuracy] y_true and y_pred must have the same shape: (4,) and (2, 2)",
                    metrics::BinaryAccuracy()(y, reshape(p, {2, 2})));
}

TEST_CASE("metrics::CategoricalAccuracy: ties, NaN and shapes") {
  const double nan = std::nan("");
  CHECK(metrics::CategoricalAccuracy()(constant({{1, 0}, {1, 0}, {0, 1}, {0, 1}}),
                                       constant({{2.0, 2.0}, {nan, 3.0}, {3.0, nan}, {-1.0, -2.0}})) == 0.75);
  CHECK(metrics::CategoricalAccuracy()(constant({{{1, 0}, {0, 1}}}), constant({{{0.1, 0.2}, {0.1, 0.2}}})) == 0.5);
  CHECK_THROWS_TEXT(ValueError, "[categorical_accuracy] y_true and y_pred must have the same shape: (2,) and (2, 3)",
                    metrics::CategoricalAccuracy()(constant({1, 2}), scores));
}

TEST_CASE("metrics::TopKCategoricalAccuracy and its sparse form: Keras's numbers") {
  // The docstrings with k = 1; accuracy_metrics_test.py
  CHECK(metrics::TopKCategoricalAccuracy({.k = 1})(classes, scores) == 0.5);
  CHECK(metrics::TopKCategoricalAccuracy({.k = 1})(classes, scores, others) == doctest::Approx(0.3));
  using Sparse = metrics::SparseTopKCategoricalAccuracy;
  CHECK(Sparse({.k = 1})(constant({2, 1}), scores) == 0.5);
  CHECK(Sparse({.k = 1})(constant({{2}, {1}}), scores, others) == doctest::Approx(0.3));
  CHECK(Sparse({.k = 1, .from_sorted_ids = true})(constant({2, 1}), constant({{1, 0, 3}, {1, 2, 3}})) == 0.5);
  CHECK(Sparse({.k = 2, .from_sorted_ids = true})(constant({3, 2}), constant({{1, 0, 3}, {1, 2, 3}})) == 0.5);
  // Of equal predictions all are in; NaN is not, and counts as larger; labels that are no class are not met.
  const Tensor ties = constant({{1.0, 1.0, 0.0}, {std::nan(""), 1.0, 0.0}, {1.0, 2.0, 3.0}, {1.0, 2.0, 3.0}});
  CHECK(Sparse({.k = 1})(constant({1, 1, -1, 3}), ties) == 0.25);
  CHECK(Sparse({.k = 2})(constant({1, 1, 1, 0}), ties) == 0.75);
  CHECK(Sparse({.k = 2})(constant({0.0, 0.0, 1.5, 2.0}), ties) == 0.5);
  CHECK_THROWS_TEXT(ValueError, "[top_k_categorical_accuracy] expected k >= 1, received 0",
                    metrics::TopKCategoricalAccuracy({.k = 0}));
  CHECK_THROWS_TEXT(ValueError, "[mine] expected k >= 1, received -1", Sparse({.k = -1, .name = "mine"}));
}

TEST_CASE("metrics: accuracies as functions, of each sample") {
  const Tensor y_pred = constant({{0.1, 0.7, 0.2}, {0.8, 0.15, 0.05}, {0.3, 0.35, 0.4}});
  const Tensor one_hot_labels = constant({{0, 1, 0}, {0, 1, 0}, {1, 0, 0}}), labels = constant({1, 1, 0});
  CHECK_TENSOR_EQ(metrics::categorical_accuracy(one_hot_labels, y_pred), constant({1.0, 0.0, 0.0}));
  CHECK_TENSOR_EQ(metrics::sparse_categorical_accuracy(labels, y_pred), constant({1.0, 0.0, 0.0}));
  CHECK_TENSOR_EQ(metrics::top_k_categorical_accuracy(one_hot_labels, y_pred, 2), constant({1.0, 1.0, 0.0}));
  CHECK_TENSOR_EQ(metrics::sparse_top_k_categorical_accuracy(labels, y_pred, 2), constant({1.0, 1.0, 0.0}));
  CHECK_TENSOR_EQ(metrics::sparse_top_k_categorical_accuracy(labels, y_pred), ones({3}));
  CHECK_TENSOR_EQ(metrics::binary_accuracy(constant({{1, 0}, {1, 1}}), constant({{0.6, 0.6}, {0.4, 0.9}})),
                  constant({{1.0, 0.0}, {0.0, 1.0}}));
  CHECK_TENSOR_EQ(metrics::binary_accuracy(constant({1, 0}), constant({0.6, 0.6}), 0.7), constant({0.0, 1.0}));
  CHECK_THROWS_TEXT(ValueError, "[top_k_categorical_accuracy] expected k >= 1, received 0",
                    metrics::top_k_categorical_accuracy(one_hot_labels, y_pred, 0));
  CHECK_THROWS_TEXT(ValueError, "[binary_accuracy]", metrics::binary_accuracy(labels, y_pred));
  CHECK_TENSOR_EQ(metrics::mse(y_pred, y_pred), zeros({3}));
}
