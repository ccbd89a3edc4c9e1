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
#include "xtape/regularizers/regularizer.hpp"

namespace xtape {

/// Makes a user's class known to load_model, model_from_json and from_config
/// (keras.saving.register_keras_serializable): a layer or model, initializer, regularizer or constraint. `name` is that
/// of the class in files, "package>Class" as in Keras. Registering a name again replaces the class.
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
  } else if constexpr (std::is_invocable_r_v<Tensor, const T&, const Shape&, DType>) {
    Initializer::registry().add(name, [make](const Config& config) -> Initializer { return make(config); });
  } else {
    static_assert(std::is_invocable_r_v<Tensor, const T&, const Tensor&>,
                  "expected a layer, model, initializer, regularizer or constraint");
    Regularizer::registry().add(name, [make](const Config& config) -> Regularizer { return make(config); });
    Constraint::registry().add(name, [make](const Config& config) -> Constraint { return make(config); });
  }
}

}  // namespace xtape
