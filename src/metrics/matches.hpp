#pragma once

#include <cstdint>
#include <span>

#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "xtape/core/tensor.hpp"

// The loops of accuracies: one pass over the predictions instead of several ops.
namespace xtape::detail {

/// The index of the first largest element of a row; NaN counts as largest.
template <class T>
std::int64_t largest(const T* row, std::int64_t n) {
  std::int64_t at = 0;
  for (std::int64_t i = 1; i < n && row[at] == row[at]; ++i) {
    if (!(row[i] <= row[at])) at = i;
  }
  return at;
}

/// Calls f(elements) with the elements of a tensor: float32 as they are, other dtypes as float64.
template <class F>
void visit_floating(const Tensor& t, F&& f) {
  if (t.dtype() == float32 && !t.impl()->weak) {
    f(host_read("Metric", t).data<float>());
  } else {
    const Tensor wide = convert(t, float64);
    f(host_read("Metric", wide).data<double>());
  }
}

/// A tensor of the given shape with the 0 or 1 of hit(row of y_pred, its size, number of the row) for each row along
/// the last axis.
template <class F>
Tensor hits_of_rows(const Tensor& y_pred, const Shape& shape, F&& hit) {
  Tensor hits = make_tensor(shape, float64);
  const std::int64_t n = y_pred.shape().back();
  double* out = host_write("Metric", hits).data<double>();
  visit_floating(y_pred, [&](const auto* row) {
    for (std::int64_t r = 0; r < hits.size(); ++r) out[r] = hit(row + r * n, n, r) ? 1 : 0;
  });
  return hits;
}

}  // namespace xtape::detail
