#pragma once

#include <array>

#include "xtape/applications/application_options.hpp"

namespace xtape::applications::detail {

/// VGG16 and VGG19, which differ in the number of convolutions in each block.
Model vgg(const char* function, const char* name, const std::array<int, 5>& convolutions,
          const ApplicationOptions& options);

}  // namespace xtape::applications::detail
