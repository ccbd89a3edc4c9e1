#include "xtape/metrics/any_metric.hpp"

#include "base/check.hpp"
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
#include "xtape/metrics/regression.hpp"
#include "xtape/metrics/sparse_categorical_accuracy.hpp"
#include "xtape/metrics/top_k_categorical_accuracy.hpp"

namespace xtape {
namespace metrics {
namespace {

using Maker = std::shared_ptr<PredictionMetric> (*)(const std::string& name);

struct Named {
  const char* name;
  const char* class_name;
  const char* aliases[2];
  Maker make;
};

/// Of a metric that takes its name alone.
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

constexpr Named known[] = {
    {"auc", "AUC", {}, optional<AUC, AUCOptions>},
    {"binary_accuracy", "BinaryAccuracy", {}, optional<BinaryAccuracy, BinaryAccuracyOptions>},
    {"binary_crossentropy",
     "BinaryCrossentropy",
     {"bce", "BCE"},
     optional<BinaryCrossentropy, BinaryCrossentropyOptions>},
    {"binary_io_u", "BinaryIoU", {"binary_iou"}, optional<BinaryIoU, BinaryIoUOptions>},
    {"categorical_accuracy", "CategoricalAccuracy", {}, named<CategoricalAccuracy>},
    {"categorical_crossentropy",
     "CategoricalCrossentropy",
     {},
     optional<CategoricalCrossentropy, CategoricalCrossentropyOptions>},
    {"categorical_hinge", "CategoricalHinge", {}, named<CategoricalHinge>},
    {"concordance_correlation",
     "ConcordanceCorrelation",
     {},
     optional<ConcordanceCorrelation, ConcordanceCorrelationOptions>},
    {"cosine_similarity", "CosineSimilarity", {}, optional<CosineSimilarity, CosineSimilarityOptions>},
    {"f1_score", "F1Score", {}, optional<F1Score, F1ScoreOptions>},
    {"false_negatives", "FalseNegatives", {}, optional<FalseNegatives, FalseNegativesOptions>},
    {"false_positives", "FalsePositives", {}, optional<FalsePositives, FalsePositivesOptions>},
    {"fbeta_score", "FBetaScore", {"f_beta_score"}, optional<FBetaScore, FBetaScoreOptions>},
    {"hinge", "Hinge", {}, named<Hinge>},
    {"kl_divergence", "KLDivergence", {"kld", "KLD"}, named<KLDivergence>},
    {"log_cosh_error", "LogCoshError", {"log_cosh", "logcosh"}, named<LogCoshError>},
    {"mean_absolute_error", "MeanAbsoluteError", {"mae", "MAE"}, named<MeanAbsoluteError>},
    {"mean_absolute_percentage_error",
     "MeanAbsolutePercentageError",
     {"mape", "MAPE"},
     named<MeanAbsolutePercentageError>},
    {"mean_squared_error", "MeanSquaredError", {"mse", "MSE"}, named<MeanSquaredError>},
    {"mean_squared_logarithmic_error",
     "MeanSquaredLogarithmicError",
     {"msle", "MSLE"},
     named<MeanSquaredLogarithmicError>},
    {"pearson_correlation", "PearsonCorrelation", {}, optional<PearsonCorrelation, PearsonCorrelationOptions>},
    {"poisson", "Poisson", {}, named<Poisson>},
    {"precision", "Precision", {}, optional<Precision, PrecisionOptions>},
    {"r2_score", "R2Score", {}, optional<R2Score, R2ScoreOptions>},
    {"recall", "Recall", {}, optional<Recall, RecallOptions>},
    {"root_mean_squared_error", "RootMeanSquaredError", {"rmse", "RMSE"}, named<RootMeanSquaredError>},
    {"sparse_categorical_accuracy", "SparseCategoricalAccuracy", {}, named<SparseCategoricalAccuracy>},
    {"sparse_categorical_crossentropy",
     "SparseCategoricalCrossentropy",
     {},
     optional<SparseCategoricalCrossentropy, SparseCategoricalCrossentropyOptions>},
    {"sparse_top_k_categorical_accuracy",
     "SparseTopKCategoricalAccuracy",
     {},
     optional<SparseTopKCategoricalAccuracy, SparseTopKCategoricalAccuracyOptions>},
    {"squared_hinge", "SquaredHinge", {}, named<SquaredHinge>},
    {"top_k_categorical_accuracy",
     "TopKCategoricalAccuracy",
     {},
     optional<TopKCategoricalAccuracy, TopKCategoricalAccuracyOptions>},
    {"true_negatives", "TrueNegatives", {}, optional<TrueNegatives, TrueNegativesOptions>},
    {"true_positives", "TruePositives", {}, optional<TruePositives, TruePositivesOptions>},
};

bool is_accuracy(const std::string& name) {
  return name == "accuracy" || name == "acc" || name == "Accuracy" || name == "ACC";
}

}  // namespace

std::shared_ptr<PredictionMetric> make_metric(const std::string& name) {
  std::string names = "accuracy";
  for (const auto& entry : known) {
    bool found = name == entry.name || name == entry.class_name;
    for (const char* alias : entry.aliases) found = found || (alias != nullptr && name == alias);
    if (found) return entry.make(name);
    names += fmt::format(", {}", entry.name);
  }
  if (is_accuracy(name)) {
    detail::fail<ValueError>("make_metric",
                             "'{}' depends on the shapes of labels and predictions: see "
                             "resolve_accuracy",
                             name);
  }
  detail::fail<ValueError>("make_metric", "unknown metric '{}', expected one of: {}", name, names);
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

AnyMetric::AnyMetric(std::shared_ptr<metrics::PredictionMetric> metric, int) : metric_(std::move(metric)) {
  if (metric_ == nullptr) detail::fail<ValueError>("AnyMetric", "there is no metric");
  name_ = metric_->name();
}

std::shared_ptr<metrics::PredictionMetric> AnyMetric::metric(const Shape& y_true, const Shape& y_pred) const {
  if (metric_ != nullptr) return metric_;
  return metrics::is_accuracy(name_) ? metrics::resolve_accuracy(y_true, y_pred, name_) : metrics::make_metric(name_);
}

}  // namespace xtape
