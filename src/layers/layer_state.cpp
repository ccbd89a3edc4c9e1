// The handles, names, variables and generators of a layer.
#include "layers/layer_state.hpp"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "layers/graph_node.hpp"

namespace xtape::detail {

std::mutex& structure_mutex() noexcept {
  static std::mutex mutex;
  return mutex;
}

std::uint64_t next_number() noexcept {
  static std::atomic<std::uint64_t> numbers{0};
  return numbers.fetch_add(1, std::memory_order_relaxed) + 1;
}

void LayerState::set_built(Layer& handle) {
  const std::lock_guard lock(mutex);
  if (!built()) settled = build = next_number();
  handle.bound_ = build.load();
}

std::optional<Shape> LayerState::output_shape() const {
  const std::lock_guard lock(mutex);
  return output_shape_;
}

std::vector<Shape> LayerState::build_shapes() const {
  const std::lock_guard lock(mutex);
  for (const auto& node : nodes_) {  // which has symbolic shapes
    const auto call = node.lock();
    if (call == nullptr || call->inputs.empty()) continue;
    std::vector<Shape> shapes;
    for (const auto& input : call->inputs) shapes.push_back(input.shape());
    return shapes;
  }
  return build_shapes_;
}

void LayerState::set_build_shapes(const std::vector<Shape>& shapes) {
  build_shapes_ = shapes;
  for (Shape& shape : build_shapes_) {
    if (shape.rank() > 0) shape.begin()[0] = -1;
  }
}

std::vector<DType> LayerState::build_dtypes() const {
  const std::lock_guard lock(mutex);
  return build_dtypes_;
}

void LayerState::set_build_dtypes(std::span<const Tensor> inputs) {
  const std::lock_guard lock(mutex);
  if (!build_dtypes_.empty()) return;
  for (const Tensor& input : inputs) build_dtypes_.push_back(input.dtype());
}

void LayerState::set_output_shape(const Shape& shape) {
  const std::lock_guard lock(mutex);
  output_shape_ = shape;
  has_output_shape.store(true, std::memory_order_release);
}

void LayerState::add_handle(Layer& handle, const Layer* original) {
  const std::lock_guard lock(mutex);  // waits for a running build, which changes the members that are copied
  handles_.push_back(&handle);
  if (original != nullptr) handle.bound_ = original->bound_.load();
}

void LayerState::remove_handle(Layer& handle) noexcept {
  const std::lock_guard lock(mutex);
  std::erase(handles_, &handle);
}

void LayerState::replace_handle(Layer& from, Layer& to) noexcept {
  const std::lock_guard lock(mutex);
  std::replace(handles_.begin(), handles_.end(), &from, &to);
  to.bound_ = from.bound_.load();
}

std::vector<Layer*> LayerState::handles() const {
  const std::lock_guard lock(mutex);
  return handles_;
}

Layer* LayerState::handle() const noexcept {
  const std::lock_guard lock(mutex);
  return handles_.empty() ? nullptr : handles_.front();
}

std::string snake_case(const std::string& name) {
  std::string snake;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto upper = [&](std::size_t k) {
      return k < name.size() && std::isupper(static_cast<unsigned char>(name[k])) != 0;
    };
    const auto lower = [&](std::size_t k) {
      return k < name.size() && std::islower(static_cast<unsigned char>(name[k])) != 0;
    };
    if (i > 0 && upper(i) && (lower(i - 1) || lower(i + 1))) snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return snake;
}

void LayerState::add_node(const std::shared_ptr<GraphNode>& node) {
  const std::lock_guard lock(mutex);
  std::erase_if(nodes_, [](const auto& other) { return other.expired(); });
  nodes_.push_back(node);
}

std::vector<std::shared_ptr<GraphNode>> LayerState::nodes() const {
  const std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<GraphNode>> all;
  for (const auto& node : nodes_) {
    if (auto alive = node.lock()) all.push_back(std::move(alive));
  }
  return all;
}

void LayerState::name_unless_given(const std::string& automatic) {
  if (named_by_user) return;
  name = automatic;
  has_name = true;
}

std::string LayerState::path() const {
  const auto above = parent.lock();
  return above == nullptr ? name : above->path() + "/" + name;
}

std::string LayerState::shown_path() const {
  const std::lock_guard lock(structure_mutex());
  return path();
}

void LayerState::rename_weights(const std::string& before) {
  const std::string now = path();
  for (auto& weight : weights) {
    if (weight.made_by_us && weight.variable.name() == before + "/" + weight.name)
      weight.variable.set_name(now + "/" + weight.name);
  }
  for (const auto& child : children) child->rename_weights(before + "/" + child->name);
}

bool LayerState::narrows() {
  const auto wide = [&](const LayerState& layer) {
    return (&layer != this && layer.policy.compute_dtype() == float64) ||
           std::any_of(layer.weights.begin(), layer.weights.end(),
                       [](const Weight& weight) { return weight.variable.dtype() == float64; });
  };
  const std::lock_guard lock(structure_mutex());
  return (!weights.empty() || !children.empty()) && !any(wide);
}

std::vector<std::pair<std::string, Variable>> LayerState::named_weights() {
  std::vector<std::pair<std::string, Variable>> named;
  std::unordered_set<const VariableImpl*> seen;  // two models may share a layer
  const auto collect = [&](const auto& self, const LayerState& layer, const std::string& prefix) -> void {
    for (const auto& weight : layer.weights) {
      if (seen.insert(weight.variable.impl()).second) named.emplace_back(prefix + weight.name, weight.variable);
    }
    for (const auto& child : layer.children) self(self, *child, child->in_paths ? prefix + child->name + "/" : prefix);
  };
  const std::lock_guard lock(structure_mutex());
  collect(collect, *this, "");
  return named;
}

std::vector<std::shared_ptr<random::Generator>> LayerState::all_generators() {
  std::vector<std::shared_ptr<random::Generator>> all;
  const std::lock_guard lock(structure_mutex());
  visit([&](const LayerState& layer) {
    for (const auto& generator : layer.generators) {
      if (std::find(all.begin(), all.end(), generator) == all.end()) all.push_back(generator);
    }
  });
  return all;
}

const LayerState::Lists& LayerState::lists() {
  const std::uint64_t now = structure_version();
  if (version_.load(std::memory_order_acquire) == now) return lists_;
  const std::lock_guard lock(structure_mutex());
  if (version_.load(std::memory_order_relaxed) == now) return lists_;
  Lists lists;
  std::unordered_set<const VariableImpl*> seen;  // two models may share a layer
  visit([&](const LayerState& layer) {
    for (const auto& weight : layer.weights) {
      if (!seen.insert(weight.variable.impl()).second) continue;
      lists.all.push_back(weight.variable);
      (weight.variable.trainable() ? lists.trainable : lists.frozen).push_back(weight.variable);
    }
  });
  const auto same = [](const std::vector<Variable>& a, const std::vector<Variable>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const Variable& x, const Variable& y) { return x.is_same(y); });
  };
  // Replaced only if they differ, since other threads may be reading the lists.
  if (!same(lists.all, lists_.all) || !same(lists.trainable, lists_.trainable)) lists_ = std::move(lists);
  version_.store(now, std::memory_order_release);
  return lists_;
}

}  // namespace xtape::detail
