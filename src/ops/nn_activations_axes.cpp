// Activations along an axis.
#include <algorithm>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/launch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/sparsemax.hpp"
#include "ops/elementwise.hpp"
#include "ops/fused_gradient.hpp"
#include "ops/in_float32.hpp"
#include "ops/through_last_axis.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape {

using detail::launch;
using detail::Read;
using detail::Write;

namespace {

/// The halves of x [outer, 2, n], where n are the elements of a half after the axis.
struct Halves {
  std::int64_t outer = 1, n = 1;
};
Halves halves_of(const Shape& shape, int axis) {
  Halves halves;
  for (int i = 0; i < shape.rank(); ++i) (i < axis ? halves.outer : halves.n) *= i == axis ? shape[i] / 2 : shape[i];
  return halves;
}

/// Calls f(in, out, count) for pieces of the halves: `in` is a place in x and its gradient, whose other half begins n
/// elements later, `out` one in y and its gradient. Pieces are short, so that what they read twice is in the cache.
template <class F>
void for_pieces(const Halves& halves, const F& f) {
  const std::int64_t n = halves.n;
  kernels::parallel_for(halves.outer * n, kernels::elementwise_grain / 4, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t longest = 2048;
    while (begin < end) {
      const std::int64_t row = begin / n, count = std::min({end - begin, (row + 1) * n - begin, longest});
      f(begin + row * n, begin, count);
      begin += count;
    }
  });
}

/// y = f(in...) of `count` elements.
template <class T, class F, class... In>
void run(const F& f, std::int64_t count, T* y, const In*... in) {
  const void* const operands[] = {in...};
  constexpr std::int64_t steps[] = {(static_cast<void>(sizeof(In)), std::int64_t{1})...};
  kernels::elementwise_loop<T, T, sizeof...(In), F>(&f, count, y, operands, steps);
}

/// 1 / (1 + e^-v)
template <class V>
V logistic(const V& v) {
  const V e = exp(-xsimd::abs(v));
  return select(v < V(0), e, V(1)) / (V(1) + e);
}

Tensor glu_grad(const Tensor& dy, const Tensor& x, int axis) {
  Tensor dx = detail::make_tensor(x.shape(), x.dtype());
  launch(
      [halves = halves_of(x.shape(), axis)](Read dy, Read x, Write dx) {
        kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
          const T *g = dy.data<T>(), *a = x.data<T>(), *b = a + halves.n;
          T *da = dx.data<T>(), *db = da + halves.n;
          for_pieces(halves, [&](std::int64_t in, std::int64_t out, std::int64_t count) {
            run([](auto g, auto b) { return g * logistic(b); }, count, da + in, g + out, b + in);
            run(
                [](auto g, auto a, auto b) {
                  using V = decltype(b);
                  const V e = exp(-xsimd::abs(b)), total = V(1) + e;
                  return g * a * (e / (total * total));
                },
                count, db + in, g + out, a + in, b + in);
          });
        });
      },
      dy, x, dx);
  return dx;
}

Tensor glu_of(const Tensor& x, int axis) {
  Shape shape = x.shape();
  shape[axis] /= 2;
  Tensor y = detail::make_tensor(shape, x.dtype());
  launch(
      [halves = halves_of(x.shape(), axis)](Read x, Write y) {
        kernels::visit_floating(x.dtype(), [&]<class T>(kernels::Type<T>) {
          const T *a = x.data<T>(), *b = a + halves.n;
          T* to = y.data<T>();
          for_pieces(halves, [&](std::int64_t in, std::int64_t out, std::int64_t count) {
            run([](auto a, auto b) { return a * logistic(b); }, count, to + out, a + in, b + in);
          });
        });
      },
      x, y);
  return record("glu", {x}, std::move(y), [&] {
    return [x, axis](const Tensor& dy) {
      return detail::fused_or_ops(
          {dy, x}, [&] { return Grads{glu_grad(dy, x, axis)}; },
          [&] {
            const Tensors parts = split(x, 2, axis);
            const Tensor through = dy * sigmoid(parts[1]);
            return Grads{concat({through, through * parts[0] * sigmoid(-parts[1])}, axis)};
          });
    };
  });
}

/// Linear in dy and symmetric, so its gradient for dy is the same function.
Tensor sparsemax_grad(const Tensor& dy, const Tensor& y) {
  Tensor dx = detail::make_tensor(y.shape(), y.dtype());
  launch(
      [](Read dy, Read y, Write dx) {
        const std::int64_t n = y.shape().back(), rows = n == 0 ? 0 : y.size() / n;
        kernels::visit_floating(y.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::sparsemax_grad(dy.data<T>(), y.data<T>(), dx.data<T>(), rows, n);
        });
      },
      dy, y, dx);
  return record(
      "sparsemax_grad", {dy}, std::move(dx),
      [&] { return [y](const Tensor& g) { return Grads{sparsemax_grad(g, y)}; }; },
      [&](const Tensor& t) { return sparsemax_grad(t, y); });
}

Tensor sparsemax_last(const Tensor& x) {
  if (x.dtype() == bfloat16) return detail::in_float32(sparsemax_last, x);
  Tensor y = detail::make_tensor(x.shape(), x.dtype());
  launch(
      [](Read x, Write y) {
        const std::int64_t n = x.shape().back(), rows = n == 0 ? 0 : x.size() / n;
        kernels::visit_floating(
            x.dtype(), [&]<class T>(kernels::Type<T>) { kernels::sparsemax(x.data<T>(), y.data<T>(), rows, n); });
      },
      x, y);
  return record(
      "sparsemax", {x}, y, [&] { return [y](const Tensor& dy) { return Grads{sparsemax_grad(dy, y)}; }; },
      [&](const Tensor& t) { return sparsemax_grad(t, y); });
}

}  // namespace

namespace nn {

Tensor glu(const Tensor& x) {
  XTAPE_NOTE(nn::glu, x);
  return glu(x, -1);
}
Tensor glu(const Tensor& x, int axis) {
  XTAPE_NOTE(nn::glu, x, axis);
  detail::expect_floating("glu", x.dtype());
  const int at = detail::normal_axis("glu", axis, x.rank());
  if (x.shape()[at] % 2 != 0) {
    detail::fail<ValueError>("glu", "expected an even size along axis {}, received shape {}", axis, x.shape());
  }
  return x.dtype() == bfloat16 ? detail::in_float32(glu_of, x, at) : glu_of(x, at);
}

Tensor sparsemax(const Tensor& x) {
  XTAPE_NOTE(nn::sparsemax, x);
  return sparsemax(x, -1);
}
Tensor sparsemax(const Tensor& x, int axis) {
  XTAPE_NOTE(nn::sparsemax, x, axis);
  detail::expect_floating("sparsemax", x.dtype());
  return detail::through_last_axis(x, detail::normal_axis("sparsemax", axis, x.rank()), sparsemax_last);
}

}  // namespace nn
}  // namespace xtape
