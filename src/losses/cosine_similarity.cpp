#include "xtape/losses/cosine_similarity.hpp"

#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/reduce.hpp"

// -sum(t / |t| p / |p|): between -1, for vectors of one direction, and 1.
namespace xtape::losses {
namespace {

/// x / |x|, and 0 for 0.
Tensor direction(const Tensor& x, int axis) { return nn::l2_normalize(x, axis, 1e-24); }

}  // namespace

Tensor cosine_similarity(const Tensor& y_true, const Tensor& y_pred, int axis) {
  const auto [target, prediction] = detail::paired("cosine_similarity", y_true, y_pred);
  return -reduce_sum(direction(target, axis) * direction(prediction, axis), axis);
}

CosineSimilarity::CosineSimilarity(const CosineSimilarityOptions& options)
    : LossFunctionWrapper(
          [axis = options.axis](const Tensor& y_true, const Tensor& y_pred) {
            return cosine_similarity(y_true, y_pred, axis);
          },
          options) {}

}  // namespace xtape::losses
