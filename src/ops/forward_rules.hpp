#pragma once

#include <functional>
#include <vector>

#include "core/fill.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

// Forms that the rules of forward mode share: see record_forward.hpp.
namespace xtape::detail {

/// The tangent of an input; zeros if the input does not move.
inline Tensor or_zeros_like(const Tensor& tangent, const Tensor& input) {
  return tangent.defined() ? tangent : filled(input.shape(), input.dtype(), 0);
}

/// a + b, of which one may be empty.
inline Tensor sum_of(const Tensor& a, const Tensor& b) {
  if (!a.defined()) return b;
  return b.defined() ? a + b : a;
}

/// The tangent of f(a, b), which is linear in each.
template <class F>
Tensor product_rule(Tangents t, const Tensor& a, const Tensor& b, const F& f) {
  return sum_of(t[0].defined() ? f(t[0], b) : Tensor(), t[1].defined() ? f(a, t[1]) : Tensor());
}

/// Records an op that makes one number of each group of elements of x, those along some axes. The gradient rule for a
/// gradient of one gives the derivatives for all elements.
template <IsMaker Make>
Tensor record_reduction(const char* op, const Tensor& x, const Tensor& y, const Axes& axes, bool keepdims,
                        const Make& make) {
  return record(op, {x}, y, make, [&](const Tensor& t) {
    auto rule = make();
    const Tensor one = filled(y.shape(), y.dtype(), 1);
    const bool wanted = true;
    return reduce_sum(run_rule<decltype(rule)>(&rule, {&one, 1}, Needs({&wanted, 1}))[0] * t, axes, keepdims);
  });
}

/// The tangents of a function made of public ops, which is run in forward mode.
Tensors tangents_by_ops(const std::function<std::vector<Tensor>(const Tensors&)>& f, const Tensors& inputs,
                        Tangents tangents);

/// The tangent of y = dense(x, w, b, relu), in linalg.cpp.
Tensor dense_jvp(Tangents t, const Tensor& x, const Tensor& w, const Tensor& y, bool relu);

}  // namespace xtape::detail
