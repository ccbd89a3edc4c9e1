#include "xtape/metrics/any_metric.hpp"

#include "base/check.hpp"
#include "base/function_config.hpp"
#include "base/named.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/metrics/accuracy.hpp"
#include "xtape/metrics/auc.hpp"
#include "xtape/metrics/binary_accuracy.hpp"
#include "xtape/metrics/categorical_accuracy.hpp"
#include "xtape/metrics/confusion_counts.hpp"
#include "xtape/metrics/confusion_matrix.hpp"
#include "xtape/metrics/correlation.hpp"
#include "xtape/metrics/f_score.hpp"
#include "xtape/metrics/hinge.hpp"
#include "xtape/metrics/iou.hpp"
#include "xtape/metrics/precision.hpp"
#include "xtape/metrics/probabilistic.hpp"
#include "xtape/metrics/r2_score.hpp"
#include "xtape/metrics/recall.hpp"
#include "xtape/metrics/regression.hpp"
#include "xtape/metrics/sensitivity_specificity.hpp"
#include "xtape/metrics/sparse_categorical_accuracy.hpp"
#include "xtape/metrics/top_k_categorical_accuracy.hpp"

namespace xtape {
namespace metrics {
namespace {

using Maker = std::shared_ptr<PredictionMetric> (*)(const Config& config);

/// Makes a metric whose constructor takes the arguments of these names, then options if it has any.
template <class M, detail::ArgumentName... names>
std::shared_ptr<PredictionMetric> make(const Config& config) {
  return std::make_shared<M>(
      detail::make_from_config<M>(config, std::array<const char*, sizeof...(names)>{names.text...}));
}

/// Makes a metric some of whose options have no defaults.
template <class M, detail::ArgumentName... required>
std::shared_ptr<PredictionMetric> make_with(const Config& config) {
  for (const char* name : {required.text...}) {
    if (!config.contains(name)) detail::fail_missing(config, name);
  }
  return make<M>(config);
}

constexpr detail::Named<Maker> known[] = {
    {"accuracy", nullptr},  // what it is depends on shapes, see resolve_accuracy
    {"auc", make<AUC>},
    {"binary_accuracy", make<BinaryAccuracy>},
    {"binary_crossentropy", make<BinaryCrossentropy>, {"bce"}},
    {"binary_io_u", make<BinaryIoU>},
    {"categorical_accuracy", make<CategoricalAccuracy, "name">},
    {"categorical_crossentropy", make<CategoricalCrossentropy>},
    {"categorical_hinge", make<CategoricalHinge, "name">},
    {"concordance_correlation", make<ConcordanceCorrelation>},
    {"cosine_similarity", make<CosineSimilarity>},
    {"f1_score", make<F1Score>},
    {"false_negatives", make<FalseNegatives>},
    {"false_positives", make<FalsePositives>},
    {"fbeta_score", make<FBetaScore>},
    {"hinge", make<Hinge, "name">},
    {"kl_divergence", make<KLDivergence, "name">, {"kld", "kullback_leibler_divergence"}},
    {"log_cosh_error", make<LogCoshError, "name">, {"log_cosh"}},
    {"mean_absolute_error", make<MeanAbsoluteError, "name">, {"mae"}},
    {"mean_absolute_percentage_error", make<MeanAbsolutePercentageError, "name">, {"mape"}},
    {"mean_squared_error", make<MeanSquaredError, "name">, {"mse"}},
    {"mean_squared_logarithmic_error", make<MeanSquaredLogarithmicError, "name">, {"msle"}},
    {"pearson_correlation", make<PearsonCorrelation>},
    {"poisson", make<Poisson, "name">},
    {"precision", make<Precision>},
    {"r2_score", make<R2Score>},
    {"recall", make<Recall>},
    {"root_mean_squared_error", make<RootMeanSquaredError, "name">, {"rmse"}},
    {"sparse_categorical_accuracy", make<SparseCategoricalAccuracy, "name">},
    {"sparse_categorical_crossentropy", make<SparseCategoricalCrossentropy>},
    {"sparse_top_k_categorical_accuracy", make<SparseTopKCategoricalAccuracy>},
    {"squared_hinge", make<SquaredHinge, "name">},
    {"top_k_categorical_accuracy", make<TopKCategoricalAccuracy>},
    {"true_negatives", make<TrueNegatives>},
    {"true_positives", make<TruePositives>},
};

/// Those that have no name of their own: the name "accuracy" chooses one by the shapes, the others need arguments.
constexpr detail::Named<Maker> known_by_config[] = {
    {"accuracy", make<Accuracy, "name">},
    {"confusion_matrix", make_with<ConfusionMatrix, "num_classes">},
    {"io_u", make_with<IoU, "num_classes", "target_class_ids">},
    {"mean_io_u", make_with<MeanIoU, "num_classes">},
    {"one_hot_io_u", make_with<OneHotIoU, "num_classes", "target_class_ids">},
    {"one_hot_mean_io_u", make_with<OneHotMeanIoU, "num_classes">},
    {"precision_at_recall", make<PrecisionAtRecall, "recall">},
    {"recall_at_precision", make<RecallAtPrecision, "precision">},
    {"sensitivity_at_specificity", make<SensitivityAtSpecificity, "specificity">},
    {"specificity_at_sensitivity", make<SpecificityAtSensitivity, "sensitivity">},
};

Maker maker_of(const std::string& class_name) {
  if (const auto* entry = detail::find_named(known_by_config, class_name)) return entry->value;
  const auto* entry = detail::find_named(known, class_name);
  if (entry == nullptr) detail::fail_unknown_class("metric", class_name);
  return entry->value;
}

/// Under xtape's names: "none" where Keras has none for the average of classes.
Config with_names(const Config& config) {
  Config named(config.class_name(), {}, config.module());
  for (const auto& [name, value] : config.entries()) {
    if (value.is_none() && name == "name") continue;
    const bool is_average = name == "average" || name == "class_aggregation";
    named.set(name, value.is_none() && is_average ? "none" : value);
  }
  return named;
}

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
  return detail::get_named("make_metric", "metric", known, name).value(Config(name, {{"name", name}}));
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

ConfigValue AnyMetric::config() const {
  if (by_name()) return name_;
  if (get() == nullptr) return {};
  const metrics::PredictionMetric& metric = **this;
  if (typeid(metric) == typeid(metrics::MeanMetricWrapper)) return ConfigValue::custom();
  return metric.config();
}

AnyMetric AnyMetric::from_config(const ConfigValue& value) {
  if (value.is_none()) return {};
  if (const auto* name = value.get<std::string>()) {
    const auto maker = registry().find(*name);
    return maker ? (*maker)(Config(*name)) : AnyMetric(*name);
  }
  const Config& config = detail::config_of(value);
  const auto maker = registry().find(config.class_name());
  if (!maker) {
    if (const auto named = detail::class_of_function(config, "MeanMetricWrapper")) return from_config(*named);
  }
  AnyMetric metric =
      maker ? (*maker)(config) : AnyMetric(metrics::maker_of(config.class_name())(metrics::with_names(config)));
  const Config made = metric->config();
  detail::check_last_axis(config, made);
  detail::report_unknown_arguments(config, made);
  return metric;
}

detail::Registry<AnyMetric>& AnyMetric::registry() {
  static detail::Registry<AnyMetric> classes;
  return classes;
}

}  // namespace xtape
