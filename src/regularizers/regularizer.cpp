#include "xtape/regularizers/regularizer.hpp"

#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/regularizers/orthogonal_regularizer.hpp"

namespace xtape {
namespace {

struct Named {
  const char* name;
  const char* class_name;
  Regularizer (*make)();
};

using namespace regularizers;
constexpr Named known[] = {
    {"l1", "L1", [] { return Regularizer(L1{}); }},
    {"l2", "L2", [] { return Regularizer(L2{}); }},
    // Keras documents these factors for the name; L1L2() itself has no penalty.
    {"l1_l2", "L1L2", [] { return Regularizer(L1L2{.l1 = 0.01, .l2 = 0.01}); }},
    {"orthogonal_regularizer", "OrthogonalRegularizer", [] { return Regularizer(OrthogonalRegularizer{}); }},
};

}  // namespace

Regularizer::Regularizer(const std::string& name) {
  std::string names;
  for (const auto& entry : known) {
    if (name == entry.name || name == entry.class_name) {
      *this = entry.make();
      return;
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", entry.name);
  }
  if (name == "l1l2") {  // what Keras makes of the class's name
    *this = "l1_l2";
    return;
  }
  detail::fail<ValueError>("Regularizer", "unknown regularizer '{}', expected one of: {}", name, names);
}

Regularizer::Regularizer(Function function, int) : function_(std::move(function)) {
  if (!function_) detail::fail<ValueError>("Regularizer", "the callable is empty");
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
