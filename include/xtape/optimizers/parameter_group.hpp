#pragma once

#include <optional>
#include <string>

#include "xtape/base/config.hpp"

namespace xtape::optimizers {

/// Settings of a part of an optimizer's variables, see Optimizer::set_parameter_groups().
struct ParameterGroup {
  std::string pattern;                      ///< a regular expression that matches the whole name of a variable
  double learning_rate_multiplier = 1;      ///< times the learning rate, in the weight decay as well
  std::optional<double> weight_decay = {};  ///< in place of the optimizer's
  bool trainable = true;                    ///< false: the variables and their slots stay as they are

  XTAPE_FIELDS(pattern, learning_rate_multiplier, weight_decay, trainable)
};

}  // namespace xtape::optimizers
