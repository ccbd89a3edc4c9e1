#include "xtape/losses/circle.hpp"

#include "losses/embeddings.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::losses {

Tensor circle(const Tensor& y_true, const Tensor& y_pred, const CircleArguments& options) {
  const char* op = "circle";
  const Tensor labels = detail::labels_of_embeddings(op, y_true, y_pred), embeddings = detail::as_floats(y_pred);
  const Tensor ref_embeddings =
      options.ref_embeddings.defined() ? cast(options.ref_embeddings, embeddings.dtype()) : embeddings;
  const Tensor ref_labels =
      options.ref_labels.defined() ? detail::labels_of_embeddings(op, options.ref_labels, ref_embeddings) : labels;
  if (ref_labels.size() != ref_embeddings.shape()[0] || ref_embeddings.shape()[1] != embeddings.shape()[1]) {
    detail::fail<ValueError>(op, "expected references [references, {}] with as many labels, received {} and {} labels",
                             embeddings.shape()[1], ref_embeddings.shape(), ref_labels.size());
  }
  const Tensor distances = maximum(1 - matmul(embeddings, ref_embeddings, {.transpose_b = true}), 0);
  const Tensor same = expand_dims(labels, 1) == expand_dims(ref_labels, 0);
  Tensor positive = same;
  if (options.remove_diagonal) {
    positive = same & (expand_dims(arange(labels.size()), 1) != expand_dims(arange(ref_labels.size()), 0));
  }
  const double margin = options.margin;
  const Tensor pull = options.gamma * (margin + distances) * (distances - margin);
  const Tensor push = options.gamma * maximum(1 + margin - distances, 0) * (1 - margin - distances);
  // Finite, so that a sample without any such reference has the loss 0 and a gradient of 0.
  constexpr double lowest = -1e30;
  const Tensor losses = nn::softplus(reduce_logsumexp(where(positive, pull, lowest), 1) +
                                     reduce_logsumexp(where(logical_not(same), push, lowest), 1));
  return with_mask(losses, losses > 0);
}

Circle::Circle(const CircleOptions& options)
    : LossFunctionWrapper(
          [gamma = options.gamma, margin = options.margin, remove_diagonal = options.remove_diagonal](
              const Tensor& y_true, const Tensor& y_pred) {
            return circle(y_true, y_pred, {.remove_diagonal = remove_diagonal, .gamma = gamma, .margin = margin});
          },
          options) {}

}  // namespace xtape::losses
