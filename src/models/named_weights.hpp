#pragma once

#include <string>
#include <utility>
#include <vector>

#include "xtape/core/variable.hpp"
#include "xtape/io/named_tensors.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::detail {

/// All weights of a layer with their names within it: "dense/kernel".
std::vector<std::pair<std::string, Variable>> named_weights(const Layer& layer);

/// Assigns the values of a file to the variables. Throws a DataError that lists all differences, before any variable
/// has changed, unless names, shapes and dtypes match.
void assign_all(const char* method, const std::string& path, const io::NamedTensors& tensors,
                const std::vector<std::pair<std::string, Variable>>& variables);

}  // namespace xtape::detail
