#include "xtape/ops/clip.hpp"

#include <limits>
#include <optional>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

void check_floating(const char* op, const Tensor& x) { detail::expect_floating(op, x.dtype()); }

/// f(t) for an f that maps zeros to zeros; for a sparse tensor it is applied only to the rows.
template <class F>
Tensor on_rows(const Tensor& t, const F& f) {
  const auto slices = is_recording() ? std::nullopt : indexed_slices(t);
  if (!slices) return f(t);
  const IndexedSlices rows = combined(*slices);
  return to_tensor({f(rows.values), rows.indices, rows.dense_shape});
}

/// The elements that a norm needs: for a sparse tensor those of its rows, with repeated rows added up.
Tensor elements(const Tensor& t) {
  const auto slices = is_recording() ? std::nullopt : indexed_slices(t);
  return slices ? combined(*slices).values : t;
}

/// The norm of all tensors together, computed as the norm of their norms.
Tensor norm_of_all(const char* op, std::span<const Tensor> tensors) {
  Tensors norms;
  for (const auto& t : tensors) {
    if (!t.defined()) continue;
    check_floating(op, t);
    if (!norms.empty() && norms[0].dtype() != t.dtype()) {
      detail::fail<TypeError>(op, "dtypes differ: {} and {}, cast one of them", norms[0].dtype(), t.dtype());
    }
    norms.push_back(norm(elements(t)));
  }
  if (norms.empty()) {
    detail::fail<ValueError>(op, "expected at least one tensor, received {} empty ones", tensors.size());
  }
  return norms.size() == 1 ? norms[0] : norm(stack(norms));
}

}  // namespace

Tensor clip_by_norm(const Tensor& x, const Tensor& clip_norm, const Axes& axes) {
  XTAPE_NOTE(clip_by_norm, x, clip_norm, axes);
  check_floating("clip_by_norm", x);
  if (axes.all()) {
    const Tensor factor = clip_norm / maximum(norm(elements(x)), clip_norm);
    return on_rows(x, [&](const Tensor& t) { return t * factor; });
  }
  return x * (clip_norm / maximum(norm(x, {}, axes, true), clip_norm));
}

Tensor global_norm(std::span<const Tensor> tensors) {
  XTAPE_NOTE(global_norm, tensors);
  return norm_of_all("global_norm", tensors);
}

std::pair<Tensors, Tensor> clip_by_global_norm(std::span<const Tensor> tensors, const Tensor& clip_norm) {
  XTAPE_NOTE(clip_by_global_norm, tensors, clip_norm);
  const Tensor all = norm_of_all("clip_by_global_norm", tensors);
  const Tensor factor =
      where(is_finite(all), clip_norm / maximum(all, clip_norm), std::numeric_limits<double>::quiet_NaN());
  Tensors clipped;
  for (const auto& t : tensors) {
    clipped.push_back(t.defined() ? on_rows(t, [&](const Tensor& part) { return part * factor; }) : Tensor());
  }
  return {std::move(clipped), all};
}

}  // namespace xtape
