#pragma once

#include <string>
#include <vector>

#include "io/hdf5.hpp"
#include "models/weight_matching.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/models/model.hpp"

// Weights in Keras's HDF5 files: those of Keras 3 (.weights.h5, and inside of .keras), which follow the structure of
// the model, and those of Keras 1 and 2 (.h5), which list the weights of each layer.
namespace xtape::detail {

/// The weights that one object of the model's structure owns, and where Keras 3 has them.
struct KerasGroup {
  std::string path;   ///< "layers/lstm/cell": its weights are "layers/lstm/cell/vars/0" and so on
  std::string layer;  ///< the name of the layer, an attribute of the group
  std::vector<Variable> variables;
  std::vector<std::string> names;  ///< of the variables in the model: "lstm/lstm_cell/kernel"
};

/// All groups of a model, in the order in which Keras writes them; those without weights are among them.
std::vector<KerasGroup> keras_groups(Model& model);

/// Where a dataset of a file goes; it has the number of elements of the variable.
struct Assignment {
  Variable variable;
  std::string dataset;
};

/// Finds the values of the weights in a file. What does not match is a DataError that lists it, or with skip_mismatch
/// is left out. Nothing is assigned.
std::vector<Assignment> match_keras_weights(const char* method, const Hdf5Reader& file, Model& model,
                                            const LoadWeightsOptions& options, LoadedWeights& report);

/// Writes what Model::save_weights and Model::save put into model.weights.h5.
void write_keras_weights(Hdf5Writer& file, Model& model);
/// Writes and finds the variables of an optimizer.
void write_keras_optimizer(Hdf5Writer& file, const optimizers::Optimizer& optimizer);
std::vector<Assignment> match_keras_optimizer(const char* method, const Hdf5Reader& file,
                                              const optimizers::Optimizer& optimizer);

/// Reads the values and assigns them. With `at_once`, all are read before the first is assigned, so that a file that
/// cannot be read changes nothing; otherwise one after the other, which needs less memory.
void assign_all(const Hdf5Reader& file, const std::vector<Assignment>& assignments, bool at_once);

}  // namespace xtape::detail
