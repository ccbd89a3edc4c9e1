#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

// Family: losses of triplets of an embedding, one that shall be near and one that shall be far.
namespace xtape::losses {

/// Keyword arguments of triplet_margin.
struct TripletMarginArguments {
  double margin = 1;
  double p = 2;       ///< of the norm
  double eps = 1e-6;  ///< is added to differences
  bool swap = false;  ///< takes the distance of positive and negative where it is smaller than that of the anchor
};

/// max(d(anchor, positive) - d(anchor, negative) + margin, 0) with d(x, y) = |x - y + eps|_p along the last axis
/// (PyTorch's triplet_margin_loss): three tensors [..., n] -> [...]. Throws a ValueError for shapes that differ and
/// unless p >= 1.
Tensor triplet_margin(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                      const TripletMarginArguments& options = {});

/// Of integer labels [batch] and embeddings [batch, n], the mean of max(d(a, p) - d(a, n) + margin, 0) over all pairs
/// a, p of one label, where n is the nearest embedding of another label that is farther from a than p is, or the
/// farthest one of another label if none is (Schroff et al., 2015; TensorFlow Addons' triplet_semihard_loss with
/// distance "L2"). One number; 0 without pairs. Throws a ValueError for other shapes.
Tensor triplet_semihard(const Tensor& y_true, const Tensor& y_pred, double margin = 1);

/// Keyword arguments of TripletSemiHard.
struct TripletSemiHardOptions {
  double margin = 1;
  std::string reduction = "sum_over_batch_size";
  std::string name = "triplet_semihard";

  XTAPE_FIELDS(margin, reduction, name)
};

/// triplet_semihard as an object.
class TripletSemiHard : public LossFunctionWrapper {
 public:
  explicit TripletSemiHard(const TripletSemiHardOptions& options = {});
  XTAPE_FIRST_OPTIONS(TripletSemiHard, TripletSemiHardOptions, 1)
};

}  // namespace xtape::losses
