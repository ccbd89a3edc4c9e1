#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xtape/models/model.hpp"

namespace xtape::detail {

/// The description of one layer of a model.
struct LayerRow {
  std::string name;
  std::string class_name;
  std::string output_shape;  ///< "(None, 10)", empty if unknown
  std::int64_t parameters;
  bool built;
  std::vector<std::size_t> inputs;  ///< the rows of the layers whose outputs it takes; only for functional models
};

/// The model's layers in their order.
std::vector<LayerRow> layer_rows(const Model& model);

}  // namespace xtape::detail
