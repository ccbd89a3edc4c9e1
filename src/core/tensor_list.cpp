#include "xtape/core/tensor_list.hpp"

#include "base/check.hpp"

namespace xtape {

void TensorList::throw_not_one() const {
  detail::fail<ValueError>("TensorList", "expected one tensor, received {}: pick one of them by its index", size());
}

}  // namespace xtape
