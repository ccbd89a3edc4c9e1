#pragma once

#include <string>

#include "xtape/models/model.hpp"

/// keras.models
namespace xtape::models {

/// Keyword arguments of load_model.
struct LoadModelOptions {
  bool compile = true;  ///< compiles the model as it was when it was saved, with the state of its optimizer
};

/// The model in a file that Model::save or Keras wrote: a .keras archive, or a .h5 file of Keras 1 to 3
/// (keras.models.load_model). The model is a Sequential or a functional one; it computes what the saved one computed,
/// and its training goes on where that stopped. Layers, losses and other objects of users' classes must have been
/// registered by register_serializable.
///
/// Throws a DataError that names the file and the place in it for a file that is missing, damaged or not a model, and
/// for a class that is unknown.
Model load_model(const std::string& path, const LoadModelOptions& options = {});

/// The model that Model::to_json() describes, with new weights (keras.models.model_from_json). Throws a ValueError for
/// text that describes no model.
Model model_from_json(const std::string& json);

/// The same from a Config: that of Model::config().
Model model_from_config(const Config& config);

}  // namespace xtape::models
