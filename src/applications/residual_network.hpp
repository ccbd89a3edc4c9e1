#pragma once

#include <array>

#include "xtape/applications/application_options.hpp"

namespace xtape::applications::detail {

/// ResNet and ResNetV2, whose blocks begin with the activation ("preact").
struct ResidualNetwork {
  const char* function;
  const char* name;
  bool preact;
  std::array<int, 4> blocks;  ///< in each stack

  Model operator()(const ApplicationOptions& options) const;
};

}  // namespace xtape::applications::detail
