#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "xtape/core/tensor.hpp"

namespace xtape {
namespace optimize {

/// Keyword arguments of custom_root and custom_fixed_point.
struct ImplicitOptions {
  /// How the backward pass solves with the Jacobian of n x n elements: "direct" makes and decomposes it; "gmres",
  /// "bicgstab", and for a symmetric Jacobian "cg" need only products with it.
  std::string solver = "direct";
  double tolerance = 1e-6;          ///< of the iterative solvers
  std::int64_t max_iterations = 0;  ///< of the iterative solvers; 0: 10 n
};

/// x, which was found by any means, as the root of f: the same numbers, with the gradients of the implicit function
/// that f(x) = 0 defines, for all that f uses: tensors and variables (jax.lax.custom_root, jaxopt).
///
///     Tensor x = bisect(...);                                        // x^3 = a
///     x = optimize::custom_root([a](const Tensor& t) { return t * t * t - a; }, x);
///     tape.gradient(x, a);                                           // 1 / (3 x^2)
///
/// How x was found is not differentiated. With the gradient of a loss as f, x is its minimum. f gives a tensor of x's
/// shape; the backward pass calls it again, so what it refers to must still exist then. Derivatives of any order.
/// Throws a ValueError for an unknown solver and another shape, a TypeError for another dtype; the backward pass throws
/// a ValueError for a singular Jacobian, and a RuntimeError where an iterative solver does not converge.
Tensor custom_root(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const ImplicitOptions& options = {});
/// The same for an x with x = g(x).
Tensor custom_fixed_point(const std::function<Tensor(const Tensor&)>& g, const Tensor& x,
                          const ImplicitOptions& options = {});

}  // namespace optimize
}  // namespace xtape
