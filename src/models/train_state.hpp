#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "xtape/metrics/mean.hpp"
#include "xtape/models/training.hpp"

namespace xtape::detail {

class FunctionalGraph;

/// What compile() sets up, and fit() keeps.
class TrainState {
 public:
  /// `one_output`: what is known of the model.
  TrainState(const CompileOptions& options, bool one_output);

  std::shared_ptr<optimizers::Optimizer> optimizer;
  bool stop_training = false;
  std::shared_ptr<xtape::metrics::Mean> loss_tracker;
  /// Held while figures are collected, so that evaluations in several threads take turns.
  std::recursive_mutex figures;

  /// A metric that is in use.
  struct Used {
    std::shared_ptr<xtape::metrics::PredictionMetric> metric;
    std::size_t output;
    bool weighted;
    std::string name;  ///< in the logs
  };
  /// One of the model's outputs.
  struct Output {
    std::string name;
    AnyLoss loss;  ///< or none
    double loss_weight;
    std::vector<AnyMetric> metrics, weighted_metrics;
    std::size_t needing_before;  ///< the number of outputs before it that need labels

    bool needs_labels() const { return loss || !metrics.empty() || !weighted_metrics.empty(); }
    /// The running mean of its loss, which is that of the step at hand; both only where there are several outputs.
    std::shared_ptr<xtape::metrics::Mean> loss_tracker = {};
    Tensor loss_value = {};
  };

  /// Says what the outputs are, once that is known: of a functional model when it is compiled, of others in the first
  /// batch. `graph`: of a functional model, or null. Throws a ValueError where what was compiled does not fit them, or
  /// their number has changed.
  void settle(std::size_t count, const FunctionalGraph* graph);
  std::vector<Output>& outputs() noexcept { return outputs_; }

  /// The labels of an output: y has as many as there are outputs, where those that need none may be empty, or one for
  /// each output that needs some. Throws a ValueError for other numbers, and for labels that are missing.
  const Tensor& labels(const char* method, const TensorList& y, std::size_t output) const;

  /// The metrics of all outputs, made when the first batch is seen: "accuracy" needs to know shapes.
  const std::vector<Used>& metrics(const TensorList& y, const TensorList& y_pred);
  /// Those that are there.
  const std::vector<Used>& metrics() const noexcept { return used_; }

  void reset_metrics();

 private:
  Losses losses_;
  LossWeights loss_weights_;
  Metrics metrics_, weighted_metrics_;
  std::vector<Output> outputs_;  ///< empty: not known yet
  std::size_t needing_ = 0;      ///< the number of them that need labels
  std::vector<Used> used_;
  bool metrics_made_ = false;
};

/// What the handles of a model share besides a layer's state.
struct ModelState {
  std::shared_ptr<TrainState> train;  ///< null before compile()
  std::vector<std::shared_ptr<xtape::metrics::Metric>> tracked_metrics;
};

}  // namespace xtape::detail
