#pragma once

#include <string>
#include <utility>
#include <vector>

#include "xtape/base/compiler.hpp"

// Family: keyword arguments and results of saving and loading models and weights.
namespace xtape {

/// Keyword arguments of Model::save.
struct SaveOptions {
  bool overwrite = true;          ///< false: an existing file is a DataError
  bool include_optimizer = true;  ///< the optimizer of compile() and its state
};

/// Keyword arguments of Model::save_weights.
struct SaveWeightsOptions {
  /// "pytorch": the kernels, gates and names are those of PyTorch's modules, the file is a state dict for them
  /// (.safetensors only). Empty: xtape's own.
  std::string layout = {};
};

/// Keyword arguments of Model::load_weights.
struct LoadWeightsOptions {
  /// Weights that the file lacks, or has with another shape, stay as they are, and what only the file has is left out;
  /// without it they are a DataError.
  bool skip_mismatch = false;
  /// Layers get the weights of the layers of the same name; others stay as they are. Without it, the weights of Keras's
  /// files go to the layers at the same place, as in Keras, and other files must have exactly the model's weights.
  bool by_name = false;
  /// "pytorch": the names, kernels and gates of the file are those of PyTorch's modules, and are converted: the table
  /// in docs/guides/saving.md says how. Empty: the file has the model's own names ("dense/kernel" or "dense.kernel")
  /// and shapes. Not for Keras's files.
  std::string layout = {};
  /// Regular expressions (ECMAScript) and what takes the place of each match in the names of the file, with $1, $2 for
  /// groups; all of them, one after the other, before names are compared: `{{"^encoder\\.layer\\.(\\d+)",
  /// "block_$1"}}`. A tensor whose name becomes empty is left out. Not for Keras's files.
  std::vector<std::pair<std::string, std::string>> rename = {};
};

/// What load_weights has done.
struct LoadedWeights {
  std::vector<std::string> loaded;   ///< the names of the model's weights that have new values
  std::vector<std::string> missing;  ///< weights of the model that the file does not have
  std::vector<std::string> unused;   ///< what the file has and the model does not, by its names in the file
  /// How names were matched: "names", "places" (Keras's files of the same structure) or "order and shape".
  std::string matched_by;
};

}  // namespace xtape
