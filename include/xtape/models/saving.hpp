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

/// Keyword arguments of Model::load_weights.
struct LoadWeightsOptions {
  /// Weights that the file lacks, or has with another shape, stay as they are; without it they are a DataError.
  bool skip_mismatch = false;
  /// Layers get the weights of the layers of the same name; others stay as they are. Without it, the weights of Keras's
  /// files go to the layers at the same place, as in Keras.
  bool by_name = false;
  /// "pytorch": the kernels, gates and names are those of PyTorch's modules. Then they are converted: see
  /// docs/guides/saving.md.
  std::string layout = {};
  /// Regular expressions and what takes their place in the names of the file, one after the other, before names are
  /// compared: `{{"^encoder\\.layer\\.(\\d+)", "block_$1"}}`.
  std::vector<std::pair<std::string, std::string>> rename = {};
};

/// What load_weights has done.
struct LoadedWeights {
  std::vector<std::string> loaded;   ///< the names of the model's weights that have new values
  std::vector<std::string> missing;  ///< weights of the model that the file does not have
  std::vector<std::string> unused;   ///< what the file has and the model does not
  /// How names were matched: "names", "places" (Keras's files of the same structure) or "order and shape".
  std::string matched_by;
};

}  // namespace xtape
