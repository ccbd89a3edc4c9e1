#pragma once

#include "models/train_state.hpp"
#include "xtape/base/config.hpp"
#include "xtape/models/model.hpp"

namespace xtape::detail {

/// What compile() was given, as Keras's `compile_config`: the optimizer, losses, loss weights and metrics.
Config compile_config(TrainState& train);

/// Compiles a model as a `compile_config` of Keras 3, or a `training_config` of Keras 1 and 2, says. Throws a
/// ValueError for losses, metrics and optimizers that are unknown.
void compile_from_config(Model& model, const Config& config);

}  // namespace xtape::detail
