#include "core/undo.hpp"

#include <utility>

namespace xtape::detail {

void Undo::keep(const Variable& variable) {
  if (current_.outer() != nullptr) current_.outer()->keep(variable);
  kept_.try_emplace(variable.impl(), Kept{variable, variable.peek()});
}

void Undo::take_back() noexcept {
  for (auto& [impl, kept] : kept_) {
    kept.variable.impl()->value = std::move(kept.value);
    kept.variable.impl()->seen_by.store(0, std::memory_order_relaxed);
  }
  kept_.clear();
}

std::uint64_t Trial::draw(const void* generator, std::uint64_t position, std::uint64_t blocks) {
  std::uint64_t& drawn = drawn_[generator];
  return position + std::exchange(drawn, drawn + blocks);
}

const Trial* Trial::outermost() noexcept {
  const Trial* trial = current();
  while (trial != nullptr && trial->current_.outer() != nullptr) trial = trial->current_.outer();
  return trial;
}

Trial::Suspended::Suspended(const Trial* from) noexcept
    : trial_(nullptr),
      undo_(from == nullptr ? thread_state.undo : from->undo_.current_.outer()),
      tracer_(from == nullptr ? thread_state.tracer : from->untraced_.hidden()) {}

}  // namespace xtape::detail
