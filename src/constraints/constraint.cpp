#include "xtape/constraints/constraint.hpp"

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/constraints/non_neg.hpp"
#include "xtape/constraints/norms.hpp"

namespace xtape {
namespace {

template <class T>
Constraint make() {
  return T{};
}

using namespace constraints;
constexpr detail::Named<Constraint (*)()> known[] = {
    {"max_norm", make<MaxNorm>},
    {"min_max_norm", make<MinMaxNorm>},
    {"non_neg", make<NonNeg>},
    {"unit_norm", make<UnitNorm>},
};

}  // namespace

Constraint::Constraint(const std::string& name)
    : Constraint(detail::get_named("Constraint", "constraint", known, name).value()) {}

Constraint::Constraint(Function function, ConfigValue (*describe)(const Function&))
    : function_(std::move(function)), describe_(describe) {
  if (!function_) detail::fail<ValueError>("Constraint", "the callable is empty");
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
