#pragma once

#include <memory>
#include <string>
#include <vector>

#include "onnx/import_ops.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::detail {

/// Where an operand of a step comes from.
struct ImportedOperand {
  enum class From : std::uint8_t { none, input, constant, variable, result };
  From from = From::none;
  std::size_t index = 0;
  /// Not 0: the operand, which broadcasts to so many axes, is brought into the order with the channels last.
  int to_channels_last = 0;
};

/// A node of the file as a layer runs it.
struct ImportedStep {
  std::shared_ptr<const OnnxNode> node;
  const OnnxImportOp* op;
  std::vector<ImportedOperand> operands;
  std::size_t first_result;
  bool on_host;  ///< computes with small tensors that follow from shapes; tapes and tracers need not see it
  bool channels_last;
  InputBits known;
};

/// What a layer computes: its last step, and before that what its operands need that follows from shapes.
struct ImportedProgram {
  int opset;
  std::vector<ImportedStep> steps;
  Tensors constants;
  std::vector<Variable> variables;
  std::size_t results;
  std::vector<std::size_t> outputs;  ///< which of the results are the layer's
};

/// Runs a node. Throws what the op throws, and a ValueError if it gives fewer results than the node names.
TensorList run_imported(const ImportedStep& step, const OnnxImportCall& call);

/// A layer that a node of an ONNX file became.
class ImportedLayer final : public LayerBase<ImportedLayer> {
 public:
  ImportedLayer(std::string name, std::shared_ptr<const ImportedProgram> program);
  TensorList call_list(const TensorList& inputs) override;
  const ImportedProgram& program() const noexcept { return *program_; }

 private:
  std::shared_ptr<const ImportedProgram> program_;
  /// For each step and operand; null for operands that are no weights.
  std::vector<std::vector<std::shared_ptr<OnnxArranged>>> arranged_;
  std::vector<std::vector<Variable>> variables_;
};

}  // namespace xtape::detail
