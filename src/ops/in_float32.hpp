#pragma once

#include <utility>

#include "core/convert.hpp"
#include "xtape/ops/math.hpp"

// bfloat16 is a storage type: most ops on it are computed in float32, and their results are rounded once.
namespace xtape::detail {

/// A tensor in the dtype to compute in; an empty one stays empty. What is no tensor stays as it is.
inline Tensor widened(const Tensor& t) { return t.defined() && t.dtype() == bfloat16 ? cast(t, float32) : t; }
template <class T>
const T& widened(const T& other) {
  return other;
}

/// A result in bfloat16, unless it is empty or no float32 (the indices of a sort, say).
inline Tensor narrowed(const Tensor& t) { return t.defined() && t.dtype() == float32 ? cast(t, bfloat16) : t; }
/// The same for a struct or pair of two or three tensors.
template <class Results>
Results narrowed(const Results& results) {
  if constexpr (requires { Results{Tensor(), Tensor(), Tensor()}; }) {
    const auto& [a, b, c] = results;
    return {narrowed(a), narrowed(b), narrowed(c)};
  } else {
    const auto& [a, b] = results;
    return {narrowed(a), narrowed(b)};
  }
}

/// op(arguments...) of bfloat16, computed in float32: `if (x.dtype() == bfloat16) return in_float32(cumsum, x, axis,
/// options);`
template <class Op, class... A>
auto in_float32(const Op& op, const A&... arguments) {
  return narrowed(op(widened(arguments)...));
}

}  // namespace xtape::detail
