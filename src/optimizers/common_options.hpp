#pragma once

#include "xtape/optimizers/optimizer.hpp"

namespace xtape::optimizers {

/// The options of the base class, which the options of every optimizer contain.
template <class Options>
OptimizerOptions common_options(const Options& options) {
  return {.name = options.name,
          .learning_rate = options.learning_rate,
          .weight_decay = options.weight_decay,
          .clipnorm = options.clipnorm,
          .clipvalue = options.clipvalue,
          .global_clipnorm = options.global_clipnorm,
          .use_ema = options.use_ema,
          .ema_momentum = options.ema_momentum,
          .ema_overwrite_frequency = options.ema_overwrite_frequency,
          .loss_scale_factor = options.loss_scale_factor,
          .gradient_accumulation_steps = options.gradient_accumulation_steps};
}

}  // namespace xtape::optimizers
