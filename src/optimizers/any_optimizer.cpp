#include "xtape/optimizers/any_optimizer.hpp"

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/base/from_config.hpp"
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
#include "xtape/optimizers/sgd.hpp"

namespace xtape {
namespace {

using namespace optimizers;

template <class O>
std::shared_ptr<Optimizer> make(const Config& config) {
  return std::make_shared<O>(detail::make_from_config<O, 0>(config, {}));
}

constexpr detail::Named<std::shared_ptr<Optimizer> (*)(const Config&)> known[] = {
    {"adadelta", make<Adadelta>}, {"adafactor", make<Adafactor>}, {"adagrad", make<Adagrad>},
    {"adam", make<Adam>},         {"adamax", make<Adamax>},       {"adamw", make<AdamW>},
    {"ftrl", make<Ftrl>},         {"lamb", make<Lamb>},           {"lars", make<LARS>},
    {"lion", make<Lion>},         {"muon", make<Muon>},           {"nadam", make<Nadam>},
    {"radam", make<RAdam>},       {"rmsprop", make<RMSprop>},     {"schedule_free_adamw", make<ScheduleFreeAdamW>},
    {"sgd", make<SGD>},
};

using Maker = std::shared_ptr<Optimizer> (*)(const Config&);

std::shared_ptr<Optimizer> make_loss_scale_optimizer(const Config& config) {
  return std::make_shared<LossScaleOptimizer>(
      detail::make_from_config<LossScaleOptimizer>(config, std::array{"inner_optimizer"}));
}

std::shared_ptr<Optimizer> make_multi_optimizer(const Config& config) {
  return std::make_shared<MultiOptimizer>(
      detail::make_from_config<MultiOptimizer>(config, std::array{"optimizer_map"}));
}

/// Keras 2.11 to 2.13 wrote its own optimizers as "Custom>Adam".
Maker maker_of(const std::string& class_name) {
  const std::string plain = class_name.starts_with("Custom>") ? class_name.substr(7) : class_name;
  if (plain == "MultiOptimizer") return make_multi_optimizer;
  if (plain == "LossScaleOptimizer" || plain == "LossScaleOptimizerV3") return make_loss_scale_optimizer;
  const auto* entry = detail::find_named(known, plain);
  if (entry == nullptr) detail::fail_unknown_class("optimizer", class_name);
  return entry->value;
}

/// The Config under Keras 3's names. Keras 2 divided the rate of step t = 0, 1, ... by 1 + decay t.
Config with_keras3_names(const Config& config, Maker maker) {
  Config named(config.class_name(), {}, config.module());
  double decay = 0;
  for (const auto& [name, value] : config.entries()) {
    if (name == "decay") {
      detail::read_argument(config.class_name(), name, [&, &given = value] {
        if (!given.is_none()) decay = detail::number_of(given);
      });
    } else {
      named.set(name == "lr" ? "learning_rate" : name, value);
    }
  }
  if (decay == 0) return named;
  const ConfigValue rate =
      named.contains("learning_rate") ? named["learning_rate"] : maker(Config())->config()["learning_rate"];
  detail::read_argument(config.class_name(), "learning_rate", [&] {
    named.set("learning_rate",
              Config("InverseTimeDecay",
                     {{"initial_learning_rate", detail::number_of(rate)}, {"decay_steps", 1}, {"decay_rate", decay}}));
  });
  return named;
}

/// Optimizer::set_parameter_groups() is not an argument of the classes.
void read_groups(const Config& config, Optimizer& optimizer) {
  if (!config.contains("parameter_groups")) return;
  detail::read_argument(config.class_name(), "parameter_groups", [&] {
    optimizer.set_parameter_groups(detail::value_as<std::vector<ParameterGroup>>(config["parameter_groups"]));
  });
}

}  // namespace

AnyOptimizer::AnyOptimizer(const std::string& name)
    : AnyOf(detail::get_named("AnyOptimizer", "optimizer", known, name).value(Config())) {}

ConfigValue AnyOptimizer::config() const { return *this ? ConfigValue((*this)->config()) : ConfigValue(); }

AnyOptimizer AnyOptimizer::from_config(const ConfigValue& value) {
  if (value.is_none()) return {};
  if (const auto* name = value.get<std::string>()) {
    const auto maker = registry().find(*name);
    return maker ? (*maker)(Config(*name)) : AnyOptimizer(*name);
  }
  Config config = detail::config_of(value);
  AnyOptimizer optimizer;
  if (const auto maker = registry().find(config.class_name())) {
    optimizer = (*maker)(config);
  } else {
    const Maker known_maker = maker_of(config.class_name());
    config = with_keras3_names(config, known_maker);
    optimizer = known_maker(config);
  }
  read_groups(config, *optimizer);
  detail::report_unknown_arguments(config, optimizer->config());
  return optimizer;
}

detail::Registry<AnyOptimizer>& AnyOptimizer::registry() {
  static detail::Registry<AnyOptimizer> classes;
  return classes;
}

}  // namespace xtape
