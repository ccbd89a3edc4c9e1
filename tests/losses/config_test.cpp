// What losses were made with, as data, and losses from it.
#include <functional>
#include <set>

#include "support/changed_options.hpp"
#include "support/check.hpp"
#include "support/declared_arguments.hpp"
#include "support/header_scan.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/categorical_generalized_cross_entropy.hpp"
#include "xtape/losses/circle.hpp"
#include "xtape/losses/contrastive.hpp"
#include "xtape/losses/cosine_similarity.hpp"
#include "xtape/losses/ctc.hpp"
#include "xtape/losses/focal_crossentropy.hpp"
#include "xtape/losses/gaussian_nll.hpp"
#include "xtape/losses/hinge.hpp"
#include "xtape/losses/huber.hpp"
#include "xtape/losses/kl_divergence.hpp"
#include "xtape/losses/log_cosh.hpp"
#include "xtape/losses/mean_absolute_error.hpp"
#include "xtape/losses/mean_absolute_percentage_error.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/losses/mean_squared_logarithmic_error.hpp"
#include "xtape/losses/poisson.hpp"
#include "xtape/losses/segmentation.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"
#include "xtape/losses/triplet.hpp"
#include "xtape/models/register_serializable.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::testing {
namespace {

/// A loss as it is by default, and with other values of all options.
struct Row {
  AnyLoss plain, changed;
};

template <class L, class Options>
Row row() {
  return {L(Options()), L(changed_options<Options>())};
}

std::vector<Row> rows() {
  using namespace losses;
  return {
      row<BinaryCrossentropy, BinaryCrossentropyOptions>(),
      row<BinaryFocalCrossentropy, BinaryFocalCrossentropyOptions>(),
      row<CategoricalCrossentropy, CategoricalCrossentropyOptions>(),
      row<CategoricalFocalCrossentropy, CategoricalFocalCrossentropyOptions>(),
      row<CategoricalGeneralizedCrossEntropy, CategoricalGeneralizedCrossEntropyOptions>(),
      row<CategoricalHinge, CategoricalHingeOptions>(),
      row<Circle, CircleOptions>(),
      row<Contrastive, ContrastiveOptions>(),
      row<CosineSimilarity, CosineSimilarityOptions>(),
      row<CTC, CTCOptions>(),
      row<Dice, DiceOptions>(),
      row<GaussianNLL, GaussianNLLOptions>(),
      row<Hinge, HingeOptions>(),
      row<Huber, HuberOptions>(),
      row<KLDivergence, KLDivergenceOptions>(),
      row<LogCosh, LogCoshOptions>(),
      row<MeanAbsoluteError, MeanAbsoluteErrorOptions>(),
      row<MeanAbsolutePercentageError, MeanAbsolutePercentageErrorOptions>(),
      row<MeanSquaredError, MeanSquaredErrorOptions>(),
      row<MeanSquaredLogarithmicError, MeanSquaredLogarithmicErrorOptions>(),
      row<Poisson, PoissonOptions>(),
      row<SparseCategoricalCrossentropy, SparseCategoricalCrossentropyOptions>(),
      row<SquaredHinge, SquaredHingeOptions>(),
      row<TripletSemiHard, TripletSemiHardOptions>(),
      row<Tversky, TverskyOptions>(),
  };
}

// Times 1: of what a softmax made, losses would take the logits.
const Tensor predictions = nn::softmax(reshape(sin(arange(0.0, 18.0, 1.0, float64) * 1.7), {6, 3})) * 1;
const Tensor one_hot =
    constant({{1.0, 0.0, 0.0}, {0.0, 0.0, 1.0}, {0.0, 1.0, 0.0}, {1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}});
const Tensor classes = constant({0, 2, 1, 0, 1, 2});

void check_same_values(const AnyLoss& loss, const AnyLoss& again) {
  int computed = 0;
  const std::pair<Tensor, Tensor> examples[] = {{one_hot, predictions},
                                                {classes, predictions},
                                                {one_hot, concat({predictions, predictions}, 1)},
                                                {reshape(classes, {2, 3}), reshape(predictions, {2, 3, 3})}};
  for (const auto& [labels, predicted] : examples) {
    Tensor expected;
    try {
      expected = loss(labels, predicted);
    } catch (const Error&) {
      continue;  // not labels of this loss
    }
    CHECK_SAME_BITS(again(labels, predicted), expected);
    ++computed;
  }
  CHECK(computed >= 1);
}

TEST_CASE("config: every loss is made again from its class and options") {
  const auto declared = arguments_in(headers_of("include/xtape/losses"));
  std::set<std::string> seen;
  WarningCapture warnings;
  for (const auto& [plain, changed] : rows()) {
    const Config config = plain->config();
    const std::string name = config.class_name();
    CAPTURE(name);
    seen.insert(name);
    const auto& object = *plain;
    CHECK(name == detail::class_of(typeid(object)));
    CHECK(config.module() == "keras.losses");
    std::vector<std::string> expected{"name", "reduction"}, received;
    REQUIRE(declared.contains(name));
    for (const auto& argument : declared.at(name)) {
      if (argument != "name" && argument != "reduction") expected.push_back(argument);
    }
    for (const auto& [argument, value] : config.entries()) received.push_back(argument);
    CHECK_MESSAGE(received == expected, config.str(), " has other arguments than the class declares");
    for (const auto& argument : received) CHECK_MESSAGE(changed->config()[argument] != config[argument], argument);
    for (const AnyLoss& loss : {plain, changed}) {
      const AnyLoss again = AnyLoss::from_config(loss.config());
      CHECK_MESSAGE(again->config() == loss->config(), again->config().str());
      CHECK(again.name() == loss.name());
      check_same_values(loss, again);
    }
    CHECK(AnyLoss::from_config(Config(name))->config() == config);
    CHECK(AnyLoss(name).config() == ConfigValue(config));
  }
  CHECK(warnings.text() == "");
  auto classes_of_headers = classes_derived_from("Loss", headers_of("include/xtape/losses"));
  classes_of_headers.erase("LossFunctionWrapper");
  CHECK(seen == classes_of_headers);
}

TEST_CASE("config: losses of names, functions and users' classes") {
  CHECK(losses::Huber({.delta = 2}).get_config().str() ==
        "Huber{name = \"huber_loss\", reduction = \"sum_over_batch_size\", delta = 2}");
  CHECK(ConfigValue(AnyLoss("mse")).str() ==
        "MeanSquaredError{name = \"mean_squared_error\", reduction = \"sum_over_batch_size\"}");
  CHECK(AnyLoss().config().is_none());
  CHECK(AnyLoss("ce").config() == "crossentropy");
  CHECK(AnyLoss::from_config(AnyLoss("ce").config()).name() == "crossentropy");
  CHECK_FALSE(AnyLoss::from_config(ConfigValue()));
  const AnyLoss of_function = losses::log_cosh;
  CHECK(of_function.config().is_custom());
  CHECK(of_function->config().str() ==
        "LossFunctionWrapper{name = \"loss\", reduction = \"sum_over_batch_size\", fn = custom}");
  CHECK(losses::MeanSquaredError({.reduction = "mean"}).config()["reduction"] == "mean");
  CHECK_THROWS_TEXT(ValueError, "unknown loss 'none such', expected one of: binary_crossentropy",
                    AnyLoss::from_config("none such"));
  CHECK_THROWS_TEXT(ValueError, "expected an object, received 3", AnyLoss::from_config(3));
  CHECK_THROWS_TEXT(ValueError,
                    "unknown loss class 'shop>Own'; a class of your own must be registered: "
                    "register_serializable<Own>(\"shop>Own\")",
                    AnyLoss::from_config(Config("shop>Own")));
  CHECK_THROWS_TEXT(ValueError, "Huber.delta: expected a number, received \"far\"",
                    AnyLoss::from_config(Config("Huber", {{"delta", "far"}})));
  CHECK_THROWS_TEXT(ValueError, "expected delta > 0, received -1",
                    AnyLoss::from_config(Config("Huber", {{"delta", -1}})));
}

struct PowerOptions {
  double exponent = 2;
  std::string reduction = "sum_over_batch_size";
  std::string name = "power";

  XTAPE_FIELDS(exponent, reduction, name)
};
struct Power : losses::Loss {
  explicit Power(double scale, const PowerOptions& given = {}) : Loss(given, {{"scale", scale}}), options(given) {}
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override {
    return pow(abs(cast(y_true, y_pred.dtype()) - y_pred), options.exponent);
  }
  PowerOptions options;
};
struct Plain : losses::Loss {
  Plain() : Loss("plain", "none") {}
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override { return abs(y_true - y_pred); }
};

TEST_CASE("config: losses of users' classes") {
  CHECK(Power(3).config().str() ==
        "Power{name = \"power\", reduction = \"sum_over_batch_size\", scale = 3, exponent = 2}");
  CHECK(Plain().config().str() == "Plain{name = \"plain\", reduction = \"none\"}");
  register_serializable<Power>("tests>Power", "scale");
  register_serializable<Plain>("tests>PlainLoss");
  const AnyLoss power = Power(0.5, {.exponent = 3, .reduction = "sum", .name = "cubes"});
  CHECK(power->config().class_name() == "tests>Power");
  CHECK(power->config().module() == "");
  const AnyLoss again = AnyLoss::from_config(power.config());
  CHECK(again->config() == power->config());
  CHECK_SAME_BITS(again(one_hot, predictions), power(one_hot, predictions));
  CHECK(AnyLoss::from_config("tests>PlainLoss").name() == "plain");
  CHECK_THROWS_TEXT(ValueError, "tests>Power needs the argument 'scale'", AnyLoss::from_config(Config("tests>Power")));
}

TEST_CASE("config: losses that Keras wrote") {
  WarningCapture warnings;
  // conv_rmsprop.keras, of Keras 3.16
  const AnyLoss sparse = AnyLoss::from_config(Config("SparseCategoricalCrossentropy",
                                                     {{"name", "sparse_categorical_crossentropy"},
                                                      {"reduction", "sum_over_batch_size"},
                                                      {"from_logits", true},
                                                      {"ignore_class", {}},
                                                      {"axis", -1}},
                                                     "keras.losses"));
  CHECK(sparse->config() == losses::SparseCategoricalCrossentropy({.from_logits = true}).config());
  // Keras 2: another reduction and integers for numbers; Keras 3 has dtypes and none as a reduction.
  const AnyLoss binary = AnyLoss::from_config(Config("BinaryCrossentropy", {{"reduction", "auto"},
                                                                            {"name", "binary_crossentropy"},
                                                                            {"from_logits", false},
                                                                            {"label_smoothing", 0},
                                                                            {"axis", -1},
                                                                            {"fn", {}}}));
  CHECK(binary->config() == AnyLoss("bce")->config());
  const AnyLoss each = AnyLoss::from_config(
      Config("MeanAbsoluteError", {{"name", "mean_absolute_error"}, {"reduction", {}}, {"dtype", "float32"}}));
  CHECK(each(one_hot, predictions).shape() == Shape{6});
  CHECK(AnyLoss::from_config(Config("Dice", {{"axis", ConfigValue::List{1}}}))->config()["axis"].str() == "{1}");
  CHECK(AnyLoss::from_config(Config("CategoricalFocalCrossentropy", {{"alpha", 0.5}}))->config()["alpha"].str() ==
        "{0.5}");
  // Functions, by their names.
  for (const char* name : {"mean_squared_error", "mse", "MSE", "kullback_leibler_divergence", "logcosh"}) {
    const AnyLoss loss = AnyLoss::from_config(Config("function", {{"name", name}}, "keras.losses"));
    CHECK(loss->config() == AnyLoss(name)->config());
    CHECK(AnyLoss::from_config(name)->config() == loss->config());
  }
  const AnyLoss wrapped =
      AnyLoss::from_config(Config("LossFunctionWrapper", {{"name", "mine"},
                                                          {"reduction", "sum"},
                                                          {"fn", Config("function", {{"name", "binary_crossentropy"}})},
                                                          {"from_logits", true}}));
  CHECK(wrapped->config() ==
        losses::BinaryCrossentropy({.from_logits = true, .reduction = "sum", .name = "mine"}).config());
  CHECK(AnyLoss::from_config(Config("LossFunctionWrapper", {{"fn", "poisson"}}))->config() ==
        AnyLoss("poisson")->config());
  CHECK(warnings.text() == "");
  CHECK_THROWS_TEXT(ValueError, "unknown loss class 'my_loss'",
                    AnyLoss::from_config(Config("LossFunctionWrapper", {{"fn", "my_loss"}})));
  CHECK_THROWS_TEXT(ValueError, "LossFunctionWrapper.fn: expected the name of a function, received __lambda__{}",
                    AnyLoss::from_config(Config("LossFunctionWrapper", {{"fn", Config("__lambda__")}})));
  CHECK_THROWS_TEXT(ValueError, "LossFunctionWrapper needs the argument 'fn'",
                    AnyLoss::from_config(Config("LossFunctionWrapper")));
  CHECK_THROWS_TEXT(ValueError, "SparseCategoricalCrossentropy takes the last axis, expected axis = -1, received 1",
                    AnyLoss::from_config(Config("SparseCategoricalCrossentropy", {{"axis", 1}})));
  (void)AnyLoss::from_config(Config("Huber", {{"strength", 3}}));
  CHECK(warnings.text().find("ignores the argument strength = 3 of Huber") != std::string::npos);
}

}  // namespace
}  // namespace xtape::testing
