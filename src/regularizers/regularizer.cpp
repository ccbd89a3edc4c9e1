#include "xtape/regularizers/regularizer.hpp"

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/regularizers/orthogonal_regularizer.hpp"

namespace xtape {
namespace {

template <class T>
Regularizer make(const Config& config) {
  T regularizer{};
  detail::read_fields(config, regularizer);
  return regularizer;
}

using namespace regularizers;
constexpr detail::Named<Regularizer (*)(const Config&)> known[] = {
    {"l1", make<L1>},
    {"l2", make<L2>},
    // Keras documents these factors for the name; L1L2() itself has no penalty.
    {"l1_l2",
     [](const Config& config) {
       return config.class_name().empty() ? Regularizer(L1L2{.l1 = 0.01, .l2 = 0.01}) : make<L1L2>(config);
     }},
    {"orthogonal_regularizer", make<OrthogonalRegularizer>},
};

}  // namespace

Regularizer::Regularizer(const std::string& name)
    : Regularizer(detail::get_named("Regularizer", "regularizer", known, name).value(Config())) {}

Regularizer::Regularizer(Function function, ConfigValue (*describe)(const Function&))
    : function_(std::move(function)), describe_(describe) {
  if (!function_) detail::fail<ValueError>("Regularizer", "the callable is empty");
}

Regularizer Regularizer::from_config(const ConfigValue& value) {
  if (value.is_none()) return {};
  if (const auto* name = value.get<std::string>()) return *name;
  const Config& config = detail::config_of(value);
  if (const auto maker = registry().find(config.class_name())) return (*maker)(config);
  return detail::get_named("Regularizer", "regularizer", known, config.class_name()).value(config);
}

detail::Registry<Regularizer>& Regularizer::registry() {
  static detail::Registry<Regularizer> classes;
  return classes;
}

Tensor Regularizer::operator()(const Tensor& w) const {
  if (!function_) return zeros({}, w.dtype());
  Tensor penalty = function_(w);
  if (!penalty.defined() || penalty.rank() != 0) {
    detail::fail<ValueError>(
        "Regularizer", "expected the callable to return a scalar, received {}",
        penalty.defined() ? fmt::format("{} {}", penalty.dtype(), penalty.shape()) : "an empty tensor");
  }
  return penalty;
}

}  // namespace xtape
