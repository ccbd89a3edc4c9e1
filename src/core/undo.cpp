#include "core/undo.hpp"

#include <utility>

namespace xtape::detail {
namespace {
constinit thread_local Undo* current_undo = nullptr;
constinit thread_local Trial* current_trial = nullptr;
}  // namespace

Undo::Undo() noexcept : outer_(std::exchange(current_undo, this)) {}
Undo::~Undo() { current_undo = outer_; }
Undo* Undo::current() noexcept { return current_undo; }

void Undo::keep(const Variable& variable) {
  if (outer_ != nullptr) outer_->keep(variable);
  kept_.try_emplace(variable.impl(), Kept{variable, variable.peek()});
}

void Undo::take_back() noexcept {
  for (auto& [impl, kept] : kept_) {
    kept.variable.impl()->value = std::move(kept.value);
    kept.variable.impl()->seen_by.store(0, std::memory_order_relaxed);
  }
  kept_.clear();
}

Trial::Trial() noexcept : outer_(std::exchange(current_trial, this)) {}
Trial::~Trial() {
  undo_.take_back();
  current_trial = outer_;
}
Trial* Trial::current() noexcept { return current_trial; }

std::uint64_t Trial::draw(const void* generator, std::uint64_t position, std::uint64_t blocks) {
  std::uint64_t& drawn = drawn_[generator];
  return position + std::exchange(drawn, drawn + blocks);
}

Trial::ForReal::ForReal() noexcept
    : trial_(std::exchange(current_trial, nullptr)), undo_(current_undo), tracer_(tracer) {
  if (trial_ == nullptr) return;
  const Trial* outermost = trial_;
  while (outermost->outer_ != nullptr) outermost = outermost->outer_;
  current_undo = outermost->undo_.outer_;
  tracer = outermost->untraced_.hidden();
}
Trial::ForReal::~ForReal() {
  current_trial = trial_;
  current_undo = undo_;
  tracer = tracer_;
}

}  // namespace xtape::detail
