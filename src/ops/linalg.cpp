#include "xtape/ops/linalg.hpp"

#include <cstring>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/gemm.hpp"
#include "kernels/gemm_bf16.hpp"
#include "kernels/parallel.hpp"
#include "kernels/reduce.hpp"
#include "kernels/strided.hpp"
#include "ops/dense_bf16.hpp"
#include "ops/elementwise.hpp"
#include "ops/forward_rules.hpp"
#include "ops/fused_gradient.hpp"
#include "tape/accumulate.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {
namespace {

using detail::fail;
using detail::launch;
using detail::Read;
using detail::Write;

void check_operands(const char* op, const Tensor& a, const Tensor& b) {
  detail::expect_same_dtype(op, a.dtype(), b.dtype());
  detail::expect_floating(op, a.dtype(), "floating tensors");
}

template <class F>
void visit_any_float(DType dtype, F&& f) {
  if (dtype == bfloat16) {
    f(kernels::Type<BFloat16>{});
  } else {
    kernels::visit_floating(dtype, f);
  }
}

Shape leading(const Shape& shape) {
  return Shape(std::span<const std::int64_t>(shape.begin(), static_cast<std::size_t>(shape.rank() - 2)));
}

/// c = a b for contiguous matrices.
template <class T>
void multiply(MatmulOptions options, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, const T* b, T* c) {
  const auto [ta, tb] = options;
  const std::int64_t lda = ta ? m : k, ldb = tb ? k : n;
  if constexpr (std::is_same_v<T, BFloat16>) {
    kernels::gemm(ta, tb, m, n, k, a, lda, b, ldb, c, n);
  } else {
    kernels::gemm(ta, tb, m, n, k, T(1), a, lda, b, ldb, T(0), c, n);
  }
}

/// c = a b for checked operands.
void product_into(Write c, Read a, Read b, MatmulOptions options, const Shape& batch, std::int64_t m, std::int64_t n,
                  std::int64_t k) {
  visit_any_float(a.dtype(), [&]<class T>(kernels::Type<T>) {
    const T *x = a.data<T>(), *w = b.data<T>();
    T* y = c.data<T>();
    if (b.rank() == 2 && !options.transpose_a) {  // one product: the batch axes only add rows to a
      multiply(options, batch.numel() * m, n, k, x, w, y);
      return;
    }
    if (c.size() == 0) return;
    const auto strides = [](const Shape& shape, const Shape& to) {
      Shape s = kernels::broadcast_strides(leading(shape), to);
      for (auto& stride : s) stride *= shape.at(-1) * shape.at(-2);
      return s;
    };
    const Shape a_strides = strides(a.shape(), batch), b_strides = strides(b.shape(), batch);
    // If there are enough products, the threads share them; otherwise they share each product.
    const std::int64_t batches = batch.numel();
    const std::int64_t grain =
        std::max<std::int64_t>(1, 32 * kernels::elementwise_grain / std::max<std::int64_t>(1, m * n * k));
    kernels::parallel_rows(batches, batches < num_threads() ? batches : grain,
                           [&](std::int64_t begin, std::int64_t end) {
                             for (std::int64_t i = begin; i < end; ++i) {
                               std::int64_t rest = i, x_offset = 0, w_offset = 0;
                               for (int axis = batch.rank() - 1; axis >= 0; --axis) {
                                 x_offset += rest % batch[axis] * a_strides[axis];
                                 w_offset += rest % batch[axis] * b_strides[axis];
                                 rest /= batch[axis];
                               }
                               multiply(options, m, n, k, x + x_offset, w + w_offset, y + i * m * n);
                             }
                           });
  });
}

/// The product of checked operands, not recorded.
Tensor product(const Tensor& a, const Tensor& b, MatmulOptions options, const Shape& batch, std::int64_t m,
               std::int64_t n, std::int64_t k) {
  detail::PoolVector<std::int64_t> sizes(batch.begin(), batch.end());
  sizes.insert(sizes.end(), {m, n});
  Tensor c = detail::make_tensor(Shape(sizes), a.dtype(), "matmul");
  launch([=](Read x, Read w, Write y) { product_into(y, x, w, options, batch, m, n, k); }, a, b, c);
  return c;
}

Grads matmul_rule(const Tensor& a, const Tensor& b, MatmulOptions options, const Tensor& dy, Needs need) {
  Tensor da, db;
  const auto [ta, tb] = options;
  if (need[0]) {
    da = ta ? matmul(b, dy, {.transpose_a = tb, .transpose_b = true})     // (b' dy^T): [k, n] x [n, m]
            : matmul(dy, b, {.transpose_a = false, .transpose_b = !tb});  // [m, n] x [n, k]
  }
  if (need[1]) {
    db = tb ? matmul(dy, a, {.transpose_a = true, .transpose_b = ta})     // [n, m] x [m, k]
            : matmul(a, dy, {.transpose_a = !ta, .transpose_b = false});  // [k, m] x [m, n]
  }
  return {da, db};
}

}  // namespace

namespace {

[[noreturn]] void fail_inner(const Tensor& a, const Tensor& b, MatmulOptions options, std::int64_t k,
                             std::int64_t k_b) {
  const char *of_a = options.transpose_a ? " transposed" : "", *of_b = options.transpose_b ? " transposed" : "";
  fail<ValueError>("matmul", "inner dimensions differ: {}{} x {}{}, expected {} == {}", a.shape(), of_a, b.shape(),
                   of_b, k, k_b);
}

/// A product with a vector on one side or both.
Tensor vector_product(const Tensor& a, const Tensor& b, MatmulOptions options) {
  if (a.rank() == 0 || b.rank() == 0) {
    fail<ValueError>("matmul", "expected tensors of rank 1 or more: {} x {}", a.shape(), b.shape());
  }
  if ((a.rank() == 1 && options.transpose_a) || (b.rank() == 1 && options.transpose_b)) {
    fail<ValueError>("matmul", "a vector cannot be transposed: {} x {}", a.shape(), b.shape());
  }
  const std::int64_t k = a.shape(options.transpose_a ? -2 : -1);
  const std::int64_t k_b = b.shape(b.rank() == 1 || options.transpose_b ? -1 : -2);
  if (k != k_b) fail_inner(a, b, options, k, k_b);
  Tensor y = matmul(a.rank() == 1 ? reshape(a, {1, k}) : a, b.rank() == 1 ? reshape(b, {k, 1}) : b, options);
  if (a.rank() == 1) y = squeeze(y, -2);
  return b.rank() == 1 ? squeeze(y, -1) : y;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, MatmulOptions options) {
  XTAPE_NOTE(matmul, a, b, options);
  check_operands("matmul", a, b);
  if (a.rank() < 2 || b.rank() < 2) return vector_product(a, b, options);
  const std::int64_t m = a.shape(options.transpose_a ? -1 : -2), k = a.shape(options.transpose_a ? -2 : -1);
  const std::int64_t n = b.shape(options.transpose_b ? -2 : -1), k_b = b.shape(options.transpose_b ? -1 : -2);
  if (k != k_b) fail_inner(a, b, options, k, k_b);
  const Shape batch = a.rank() == 2 && b.rank() == 2
                          ? Shape{}
                          : detail::broadcast_shape("matmul", leading(a.shape()), leading(b.shape()));
  Tensor y = product(a, b, options, batch, m, n, k);
  return record(
      "matmul", {a, b}, std::move(y),
      [&](Tracked tracked) {
        return [a = tracked.if_for(1, a), b = tracked.if_for(0, b), options](const Tensor& dy, Needs need) {
          return matmul_rule(a, b, options, dy, need);
        };
      },
      [&](Tangents t) {
        return detail::product_rule(t, a, b, [&](const Tensor& p, const Tensor& q) { return matmul(p, q, options); });
      });
}

namespace {

struct DenseSizes {
  std::int64_t m, n, k;
};

/// The needed gradients of x w + b, computed by kernels, if no tape tracks them.
Grads dense_grads(const Tensor& x, const Tensor& w, const Tensor& dz, const DenseSizes& sizes, Needs need) {
  const DType dtype = dz.dtype();
  Tensor dx, dw, db;
  if (need[0]) {
    if (x.defined()) {
      dx = detail::make_like(x, dtype);
    } else {  // x was not kept; it had rank 2
      dx = detail::make_tensor({sizes.m, sizes.k}, dtype);
    }
    launch(
        [sizes](Read dz, Read w, Write dx) {
          kernels::visit_floating(dz.dtype(), [&]<class T>(kernels::Type<T>) {
            multiply({.transpose_b = true}, sizes.m, sizes.k, sizes.n, dz.data<T>(), w.data<T>(), dx.data<T>());
          });
        },
        dz, w, dx);
  }
  if (need[1]) {
    dw = detail::make_tensor({sizes.k, sizes.n}, dtype);
    launch(
        [sizes](Read x, Read dz, Write dw) {
          kernels::visit_floating(dz.dtype(), [&]<class T>(kernels::Type<T>) {
            multiply({.transpose_a = true}, sizes.k, sizes.n, sizes.m, x.data<T>(), dz.data<T>(), dw.data<T>());
          });
        },
        x, dz, dw);
  }
  if (need[2]) {
    db = detail::make_tensor({sizes.n}, dtype);
    launch([sizes](Read dz, Write db) { kernels::reduce_sum(dz.dtype(), dz.bytes(), db.bytes(), 1, sizes.m, sizes.n); },
           dz, db);
  }
  return {dx, dw, db};
}

/// The same in public ops.
Grads dense_grads_by_ops(const Tensor& x, const Tensor& w, const Tensor& dz, const DenseSizes& sizes, Needs need) {
  const auto [m, n, k] = sizes;
  const Tensor rows = dz.rank() == 2 ? dz : reshape(dz, {m, n});
  Tensor dx, dw, db;
  if (need[0]) {
    dx = matmul(rows, w, {.transpose_b = true});
    if (x.defined() && x.rank() != 2) dx = reshape(dx, x.shape());
  }
  if (need[1]) dw = matmul(x.rank() == 2 ? x : reshape(x, {m, k}), rows, {.transpose_a = true});
  if (need[2]) db = reduce_sum(rows, 0);
  return Grads{dx, dw, db};
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  XTAPE_NOTE(linear, x, w, b);
  return detail::dense(x, w, b, /*relu=*/false);
}

Tensor detail::dense_jvp(Tangents t, const Tensor& x, const Tensor& w, const Tensor& y, bool relu) {
  Tensor dz;
  if (t[0].defined()) dz = dense(t[0], w, t[2], /*relu=*/false);
  if (t[1].defined()) {
    const Tensor more = dense(x, t[1], dz.defined() ? Tensor() : t[2], /*relu=*/false);
    dz = dz.defined() ? dz + more : more;
  }
  if (!dz.defined()) dz = broadcast(cast(t[2], y.dtype()), y.shape());
  return relu ? relu_grad(dz, y) : dz;
}

Tensor detail::dense(const Tensor& x, const Tensor& w, const Tensor& b, bool relu) {
  XTAPE_NOTE(detail::dense, x, w, b, relu);
  const char* op = "linear";
  // Mixed precision: bfloat16 inputs may have float32 weights.
  const auto check_weights = [&](const Tensor& t) {
    if (x.dtype() != bfloat16 || t.dtype() != float32) check_operands(op, x, t);
  };
  check_weights(w);
  if (x.rank() < 1 || w.rank() != 2 || x.shape().back() != w.shape()[0]) {
    fail<ValueError>(op, "expected [..., k] x [k, n]: {} x {}", x.shape(), w.shape());
  }
  const std::int64_t k = w.shape()[0], n = w.shape()[1];
  if (b.defined()) {
    check_weights(b);
    if (b.shape() != Shape{n}) fail<ValueError>(op, "expected a bias of shape ({},): received {}", n, b.shape());
  }
  if (x.dtype() == bfloat16) return dense_bf16(x, w, b, relu);
  Shape shape = x.shape();
  shape[shape.rank() - 1] = n;
  Tensor y = make_tensor(shape, x.dtype(), op);
  const std::int64_t m = k == 0 ? y.size() / std::max<std::int64_t>(n, 1) : x.size() / k;
  launch(
      [m, n, k, relu](Read x, Read w, Read bias, Write y) {
        kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::gemm_bias_act(false, false, m, n, k, x.data<T>(), k, w.data<T>(), n, bias.data<T>(), relu,
                                 y.data<T>(), n);
        });
      },
      x, w, b, y);
  return record(
      relu ? "dense_relu" : "linear", {x, w, b}, std::move(y),
      [&](Tracked tracked) {
        return [x = tracked[1] || x.rank() != 2 ? x : Tensor(), w = tracked.if_for(0, w), y = relu ? y : Tensor(), m, n,
                k](const Tensor& dy, Needs need) {
          const Tensor dz = y.defined() ? relu_grad(dy, y) : dy;
          const DenseSizes sizes{m, n, k};
          return fused_or_ops(
              {dz, x, w}, [&] { return dense_grads(x, w, dz, sizes, need); },
              [&] { return dense_grads_by_ops(x, w, dz, sizes, need); });
        };
      },
      [&](Tangents t) { return dense_jvp(t, x, w, y, relu); });
}

}  // namespace xtape
