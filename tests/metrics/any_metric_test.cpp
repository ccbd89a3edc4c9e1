#include "xtape/metrics/any_metric.hpp"

#include <typeinfo>
#include <vector>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/log_cosh.hpp"
#include "xtape/metrics/binary_accuracy.hpp"
#include "xtape/metrics/categorical_accuracy.hpp"
#include "xtape/metrics/regression.hpp"
#include "xtape/metrics/sparse_categorical_accuracy.hpp"

using namespace xtape;

namespace {
const Tensor bits = constant({{0, 1}, {0, 0}}), guess = constant({{1.0, 1.0}, {0.0, 0.0}});

template <class M>
bool is_a(const std::shared_ptr<metrics::PredictionMetric>& metric) {
  return dynamic_cast<const M*>(metric.get()) != nullptr;
}
}  // namespace

TEST_CASE("AnyMetric: names, which the metrics bear") {
  for (const char* name : {"mse", "MSE", "mean_squared_error", "MeanSquaredError"}) {
    const auto metric = AnyMetric(name).metric({}, {});
    CHECK(metric->name() == name);
    CHECK(is_a<metrics::MeanSquaredError>(metric));
  }
  CHECK(is_a<metrics::BinaryAccuracy>(metrics::make_metric("BinaryAccuracy")));
  CHECK(metrics::make_metric("bce")->name() == "bce");
  CHECK(metrics::make_metric("mse") != metrics::make_metric("mse"));
  CHECK_THROWS_TEXT(ValueError, "[make_metric] unknown metric 'accurate', expected one of: accuracy, ",
                    AnyMetric("accurate"));
  CHECK_THROWS_TEXT(ValueError, "[make_metric] 'acc' depends on the shapes of labels and predictions",
                    metrics::make_metric("acc"));
}

TEST_CASE("make_metric: Keras's names in snake case and of the classes") {
  const char* const names[][2] = {
      {"auc", "AUC"},
      {"binary_accuracy", "BinaryAccuracy"},
      {"binary_crossentropy", "BinaryCrossentropy"},
      {"binary_io_u", "BinaryIoU"},
      {"categorical_accuracy", "CategoricalAccuracy"},
      {"categorical_crossentropy", "CategoricalCrossentropy"},
      {"categorical_hinge", "CategoricalHinge"},
      {"concordance_correlation", "ConcordanceCorrelation"},
      {"cosine_similarity", "CosineSimilarity"},
      {"f1_score", "F1Score"},
      {"fbeta_score", "FBetaScore"},
      {"false_negatives", "FalseNegatives"},
      {"false_positives", "FalsePositives"},
      {"hinge", "Hinge"},
      {"kl_divergence", "KLDivergence"},
      {"log_cosh_error", "LogCoshError"},
      {"mean_absolute_error", "MeanAbsoluteError"},
      {"mean_absolute_percentage_error", "MeanAbsolutePercentageError"},
      {"mean_squared_error", "MeanSquaredError"},
      {"mean_squared_logarithmic_error", "MeanSquaredLogarithmicError"},
      {"pearson_correlation", "PearsonCorrelation"},
      {"poisson", "Poisson"},
      {"precision", "Precision"},
      {"r2_score", "R2Score"},
      {"recall", "Recall"},
      {"root_mean_squared_error", "RootMeanSquaredError"},
      {"sparse_categorical_accuracy", "SparseCategoricalAccuracy"},
      {"sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"},
      {"sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy"},
      {"squared_hinge", "SquaredHinge"},
      {"top_k_categorical_accuracy", "TopKCategoricalAccuracy"},
      {"true_negatives", "TrueNegatives"},
      {"true_positives", "TruePositives"},
  };
  for (const auto& [name, class_name] : names) {
    const auto a = metrics::make_metric(name), b = metrics::make_metric(class_name);
    CHECK(a->name() == name);
    CHECK(b->name() == class_name);
    const metrics::PredictionMetric &one = *a, &other = *b;
    CHECK(typeid(one) == typeid(other));
    CHECK(a->result() == 0);
  }
}

TEST_CASE("AnyMetric: accuracy is what the shapes say") {
  const AnyMetric accuracy = "accuracy";
  CHECK(accuracy.by_name());
  CHECK(AnyMetric("mse").metric({2}, {2}) != AnyMetric("mse").metric({2}, {2}));
  CHECK(accuracy.name() == "accuracy");
  using Binary = metrics::BinaryAccuracy;
  using Sparse = metrics::SparseCategoricalAccuracy;
  using Categorical = metrics::CategoricalAccuracy;
  CHECK(is_a<Binary>(accuracy.metric({32, 1}, {32, 1})));
  CHECK(is_a<Binary>(accuracy.metric({32}, {32, 1})));
  CHECK(is_a<Binary>(accuracy.metric({32}, {32})));
  CHECK(is_a<Sparse>(accuracy.metric({32}, {32, 10})));
  CHECK(is_a<Sparse>(accuracy.metric({32, 1}, {32, 10})));
  CHECK(is_a<Sparse>(accuracy.metric({32, 7}, {32, 7, 10})));
  CHECK(is_a<Categorical>(accuracy.metric({32, 10}, {32, 10})));
  CHECK(is_a<Categorical>(accuracy.metric({32, 7, 10}, {32, 7, 10})));
  for (const char* name : {"acc", "Accuracy"}) {
    for (const Shape& y_true : {Shape{2, 1}, Shape{2}, Shape{2, 3}}) {
      CHECK(AnyMetric(name).metric(y_true, {2, 3})->name() == name);
    }
    CHECK(AnyMetric(name).metric({2}, {2, 1})->name() == name);
  }
}

TEST_CASE("AnyMetric: objects, shared ones and functions") {
  metrics::MeanSquaredError mine("mine");
  const AnyMetric of_copy = mine;
  (*of_copy.metric({}, {}))(bits, guess);
  CHECK(of_copy.metric({}, {})->result() == 0.25);
  CHECK(mine.result() == 0);

  const auto shared = std::make_shared<metrics::MeanSquaredError>("shared");
  const AnyMetric of_shared = shared;
  CHECK(of_shared.metric({2, 2}, {2, 2}) == shared);
  CHECK(of_shared.name() == "shared");
  CHECK_THROWS_TEXT(ValueError, "[AnyMetric] expected a metric, received a null pointer",
                    AnyMetric(std::shared_ptr<metrics::MeanSquaredError>()));

  const std::vector<AnyMetric> several = {
      "mae", metrics::BinaryAccuracy({.threshold = 0.1}), of_shared, {losses::log_cosh, "log_cosh"}};
  CHECK(several.size() == 4);
  CHECK(several[1].name() == "binary_accuracy");
  CHECK(several[3].name() == "log_cosh");
  CHECK((*several[3].metric({}, {}))(bits, guess) == doctest::Approx(0.10844523).epsilon(1e-6));
}

TEST_CASE("metrics: updates in a steady state ask the system for no memory") {
  const Tensor labels = constant({0, 1, 1, 0}), one_hots = one_hot(labels, 2);
  const Tensor p = constant({{0.9, 0.1}, {0.3, 0.7}, {0.6, 0.4}, {0.2, 0.8}}), weights = constant({1, 2, 3, 4});
  for (const char* name :
       {"mse", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy", "auc", "precision", "f1_score",
        "r2_score", "top_k_categorical_accuracy", "categorical_crossentropy", "sparse_categorical_crossentropy",
        "binary_crossentropy", "hinge"}) {
    CAPTURE(name);
    const auto metric = metrics::make_metric(name);
    const Tensor& y = std::string(name).find("sparse") == 0 ? labels : one_hots;
    const auto update = [&] {
      metric->update_state(y, p);
      metric->update_state(y, p, weights);
    };
    update();
    update();
    const testing::AllocationCount count;
    update();
    const auto allocations = count.value();
    CHECK(allocations == 0);
  }
}
