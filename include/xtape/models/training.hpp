#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/tensor_list.hpp"
#include "xtape/data/any_dataset.hpp"
#include "xtape/data/tensor_dataset.hpp"
#include "xtape/models/callback.hpp"
#include "xtape/models/per_output.hpp"
#include "xtape/optimizers/any_optimizer.hpp"

// The keyword arguments of compile, fit, evaluate and predict, as those of keras.Model.
namespace xtape {

/// Keyword arguments of Model::compile.
struct CompileOptions {
  AnyOptimizer optimizer = "rmsprop";
  Losses loss = {};
  LossWeights loss_weights = {};
  /// Shown with the loss; "accuracy" chooses the accuracy that fits the labels.
  Metrics metrics = {};
  /// Metrics that use the sample weights.
  Metrics weighted_metrics = {};
};

/// One batch: what train_step and test_step take. `auto& [x, y, sample_weight] = batch;`
struct TrainBatch {
  TensorList x;
  TensorList y;          ///< empty where fit was given none
  Tensor sample_weight;  ///< empty: all count 1
};

/// Data for validation: arrays, or a dataset of batches.
struct ValidationData {
  ValidationData() = default;
  ValidationData(TensorList examples, TensorList targets = {}, Tensor weights = {})
      : x(std::move(examples)), y(std::move(targets)), sample_weight(std::move(weights)) {}
  ValidationData(const data::TensorDataset& data) : x(data.x), y(data.y) {}
  ValidationData(data::AnyDataset batches) : dataset(std::move(batches)) {}

  TensorList x, y;
  Tensor sample_weight;
  std::optional<data::AnyDataset> dataset;
};

/// Keyword arguments of Model::fit.
struct FitOptions {
  std::int64_t batch_size = 32;
  int epochs = 1;  ///< ends before this epoch: see initial_epoch
  /// 0: silent, 1: a progress bar (a line per epoch where standard output is no terminal), 2: a line per epoch.
  int verbose = 1;
  std::vector<AnyCallback> callbacks = {};
  double validation_split = 0;  ///< the fraction of the data, taken from the end, for validation
  ValidationData validation_data = {};
  bool shuffle = true;  ///< a new order in each epoch, drawn from random::default_generator()
  /// The weights of the samples of each class, 1 by default; not for validation.
  std::map<std::int64_t, double> class_weight = {};
  Tensor sample_weight = {};  ///< the weight of each sample: [n], or [n, time]
  int initial_epoch = 0;      ///< the first epoch, to continue an interrupted training
  /// The number of batches of each epoch; -1: all. An epoch continues where the one before stopped. When the data end
  /// they start again, in a new order if they are shuffled.
  std::int64_t steps_per_epoch = -1;
  std::int64_t validation_steps = -1;       ///< batches of a validation, from the first on; -1: all
  std::int64_t validation_batch_size = -1;  ///< -1: batch_size
  int validation_freq = 1;                  ///< validate after every validation_freq epochs
};

/// Keyword arguments of Model::evaluate.
struct EvaluateOptions {
  std::int64_t batch_size = 32;
  int verbose = 1;
  Tensor sample_weight = {};
  std::int64_t steps = -1;  ///< batches; -1: all
  std::vector<AnyCallback> callbacks = {};
};

/// Keyword arguments of Model::predict.
struct PredictOptions {
  std::int64_t batch_size = 256;  ///< rows per call of the model; the result does not depend on it
  std::vector<AnyCallback> callbacks = {};
};

}  // namespace xtape
