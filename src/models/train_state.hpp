#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "xtape/metrics/mean.hpp"
#include "xtape/models/training.hpp"

namespace xtape::detail {

class FunctionalGraph;

/// The state that compile() makes and fit() uses.
class TrainState {
 public:
  /// `one_output`: whether the model is known to have one output.
  TrainState(const CompileOptions& options, bool one_output);

  std::shared_ptr<optimizers::Optimizer> optimizer;
  bool stop_training = false;
  std::atomic<std::uint64_t> passes{0};  ///< how many times the metrics have begun anew
  std::shared_ptr<xtape::metrics::Mean> loss_tracker;
  /// Locked while metrics are updated, so that evaluations in several threads take turns.
  std::recursive_mutex figures;

  /// A metric that is in use.
  struct Used {
    std::shared_ptr<xtape::metrics::PredictionMetric> metric;
    std::size_t output;
    bool weighted;
    std::string name;  ///< its name in the logs
  };
  /// One of the model's outputs.
  struct Output {
    std::string name;
    AnyLoss loss;  ///< may be empty
    double loss_weight;
    std::vector<AnyMetric> metrics, weighted_metrics;
    std::size_t needing_before;  ///< how many outputs before it need labels

    bool needs_labels() const { return loss || !metrics.empty() || !weighted_metrics.empty(); }
    /// The running mean of its loss, and its loss in the current step; only if there are several outputs.
    std::shared_ptr<xtape::metrics::Mean> loss_tracker = {};
    Tensor loss_value = {};
  };

  /// Sets the outputs once they are known: for a functional model in compile(), for others in the first batch. `graph`
  /// is that of a functional model, or null. Throws a ValueError if the compiled losses and metrics do not fit, or the
  /// number of outputs has changed.
  void settle(std::size_t count, const FunctionalGraph* graph);
  std::vector<Output>& outputs() noexcept { return outputs_; }

  /// The labels of an output. y has one tensor for each output (empty if it needs no labels), or one for each output
  /// that needs labels. Throws a ValueError for other numbers, and for missing labels.
  const Tensor& labels(const char* method, const TensorList& y, std::size_t output) const;

  /// The metrics of all outputs. They are made in the first batch, because "accuracy" depends on the shapes.
  const std::vector<Used>& metrics(const TensorList& y, const TensorList& y_pred);
  /// The metrics made so far.
  const std::vector<Used>& metrics() const noexcept { return used_; }

  void reset_metrics();

  /// The losses, loss weights and metrics as they were compiled.
  const Losses& compiled_losses() const noexcept { return losses_; }
  const LossWeights& compiled_loss_weights() const noexcept { return loss_weights_; }
  const Metrics& compiled_metrics() const noexcept { return metrics_; }
  const Metrics& compiled_weighted_metrics() const noexcept { return weighted_metrics_; }

 private:
  Losses losses_;
  LossWeights loss_weights_;
  Metrics metrics_, weighted_metrics_;
  std::vector<Output> outputs_;  ///< empty until they are known
  std::size_t needing_ = 0;      ///< how many of them need labels
  std::vector<Used> used_;
  bool metrics_made_ = false;
};

/// What the handles of a model share besides the state of a layer.
struct ModelState {
  std::shared_ptr<TrainState> train;  ///< null before compile()
  std::vector<std::shared_ptr<xtape::metrics::Metric>> tracked_metrics;
  bool looked_for_untrained = false;  ///< variables, in a training step
};

}  // namespace xtape::detail
