#pragma once

#include <memory>
#include <string>
#include <vector>

#include "xtape/metrics/mean.hpp"
#include "xtape/models/training.hpp"

namespace xtape::detail {

/// What compile() sets up, and fit() keeps.
struct TrainState {
  explicit TrainState(const CompileOptions& options);

  std::shared_ptr<optimizers::Optimizer> optimizer;
  Losses losses;
  std::vector<double> loss_weights;
  std::vector<AnyMetric> metrics, weighted_metrics;
  bool stop_training = false;

  std::shared_ptr<xtape::metrics::Mean> loss_tracker;
  /// With several outputs, the running mean of each one's loss; its value in the step at hand, undefined for an output
  /// without a loss.
  std::vector<std::shared_ptr<xtape::metrics::Mean>> output_loss_trackers;
  std::vector<Tensor> output_losses;

  /// A metric that is in use, from the first batch on: "accuracy" needs to see shapes.
  struct Used {
    std::shared_ptr<xtape::metrics::PredictionMetric> metric;
    std::size_t output;
    bool weighted;
    std::string name;
  };
  std::vector<Used> used;
  bool resolved = false;

  /// `names`: of the model's outputs; empty for a model whose outputs have none.
  void resolve(const TensorList& y, const TensorList& y_pred, const std::vector<std::string>& names);
  void reset_metrics();
};

}  // namespace xtape::detail
