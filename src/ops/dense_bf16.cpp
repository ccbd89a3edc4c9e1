#include "ops/dense_bf16.hpp"
#include "ops/fused_gradient.hpp"

#include <algorithm>

#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/gemm_bf16.hpp"
#include "kernels/relu_grad_bf16.hpp"
#include "ops/forward_rules.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::detail {
namespace {

struct Rule {
  Tensor x, w, w16, y;  ///< only those that gradients need; y only for relu
  Shape x_shape;
  DType w_dtype, b_dtype;
  std::int64_t m, n, k;

  Grads operator()(const Tensor& dy, Needs need) const {
    return fused_or_ops(
        {dy, x, w}, [&] { return by_kernels(dy, need); }, [&] { return by_ops(dy, need); });
  }

  Tensor rows_of(const Tensor& t, std::int64_t columns) const { return t.rank() == 2 ? t : reshape(t, {m, columns}); }

  /// The gradients in public ops, which can be differentiated again.
  Grads by_ops(const Tensor& dy, Needs need) const {
    const Tensor rows = rows_of(y.defined() ? relu_grad(dy, y) : dy, n);
    Tensor dx, dw, db;
    if (need[0]) dx = reshape(matmul(rows, cast(w, bfloat16), {.transpose_b = true}), x_shape);
    if (need[1]) {
      dw = cast(matmul(cast(rows_of(x, k), float32), cast(rows, float32), {.transpose_a = true}), w_dtype);
    }
    if (need[2]) db = cast(reduce_sum(cast(rows, float32), 0), b_dtype);
    return {dx, dw, db};
  }

  Grads by_kernels(const Tensor& dy, Needs need) const {
    Tensor dz = dy, dx, dw, db;
    if (need[2]) db = make_tensor({n}, float32);
    if (y.defined()) {
      dz = make_tensor(dy.shape(), bfloat16);
      launch(
          [m = m, n = n](Read dy, Read result, Write dz, Write db) {
            kernels::relu_bias_grad(m, n, dy.data<BFloat16>(), result.data<BFloat16>(), dz.data<BFloat16>(),
                                    db.data<float>());
          },
          dy, y, dz, db);
    } else if (db.defined()) {
      launch(
          [m = m, n = n](Read dy, Write db) {
            kernels::relu_bias_grad(m, n, dy.data<BFloat16>(), nullptr, nullptr, db.data<float>());
          },
          dy, db);
    }
    if (need[0]) {
      dx = make_tensor(x_shape, bfloat16);
      launch(
          [m = m, n = n, k = k](Read dz, Read weights, Write dx) {
            kernels::gemm(false, true, m, k, n, dz.data<BFloat16>(), n, weights.data<BFloat16>(), n,
                          dx.data<BFloat16>(), k);
          },
          dz, w16, dx);
    }
    if (need[1]) {
      dw = make_tensor({k, n}, float32);
      launch(
          [m = m, n = n, k = k](Read inputs, Read dz, Write dw) {
            kernels::gemm(true, false, k, n, m, inputs.data<BFloat16>(), k, dz.data<BFloat16>(), n, dw.data<float>(),
                          n);
          },
          x, dz, dw);
      if (w_dtype != float32) dw = convert(dw, w_dtype);
    }
    if (need[2] && b_dtype != float32) db = convert(db, b_dtype);
    return {dx, dw, db};
  }
};

}  // namespace

Tensor dense_bf16(const Tensor& x, const Tensor& w, const Tensor& b, bool relu) {
  const std::int64_t k = w.shape()[0], n = w.shape()[1];
  Shape shape = x.shape();
  shape[shape.rank() - 1] = n;
  Tensor y = make_tensor(shape, bfloat16);
  const std::int64_t m = k == 0 ? y.size() / std::max<std::int64_t>(n, 1) : x.size() / k;
  const Tensor w16 = convert(w, bfloat16), bias = b.defined() ? convert(b, float32) : Tensor();
  launch(
      [m, n, k, relu](Read x, Read w, Read bias, Write y) {
        kernels::gemm_bias_act(false, false, m, n, k, x.data<BFloat16>(), k, w.data<BFloat16>(), n, bias.data<float>(),
                               relu, y.data<BFloat16>(), n);
      },
      x, w16, bias, y);
  return record(
      relu ? "dense_relu" : "linear", {x, w, b}, std::move(y),
      [&](Tracked tracked) {
        return Rule{tracked.if_for(1, x),
                    tracked.if_for(0, w),
                    tracked.if_for(0, w16),
                    relu ? y : Tensor(),
                    x.shape(),
                    w.dtype(),
                    b.defined() ? b.dtype() : float32,
                    m,
                    n,
                    k};
      },
      [&](Tangents t) { return dense_jvp(t, x, w, y, relu); });
}

}  // namespace xtape::detail
