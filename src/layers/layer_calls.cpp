// What calls do besides computing: the first call builds layers, a failing call unbuilds what it has built, and a call
// of an untracked layer gives a warning.
#include <algorithm>
#include <unordered_set>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "core/undo.hpp"
#include "layers/layer_state.hpp"

namespace xtape {
namespace detail {

constinit thread_local LayerThread layer_thread;

CallScope::CallScope(std::optional<bool> training, LayerState* layer) noexcept
    : training_(training.value_or(current() != nullptr && current()->training_)),
      layer_(layer),
      outer_(current()),
      outermost_(outer_ == nullptr ? this : outer_->outermost_),
      outer_autocast_(thread_state.autocast),
      mark_(outermost_->built_.size()) {
  layer_thread.call = this;
  thread_state.autocast = nullptr;
}

void CallScope::settle() noexcept {
  for (const Built& each : built_) {
    const std::lock_guard lock(each.layer->mutex);
    each.layer->settle();
  }
}

void CallScope::fail() noexcept {
  for (auto& all = outermost_->built_; all.size() > mark_; all.pop_back()) {
    // Takes the draws back, so that the next attempt makes the same weights; not if other draws came after them.
    if (all.back().layer->unbuild()) random::default_generator().take_back(all.back().after, all.back().before);
  }
}

void LayerState::settle() noexcept {
  builder = nullptr;
  settled = build.load();
}

bool LayerState::unbuild() noexcept {
  const std::lock_guard lock(mutex);
  if (builder != &layer_thread) return false;
  builder = nullptr;
  build = 0;
  snapshot = nullptr;
  output_shape_.reset();
  has_output_shape = false;
  drop_what_build_made();
  return true;
}

void LayerState::drop_what_build_made() noexcept {
  const auto drop = [](auto& parts, std::size_t from, std::size_t to) {
    const auto begin = parts.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = parts.begin() + static_cast<std::ptrdiff_t>(to);
    std::remove_reference_t<decltype(parts)> dropped(std::make_move_iterator(begin), std::make_move_iterator(end));
    parts.erase(begin, end);
    return dropped;
  };
  std::unique_lock lock(structure_mutex());
  const auto dropped = std::tuple(drop(weights, made_from.weights, made_to.weights),
                                  drop(children, made_from.children, made_to.children),
                                  drop(generators, made_from.generators, made_to.generators));
  made_to = made_from;
  structure_changed();
  lock.unlock();  // unlocked before the parts are destroyed, some of which may be layers
}

namespace {

/// The state of the default generator. Untraced, since reading it would keep a traced function from being replayed.
random::GeneratorState default_draws() {
  const Untraced quietly;
  return random::default_generator().state();
}

/// Lives during a build(), whose effects last even if the call is a trial.
class BuildScope {
 public:
  BuildScope(LayerState& layer, LayerState::Building building) : layer_(layer) { layer_.building = building; }
  BuildScope(const BuildScope&) = delete;
  ~BuildScope() { layer_.building = LayerState::Building::no; }

 private:
  LayerState& layer_;
  const Trial::Suspended lasting_;
};

}  // namespace
}  // namespace detail

void Layer::prepare(const std::vector<Shape>& input_shapes) {
  detail::LayerState& own = state();
  const std::lock_guard lock(own.mutex);
  if (own.building != detail::LayerState::Building::no) {
    detail::fail<RuntimeError>(class_name().c_str(), "layer '{}' is called inside of its own build()",
                               own.shown_path());
  }
  if (own.built()) {
    if (own.builder != &detail::layer_thread) own.settle();  // this thread now uses the build
    if (bound_ != own.build) bind(own.snapshot.get(), input_shapes);
    return;
  }
  Layer& first = object();
  (void)name();  // before the weights, whose names contain it
  const random::GeneratorState before = detail::default_draws();
  own.made_from = own.made_to = own.counts();
  try {
    const detail::BuildScope building(own, detail::LayerState::Building::first);
    first.build_list(input_shapes);
    own.made_to = own.counts();
    own.set_build_shapes(input_shapes);
  } catch (...) {  // drops a partial build
    own.made_to = own.counts();
    own.drop_what_build_made();
    random::default_generator().take_back(detail::default_draws(), before);
    throw;
  }
  detail::CallScope::current()->built({state_, before, detail::default_draws()});
  own.may_make_masks.store(first.may_make_masks(), std::memory_order_relaxed);
  own.builder = &detail::layer_thread;
  own.build = detail::next_number();
  first.bound_ = own.build.load();
  for (Layer* handle : own.handles()) {
    if (handle->bound_ == own.build) continue;
    if (handle == this || handle->thread_ == &detail::layer_thread) {
      handle->bind(&first, input_shapes);
    } else if (own.snapshot == nullptr) {
      own.snapshot = first.copy();
      if (own.snapshot == nullptr) continue;
      own.remove_handle(*own.snapshot);
      own.snapshot->bound_ = 0;  // a handle that is assigned from it is bound only when it has all members
      own.snapshot->state_ = {std::shared_ptr<void>(),
                              &own};  // refers to the state without owning it, since the state owns the snapshot
    }
  }
}

/// Gives this handle the members that build() has set in another one.
void Layer::bind(const Layer* source, const std::vector<Shape>& input_shapes) {
  detail::LayerState& own = *state_;
  if (Layer& other = object(); &other != this) {
    if (other.bound_ != own.build) other.bind(source, input_shapes);
  } else if (const auto owner = state_; source != nullptr && take_members(*source)) {
    // Written only if necessary, since other threads may be reading the pointer. A user-defined assignment may have set
    // it to that of the snapshot.
    if (state_.owner_before(owner) || owner.owner_before(state_)) state_ = owner;
  } else {
    const detail::BuildScope building(own, detail::LayerState::Building::again);
    own.again = own.made_from;
    build_list(input_shapes);
  }
  bound_ = own.build.load();
}

namespace detail {

void LayerState::called_in(const CallScope& scope) {
  LayerState& caller = *scope.outer()->layer();
  std::uint64_t moved = caller.number_;
  for (auto& known : callers_) {
    moved = known.exchange(moved, std::memory_order_relaxed);
    if (moved == caller.number_) return;
  }
  const std::vector<Variable>& own = lists().all;
  std::unordered_set<const VariableImpl*> theirs;
  for (const auto* call = scope.outer(); call != nullptr; call = call->outer()) {
    if (call->layer() == nullptr) continue;
    {
      const std::lock_guard lock(structure_mutex());
      const auto& inside = call->layer()->children;
      if (std::any_of(inside.begin(), inside.end(), [&](const auto& child) { return child.get() == this; })) return;
    }
    for (const auto& variable : call->layer()->lists().all) theirs.insert(variable.impl());
  }
  const auto belongs = [&](const Variable& variable) { return theirs.contains(variable.impl()); };
  if (std::all_of(own.begin(), own.end(), belongs) || warned_.exchange(true)) return;
  const std::string path = shown_path();
  {
    // By path, since a layer that is made in every call is a new object each time.
    const std::lock_guard lock(caller.mutex);
    if (!caller.warned_about_.insert(path).second) return;
  }
  const auto class_of = [](const LayerState& layer) {
    const Layer* handle = layer.handle();
    return handle == nullptr ? "Layer" : handle->class_name();
  };
  warn(
      fmt::format("[{0}] layer '{1}' of class {2} is called inside of layer '{3}' but does not belong to it: its {4} "
                  "weight(s) are neither trained nor saved with '{3}'. Make it once, as a member, "
                  "`{5} = track({2}(...))`, or call adopt(layer) in the constructor for a layer that comes from "
                  "elsewhere, and layer.set_trainable(false) if it is not to be trained",
                  class_of(caller), path, class_of(*this), caller.shown_path(), own.size(), name));
}

bool LayerState::has_warned_about(const std::string& variable) {
  std::vector<LayerState*> layers;
  {
    const std::lock_guard lock(structure_mutex());
    visit([&](LayerState& layer) { layers.push_back(&layer); });
  }
  return std::any_of(layers.begin(), layers.end(), [&](LayerState* layer) {
    const std::lock_guard lock(layer->mutex);
    return std::any_of(layer->warned_about_.begin(), layer->warned_about_.end(),
                       [&](const std::string& path) { return variable.starts_with(path + '/'); });
  });
}

}  // namespace detail
}  // namespace xtape
