#pragma once

#include <vector>

#include "xtape/io/summary_writer.hpp"
#include "xtape/models/model.hpp"

namespace xtape::detail {

/// The model's layers as nodes of an event file's graph; a model that is not functional is a chain of its layers.
std::vector<summary::GraphNode> model_graph(const Model& model);

}  // namespace xtape::detail
