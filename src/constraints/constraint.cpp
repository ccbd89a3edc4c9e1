#include "xtape/constraints/constraint.hpp"

#include "base/check.hpp"
#include "xtape/constraints/non_neg.hpp"
#include "xtape/constraints/norms.hpp"

namespace xtape {
namespace {

struct Named {
  const char* name;
  const char* class_name;
  Constraint (*make)();
};

template <class T>
Constraint make() {
  return T{};
}

using namespace constraints;
constexpr Named known[] = {
    {"max_norm", "MaxNorm", make<MaxNorm>},
    {"min_max_norm", "MinMaxNorm", make<MinMaxNorm>},
    {"non_neg", "NonNeg", make<NonNeg>},
    {"unit_norm", "UnitNorm", make<UnitNorm>},
};

}  // namespace

Constraint::Constraint(const std::string& name) {
  std::string names;
  for (const auto& entry : known) {
    if (name == entry.name || name == entry.class_name) {
      *this = entry.make();
      return;
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", entry.name);
  }
  detail::fail<ValueError>("Constraint", "unknown constraint '{}', expected one of: {}", name, names);
}

Constraint::Constraint(Function function, int) : function_(std::move(function)) {
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
