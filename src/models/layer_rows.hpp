#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xtape/models/model.hpp"

namespace xtape::detail {

/// What is to be said of one of a model's layers.
struct LayerRow {
  std::string name;
  std::string class_name;
  std::string output_shape;  ///< "(None, 10)", empty where it is not known
  std::int64_t parameters;
  bool built;
  std::vector<std::size_t> inputs;  ///< the rows of the layers whose outputs it takes; of functional models only
};

/// The model's layers in their order.
std::vector<LayerRow> layer_rows(const Model& model);

}  // namespace xtape::detail
