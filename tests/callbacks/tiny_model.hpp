#pragma once

#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/optimizers/sgd.hpp"

namespace xtape::testing {

/// y = w x with w = 1, compiled for the mean squared error with a learning rate of 0.1.
inline Sequential tiny_model(std::vector<AnyMetric> metrics = {}) {
  Sequential model(layers::Dense(1, {.use_bias = false, .kernel_initializer = "ones"}));
  model.build_for({-1, 1});
  model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.1}), .loss = "mse", .metrics = std::move(metrics)});
  return model;
}

inline void set_weight(Model& model, double value) { model.set_weights({full({1, 1}, value, float32)}); }
inline double weight_of(const Model& model) { return model.variables()[0].peek().item(); }

/// Calls a callback with given values of a metric, one per epoch, until it ends the training. Before each epoch the
/// model's weight is set to the number of the epoch. Returns the number of epochs.
inline int drive(Callback& callback, Model& model, const std::string& figure, const std::vector<double>& values) {
  callback.set_model(model);
  model.set_stop_training(false);
  callback.on_train_begin();
  int epoch = 0;
  Logs logs;
  for (const double value : values) {
    set_weight(model, epoch);
    logs = {{figure, value}};
    callback.on_epoch_begin(epoch);
    callback.on_epoch_end(epoch++, logs);
    if (model.stop_training()) break;
  }
  callback.on_train_end(logs);
  return epoch;
}

}  // namespace xtape::testing
