#include <algorithm>

#include "onnx/simplify.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

Tensor* find_initializer(OnnxModel& model, const std::string& name) {
  for (auto& [key, value] : model.initializers) {
    if (key == name) return &value;
  }
  return nullptr;
}

/// y = x * scale + offset of a BatchNormalization node, in float64, for each channel.
struct Affine {
  Tensor scale, offset;
};
Affine affine_of(const OnnxNode& node, OnnxModel& model) {
  const auto parameter = [&](std::size_t i) { return xtape::cast(*find_initializer(model, node.inputs[i]), float64); };
  double epsilon = 1e-5;
  for (const auto& attribute : node.attributes) {
    if (attribute.name == "epsilon") epsilon = static_cast<double>(std::get<float>(attribute.value));
  }
  const Tensor scale = parameter(1) / xtape::sqrt(parameter(4) + epsilon);
  return {scale, parameter(2) - parameter(3) * scale};
}

/// Gives `node` the initializer as its input; a name that others use too is left to them.
void set_initializer(OnnxModel& model, OnnxNode& node, std::size_t input, const Tensor& value, bool shared,
                     const std::string& wanted) {
  while (node.inputs.size() <= input) node.inputs.emplace_back();
  if (!shared && !node.inputs[input].empty()) {
    *find_initializer(model, node.inputs[input]) = value;
    return;
  }
  std::string name = wanted + ":folded";
  while (find_initializer(model, name) != nullptr) name += "_";
  model.initializers.emplace_back(name, value);
  node.inputs[input] = name;
}

/// The axis of the output channels in the weights of a node; -1 for one that cannot be scaled.
int channel_axis(const OnnxNode& node) {
  if (node.op == "Conv") return 0;
  if (node.op == "ConvTranspose" || node.op == "Gemm" || node.op == "MatMul") return 1;
  return -1;
}

Tensor scaled(const Tensor& weights, int axis, const Tensor& scale) {
  std::vector<std::int64_t> place(static_cast<std::size_t>(weights.rank()), 1);
  place[static_cast<std::size_t>(axis)] = scale.size();
  return xtape::cast(xtape::cast(weights, float64) * xtape::reshape(scale, Shape(place)), weights.dtype());
}

/// The permutation that takes the last axis to axis 1.
bool takes_last_to_second(const OnnxNode& node) {
  if (node.op != "Transpose") return false;
  const auto& permutation = std::get<std::vector<std::int64_t>>(node.attributes.at(0).value);
  std::vector<std::int64_t> expected{0, static_cast<std::int64_t>(permutation.size()) - 1};
  for (std::int64_t axis = 1; axis < expected[1]; ++axis) expected.push_back(axis);
  return permutation == expected;
}

bool fold_one(OnnxModel& model) {
  const OnnxUses uses(model);
  for (std::size_t at = 0; at < model.nodes.size(); ++at) {
    OnnxNode& norm = model.nodes[at];
    if (norm.op != "BatchNormalization") continue;
    bool constant = true;
    for (std::size_t i = 1; i < 5; ++i) constant = constant && uses.initializer(norm.inputs[i]) != nullptr;
    if (!constant) continue;
    // Back over values with this one consumer to the node with the weights.
    const auto before = [&](const std::string& value) -> OnnxNode* {
      const int index = uses.producer(value);
      return index < 0 || uses.count(value) != 1 ? nullptr : &model.nodes[static_cast<std::size_t>(index)];
    };
    OnnxNode* node = before(norm.inputs[0]);
    const bool turned = node != nullptr && takes_last_to_second(*node);
    if (turned) node = before(node->inputs[0]);
    OnnxNode* sum = nullptr;  // x w + b of more than two axes
    if (node != nullptr && node->op == "Add") {
      sum = node;
      const Tensor* bias = uses.initializer(sum->inputs[1]);
      node = bias != nullptr && bias->rank() == 1 ? before(sum->inputs[0]) : nullptr;
    }
    if (node == nullptr) continue;
    const int axis = channel_axis(*node);
    const bool product = node->op == "MatMul";
    // The channels of a product are its last axis, which only the transpose makes that of the node.
    if (axis < 0 || turned != product || (sum != nullptr && !product)) continue;
    const Tensor* weights = uses.initializer(node->inputs[1]);
    if (weights == nullptr || weights->rank() <= axis || (product && weights->rank() != 2)) continue;
    const Affine affine = affine_of(norm, model);
    if (weights->shape()[axis] != affine.scale.size()) continue;
    const Tensor new_weights = scaled(*weights, axis, affine.scale);
    if (product && sum == nullptr) {  // the node itself becomes the sum
      const std::string weights_name = node->inputs[1], beta_name = norm.inputs[2];
      const OnnxNode& turn = *before(norm.inputs[0]);
      const auto rank = std::get<std::vector<std::int64_t>>(turn.attributes.at(0).value).size();
      std::vector<std::int64_t> place(rank - 1, 1);
      place[0] = affine.offset.size();
      set_initializer(model, *node, 1, new_weights, uses.count(weights_name) != 1, weights_name);
      norm.op = "Add";
      norm.inputs.resize(1);
      norm.attributes.clear();
      set_initializer(model, norm, 1, xtape::cast(xtape::reshape(affine.offset, Shape(place)), new_weights.dtype()),
                      true, beta_name);
      return true;
    }
    OnnxNode& adds = product ? *sum : *node;
    const std::size_t bias_input = product ? 1 : 2;
    const std::string bias_name = adds.inputs.size() > bias_input ? adds.inputs[bias_input] : "";
    Tensor bias = affine.offset;
    if (!bias_name.empty()) {
      const Tensor* old = uses.initializer(bias_name);
      if (old == nullptr) continue;
      bias = xtape::cast(*old, float64) * affine.scale + affine.offset;
    }
    const std::string weights_name = node->inputs[1], beta_name = norm.inputs[2];
    set_initializer(model, *node, 1, new_weights, uses.count(weights_name) != 1, weights_name);
    set_initializer(model, adds, bias_input, xtape::cast(bias, new_weights.dtype()), uses.count(bias_name) != 1,
                    bias_name.empty() ? beta_name : bias_name);
    norm.op = "Identity";
    norm.inputs.resize(1);
    norm.attributes.clear();
    return true;
  }
  return false;
}

}  // namespace

void fold_batch_normalization(OnnxModel& model) {
  while (fold_one(model)) {
  }
  remove_identities(model);
  remove_unused(model);
}

}  // namespace xtape::detail
