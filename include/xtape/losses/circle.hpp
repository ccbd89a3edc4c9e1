#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// Keyword arguments of the function circle.
struct CircleArguments {
  Tensor ref_labels = {};       ///< [references]; y_true unless given
  Tensor ref_embeddings = {};   ///< [references, n]; y_pred unless given
  bool remove_diagonal = true;  ///< the i-th reference is not compared with the i-th sample
  double gamma = 80;            ///< the scale
  double margin = 0.4;          ///< how far from their best values similarities may be
};

/// Circle loss (Sun et al., 2020; keras.losses.circle) of integer labels [batch] and embeddings of norm 1 [batch, n]:
/// with the distances d = max(1 - y_pred ref_embeddings^T, 0), softplus of
///
///     log sum e^(gamma (m + d) (d - m)) over references of the same label, plus
///     log sum e^(gamma max(1 + m - d, 0) (1 - m - d)) over those of others
///
/// Gives [batch], with a mask of those that are not 0, over which means are taken. Throws a ValueError for other
/// shapes.
Tensor circle(const Tensor& y_true, const Tensor& y_pred, const CircleArguments& options = {});

/// Keyword arguments of Circle.
struct CircleOptions {
  double gamma = 80;            ///< the scale
  double margin = 0.4;          ///< how far from their best values similarities may be
  bool remove_diagonal = true;  ///< a sample is not compared with itself
  std::string reduction = "sum_over_batch_size";
  std::string name = "circle";

  XTAPE_FIELDS(gamma, margin, remove_diagonal, reduction, name)
};

/// circle as an object.
class Circle : public LossFunctionWrapper {
 public:
  explicit Circle(const CircleOptions& options = {});
  XTAPE_FIRST_OPTIONS(Circle, CircleOptions, 1)
};

}  // namespace xtape::losses
