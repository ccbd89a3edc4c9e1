// What calls do to layers besides computing: the first ones build them, and any of them may go where they do not
// belong.
#include <algorithm>

#include "base/warn.hpp"
#include "layers/layer_state.hpp"

namespace xtape::detail {
namespace {

struct Built {
  std::shared_ptr<LayerState> layer;
  BuildAttempt::Draws draws;
};
/// What the calling thread's outermost call has built; null while that is nothing.
constinit thread_local std::vector<Built>* built_so_far = nullptr;

void end_outermost() noexcept {
  delete built_so_far;
  built_so_far = nullptr;
}

std::string class_of(const LayerState& layer) {
  const Layer* handle = layer.handle();
  return handle == nullptr ? "Layer" : handle->class_name();
}

}  // namespace

BuildAttempt::BuildAttempt(bool outermost) noexcept
    : mark_(built_so_far == nullptr ? 0 : built_so_far->size()), outermost_(outermost) {}

void BuildAttempt::succeed() noexcept {
  succeeded_ = true;
  if (!outermost_ || built_so_far == nullptr) return;
  for (const Built& built : *built_so_far) built.layer->settle();
  end_outermost();
}

void BuildAttempt::fail() noexcept {
  if (built_so_far == nullptr) return;
  while (built_so_far->size() > mark_) {
    const Built& last = built_so_far->back();
    // The next attempt makes the same weights, unless somebody has drawn numbers since.
    if (last.layer->unbuild()) random::default_generator().take_back(last.draws.after, last.draws.before);
    built_so_far->pop_back();
  }
  if (outermost_) end_outermost();
}

void BuildAttempt::built(std::shared_ptr<LayerState> layer, const Draws& draws) {
  if (built_so_far == nullptr) built_so_far = new std::vector<Built>;
  built_so_far->push_back({std::move(layer), draws});
}

void LayerState::called_in(const CallScope& scope) {
  LayerState& caller = *scope.outer()->layer();
  std::uint64_t moved = caller.number_;
  for (auto& known : callers_) {
    moved = known.exchange(moved, std::memory_order_relaxed);
    if (moved == caller.number_) return;
  }
  {
    const std::lock_guard lock(structure_mutex());
    for (const auto* call = scope.outer(); call != nullptr; call = call->outer()) {
      if (call->layer() == nullptr) continue;
      const auto& children_there = call->layer()->children;
      if (std::any_of(children_there.begin(), children_there.end(), [&](const auto& c) { return c.get() == this; })) {
        return;
      }
    }
  }
  const std::vector<Variable>& own = lists().all;
  if (own.empty()) return;
  std::unordered_set<const VariableImpl*> theirs;
  for (const auto* call = scope.outer(); call != nullptr; call = call->outer()) {
    if (call->layer() == nullptr) continue;
    for (const auto& variable : call->layer()->lists().all) theirs.insert(variable.impl());
  }
  const auto belongs = [&](const Variable& variable) { return theirs.contains(variable.impl()); };
  if (std::all_of(own.begin(), own.end(), belongs) || warned_.exchange(true)) return;
  const std::string path = shown_path();
  {
    // A layer that is made in every call is another one every time.
    const std::lock_guard lock(caller.mutex_);
    if (!caller.warned_about_.insert(path).second) return;
  }
  warn(
      fmt::format("[{0}] layer '{1}' of class {2} is called inside of layer '{3}' but does not belong to it: its {4} "
                  "weight(s) are neither trained nor saved with '{3}'. Make it once, as a member, "
                  "`{5} = track({2}(...))`, or call adopt(layer) in the constructor for a layer that comes from "
                  "elsewhere, and layer.set_trainable(false) if it is not to be trained",
                  class_of(caller), path, class_of(*this), caller.shown_path(), own.size(), name));
}

}  // namespace xtape::detail
