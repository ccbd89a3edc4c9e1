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

// What compile, fit, evaluate and predict take: the keyword arguments of keras.Model's methods.
namespace xtape {

/// Keyword arguments of Model::compile.
struct CompileOptions {
  AnyOptimizer optimizer = "rmsprop";
  Losses loss = {};
  LossWeights loss_weights = {};
  /// Shown next to the loss; "accuracy" means what suits the labels.
  Metrics metrics = {};
  /// The same, but with the samples' weights.
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
  int epochs = 1;  ///< the number of the epoch after the last one, see initial_epoch
  /// 0: silent, 1: a progress bar (a line per epoch where standard output is no terminal), 2: a line per epoch.
  int verbose = 1;
  std::vector<AnyCallback> callbacks = {};
  double validation_split = 0;  ///< the share of the data, taken from their end, to validate with
  ValidationData validation_data = {};
  bool shuffle = true;  ///< a new order in each epoch, drawn from random::default_generator()
  std::map<std::int64_t, double> class_weight = {};  ///< how much the samples of a class count; others count 1
  Tensor sample_weight = {};                         ///< how much each sample counts: [n], or [n, time]
  int initial_epoch = 0;                             ///< to go on with a training that was interrupted
  /// Batches of an epoch; -1: all. Each epoch has exactly so many: it goes on where the one before has stopped, and the
  /// data start again, in a new order if they are shuffled, whenever they end.
  std::int64_t steps_per_epoch = -1;
  std::int64_t validation_steps = -1;       ///< batches of a validation, which always starts with the first; -1: all
  std::int64_t validation_batch_size = -1;  ///< -1: batch_size
  int validation_freq = 1;                  ///< validate after every so many epochs
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
  std::int64_t batch_size = 256;  ///< rows that go through the model at a time; the result does not depend on it
  std::vector<AnyCallback> callbacks = {};
};

}  // namespace xtape
