#include "xtape/losses/triplet.hpp"

#include "losses/embeddings.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/statistics.hpp"

namespace xtape::losses {

Tensor triplet_margin(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                      const TripletMarginArguments& options) {
  const char* op = "triplet_margin";
  if (anchor.rank() < 1 || positive.shape() != anchor.shape() || negative.shape() != anchor.shape()) {
    detail::fail<ValueError>(op, "expected three tensors of one shape [..., n], received {}, {} and {}", anchor.shape(),
                             positive.shape(), negative.shape());
  }
  if (!(options.p >= 1)) detail::fail<ValueError>(op, "expected p >= 1, received {}", options.p);
  const Tensor a = detail::as_floats(anchor), p = cast(positive, a.dtype()), n = cast(negative, a.dtype());
  const auto distance = [&](const Tensor& x, const Tensor& y) {
    return norm(x - y + options.eps, {.ord = options.p}, -1);
  };
  Tensor far = distance(a, n);
  if (options.swap) far = minimum(far, distance(p, n));
  return maximum(distance(a, p) - far + options.margin, 0);
}

namespace {

/// |x_i - x_j| of all rows; between equal ones 0, with a gradient of 0.
Tensor distances_of(const Tensor& x) {
  const Tensor squares = reduce_sum(square(x), 1);
  const Tensor difference = expand_dims(squares, 1) + expand_dims(squares, 0) - 2 * matmul(x, x, {.transpose_b = true});
  const Tensor place = arange(x.shape()[0]);
  const Tensor apart = (difference > 0) & (expand_dims(place, 1) != expand_dims(place, 0));
  return where(apart, sqrt(where(apart, difference, 1)), 0);
}

}  // namespace

Tensor triplet_semihard(const Tensor& y_true, const Tensor& y_pred, double margin) {
  const Tensor labels = detail::labels_of_embeddings("triplet_semihard", y_true, y_pred);
  const Tensor distances = distances_of(detail::as_floats(y_pred)), place = arange(labels.size());
  const std::int64_t size = labels.size();
  if (size == 0) return zeros({}, distances.dtype());
  const Tensor same = expand_dims(labels, 1) == expand_dims(labels, 0);
  const Tensor positive = same & (expand_dims(place, 1) != expand_dims(place, 0));
  // Of anchor a, positive p and negative n: [a, p, n].
  const Tensor near = expand_dims(distances, 2), far = expand_dims(distances, 1);
  const Tensor outside = logical_not(expand_dims(same, 1)) & (far > near);
  constexpr double infinity = 1e30;
  const Tensor nearest = reduce_min(where(outside, broadcast_to(far, {size, size, size}), infinity), 2);
  const Tensor farthest = reduce_max(where(same, 0, distances), 1, true);  // 0 where all have one label
  const Tensor negatives = where(reduce_any(outside, 2), nearest, broadcast_to(farthest, {size, size}));
  const Tensor losses = where(positive, maximum(distances - negatives + margin, 0), 0);
  return reduce_sum(losses) / maximum(reduce_sum(cast(positive, distances.dtype())), 1);
}

TripletSemiHard::TripletSemiHard(const TripletSemiHardOptions& options)
    : LossFunctionWrapper(
          [margin = options.margin](const Tensor& y_true, const Tensor& y_pred) {
            return triplet_semihard(y_true, y_pred, margin);
          },
          options) {}

}  // namespace xtape::losses
