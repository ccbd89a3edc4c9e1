#include "xtape/metrics/any_metric.hpp"

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/metrics/accuracy.hpp"
#include "xtape/metrics/auc.hpp"
#include "xtape/metrics/binary_accuracy.hpp"
#include "xtape/metrics/categorical_accuracy.hpp"
#include "xtape/metrics/confusion_counts.hpp"
#include "xtape/metrics/correlation.hpp"
#include "xtape/metrics/f_score.hpp"
#include "xtape/metrics/hinge.hpp"
#include "xtape/metrics/iou.hpp"
#include "xtape/metrics/precision.hpp"
#include "xtape/metrics/probabilistic.hpp"
#include "xtape/metrics/r2_score.hpp"
#include "xtape/metrics/recall.hpp"
#include "xtape/metrics/regression.hpp"
#include "xtape/metrics/sparse_categorical_accuracy.hpp"
#include "xtape/metrics/top_k_categorical_accuracy.hpp"

namespace xtape {
namespace metrics {
namespace {

using Maker = std::shared_ptr<PredictionMetric> (*)(const std::string& name);

/// Makes a metric that takes only its name.
template <class M>
std::shared_ptr<PredictionMetric> named(const std::string& name) {
  return std::make_shared<M>(name);
}

/// Of one whose name is one of its options.
template <class M, class Options>
std::shared_ptr<PredictionMetric> optional(const std::string& name) {
  Options options;
  options.name = name;
  return std::make_shared<M>(options);
}

constexpr detail::Named<Maker> known[] = {
    {"accuracy", nullptr},  // what it is depends on shapes, see resolve_accuracy
    {"auc", optional<AUC, AUCOptions>},
    {"binary_accuracy", optional<BinaryAccuracy, BinaryAccuracyOptions>},
    {"binary_crossentropy", optional<BinaryCrossentropy, BinaryCrossentropyOptions>, {"bce"}},
    {"binary_io_u", optional<BinaryIoU, BinaryIoUOptions>},
    {"categorical_accuracy", named<CategoricalAccuracy>},
    {"categorical_crossentropy", optional<CategoricalCrossentropy, CategoricalCrossentropyOptions>},
    {"categorical_hinge", named<CategoricalHinge>},
    {"concordance_correlation", optional<ConcordanceCorrelation, ConcordanceCorrelationOptions>},
    {"cosine_similarity", optional<CosineSimilarity, CosineSimilarityOptions>},
    {"f1_score", optional<F1Score, F1ScoreOptions>},
    {"false_negatives", optional<FalseNegatives, FalseNegativesOptions>},
    {"false_positives", optional<FalsePositives, FalsePositivesOptions>},
    {"fbeta_score", optional<FBetaScore, FBetaScoreOptions>},
    {"hinge", named<Hinge>},
    {"kl_divergence", named<KLDivergence>, {"kld"}},
    {"log_cosh_error", named<LogCoshError>, {"log_cosh"}},
    {"mean_absolute_error", named<MeanAbsoluteError>, {"mae"}},
    {"mean_absolute_percentage_error", named<MeanAbsolutePercentageError>, {"mape"}},
    {"mean_squared_error", named<MeanSquaredError>, {"mse"}},
    {"mean_squared_logarithmic_error", named<MeanSquaredLogarithmicError>, {"msle"}},
    {"pearson_correlation", optional<PearsonCorrelation, PearsonCorrelationOptions>},
    {"poisson", named<Poisson>},
    {"precision", optional<Precision, PrecisionOptions>},
    {"r2_score", optional<R2Score, R2ScoreOptions>},
    {"recall", optional<Recall, RecallOptions>},
    {"root_mean_squared_error", named<RootMeanSquaredError>, {"rmse"}},
    {"sparse_categorical_accuracy", named<SparseCategoricalAccuracy>},
    {"sparse_categorical_crossentropy", optional<SparseCategoricalCrossentropy, SparseCategoricalCrossentropyOptions>},
    {"sparse_top_k_categorical_accuracy",
     optional<SparseTopKCategoricalAccuracy, SparseTopKCategoricalAccuracyOptions>},
    {"squared_hinge", named<SquaredHinge>},
    {"top_k_categorical_accuracy", optional<TopKCategoricalAccuracy, TopKCategoricalAccuracyOptions>},
    {"true_negatives", optional<TrueNegatives, TrueNegativesOptions>},
    {"true_positives", optional<TruePositives, TruePositivesOptions>},
};

bool is_accuracy(const std::string& name) {
  return detail::same_name(name, "accuracy") || detail::same_name(name, "acc");
}

}  // namespace

std::shared_ptr<PredictionMetric> make_metric(const std::string& name) {
  if (is_accuracy(name)) {
    detail::fail<ValueError>("make_metric",
                             "'{}' depends on the shapes of labels and predictions: see "
                             "resolve_accuracy",
                             name);
  }
  return detail::get_named("make_metric", "metric", known, name).value(name);
}

std::shared_ptr<PredictionMetric> resolve_accuracy(const Shape& y_true, const Shape& y_pred, const std::string& name) {
  if (y_pred.rank() <= 1 || y_pred.back() == 1) return std::make_shared<BinaryAccuracy>(BinaryAccuracyOptions{name});
  if (y_true.rank() < y_pred.rank() || y_true.back() == 1) return std::make_shared<SparseCategoricalAccuracy>(name);
  return std::make_shared<CategoricalAccuracy>(name);
}

}  // namespace metrics

AnyMetric::AnyMetric(const std::string& name) : name_(name) {
  if (!metrics::is_accuracy(name)) (void)metrics::make_metric(name);
}

AnyMetric::AnyMetric(Pointer metric, int) : AnyOf(std::move(metric)), name_((*this)->name()) {}

std::shared_ptr<metrics::PredictionMetric> AnyMetric::metric(const Shape& y_true, const Shape& y_pred) const {
  if (!by_name()) return (void)checked(), get();
  return metrics::is_accuracy(name_) ? metrics::resolve_accuracy(y_true, y_pred, name_) : metrics::make_metric(name_);
}

}  // namespace xtape
