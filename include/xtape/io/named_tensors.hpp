#pragma once

#include <string>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::io {

/// Tensors and their names, in an order of their own.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// The tensor of a name; an empty one where there is none.
Tensor find(const NamedTensors& tensors, const std::string& name);

}  // namespace xtape::io
