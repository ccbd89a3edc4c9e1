#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"
#include "xtape/models/model.hpp"

namespace xtape::testing {

/// ONNX models with inputs and the outputs that xtape computes from them, which ONNX Runtime must compute as well. See
/// compare.mjs.
class OnnxRuntimeCases {
 public:
  /// Exports the model and adds a run of it for each list of inputs, whose outputs must be those of `computes`, by
  /// default of `model` itself.
  void add(const std::string& name, Model& model, const std::vector<TensorList>& inputs,
           const ExportOnnxOptions& options = {}, Model* computes = nullptr);
  /// Runs all with ONNX Runtime, and reports what differs by more than 1e-5 as failed checks.
  void check();
  std::size_t size() const noexcept { return count_; }

  /// Whether node and the package onnxruntime-node are there; otherwise says so.
  static bool available();

 private:
  TempDir folder_;
  std::string json_;
  std::size_t count_ = 0;
};

}  // namespace xtape::testing
