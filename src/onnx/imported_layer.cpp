#include "onnx/imported_layer.hpp"

#include <optional>

#include "core/shapes_only.hpp"
#include "core/trace.hpp"
#include "core/undo.hpp"
#include "layers/layer_state.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::detail {
namespace {

using From = ImportedOperand::From;

/// An operand that broadcasts to `rank` axes, with its channels last.
Tensor broadcast_channels_last(const Tensor& x, int rank) {
  if (x.size() == 1 && x.rank() <= 1) return x;
  Integers sizes(static_cast<std::size_t>(rank - x.rank()), 1);
  sizes.insert(sizes.end(), x.shape().begin(), x.shape().end());
  return to_channels_last(reshape(x, Shape(sizes)));
}

TensorList run_on_host(const ImportedStep& step, const OnnxImportCall& call) {
  const NoRecording off;
  const Untraced hidden;
  if (Trial::current() != nullptr) {  // of a file that is being loaded: whatever it says, this is little
    const ShapesOnly without_elements;
    std::int64_t elements = 0;
    for (const Tensor& result : run_imported(step, call)) elements += result.size();
    constexpr std::int64_t most = std::int64_t{1} << 24;
    if (elements > most)
      call.refuse("expected at most {} elements that follow from shapes, received {}", most, elements);
  }
  return run_imported(step, call);
}

}  // namespace

TensorList run_imported(const ImportedStep& step, const OnnxImportCall& call) {
  TensorList results = step.op->run(call);
  for (std::size_t i = results.size(); i < call.outputs(); ++i) {
    if (call.wants(i)) call.refuse("xtape does not have its result {}", i);
    results.push_back({});
  }
  return results;
}

ImportedLayer::ImportedLayer(std::string name, std::shared_ptr<const ImportedProgram> program)
    : LayerBase(std::move(name), float32), program_(std::move(program)) {
  set_casts_inputs(false);
  describe({{"onnx_node", ConfigValue::custom()}});  // which the text of a model cannot hold
  LayerState& state = LayerState::of(*this);
  state.shown_class = program_->steps.back().node->op;
  state.in_paths = false;  // weights have the names of the file
  for (const Variable& variable : program_->variables) track(variable, variable.name());
  for (const auto& step : program_->steps) {
    auto& arranged = arranged_.emplace_back(step.operands.size());
    auto& variables = variables_.emplace_back(step.operands.size());
    for (std::size_t i = 0; i < step.operands.size(); ++i) {
      const auto& [from, index, last] = step.operands[i];
      if (from == From::variable) variables[i] = program_->variables[index];
      if ((from == From::variable || from == From::constant) && step.op->weights != 0) {
        arranged[i] = std::make_shared<OnnxArranged>();
      }
    }
  }
}

TensorList ImportedLayer::call_list(const TensorList& inputs) {
  const ImportedProgram& p = *program_;
  Tensors results(p.results);
  for (std::size_t s = 0; s < p.steps.size(); ++s) {
    const ImportedStep& step = p.steps[s];
    Tensors operands;
    for (const auto& [from, index, last] : step.operands) {
      Tensor operand = from == From::none       ? Tensor()
                       : from == From::input    ? inputs[index]
                       : from == From::constant ? p.constants[index]
                       : from == From::variable ? p.variables[index].value()
                                                : results[index];
      operands.push_back(last == 0 ? operand : broadcast_channels_last(operand, last));
    }
    const OnnxImportCall call{*step.node,         p.opset,    operands,    variables_[s], step.known,
                              step.channels_last, training(), trainable(), arranged_[s]};
    TensorList made = step.on_host ? run_on_host(step, call) : run_imported(step, call);
    for (std::size_t i = 0; i < made.size(); ++i) results[step.first_result + i] = std::move(made[i]);
  }
  TensorList outputs;
  for (const std::size_t output : p.outputs) outputs.push_back(results[output]);
  return outputs;
}

}  // namespace xtape::detail
