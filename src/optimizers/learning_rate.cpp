#include "xtape/optimizers/learning_rate.hpp"

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/optimizers/schedules/cosine_decay.hpp"
#include "xtape/optimizers/schedules/decay.hpp"

namespace xtape::optimizers {
namespace {

/// Makes a schedule, some of whose options have no defaults.
template <class Schedule, detail::ArgumentName... required>
LearningRate make(const Config& config) {
  for (const char* name : {required.text...}) {
    if (!config.contains(name)) detail::fail_missing(config, name);
  }
  return detail::make_from_config<Schedule, 0>(config, {});
}

using namespace schedules;
constexpr detail::Named<LearningRate (*)(const Config&)> known[] = {
    {"cosine_decay", make<CosineDecay, "initial_learning_rate", "decay_steps">},
    {"cosine_decay_restarts", make<CosineDecayRestarts, "initial_learning_rate", "first_decay_steps">},
    {"exponential_decay", make<ExponentialDecay, "initial_learning_rate", "decay_steps", "decay_rate">},
    {"inverse_time_decay", make<InverseTimeDecay, "initial_learning_rate", "decay_steps", "decay_rate">},
    {"piecewise_constant_decay", make<PiecewiseConstantDecay, "boundaries", "values">},
    {"polynomial_decay", make<PolynomialDecay, "initial_learning_rate", "decay_steps">},
};

}  // namespace

LearningRate::LearningRate(Schedule schedule, Describe describe) : schedule_(std::move(schedule)), describe_(describe) {
  if (!schedule_) detail::fail<ValueError>("LearningRate", "the callable is empty");
}

LearningRate::Schedule LearningRate::without_step(std::function<double()> callable) {
  if (!callable) return {};
  return [callable = std::move(callable)](std::int64_t) { return callable(); };
}

ConfigValue LearningRate::config() const {
  if (!schedule_) return constant_;
  return describe_ == nullptr ? ConfigValue::custom() : describe_(schedule_);
}

LearningRate LearningRate::from_config(const ConfigValue& value) {
  const auto* config = value.get<Config>();
  const auto* name = value.get<std::string>();
  if (config == nullptr && name == nullptr) return detail::number_of(value);
  const Config given = config != nullptr ? *config : Config(*name);
  const auto maker = registry().find(given.class_name());
  const auto* entry = maker ? nullptr : detail::find_named(known, given.class_name());
  if (!maker && entry == nullptr) detail::fail_unknown_class("schedule", given.class_name());
  LearningRate rate = maker ? (*maker)(given) : entry->value(given);
  if (const ConfigValue made = rate.config(); made.get<Config>() != nullptr) {
    detail::report_unknown_arguments(given, *made.get<Config>());
  }
  return rate;
}

detail::Registry<LearningRate>& LearningRate::registry() {
  static detail::Registry<LearningRate> classes;
  return classes;
}

}  // namespace xtape::optimizers
