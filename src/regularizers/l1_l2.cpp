#include "xtape/regularizers/l1_l2.hpp"

#include "regularizers/factor.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::regularizers {

void L1::check() const { detail::check_factor("L1", "l1", l1); }

Tensor L1::operator()(const Tensor& w) const {
  check();
  return reduce_sum(abs(w)) * l1;
}

void L2::check() const { detail::check_factor("L2", "l2", l2); }

Tensor L2::operator()(const Tensor& w) const {
  check();
  return reduce_sum(square(w)) * l2;
}

void L1L2::check() const {
  detail::check_factor("L1L2", "l1", l1);
  detail::check_factor("L1L2", "l2", l2);
}

Tensor L1L2::operator()(const Tensor& w) const {
  check();
  if (l1 == 0 && l2 == 0) return zeros({}, w.dtype());
  if (l2 == 0) return reduce_sum(abs(w)) * l1;
  const Tensor squares = reduce_sum(square(w)) * l2;
  return l1 == 0 ? squares : reduce_sum(abs(w)) * l1 + squares;
}

}  // namespace xtape::regularizers
