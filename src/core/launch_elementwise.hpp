#pragma once

#include "kernels/elementwise.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// y = f(a, b), now and in every replay, for tensors of one shape and a functor that captures nothing. As launch(), but
/// function() can fuse the step with its neighbours.
void launch_elementwise(const kernels::Elementwise& f, const Tensor& a, const Tensor& b, const Tensor& y);

}  // namespace xtape::detail
