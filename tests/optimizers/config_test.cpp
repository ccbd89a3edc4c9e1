// What optimizers and schedules were made with, as data, and objects from it.
#include <algorithm>
#include <set>
#include <type_traits>

#include "support/changed_options.hpp"
#include "support/check.hpp"
#include "support/declared_arguments.hpp"
#include "support/header_scan.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/models/register_serializable.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/optimizers/adadelta.hpp"
#include "xtape/optimizers/adafactor.hpp"
#include "xtape/optimizers/adagrad.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/adamax.hpp"
#include "xtape/optimizers/adamw.hpp"
#include "xtape/optimizers/ftrl.hpp"
#include "xtape/optimizers/lamb.hpp"
#include "xtape/optimizers/lars.hpp"
#include "xtape/optimizers/lion.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"
#include "xtape/optimizers/multi_optimizer.hpp"
#include "xtape/optimizers/muon.hpp"
#include "xtape/optimizers/nadam.hpp"
#include "xtape/optimizers/radam.hpp"
#include "xtape/optimizers/rmsprop.hpp"
#include "xtape/optimizers/schedule_free_adamw.hpp"
#include "xtape/optimizers/schedules/cosine_decay.hpp"
#include "xtape/optimizers/schedules/decay.hpp"
#include "xtape/optimizers/sgd.hpp"

namespace xtape::testing {
namespace {

using optimizers::LearningRate;
using Names = std::vector<std::string>;
namespace schedules = optimizers::schedules;

/// An optimizer with its defaults, and with other values of all options: three times, with each way of clipping.
struct Row {
  AnyOptimizer plain;
  std::vector<AnyOptimizer> changed;
};

template <class O, class Options>
Row row() {
  Row row{O(Options()), {}};
  for (const std::string kept : {"clipnorm", "clipvalue", "global_clipnorm"}) {
    Options options = changed_options<Options>();
    if (kept != "clipnorm") options.clipnorm.reset();
    if (kept != "clipvalue") options.clipvalue.reset();
    if (kept != "global_clipnorm") options.global_clipnorm.reset();
    row.changed.emplace_back(O(options));
  }
  return row;
}

std::vector<Row> rows() {
  using namespace optimizers;
  std::vector<Row> rows = {
      row<Adadelta, AdadeltaOptions>(), row<Adafactor, AdafactorOptions>(),
      row<Adagrad, AdagradOptions>(),   row<Adam, AdamOptions>(),
      row<Adamax, AdamaxOptions>(),     row<AdamW, AdamWOptions>(),
      row<Ftrl, FtrlOptions>(),         row<Lamb, LambOptions>(),
      row<Lion, LionOptions>(),         row<Nadam, NadamOptions>(),
      row<RMSprop, RMSpropOptions>(),   row<SGD, SGDOptions>(),
      row<RAdam, RAdamOptions>(),       row<LARS, LARSOptions>(),
      row<Muon, MuonOptions>(),         row<ScheduleFreeAdamW, ScheduleFreeAdamWOptions>(),
  };
  Row wrapper{LossScaleOptimizer("sgd"), {}};
  wrapper.changed.emplace_back(
      LossScaleOptimizer(Adam({.learning_rate = 0.1}), changed_options<LossScaleOptimizerOptions>()));
  rows.push_back(wrapper);
  Row several{MultiOptimizer(OptimizerMap(SGD())), {}};
  several.changed.emplace_back(MultiOptimizer(OptimizerMap(SGD(0.1), {{"var.*", Adam(0.2)}, {"other", RMSprop()}}),
                                              changed_options<MultiOptimizerOptions>()));
  rows.push_back(several);
  return rows;
}

/// Three steps.
Tensor after_steps(const AnyOptimizer& optimizer) {
  const Variable v(constant({1.0, -2.0, 0.5}, float64));
  for (const double factor : {1.0, -0.5, 2.0}) {
    optimizer->apply_gradients(zip({constant({0.5, 3.0, -0.2}, float64) * factor}, {v}));
  }
  return v.peek();
}

TEST_CASE("config: every optimizer is made again from its class and options") {
  const auto declared = arguments_in(headers_of("include/xtape/optimizers"));
  std::set<std::string> seen;
  WarningCapture warnings;
  for (const auto& [plain, changed] : rows()) {
    const Config config = plain->config();
    const std::string name = config.class_name();
    CAPTURE(name);
    seen.insert(name);
    const auto& object = *plain;
    CHECK(name == detail::class_of(typeid(object)));
    CHECK(config.module() == "keras.optimizers");
    Names expected{"name"}, received;
    REQUIRE(declared.contains(name));
    for (const auto& argument : declared.at(name)) {
      if (argument != "name") expected.push_back(argument);
    }
    for (const auto& [argument, value] : config.entries()) received.push_back(argument);
    CHECK_MESSAGE(received == expected, config.str(), " has other arguments than the class declares");
    std::set<std::string> differing;
    for (const auto& optimizer : changed) {
      for (const auto& argument : received) {
        if (optimizer->config()[argument] != config[argument]) differing.insert(argument);
      }
      const AnyOptimizer again = AnyOptimizer::from_config(optimizer.config());
      CHECK_MESSAGE(again->config() == optimizer->config(), again->config().str());
      CHECK_SAME_BITS(after_steps(again), after_steps(optimizer));
    }
    CHECK(differing == std::set<std::string>(received.begin(), received.end()));
    const AnyOptimizer again = AnyOptimizer::from_config(plain.config());
    CHECK_MESSAGE(again->config() == config, again->config().str());
    CHECK_SAME_BITS(after_steps(again), after_steps(plain));
    if (name == "LossScaleOptimizer" || name == "MultiOptimizer") continue;
    CHECK(AnyOptimizer::from_config(name)->config() == config);
    CHECK(AnyOptimizer::from_config(Config(name))->config() == config);
  }
  CHECK(warnings.text() == "");
  auto of_headers = classes_derived_from("Optimizer", headers_of("include/xtape/optimizers"));
  of_headers.erase("ElementwiseOptimizer");
  CHECK(seen == of_headers);
}

TEST_CASE("config: every schedule is made again from its class and options") {
  struct ScheduleRow {
    LearningRate changed;
    Names required;
  };
  const std::vector<ScheduleRow> schedule_rows = {
      {schedules::CosineDecay(
           {.initial_learning_rate = 0.1, .decay_steps = 7, .alpha = 0.2, .warmup_target = 0.3, .warmup_steps = 2}),
       {"initial_learning_rate", "decay_steps"}},
      {schedules::CosineDecayRestarts(
           {.initial_learning_rate = 0.1, .first_decay_steps = 3, .t_mul = 1.5, .m_mul = 0.8, .alpha = 0.1}),
       {"initial_learning_rate", "first_decay_steps"}},
      {schedules::ExponentialDecay(
           {.initial_learning_rate = 0.1, .decay_steps = 3, .decay_rate = 0.6, .staircase = true}),
       {"initial_learning_rate", "decay_steps", "decay_rate"}},
      {schedules::InverseTimeDecay(
           {.initial_learning_rate = 0.1, .decay_steps = 3, .decay_rate = 0.6, .staircase = true}),
       {"initial_learning_rate", "decay_steps", "decay_rate"}},
      {schedules::PiecewiseConstantDecay({.boundaries = {2, 5}, .values = {0.3, 0.2, 0.1}}), {"boundaries", "values"}},
      {schedules::PolynomialDecay(
           {.initial_learning_rate = 0.1, .decay_steps = 4, .end_learning_rate = 0.01, .power = 2, .cycle = true}),
       {"initial_learning_rate", "decay_steps"}},
  };
  const auto declared = arguments_in(headers_of("include/xtape/optimizers/schedules"));
  std::set<std::string> seen;
  WarningCapture warnings;
  for (const auto& [changed, required] : schedule_rows) {
    const Config config = *changed.config().get<Config>();
    const std::string name = config.class_name();
    CAPTURE(name);
    seen.insert(name);
    CHECK(config.module() == "keras.optimizers.schedules");
    Names received;
    for (const auto& [argument, value] : config.entries()) received.push_back(argument);
    CHECK(received == declared.at(name));
    const LearningRate again = LearningRate::from_config(config);
    CHECK(again.config() == ConfigValue(config));
    for (std::int64_t step = 0; step < 20; ++step) CHECK(again(step) == changed(step));
    Config plain(name);
    for (const auto& argument : required) plain.set(argument, config[argument]);
    const Config defaults = *LearningRate::from_config(plain).config().get<Config>();
    for (const auto& [argument, value] : config.entries()) {
      CHECK((defaults[argument] == value) == (std::find(required.begin(), required.end(), argument) != required.end()));
    }
    for (const auto& argument : required) {
      Config others(name);
      for (const auto& other : required) {
        if (other != argument) others.set(other, config[other]);
      }
      CHECK_THROWS_TEXT(ValueError, name + " needs the argument '" + argument + "'", LearningRate::from_config(others));
    }
    // Inside of an optimizer
    const AnyOptimizer optimizer = optimizers::SGD({.learning_rate = changed});
    CHECK(AnyOptimizer::from_config(optimizer.config())->config() == optimizer->config());
    CHECK(optimizer->config()["learning_rate"] == ConfigValue(config));
  }
  CHECK(warnings.text() == "");
  CHECK(seen == classes_derived_from("LearningRateSchedule", headers_of("include/xtape/optimizers")));
}

TEST_CASE("config: the learning rate is the present one") {
  optimizers::SGD sgd({.learning_rate = 0.1});
  CHECK(sgd.get_config()["learning_rate"] == 0.1);
  sgd.set_learning_rate(0.2);
  CHECK(sgd.config()["learning_rate"] == 0.2);
  sgd.set_learning_rate(schedules::ExponentialDecay(0.1, 10, 0.5));
  CHECK(sgd.config()["learning_rate"].str() ==
        "ExponentialDecay{initial_learning_rate = 0.1, decay_steps = 10, decay_rate = 0.5, staircase = false}");
  sgd.set_learning_rate([](std::int64_t) { return 0.3; });
  CHECK(sgd.config()["learning_rate"].is_custom());
  CHECK(LearningRate([] { return 0.3; }).config().is_custom());
  CHECK(LearningRate(1).config() == 1.0);
  CHECK_THROWS_TEXT(ValueError, "SGD.learning_rate: expected a number, received custom",
                    AnyOptimizer::from_config(sgd.config()));
  CHECK_THROWS_TEXT(ValueError, "expected a number, received none", LearningRate::from_config(ConfigValue()));

  optimizers::LossScaleOptimizer scaled(optimizers::SGD({.learning_rate = 0.1}), {.initial_scale = 4});
  scaled.set_learning_rate(0.5);
  CHECK_FALSE(scaled.config().contains("learning_rate"));
  CHECK((*scaled.config()["inner_optimizer"].get<Config>())["learning_rate"] == 0.5);
}

TEST_CASE("config: optimizers of names, and errors") {
  CHECK(ConfigValue(AnyOptimizer("adam")).get<Config>()->class_name() == "Adam");
  CHECK(AnyOptimizer().config().is_none());
  CHECK_FALSE(AnyOptimizer::from_config(ConfigValue()));
  CHECK_THROWS_TEXT(ValueError, "unknown optimizer 'none such'", AnyOptimizer::from_config("none such"));
  CHECK_THROWS_TEXT(ValueError,
                    "unknown optimizer class 'shop>Own'; a class of your own must be registered: "
                    "register_serializable<Own>(\"shop>Own\")",
                    AnyOptimizer::from_config(Config("shop>Own")));
  CHECK_THROWS_TEXT(ValueError, "unknown schedule class 'Own'", LearningRate::from_config(Config("Own")));
  CHECK_THROWS_TEXT(ValueError, "unknown schedule class 'Own'",
                    AnyOptimizer::from_config(Config("SGD", {{"learning_rate", Config("Own")}})));
  CHECK_THROWS_TEXT(ValueError, "expected beta_1 and beta_2 in [0, 1), received 2",
                    AnyOptimizer::from_config(Config("Adam", {{"beta_1", 2}})));
  CHECK_THROWS_TEXT(ValueError, "LossScaleOptimizer needs the argument 'inner_optimizer'",
                    AnyOptimizer::from_config(Config("LossScaleOptimizer")));
}

struct SignDescent : optimizers::Optimizer {
  explicit SignDescent(double learning_rate) : Optimizer({.name = "sign", .learning_rate = learning_rate}) {}
  std::vector<Variable> build_slots(const Variable&) override { return {}; }
  void update(Variable& v, const Tensor& gradient, std::span<Variable>) override {
    v.assign_sub(sign(gradient) * step_rate());
  }
};
struct HalvingOptions {
  std::int64_t every = 2;

  XTAPE_FIELDS(every)
};
struct Halving : schedules::LearningRateSchedule {
  explicit Halving(double first, const HalvingOptions& given = {}) : start(first), options(given) {
    describe(given, {{"first", first}});
  }
  double operator()(std::int64_t step) const override {
    double rate = start;
    for (std::int64_t i = options.every; i <= step; i += options.every) rate /= 2;
    return rate;
  }
  double start;
  HalvingOptions options;
};

TEST_CASE("config: optimizers and schedules of users' classes") {
  CHECK(Halving(1).config().str() == "Halving{first = 1, every = 2}");
  register_serializable<SignDescent>("tests>SignDescent", "learning_rate");
  register_serializable<Halving>("tests>Halving", "first");
  const AnyOptimizer sign = SignDescent(0.25);
  CHECK(sign->config()["name"] == "sign");
  CHECK(sign->config()["learning_rate"] == 0.25);
  const AnyOptimizer again = AnyOptimizer::from_config(sign.config());
  CHECK(again->config() == sign->config());
  CHECK_SAME_BITS(after_steps(again), after_steps(sign));
  const AnyOptimizer halving = optimizers::SGD({.learning_rate = Halving(0.5, {.every = 1})});
  const AnyOptimizer halving_again = AnyOptimizer::from_config(halving.config());
  CHECK(halving_again->config()["learning_rate"].str() == "tests>Halving{first = 0.5, every = 1}");
  CHECK_SAME_BITS(after_steps(halving_again), after_steps(halving));
}

/// What all optimizers of Keras 3.16 have.
Config keras3(const std::string& class_name, const std::string& name, const ConfigValue& learning_rate,
              const std::vector<Config::Entry>& more) {
  Config config(class_name,
                {{"name", name},
                 {"learning_rate", learning_rate},
                 {"weight_decay", {}},
                 {"clipnorm", {}},
                 {"global_clipnorm", {}},
                 {"clipvalue", {}},
                 {"use_ema", false},
                 {"ema_momentum", 0.99},
                 {"ema_overwrite_frequency", {}},
                 {"loss_scale_factor", {}},
                 {"gradient_accumulation_steps", {}}},
                "keras.optimizers");
  for (const auto& [key, value] : more) config.set(key, value);
  return config;
}

TEST_CASE("config: optimizers that Keras wrote") {
  WarningCapture warnings;
  // dense_adam.keras, adam_schedule.keras, conv_rmsprop.keras and batchnorm_sgd.keras, of Keras 3.16
  const std::vector<Config::Entry> of_adam = {
      {"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-07}, {"amsgrad", false}};
  CHECK(AnyOptimizer::from_config(keras3("Adam", "adam", 0.009999999776482582, of_adam))->config() ==
        optimizers::Adam({.learning_rate = 0.009999999776482582}).config());
  const Config schedule("ExponentialDecay",
                        {{"initial_learning_rate", 0.1},
                         {"decay_steps", 10},
                         {"decay_rate", 0.5},
                         {"staircase", false},
                         {"name", "ExponentialDecay"}},
                        "keras.optimizers.schedules");
  CHECK(AnyOptimizer::from_config(keras3("Adam", "adam", schedule, of_adam))->config() ==
        optimizers::Adam({.learning_rate = schedules::ExponentialDecay(0.1, 10, 0.5)}).config());
  CHECK(AnyOptimizer::from_config(keras3("RMSprop", "rm_sprop", 0.002,
                                         {{"rho", 0.9}, {"momentum", 0.0}, {"epsilon", 1e-07}, {"centered", false}}))
            ->config() == optimizers::RMSprop({.learning_rate = 0.002, .name = "rm_sprop"}).config());
  CHECK(AnyOptimizer::from_config(keras3("SGD", "sgd", 0.05, {{"momentum", 0.9}, {"nesterov", false}}))->config() ==
        optimizers::SGD({.learning_rate = 0.05, .momentum = 0.9, .name = "sgd"}).config());

  // LossScaleOptimizer.get_config() of Keras 3 has no learning_rate.
  Config scaled("LossScaleOptimizer", {}, "keras.optimizers");
  for (const auto& [name, value] : keras3("", "loss_scale_optimizer", {}, {}).entries()) {
    if (name != "learning_rate") scaled.set(name, value);
  }
  scaled.set("inner_optimizer", keras3("SGD", "SGD", 0.01, {{"momentum", 0}, {"nesterov", false}}));
  scaled.set("initial_scale", 32768.0);
  scaled.set("dynamic_growth_steps", 2000);
  CHECK(AnyOptimizer::from_config(scaled)->config() == optimizers::LossScaleOptimizer("sgd").config());

  // Keras 1 and 2: other names, integers, and the package of optimizers of Keras 2.11.
  const Config of_keras2("Custom>Adam", {{"name", "Adam"},
                                         {"weight_decay", {}},
                                         {"jit_compile", true},
                                         {"is_legacy_optimizer", false},
                                         {"learning_rate", 0.001},
                                         {"beta_1", 0.9},
                                         {"beta_2", 0.999},
                                         {"epsilon", 1e-07},
                                         {"amsgrad", false}});
  CHECK(AnyOptimizer::from_config(of_keras2)->config() == optimizers::Adam({.name = "Adam"}).config());
  const Config of_keras1("SGD", {{"lr", 0.1}, {"momentum", 0}, {"decay", 0.0}, {"nesterov", false}});
  CHECK(AnyOptimizer::from_config(of_keras1)->config() == optimizers::SGD({.learning_rate = 0.1}).config());
  // Keras 2's learning rate is lr / (1 + decay * iterations).
  const AnyOptimizer decaying = AnyOptimizer::from_config(Config("Adam", {{"lr", 0.1}, {"decay", 0.5}}));
  const LearningRate rate = LearningRate::from_config(decaying->config()["learning_rate"]);
  for (int step = 0; step < 5; ++step) CHECK(rate(step) == doctest::Approx(0.1 / (1 + 0.5 * step)).epsilon(1e-15));
  CHECK(AnyOptimizer::from_config(Config("Adam", {{"decay", 1}}))->learning_rate() == 0.001);
  CHECK(warnings.text() == "");
  CHECK_THROWS_TEXT(ValueError, "SGD.decay: expected a number, received \"fast\"",
                    AnyOptimizer::from_config(Config("SGD", {{"decay", "fast"}})));
  CHECK_THROWS_TEXT(ValueError, "SGD.learning_rate: expected a number, received ExponentialDecay",
                    AnyOptimizer::from_config(Config("SGD", {{"decay", 1}, {"learning_rate", schedule}})));
}

TEST_CASE("config: the first options without their names") {
  using optimizers::Adam, optimizers::AdamW, optimizers::SGD;
  const auto same = [](const auto& a, const auto& b) { CHECK_MESSAGE(a.config() == b.config(), a.config().str()); };
  same(Adam(0.1), Adam({.learning_rate = 0.1}));
  same(Adam(1), Adam({.learning_rate = 1}));
  same(Adam(0.1F, 0.8), Adam({.learning_rate = 0.1F, .beta_1 = 0.8}));
  same(Adam(0.1, {.beta_2 = 0.9, .name = "own"}), Adam({.learning_rate = 0.1, .beta_2 = 0.9, .name = "own"}));
  same(AdamW(0.1, 0.01), AdamW({.learning_rate = 0.1, .weight_decay = 0.01}));
  same(SGD(0.01, 0.9), SGD({.learning_rate = 0.01, .momentum = 0.9}));
  same(SGD(0.01, 1, true), SGD({.learning_rate = 0.01, .momentum = 1, .nesterov = true}));
  same(SGD(schedules::ExponentialDecay(0.1, 10, 0.5), 0.9),
       SGD({.learning_rate =
                schedules::ExponentialDecay({.initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5}),
            .momentum = 0.9}));
  const SGD called([](std::int64_t step) { return 0.5 + static_cast<double>(step); });
  CHECK(called.learning_rate() == 0.5);
  same(schedules::ExponentialDecay(0.1, 10, 0.5, true),
       schedules::ExponentialDecay(
           {.initial_learning_rate = 0.1, .decay_steps = 10, .decay_rate = 0.5, .staircase = true}));
  same(schedules::PiecewiseConstantDecay({10, 20}, {3.0, 2.0, 1.0}),
       schedules::PiecewiseConstantDecay({.boundaries = {10, 20}, .values = {3.0, 2.0, 1.0}}));
  static_assert(!std::is_constructible_v<schedules::ExponentialDecay, double, int>, "decay_rate has no default");
  static_assert(!std::is_constructible_v<Adam, const char*>, "a text is no rate");
  static_assert(!std::is_convertible_v<double, Adam>);
  CHECK_THROWS_TEXT(ValueError, "momentum", SGD(0.1, 2));
}

}  // namespace
}  // namespace xtape::testing
