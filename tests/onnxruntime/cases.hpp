#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/onnx_file.hpp"
#include "support/temp_dir.hpp"
#include "xtape/models/model.hpp"

namespace xtape::testing {

/// ONNX models with inputs and the outputs that xtape computes from them, which ONNX Runtime must compute as well. See
/// compare.mjs.
class OnnxRuntimeCases {
 public:
  /// Exports the model and adds a run of it for each list of inputs, whose outputs must be those of `computes`, by
  /// default of `model` itself. Checks at once that the model which onnx::load makes of the file computes them too.
  void add(const std::string& name, Model& model, const std::vector<TensorList>& inputs,
           const ExportOnnxOptions& options = {}, Model* computes = nullptr);
  /// The same of a function.
  void add(const std::string& name, const std::function<TensorList(const TensorList&)>& function,
           const SymbolicList& model_inputs, const std::vector<TensorList>& inputs,
           const ExportOnnxOptions& options = {});
  /// Writes the file and adds a run of it for each list of inputs, whose outputs must be those of what onnx::load makes
  /// of it. Completes the types of the outputs.
  void add_file(const std::string& name, detail::OnnxModel model, const std::vector<TensorList>& inputs);
  /// Runs all with ONNX Runtime, and reports what differs by more than 1e-5 as failed checks.
  void check();
  std::size_t size() const noexcept { return count_; }

  /// Whether node and the package onnxruntime-node are there; otherwise says so.
  static bool available();

 private:
  void check_and_add(const std::string& name, const std::string& file, const std::vector<TensorList>& inputs,
                     const std::function<TensorList(const TensorList&)>& computes);
  void add_runs(const std::string& name, const std::string& file, const std::vector<TensorList>& inputs,
                const std::vector<TensorList>& outputs);

  TempDir folder_;
  std::string json_;
  std::size_t count_ = 0;
};

}  // namespace xtape::testing
