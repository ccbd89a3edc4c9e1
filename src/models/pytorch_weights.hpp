#pragma once

#include <string>
#include <vector>

#include "models/weight_matching.hpp"
#include "xtape/models/model.hpp"

// Weights in the layout of PyTorch's modules. The table of layers in pytorch_weights.cpp serves both directions.
namespace xtape::detail {

/// Finds the values of a model's weights in a state dict. What does not match is a DataError that lists it, or left out
/// as the options say. Nothing is assigned.
std::vector<NewValue> match_pytorch_weights(const char* method, const std::string& path, io::NamedTensors tensors,
                                            Model& model, const LoadWeightsOptions& options, LoadedWeights& report);

/// The state dict of a model. Throws a ValueError that names the layers that PyTorch does not have.
io::NamedTensors pytorch_state_dict(const char* method, Model& model);

}  // namespace xtape::detail
