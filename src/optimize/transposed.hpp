#pragma once

#include <functional>

#include "xtape/core/tensor.hpp"

namespace xtape::optimize {

using TensorFunction = std::function<Tensor(const Tensor&)>;

/// The product of the transposed Jacobian of f at x with a vector of f(x)'s shape. f is called once, here; tapes record
/// the products as functions of x, the vector and what f uses.
TensorFunction transposed_at(const TensorFunction& f, const Tensor& x);

}  // namespace xtape::optimize
