#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "io/onnx_file.hpp"

// Rewrites of a finished graph that compute the same with fewer nodes.
namespace xtape::detail {

/// Removes Identity nodes, but for those between an input and an output.
void remove_identities(OnnxModel& model);
/// Removes the nodes and initializers on which no output depends.
void remove_unused(OnnxModel& model);
/// Moves transposes down through element-wise ops, reductions, joins and paddings, and removes those that cancel out.
/// Changes nothing if that would leave as many as before.
void cancel_transposes(OnnxModel& model);
/// Multiplies the scales of BatchNormalization nodes into the weights of the convolution or product before them, if
/// that has no other consumer.
void fold_batch_normalization(OnnxModel& model);

/// Which nodes make and use the values of a model.
class OnnxUses {
 public:
  explicit OnnxUses(const OnnxModel& model);
  /// The index of the node, or -1 for an input or initializer.
  int producer(const std::string& value) const;
  /// How many inputs of nodes and outputs of the model it is.
  int count(const std::string& value) const;
  bool is_output(const std::string& value) const;
  /// Null unless it is an initializer.
  const Tensor* initializer(const std::string& value) const;

 private:
  const OnnxModel& model_;
  std::unordered_map<std::string, int> producers_, counts_;
  std::unordered_map<std::string, std::size_t> initializers_;
};

}  // namespace xtape::detail
