#include "xtape/constraints/constraint.hpp"

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/constraints/non_neg.hpp"
#include "xtape/constraints/norms.hpp"

namespace xtape {
namespace {

template <class T>
Constraint make(const Config& config) {
  T constraint{};
  detail::read_fields(config, constraint);
  return constraint;
}

using namespace constraints;
constexpr detail::Named<Constraint (*)(const Config&)> known[] = {
    {"max_norm", make<MaxNorm>},
    {"min_max_norm", make<MinMaxNorm>},
    {"non_neg", make<NonNeg>},
    {"unit_norm", make<UnitNorm>},
};

}  // namespace

Constraint::Constraint(const std::string& name)
    : Constraint(detail::get_named("Constraint", "constraint", known, name).value(Config())) {}

Constraint::Constraint(Function function, ConfigValue (*describe)(const Function&))
    : function_(std::move(function)), describe_(describe) {
  if (!function_) detail::fail<ValueError>("Constraint", "the callable is empty");
}

Constraint Constraint::from_config(const ConfigValue& value) {
  if (value.is_none()) return {};
  if (const auto* name = value.get<std::string>()) return *name;
  const Config& config = detail::config_of(value);
  if (const auto maker = registry().find(config.class_name())) return (*maker)(config);
  return detail::get_named("Constraint", "constraint", known, config.class_name()).value(config);
}

detail::Registry<Constraint>& Constraint::registry() {
  static detail::Registry<Constraint> classes;
  return classes;
}

Tensor Constraint::operator()(const Tensor& w) const {
  if (!function_) return w;
  Tensor value = function_(w);
  if (!value.defined() || value.shape() != w.shape() || value.dtype() != w.dtype()) {
    detail::fail<ValueError>("Constraint", "expected the callable to return {} {}, received {}", w.dtype(), w.shape(),
                             value.defined() ? fmt::format("{} {}", value.dtype(), value.shape()) : "an empty tensor");
  }
  return value;
}

}  // namespace xtape
