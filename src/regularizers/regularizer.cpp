#include "xtape/regularizers/regularizer.hpp"

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/regularizers/orthogonal_regularizer.hpp"

namespace xtape {
namespace {

using namespace regularizers;
constexpr detail::Named<Regularizer (*)()> known[] = {
    {"l1", [] { return Regularizer(L1{}); }},
    {"l2", [] { return Regularizer(L2{}); }},
    // Keras documents these factors for the name; L1L2() itself has no penalty.
    {"l1_l2", [] { return Regularizer(L1L2{.l1 = 0.01, .l2 = 0.01}); }},
    {"orthogonal_regularizer", [] { return Regularizer(OrthogonalRegularizer{}); }},
};

}  // namespace

Regularizer::Regularizer(const std::string& name)
    : Regularizer(detail::get_named("Regularizer", "regularizer", known, name).value()) {}

Regularizer::Regularizer(Function function, ConfigValue (*describe)(const Function&))
    : function_(std::move(function)), describe_(describe) {
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
