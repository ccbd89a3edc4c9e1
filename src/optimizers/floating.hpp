#pragma once

#include "kernels/dispatch.hpp"

namespace xtape::optimizers {

/// Calls f with the C++ type of float32 or float64, the only dtypes of variables that get this far.
template <class F>
decltype(auto) visit_floating(DType dtype, F&& f) {
  if (dtype == float64) return f(kernels::Type<double>{});
  return f(kernels::Type<float>{});
}

}  // namespace xtape::optimizers
