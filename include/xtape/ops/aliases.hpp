#pragma once

#include <cstdint>

#include "xtape/base/list_of.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/bitwise.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/counting.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/quantile.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/segments.hpp"
#include "xtape/ops/statistics.hpp"

// Other names of ops, NumPy's, Keras's (keras.ops) and TensorFlow's. Each calls the op that has its description.
namespace xtape {

/// concat() along the first axis unless another is given.
inline Tensor concatenate(ListOf<Tensor> values, int axis = 0) { return concat(values, axis); }
/// gather(); without an axis x is flattened first. Unlike NumPy's, indices count from the beginning only.
inline Tensor take(const Tensor& x, const Tensor& indices) { return gather(flatten(x), indices); }
inline Tensor take(const Tensor& x, const Tensor& indices, int axis) { return gather(x, indices, axis); }
/// The places where a condition is true: argwhere() (tf.where with one argument).
inline Tensor where(const Tensor& condition) { return argwhere(condition); }
/// searchsorted() on the right: the number of bins' edges that are not above x (np.digitize of ascending bins).
inline Tensor digitize(const Tensor& x, const Tensor& bins) { return searchsorted(bins, x, {.side = "right"}); }
/// unsorted_segment_sum() and unsorted_segment_max(), as Keras's segment_sum and segment_max with num_segments.
inline Tensor segment_sum(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments) {
  return unsorted_segment_sum(data, segment_ids, num_segments);
}
inline Tensor segment_max(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments) {
  return unsorted_segment_max(data, segment_ids, num_segments);
}
/// dot() of the flattened tensors.
inline Tensor vdot(const Tensor& a, const Tensor& b) { return dot(flatten(a), flatten(b)); }
/// reverse()
inline Tensor flip(const Tensor& x, int axis) { return reverse(x, {axis}); }
inline Tensor flip(const Tensor& x, ListOf<int> axes) { return reverse(x, axes); }
/// clip_by_value()
inline Tensor clip(const Tensor& x, const Tensor& low, const Tensor& high) { return clip_by_value(x, low, high); }
/// tensor_scatter_add() and tensor_scatter_update()
inline Tensor tensor_scatter_nd_add(const Tensor& x, const Tensor& indices, const Tensor& updates) {
  return tensor_scatter_add(x, indices, updates);
}
inline Tensor tensor_scatter_nd_update(const Tensor& x, const Tensor& indices, const Tensor& updates) {
  return tensor_scatter_update(x, indices, updates);
}

/// reduce_sum(), reduce_mean(), reduce_prod(), reduce_variance(), reduce_logsumexp(). The namespace `ops` has max, min,
/// all, any and std.
inline Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_sum(x, axes, keepdims);
}
inline Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_mean(x, axes, keepdims);
}
inline Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_prod(x, axes, keepdims);
}
inline Tensor var(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_variance(x, axes, keepdims);
}
inline Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_logsumexp(x, axes, keepdims);
}

/// quantile() of q / 100.
inline Tensor percentile(const Tensor& x, const Tensor& q, const Axes& axes = {}, const QuantileOptions& options = {},
                         bool keepdims = false) {
  return quantile(x, q / 100.0, axes, options, keepdims);
}
/// pow(), divide(), floordiv(), mod(), abs()
inline Tensor power(const Tensor& a, const Tensor& b) { return pow(a, b); }
inline Tensor true_divide(const Tensor& a, const Tensor& b) { return divide(a, b); }
inline Tensor floor_divide(const Tensor& a, const Tensor& b) { return floordiv(a, b); }
inline Tensor remainder(const Tensor& a, const Tensor& b) { return mod(a, b); }
inline Tensor absolute(const Tensor& x) { return abs(x); }
/// pow() in float64.
inline Tensor float_power(const Tensor& a, const Tensor& b) { return pow(cast(a, float64), cast(b, float64)); }
/// bitwise_not(), bitwise_left_shift(), bitwise_right_shift()
inline Tensor bitwise_invert(const Tensor& x) { return bitwise_not(x); }
inline Tensor left_shift(const Tensor& a, const Tensor& b) { return bitwise_left_shift(a, b); }
inline Tensor right_shift(const Tensor& a, const Tensor& b) { return bitwise_right_shift(a, b); }
/// asin(), acos(), atan(), atan2(), asinh(), acosh(), atanh()
inline Tensor arcsin(const Tensor& x) { return asin(x); }
inline Tensor arccos(const Tensor& x) { return acos(x); }
inline Tensor arctan(const Tensor& x) { return atan(x); }
inline Tensor arctan2(const Tensor& y, const Tensor& x) { return atan2(y, x); }
inline Tensor arcsinh(const Tensor& x) { return asinh(x); }
inline Tensor arccosh(const Tensor& x) { return acosh(x); }
inline Tensor arctanh(const Tensor& x) { return atanh(x); }
/// is_nan(), is_inf(), is_finite()
inline Tensor isnan(const Tensor& x) { return is_nan(x); }
inline Tensor isinf(const Tensor& x) { return is_inf(x); }
inline Tensor isfinite(const Tensor& x) { return is_finite(x); }

/// nn::softplus()
using nn::softplus;
namespace linalg {
using ::xtape::norm;
}

/// Keyword arguments of isclose and allclose.
struct CloseOptions {
  double rtol = 1e-5;      ///< the difference may be this fraction of |b|
  double atol = 1e-8;      ///< and this
  bool equal_nan = false;  ///< whether NaN is close to NaN
};
/// Whether |a - b| <= atol + rtol |b|, of each element; infinities are close to themselves alone (np.isclose). Of
/// integers too. Broadcasts.
Tensor isclose(const Tensor& a, const Tensor& b, const CloseOptions& options = {});
/// Whether all elements are (np.allclose).
bool allclose(const Tensor& a, const Tensor& b, const CloseOptions& options = {});

/// keras.ops: all ops of tensors, those of `nn` and `linalg` too, under one name. Also those whose names in `xtape`
/// would be in the way: `ops::max` is reduce_max, `ops::std` is reduce_std.
namespace ops {
/// What keras.ops has under one name.
using namespace ::xtape;
using namespace ::xtape::nn;
using namespace ::xtape::linalg;
using ::xtape::sigmoid;  // `nn` has them too
using ::xtape::tanh;

/// reduce_max(), reduce_min(), reduce_all(), reduce_any(), reduce_std()
inline Tensor max(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_max(x, axes, keepdims);
}
inline Tensor min(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_min(x, axes, keepdims);
}
inline Tensor all(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_all(x, axes, keepdims);
}
inline Tensor any(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_any(x, axes, keepdims);
}
inline Tensor std(const Tensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_std(x, axes, keepdims);
}
}  // namespace ops

/// tf.math
namespace math = ops;
/// keras.activations
namespace activations = nn;

}  // namespace xtape
