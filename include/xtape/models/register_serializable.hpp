#pragma once

#include <array>
#include <concepts>
#include <string>
#include <type_traits>
#include <typeinfo>

#include "xtape/base/from_config.hpp"
#include "xtape/constraints/constraint.hpp"
#include "xtape/initializers/initializer.hpp"
#include "xtape/layers/layer.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/metrics/any_metric.hpp"
#include "xtape/optimizers/any_optimizer.hpp"
#include "xtape/optimizers/learning_rate.hpp"
#include "xtape/optimizers/schedules/learning_rate_schedule.hpp"
#include "xtape/regularizers/regularizer.hpp"

namespace xtape {

/// Makes a user's class known to load_model, model_from_json and from_config
/// (keras.saving.register_keras_serializable): a layer or model, initializer, regularizer, constraint, loss, metric of
/// labels and predictions, optimizer or learning-rate schedule. `name` is that of the class in files, "package>Class"
/// as in Keras. Registering a name again replaces the class.
///
/// A class is made again by its constructor. `arguments` are the names of the constructor's arguments before its
/// options in its config():
///
///     struct Scale : xp::LayerBase<Scale> {
///       explicit Scale(double factor, ScaleOptions options = {}) : LayerBase(options, {{"factor", factor}}), ...
///     };
///     xp::register_serializable<Scale>("my_package>Scale", "factor");
///
/// A class with another kind of constructor has a function `static Scale from_config(const xp::Config& config)`, and
/// says in `xp::Config config() const override` what that needs.
template <class T, std::convertible_to<const char*>... Names>
void register_serializable(const std::string& name, Names... arguments) {
  const auto make = [names = std::array<const char*, sizeof...(Names)>{arguments...}](const Config& config) {
    return detail::make_from_config<T>(config, names);
  };
  detail::register_class_name(typeid(T), name);
  if constexpr (std::derived_from<T, Layer>) {
    AnyLayer::registry().add(name, [make](const Config& config) -> AnyLayer { return make(config); });
  } else if constexpr (std::derived_from<T, losses::Loss>) {
    AnyLoss::registry().add(name, [make](const Config& config) -> AnyLoss { return make(config); });
  } else if constexpr (std::derived_from<T, metrics::PredictionMetric>) {
    AnyMetric::registry().add(name, [make](const Config& config) -> AnyMetric { return make(config); });
  } else if constexpr (std::derived_from<T, optimizers::Optimizer>) {
    AnyOptimizer::registry().add(name, [make](const Config& config) -> AnyOptimizer { return make(config); });
  } else if constexpr (std::derived_from<T, optimizers::schedules::LearningRateSchedule>) {
    optimizers::LearningRate::registry().add(
        name, [make](const Config& config) -> optimizers::LearningRate { return make(config); });
  } else if constexpr (std::is_invocable_r_v<Tensor, const T&, const Shape&, DType>) {
    Initializer::registry().add(name, [make](const Config& config) -> Initializer { return make(config); });
  } else {
    static_assert(std::is_invocable_r_v<Tensor, const T&, const Tensor&>,
                  "expected a layer, model, initializer, regularizer, constraint, loss, metric of labels and "
                  "predictions, optimizer or learning-rate schedule");
    Regularizer::registry().add(name, [make](const Config& config) -> Regularizer { return make(config); });
    Constraint::registry().add(name, [make](const Config& config) -> Constraint { return make(config); });
  }
}

}  // namespace xtape
