#include "onnx/simplify.hpp"

#include <algorithm>
#include <unordered_set>

namespace xtape::detail {

OnnxUses::OnnxUses(const OnnxModel& model) : model_(model) {
  for (std::size_t i = 0; i < model.nodes.size(); ++i) {
    for (const auto& output : model.nodes[i].outputs) producers_[output] = static_cast<int>(i);
    for (const auto& input : model.nodes[i].inputs) ++counts_[input];
  }
  for (const auto& output : model.outputs) ++counts_[output.name];
  for (std::size_t i = 0; i < model.initializers.size(); ++i) initializers_[model.initializers[i].first] = i;
}

int OnnxUses::producer(const std::string& value) const {
  const auto found = producers_.find(value);
  return found == producers_.end() ? -1 : found->second;
}

int OnnxUses::count(const std::string& value) const {
  const auto found = counts_.find(value);
  return found == counts_.end() ? 0 : found->second;
}

bool OnnxUses::is_output(const std::string& value) const {
  return std::any_of(model_.outputs.begin(), model_.outputs.end(),
                     [&](const auto& port) { return port.name == value; });
}

const Tensor* OnnxUses::initializer(const std::string& value) const {
  const auto found = initializers_.find(value);
  return found == initializers_.end() ? nullptr : &model_.initializers[found->second].second;
}

void remove_identities(OnnxModel& model) {
  std::unordered_map<std::string, std::string> renamed;  // to what a value is now called
  const auto now = [&](std::string name) {
    for (auto it = renamed.find(name); it != renamed.end(); it = renamed.find(name)) name = it->second;
    return name;
  };
  std::vector<bool> removed(model.nodes.size(), false);
  for (std::size_t i = 0; i < model.nodes.size(); ++i) {
    const OnnxNode& node = model.nodes[i];
    if (node.op != "Identity") continue;
    const OnnxUses uses(model);
    const std::string from = now(node.inputs[0]), to = node.outputs[0];
    if (!uses.is_output(to)) {
      renamed[to] = from;
      removed[i] = true;
    } else if (uses.producer(from) >= 0 && !uses.is_output(from) && !renamed.contains(to)) {
      renamed[from] = to;  // the producer makes the output itself
      removed[i] = true;
    }
  }
  std::vector<OnnxNode> kept;
  for (std::size_t i = 0; i < model.nodes.size(); ++i) {
    if (removed[i]) continue;
    OnnxNode node = std::move(model.nodes[i]);
    for (auto& input : node.inputs) input = now(input);
    for (auto& output : node.outputs) output = now(output);
    kept.push_back(std::move(node));
  }
  model.nodes = std::move(kept);
}

void remove_unused(OnnxModel& model) {
  std::unordered_set<std::string> needed;
  for (const auto& output : model.outputs) needed.insert(output.name);
  std::vector<OnnxNode> kept;
  for (auto node = model.nodes.rbegin(); node != model.nodes.rend(); ++node) {
    const auto used = [&](const std::string& output) { return needed.contains(output); };
    if (std::none_of(node->outputs.begin(), node->outputs.end(), used)) continue;
    needed.insert(node->inputs.begin(), node->inputs.end());
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  model.nodes = std::move(kept);
  std::erase_if(model.initializers, [&](const auto& each) { return !needed.contains(each.first); });
}

}  // namespace xtape::detail
