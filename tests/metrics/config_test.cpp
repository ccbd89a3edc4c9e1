// What metrics were made with, as data, and metrics from it.
#include <algorithm>
#include <set>

#include "support/changed_options.hpp"
#include "support/check.hpp"
#include "support/declared_arguments.hpp"
#include "support/header_scan.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/log_cosh.hpp"
#include "xtape/metrics/accuracy.hpp"
#include "xtape/metrics/any_metric.hpp"
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
#include "xtape/metrics/sum.hpp"
#include "xtape/metrics/top_k_categorical_accuracy.hpp"
#include "xtape/models/register_serializable.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::testing {
namespace {

using Names = std::vector<std::string>;

/// A metric with its defaults, and with other values of all options. The required ones have no default.
struct Row {
  AnyMetric plain, changed;
  Names required = {};
};

template <class M>
Row row() {
  return {M(), M("mine")};
}
template <class M, class Options>
Row row(const Options& plain = {}, Names required = {}) {
  return {M(plain), M(changed_options(plain)), std::move(required)};
}
/// Of a measure where another one has at least a value.
template <class M>
Row row_at_value(std::string argument) {
  return {M(0.5), M(0.8, changed_options<metrics::AtValueOptions>()), {std::move(argument)}};
}

std::vector<Row> rows() {
  using namespace metrics;
  return {
      row<Accuracy>(),
      row<AUC, AUCOptions>(),
      row<BinaryAccuracy, BinaryAccuracyOptions>(),
      row<BinaryCrossentropy, BinaryCrossentropyOptions>(),
      row<BinaryIoU, BinaryIoUOptions>(),
      row<CategoricalAccuracy>(),
      row<CategoricalCrossentropy, CategoricalCrossentropyOptions>(),
      row<CategoricalHinge>(),
      row<ConcordanceCorrelation, ConcordanceCorrelationOptions>(),
      row<ConfusionMatrix, ConfusionMatrixOptions>({.num_classes = 3}, {"num_classes"}),
      row<CosineSimilarity, CosineSimilarityOptions>(),
      row<F1Score, F1ScoreOptions>(),
      row<FalseNegatives, FalseNegativesOptions>(),
      row<FalsePositives, FalsePositivesOptions>(),
      row<FBetaScore, FBetaScoreOptions>(),
      row<Hinge>(),
      row<IoU, IoUOptions>({.num_classes = 3, .target_class_ids = {0}}, {"num_classes", "target_class_ids"}),
      row<KLDivergence>(),
      row<LogCoshError>(),
      row<MeanAbsoluteError>(),
      row<MeanAbsolutePercentageError>(),
      row<MeanIoU, MeanIoUOptions>({.num_classes = 3}, {"num_classes"}),
      row<MeanSquaredError>(),
      row<MeanSquaredLogarithmicError>(),
      row<OneHotIoU, OneHotIoUOptions>({.num_classes = 3, .target_class_ids = {0}},
                                       {"num_classes", "target_class_ids"}),
      row<OneHotMeanIoU, OneHotMeanIoUOptions>({.num_classes = 3}, {"num_classes"}),
      row<PearsonCorrelation, PearsonCorrelationOptions>(),
      row<Poisson>(),
      row<Precision, PrecisionOptions>(),
      row_at_value<PrecisionAtRecall>("recall"),
      row<R2Score, R2ScoreOptions>(),
      row<Recall, RecallOptions>(),
      row_at_value<RecallAtPrecision>("precision"),
      row<RootMeanSquaredError>(),
      row_at_value<SensitivityAtSpecificity>("specificity"),
      row<SparseCategoricalAccuracy>(),
      row<SparseCategoricalCrossentropy, SparseCategoricalCrossentropyOptions>(),
      row<SparseTopKCategoricalAccuracy, SparseTopKCategoricalAccuracyOptions>(),
      row_at_value<SpecificityAtSensitivity>("sensitivity"),
      row<SquaredHinge>(),
      row<TopKCategoricalAccuracy, TopKCategoricalAccuracyOptions>(),
      row<TrueNegatives, TrueNegativesOptions>(),
      row<TruePositives, TruePositivesOptions>(),
  };
}

// Times 1: of what a softmax made, losses would take the logits.
const Tensor predictions = nn::softmax(reshape(sin(arange(0.0, 18.0, 1.0, float64) * 1.7), {6, 3})) * 1;
const Tensor one_hot =
    constant({{1.0, 0.0, 0.0}, {0.0, 0.0, 1.0}, {0.0, 1.0, 0.0}, {1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}});
const Tensor classes = constant({0, 2, 1, 0, 1, 2}), guesses = constant({0, 1, 1, 0, 2, 2});

/// A metric that takes the state of another one goes on as that one does.
void check_continues(const AnyMetric& metric, const AnyMetric& again, const Tensor& labels, const Tensor& given) {
  const Tensor state = metric->state();
  CHECK(state.dtype() == float64);
  const Tensor weight = constant(0.5);
  const auto go_on = [&](const AnyMetric& each) {
    each->update_state(labels, given, weight);
    return each->result();
  };
  const double expected = go_on(metric);
  again->reset_state();
  again->set_state(state);
  CHECK_CLOSE(go_on(again), expected, 0);
  CHECK(again->state().to_vector<double>() == metric->state().to_vector<double>());
  CHECK(state.to_vector<double>() != metric->state().to_vector<double>());
  CHECK_THROWS_TEXT(ValueError, "[Metric.set_state] 7 numbers are no state of the metric '" + metric.name() + "'",
                    again->set_state(zeros({7}, float64)));
  CHECK_THROWS_TEXT(ValueError, "expected a float64 tensor [n]", again->set_state(zeros({2})));
  CHECK(again->state().to_vector<double>() == metric->state().to_vector<double>());
}

void check_same_results(const AnyMetric& metric, const AnyMetric& again) {
  const Tensor column = slice_axis(predictions, 1, 0, 1), zeros_and_ones = constant({1.0, 0.0, 0.0, 1.0, 1.0, 0.0});
  const std::vector<std::pair<Tensor, Tensor>> pairs = {
      {one_hot, predictions}, {classes, predictions}, {zeros_and_ones, column}, {classes, guesses}, {one_hot, guesses}};
  int computed = 0;
  for (const auto& [labels, given] : pairs) {
    metric->reset_state();
    again->reset_state();
    try {
      metric->update_state(labels, given);
    } catch (const Error&) {
      continue;  // not labels or predictions of this metric
    }
    again->update_state(labels, given);
    CHECK_CLOSE(again->result(), metric->result(), 0);
    check_continues(metric, again, labels, given);
    ++computed;
    break;  // others may differ in the number of classes
  }
  CHECK(computed == 1);
}

Config only(const Config& config, const Names& names) {
  Config part(config.class_name());
  for (const auto& name : names) part.set(name, config[name]);
  return part;
}

TEST_CASE("config: every metric is made again from its class and options, and continues from a state") {
  const auto declared = arguments_in(headers_of("include/xtape/metrics"));
  std::set<std::string> seen;
  WarningCapture warnings;
  for (const auto& [plain, changed, required] : rows()) {
    const Config config = plain->config();
    const std::string name = config.class_name();
    CAPTURE(name);
    seen.insert(name);
    const auto& object = *plain;
    CHECK(name == detail::class_of(typeid(object)));
    CHECK(config.module() == "keras.metrics");
    Names expected{"name"}, received;
    REQUIRE(declared.contains(name));
    for (const auto& argument : declared.at(name)) {
      if (argument != "name") expected.push_back(argument);
    }
    for (const auto& [argument, value] : config.entries()) received.push_back(argument);
    CHECK_MESSAGE(received == expected, config.str(), " has other arguments than the class declares");
    for (const auto& argument : received) CHECK_MESSAGE(changed->config()[argument] != config[argument], argument);
    for (const AnyMetric& metric : {plain, changed}) {
      const AnyMetric again = AnyMetric::from_config(metric.config());
      CHECK_MESSAGE(again->config() == metric->config(), again->config().str());
      CHECK(again.name() == metric.name());
      check_same_results(metric, again);
    }
    CHECK(AnyMetric::from_config(only(config, required))->config() == config);
    for (const auto& argument : required) {
      Names others = required;
      std::erase(others, argument);
      CHECK_THROWS_TEXT(ValueError, name + " needs the argument '" + argument + "'",
                        AnyMetric::from_config(only(config, others)));
    }
  }
  CHECK(warnings.text() == "");
  auto of_headers = classes_derived_from("PredictionMetric", headers_of("include/xtape/metrics"));
  for (const char* base :
       {"MeanMetricWrapper", "SensitivitySpecificityBase", "ThresholdMetric", "ThresholdValueMetric"}) {
    CHECK(of_headers.erase(base) == 1);
  }
  CHECK(seen == of_headers);
}

TEST_CASE("config: metrics of names and functions") {
  CHECK(metrics::AUC({.curve = "PR"}).get_config().str() ==
        "AUC{name = \"auc\", num_thresholds = 200, curve = \"PR\", summation_method = \"interpolation\", thresholds = "
        "none, multi_label = false, num_labels = none, label_weights = none, from_logits = false}");
  CHECK(metrics::FBetaScore().config()["average"].is_none());
  CHECK(metrics::R2Score({.class_aggregation = "none"}).config()["class_aggregation"].is_none());
  CHECK(metrics::BinaryAccuracy({.name = "none"}).config()["name"] == "none");
  CHECK(metrics::Mean("loss").config().str() == "Mean{name = \"loss\"}");
  CHECK(metrics::Sum().config().str() == "Sum{name = \"sum\"}");
  const AnyMetric r2 = AnyMetric::from_config(metrics::R2Score({.class_aggregation = "none"}).config());
  CHECK(r2->config()["class_aggregation"].is_none());

  CHECK(AnyMetric("accuracy").config() == "accuracy");
  CHECK(ConfigValue(AnyMetric("mse")) == "mse");
  CHECK(AnyMetric().config().is_none());
  CHECK_FALSE(AnyMetric::from_config(ConfigValue()));
  CHECK(AnyMetric::from_config("accuracy").by_name());
  const AnyMetric of_function(losses::log_cosh, "cosh");
  CHECK(of_function.config().is_custom());
  CHECK(of_function->config().str() == "MeanMetricWrapper{name = \"cosh\", fn = custom}");
  CHECK_THROWS_TEXT(ValueError, "unknown metric 'none such'", AnyMetric::from_config("none such"));
  CHECK_THROWS_TEXT(ValueError,
                    "unknown metric class 'Own'; a class of your own must be registered: "
                    "register_serializable<Own>(\"Own\")",
                    AnyMetric::from_config(Config("Own")));
  CHECK_THROWS_TEXT(ValueError, "AUC.num_thresholds: expected an integer, received 1.5",
                    AnyMetric::from_config(Config("AUC", {{"num_thresholds", 1.5}})));
}

struct ShareOptions {
  double above = 0.5;
  std::string name = "share";

  XTAPE_FIELDS(above, name)
};
struct Share : metrics::MeanMetricWrapper {
  explicit Share(const ShareOptions& given = {}) : MeanMetricWrapper(given), options(given) {}
  Tensor call(const Tensor&, const Tensor& y_pred) const override { return greater(y_pred, options.above); }
  ShareOptions options;
};

TEST_CASE("config: metrics of users' classes") {
  CHECK(Share().config().str() == "Share{name = \"share\", above = 0.5}");
  register_serializable<Share>("tests>Share");
  const AnyMetric share = Share({.above = 0.3, .name = "third"});
  const AnyMetric again = AnyMetric::from_config(share.config());
  CHECK(again->config().str() == "tests>Share{name = \"third\", above = 0.3}");
  CHECK((*again)(one_hot, predictions) == (*share)(one_hot, predictions));
  CHECK(AnyMetric::from_config("tests>Share").name() == "share");
}

TEST_CASE("config: metrics that Keras wrote") {
  WarningCapture warnings;
  // conv_rmsprop.keras, of Keras 3.16
  const AnyMetric accuracy = AnyMetric::from_config(
      Config("SparseCategoricalAccuracy", {{"name", "acc"}, {"dtype", "float32"}}, "keras.metrics"));
  CHECK(accuracy->config() == metrics::SparseCategoricalAccuracy("acc").config());
  CHECK(AnyMetric::from_config(Config("Accuracy", {{"name", {}}, {"dtype", "float32"}}))->config() ==
        metrics::Accuracy().config());
  CHECK(
      AnyMetric::from_config(Config("Precision", {{"name", "p"}, {"thresholds", 0.4}, {"top_k", {}}, {"class_id", {}}}))
          ->config() == metrics::Precision({.thresholds = {0.4}, .name = "p"}).config());
  CHECK(AnyMetric::from_config(Config("Recall", {{"thresholds", {}}}))->config() == metrics::Recall().config());
  CHECK(AnyMetric::from_config(Config("F1Score", {{"average", {}}, {"threshold", {}}}))->config() ==
        metrics::F1Score().config());
  CHECK(AnyMetric::from_config(Config("MeanIoU", {{"num_classes", 2}, {"axis", -1}}))->config()["num_classes"] == 2);
  // MeanMetricWrapper is what Keras 2 wrote of "accuracy".
  const AnyMetric wrapped = AnyMetric::from_config(Config(
      "MeanMetricWrapper", {{"name", "acc"}, {"dtype", "float32"}, {"fn", "binary_accuracy"}, {"threshold", 0.25}}));
  CHECK(wrapped->config() == metrics::BinaryAccuracy({.name = "acc", .threshold = 0.25}).config());
  const AnyMetric function = AnyMetric::from_config(Config("function", {{"name", "mean_absolute_error"}}));
  CHECK(function.config() == "mean_absolute_error");
  CHECK(warnings.text() == "");
  CHECK_THROWS_TEXT(ValueError, "SparseCategoricalCrossentropy takes the last axis, expected axis = -1, received 1",
                    AnyMetric::from_config(Config("SparseCategoricalCrossentropy", {{"axis", 1}})));
  CHECK_THROWS_TEXT(ValueError, "unknown metric class 'my_metric'",
                    AnyMetric::from_config(Config("MeanMetricWrapper", {{"fn", "my_metric"}})));
}

}  // namespace
}  // namespace xtape::testing
