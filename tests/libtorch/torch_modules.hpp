#pragma once

#include <map>
#include <string>
#include <vector>

#include "libtorch/torch_ops.hpp"

// Modules of libtorch behind a header without its own.
namespace torch_modules {

using torch_ops::Array;

/// What a module computes for these inputs, all in PyTorch's layout.
struct Computed {
  std::vector<Array> inputs;
  Array output;
};

/// The names of all modules.
std::vector<std::string> names();

/// Makes a module with random parameters and buffers, writes its state dict to `path` (.pt), with names that begin with
/// "m.", and runs it on random inputs, as under eval().
Computed save(const std::string& name, const std::string& path);

/// Runs a module with the parameters and buffers of a state dict. Throws a std::invalid_argument unless it has all of
/// the module's and no other, of their shapes.
Array run(const std::string& name, const std::map<std::string, Array>& state, const std::vector<Array>& inputs);

/// Writes all modules into one file: "name.state.m.weight", "name.input.0", "name.output".
void save_all(const std::string& path);

}  // namespace torch_modules
