#include "xtape/ops/aliases.hpp"

namespace xtape {

Tensor isclose(const Tensor& a, const Tensor& b, const CloseOptions& options) {
  // A plain number takes the other's dtype. Differences of integers may overflow, and float32 does not hold all of
  // them.
  const auto floating = [](const Tensor& t, const Tensor& other) {
    const DType dtype = t.impl()->weak && !other.impl()->weak ? other.dtype() : t.dtype();
    return cast(t, is_floating(dtype) && !(t.impl()->weak && other.impl()->weak) ? dtype : float64);
  };
  const Tensor x = floating(a, b), y = floating(b, a);
  const Tensor close = abs(x - y) <= options.atol + options.rtol * abs(y);
  const Tensor result = where(is_finite(x) & is_finite(y), close, x == y);
  return options.equal_nan ? result | (is_nan(x) & is_nan(y)) : result;
}

bool allclose(const Tensor& a, const Tensor& b, const CloseOptions& options) {
  return reduce_all(isclose(a, b, options)).item<bool>();
}

}  // namespace xtape
