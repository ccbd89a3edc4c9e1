#include "layers/autocast.hpp"

#include "xtape/ops/math.hpp"

namespace xtape::detail {

AutocastScope::AutocastScope(DType to) noexcept
    : Autocast{to,
               [](Autocast& scope, const Variable& variable) -> const Tensor& {
                 const Tensor& stored = variable.peek();
                 const bool as_is =
                     stored.dtype() == scope.dtype || !variable.impl()->autocast || !is_floating(stored.dtype());
                 return as_is ? stored
                              : static_cast<AutocastScope&>(scope).casts_.emplace_back(cast(stored, scope.dtype));
               }},
      current_(this) {}

}  // namespace xtape::detail
