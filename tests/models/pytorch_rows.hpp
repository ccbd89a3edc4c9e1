#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "xtape/models/model.hpp"

namespace xtape::testing {

/// A model that computes what a module of PyTorch computes; the module is "m" in it.
struct PytorchRow {
  std::string name;
  std::function<Model()> make;
  /// Runs the model on inputs in PyTorch's layout, and gives its output in PyTorch's layout.
  std::function<Tensor(Model&, const std::vector<Tensor>&)> run;
  /// What the names of the file need to become those of the model, if anything.
  std::vector<std::pair<std::string, std::string>> rename = {};
};

const std::vector<PytorchRow>& pytorch_rows();

}  // namespace xtape::testing
