#pragma once

#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/models/callback.hpp"

namespace xtape::callbacks {

/// Keyword arguments of SwapEMAWeights.
struct SwapEMAWeightsOptions {
  /// Also between the end of an epoch and the beginning of the next, for the callbacks that follow.
  bool swap_on_epoch = false;
};

/// While the model is evaluated or predicts, its weights are their moving averages, which an optimizer with use_ema
/// keeps (keras.callbacks.SwapEMAWeights):
///
///     model.compile({.optimizer = optimizers::SGD({.use_ema = true}), ...});
///     model.fit(x, y, {.callbacks = {callbacks::SwapEMAWeights({.swap_on_epoch = true}),
///                                    callbacks::ModelCheckpoint("average.safetensors")}});
///
/// With ScheduleFreeAdamW, whose average() the paper evaluates at, they are that, with use_ema or without. Before the
/// first step there are no averages, and nothing happens. Throws a ValueError, from then on, for an
/// optimizer that does not keep them.
class SwapEMAWeights : public Callback {
 public:
  explicit SwapEMAWeights(const SwapEMAWeightsOptions& options = {}) : options_(options) {}

  void on_train_begin() override { weights_.clear(); }
  void on_train_end(const Logs& /*logs*/) override { weights_.clear(); }
  void on_epoch_begin(int /*epoch*/) override { restore(); }
  void on_epoch_end(int /*epoch*/, const Logs& /*logs*/) override {
    if (options_.swap_on_epoch) swap();
  }
  void on_test_begin() override { swap(); }
  void on_test_end(const Logs& /*logs*/) override { restore(); }
  void on_predict_begin() override { swap(); }
  void on_predict_end() override { restore(); }
  void on_failure() override { restore(); }

 private:
  void swap();
  void restore();

  SwapEMAWeightsOptions options_;
  std::vector<std::pair<Variable, Tensor>> weights_;  ///< the values that the averages have replaced
};

}  // namespace xtape::callbacks
