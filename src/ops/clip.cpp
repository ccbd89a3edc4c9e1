#include "xtape/ops/clip.hpp"

#include <limits>
#include <optional>

#include "core/check.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

void check_floating(const char* op, const Tensor& x) {
  if (!is_floating(x.dtype())) detail::fail<TypeError>(op, "expected a floating tensor, received {}", x.dtype());
}

/// f(t) where f keeps zeros: of a sparse tensor, of its rows alone.
template <class F>
Tensor on_rows(const Tensor& t, const F& f) {
  const auto slices = is_recording() ? std::nullopt : indexed_slices(t);
  if (!slices) return f(t);
  const IndexedSlices rows = combined(*slices);
  return to_tensor({f(rows.values), rows.indices, rows.dense_shape});
}

/// The elements that count in a norm: of a sparse tensor, those of its rows, each once.
Tensor elements(const Tensor& t) {
  const auto slices = is_recording() ? std::nullopt : indexed_slices(t);
  return slices ? combined(*slices).values : t;
}

/// The square root with gradient 0 at 0.
Tensor safe_sqrt(const Tensor& x) {
  const Tensor positive = x > 0;
  return where(positive, sqrt(where(positive, x, 1)), x);
}

Tensor sum_of_squares(const char* op, std::span<const Tensor> tensors) {
  Tensor sum;
  for (const auto& t : tensors) {
    if (!t.defined()) continue;
    check_floating(op, t);
    if (sum && sum.dtype() != t.dtype()) {
      detail::fail<TypeError>(op, "dtypes differ: {} and {}, cast one of them", sum.dtype(), t.dtype());
    }
    const Tensor part = reduce_sum(square(elements(t)));
    sum = sum ? sum + part : part;
  }
  if (!sum.defined())
    detail::fail<ValueError>(op, "expected at least one tensor, received {} empty ones", tensors.size());
  return sum;
}

}  // namespace

Tensor clip_by_norm(const Tensor& x, const Tensor& clip_norm, const Axes& axes) {
  check_floating("clip_by_norm", x);
  if (axes.all()) {
    const Tensor norm = safe_sqrt(reduce_sum(square(elements(x))));
    return on_rows(x, [&](const Tensor& t) { return t * clip_norm / maximum(norm, clip_norm); });
  }
  const Tensor norm = safe_sqrt(reduce_sum(square(x), axes, true));
  return x * clip_norm / maximum(norm, clip_norm);
}

Tensor global_norm(std::span<const Tensor> tensors) { return safe_sqrt(sum_of_squares("global_norm", tensors)); }

std::pair<Tensors, Tensor> clip_by_global_norm(std::span<const Tensor> tensors, const Tensor& clip_norm) {
  const Tensor norm = safe_sqrt(sum_of_squares("clip_by_global_norm", tensors));
  const Tensor factor =
      where(is_finite(norm), clip_norm / maximum(norm, clip_norm), std::numeric_limits<double>::quiet_NaN());
  Tensors clipped;
  for (const auto& t : tensors) {
    clipped.push_back(t ? on_rows(t, [&](const Tensor& part) { return part * factor; }) : Tensor());
  }
  return {std::move(clipped), norm};
}

}  // namespace xtape
