#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {

/// Keyword arguments of matmul.
struct MatmulOptions {
  bool transpose_a = false;  ///< use the transpose of a's last two axes
  bool transpose_b = false;

  XTAPE_FIELDS(transpose_a, transpose_b)
};

/// The matrix product over the last two axes: [..., m, k] x [..., k, n] -> [..., m, n]. The leading axes broadcast. A
/// vector is a row on the left and a column on the right; its extra axis is not in the result (np.matmul): [k] x [k, n]
/// -> [n]. Transposed operands are read in place, not copied. Throws a ValueError for inner dimensions that differ,
/// scalars and transposed vectors, a TypeError for integer tensors or dtypes that differ.
Tensor matmul(const Tensor& a, const Tensor& b, MatmulOptions options = {});

/// x w + b: [..., k] x [k, n] + [n] -> [..., n]. An empty b adds nothing.
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b = {});

namespace detail {
/// x w + b, then relu if `relu` is set, in one op, for the Dense layer. If x is bfloat16, w and b may be float32.
Tensor dense(const Tensor& x, const Tensor& w, const Tensor& b, bool relu);
}  // namespace detail

}  // namespace xtape
