#pragma once

#include <string>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::io {

/// Tensors with names; the order is kept.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// The tensor of this name; an empty tensor if there is none.
Tensor find(const NamedTensors& tensors, const std::string& name);

}  // namespace xtape::io
