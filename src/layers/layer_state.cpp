#include "layers/layer_state.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <typeinfo>

#include <cxxabi.h>

namespace xtape::detail {

const void* this_thread() noexcept {
  constinit static thread_local char mark = 0;
  return &mark;
}

std::mutex& structure_mutex() noexcept {
  static std::mutex mutex;
  return mutex;
}

namespace {
std::atomic<std::uint64_t> layers_made{0};
}

LayerState::LayerState() noexcept : number_(layers_made.fetch_add(1, std::memory_order_relaxed) + 1) {}

std::optional<Shape> LayerState::output_shape() const {
  const std::lock_guard lock(mutex_);
  return output_shape_;
}

void LayerState::set_output_shape(const Shape& shape) {
  const std::lock_guard lock(mutex_);
  output_shape_ = shape;
  has_output_shape_.store(true, std::memory_order_release);
}

void LayerState::add_handle(Layer* handle) {
  const std::lock_guard lock(mutex_);
  handles_.push_back(handle);
}

void LayerState::add_copy(Layer* copy, const Layer& of) {
  const std::lock_guard no_build(build_mutex);  // whose members would change while they are copied
  const std::lock_guard lock(mutex_);
  handles_.push_back(copy);
  const Layer::Phase phase = of.phase_;
  const bool bound = phase == Layer::Phase::bound || phase == Layer::Phase::tentative;
  copy->phase_ = bound ? phase : Layer::Phase::unbound;
}

void LayerState::remove_handle(Layer* handle) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase(handles_, handle);
}

void LayerState::replace_handle(Layer* from, Layer* to) noexcept {
  const std::lock_guard lock(mutex_);
  std::replace(handles_.begin(), handles_.end(), from, to);
  to->phase_.store(from->phase_.load());
}

std::vector<Layer*> LayerState::handles() const {
  const std::lock_guard lock(mutex_);
  return handles_;
}

Layer* LayerState::handle() const noexcept {
  const std::lock_guard lock(mutex_);
  return handles_.empty() ? nullptr : handles_.front();
}

std::vector<Layer*> LayerState::unbound_handles() const {
  const std::lock_guard lock(mutex_);
  std::vector<Layer*> unbound;
  for (Layer* handle : handles_) {
    if (handle->phase_ == Layer::Phase::unbound && handle->thread_ == this_thread()) unbound.push_back(handle);
  }
  return unbound;
}

void LayerState::set_phases(Layer::Phase from, Layer::Phase to) noexcept {
  const std::lock_guard lock(mutex_);
  for (Layer* handle : handles_) {
    if (handle->phase_ == from) handle->phase_ = to;
  }
}

void LayerState::settle() noexcept {
  const std::lock_guard lock(build_mutex);
  if (tentative_of == this_thread()) tentative_of = nullptr;
  set_phases(Layer::Phase::tentative, Layer::Phase::bound);
}

bool LayerState::unbuild() noexcept {
  const std::lock_guard lock(build_mutex);
  if (tentative_of != this_thread()) return false;
  tentative_of = nullptr;
  forget_build();
  built = false;
  set_phases(Layer::Phase::tentative, Layer::Phase::unbound);
  const std::lock_guard shape_lock(mutex_);
  output_shape_.reset();
  has_output_shape_ = false;
  return true;
}

void LayerState::forget_build() noexcept {
  const std::lock_guard lock(structure_mutex());
  std::erase_if(weights, [](const auto& weight) { return weight.made_in_build; });
  for (const auto& child : children_of_build) std::erase(children, child);
  for (const auto& generator : generators_of_build) std::erase(generators, generator);
  children_of_build.clear();
  generators_of_build.clear();
  structure_changed();
}

std::string class_of(const std::type_info& type) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string full = status == 0 ? demangled : type.name();
  std::free(demangled);
  full = full.substr(0, full.find('<'));
  return full.substr(full.rfind(':') == std::string::npos ? 0 : full.rfind(':') + 1);
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

void LayerState::name_unless_given(const std::string& automatic) {
  if (named_by_user) return;
  name = automatic;
  has_name = true;
}

std::string LayerState::path() const {
  const auto above = parent.lock();
  return above == nullptr ? name : above->path() + "/" + name;
}

bool LayerState::contains(const LayerState& layer) const {
  return this == &layer ||
         std::any_of(children.begin(), children.end(), [&](const auto& child) { return child->contains(layer); });
}

std::string LayerState::shown_path() const {
  const std::lock_guard lock(structure_mutex());
  return path();
}

void LayerState::rename_weights(const std::string& before) {
  const std::string now = path();
  for (auto& weight : weights) {
    if (weight.made_by_us && weight.variable.name() == before + "/" + weight.name) {
      weight.variable.set_name(now + "/" + weight.name);
    }
  }
  for (const auto& child : children) child->rename_weights(before + "/" + child->name);
}

bool LayerState::narrows() const {
  const auto wide = [](const auto& self, const LayerState& layer) -> bool {
    return std::any_of(layer.weights.begin(), layer.weights.end(),
                       [](const Weight& weight) { return weight.variable.dtype() == float64; }) ||
           std::any_of(layer.children.begin(), layer.children.end(), [&](const auto& child) {
             return child->policy.compute_dtype() == float64 || self(self, *child);
           });
  };
  const std::lock_guard lock(structure_mutex());
  return (!weights.empty() || !children.empty()) && !wide(wide, *this);
}

void LayerState::set_trainable(bool value) {
  trainable = value;
  for (auto& weight : weights) weight.variable.set_trainable(value && weight.trainable);
  for (const auto& child : children) child->set_trainable(value);
}

void LayerState::collect_named(const std::string& prefix, std::vector<std::pair<std::string, Variable>>& named) const {
  for (const auto& weight : weights) {
    const auto there = [&](const auto& other) { return other.second.is_same(weight.variable); };
    if (std::none_of(named.begin(), named.end(), there)) named.emplace_back(prefix + weight.name, weight.variable);
  }
  for (const auto& child : children) child->collect_named(prefix + child->name + "/", named);
}

void LayerState::collect_generators(std::vector<std::shared_ptr<random::Generator>>& all) const {
  for (const auto& generator : generators) {
    if (std::find(all.begin(), all.end(), generator) == all.end()) all.push_back(generator);
  }
  for (const auto& child : children) child->collect_generators(all);
}

void LayerState::collect(Lists& lists, std::unordered_set<const VariableImpl*>& seen) const {
  for (const auto& weight : weights) {
    if (!seen.insert(weight.variable.impl()).second) continue;  // of a layer that two models share
    lists.all.push_back(weight.variable);
    (weight.variable.trainable() ? lists.trainable : lists.frozen).push_back(weight.variable);
  }
  for (const auto& child : children) child->collect(lists, seen);
}

const LayerState::Lists& LayerState::lists() {
  const std::uint64_t now = structure_version();
  if (version_.load(std::memory_order_acquire) != now) {
    const std::lock_guard lock(structure_mutex());
    if (version_.load(std::memory_order_relaxed) != now) {
      Lists lists;
      std::unordered_set<const VariableImpl*> seen;
      collect(lists, seen);
      const auto same = [](const std::vector<Variable>& a, const std::vector<Variable>& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                          [](const Variable& x, const Variable& y) { return x.is_same(y); });
      };
      // What has not changed stays where it is: other threads may be reading it.
      if (!same(lists.all, lists_.all) || !same(lists.trainable, lists_.trainable)) lists_ = std::move(lists);
      version_.store(now, std::memory_order_release);
    }
  }
  return lists_;
}

}  // namespace xtape::detail
