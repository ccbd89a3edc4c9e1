#pragma once

#include <string>

#include "xtape/models/model.hpp"

namespace xtape {

/// Keyword arguments of plot_model.
struct PlotModelOptions {
  bool show_shapes = false;
  bool show_layer_names = true;
  std::string rankdir = "TB";  ///< "TB": from top to bottom, "LR": from left to right
};

/// The model's layers as a graph in Graphviz's language (keras.utils.model_to_dot). The layers of a model that is not
/// functional stand in the order in which it tracks them.
std::string model_to_dot(const Model& model, const PlotModelOptions& options = {});

/// Draws the model's graph with Graphviz (Debian: graphviz) into a PNG, SVG or PDF file, by the ending of the path, or
/// writes the text if the path ends in ".dot" (keras.utils.plot_model). Without Graphviz it warns and returns false.
/// Throws a ValueError for another ending, a DataError for a file that cannot be written.
bool plot_model(const Model& model, const std::string& path, const PlotModelOptions& options = {});

}  // namespace xtape
