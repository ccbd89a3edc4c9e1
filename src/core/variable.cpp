#include "xtape/core/variable.hpp"

#include <atomic>
#include <cstring>

#include "core/check.hpp"
#include "core/convert.hpp"
#include "kernels/inplace.hpp"

namespace xtape {
namespace detail {

constinit thread_local const VariableHooks* variable_hooks = nullptr;

namespace {
std::atomic<std::uint64_t> structure{1};
std::atomic<std::uint64_t> variables{0};
}  // namespace
std::uint64_t structure_version() noexcept { return structure.load(std::memory_order_relaxed); }
void structure_changed() noexcept { structure.fetch_add(1, std::memory_order_relaxed); }

Tensor& value_for_update(const Variable& variable) {
  Tensor& value = variable.impl()->value;
  if (!is_unique(value)) {
    value = copy(value);
    variable.impl()->seen_by.store(0, std::memory_order_relaxed);
  }
  return value;
}

}  // namespace detail

Variable::Variable(Tensor initial_value, VariableOptions options) {
  if (!initial_value)
    detail::fail<ValueError>("Variable", "the initial value of '{}' is an empty tensor", options.name);
  // A value of its own: neither a plain number's weak dtype nor the identity of a recorded result belongs to a
  // variable.
  Tensor value = detail::is_unique(initial_value) && !initial_value.impl()->weak && initial_value.impl()->id == 0
                     ? std::move(initial_value)
                     : detail::copy(initial_value);
  impl_ = std::make_shared<detail::VariableImpl>(std::move(value), std::move(options.name), options.trainable);
  impl_->number = detail::variables.fetch_add(1, std::memory_order_relaxed);
}

void Variable::set_trainable(bool trainable) {
  checked()->trainable = trainable;
  impl_->seen_by.store(0, std::memory_order_relaxed);
  detail::structure_changed();
}

Tensor Variable::checked_value(const char* op, const Tensor& t) const {
  const Tensor& value = peek();
  if (t.shape() != value.shape()) {
    detail::fail<ValueError>(op, "variable '{}' has shape {}, received {}", name(), value.shape(), t.shape());
  }
  if (detail::variable_hooks != nullptr) detail::variable_hooks->assigned(*this, t);
  if (t.dtype() == value.dtype()) return t;
  if (t.impl()->weak) return detail::convert(t, value.dtype());
  detail::fail<TypeError>(op, "variable '{}' is {}, received {}", name(), value.dtype(), t.dtype());
}

void Variable::assign(const Tensor& new_value) {
  const Tensor t = checked_value("Variable.assign", new_value);
  if (t.is_same(peek())) return;
  // Into the old elements where nobody else sees them; otherwise a copy, so that no two variables share elements.
  Tensor& value = checked()->value;
  if (detail::is_unique(value)) {
    std::memcpy(value.impl()->data(), t.impl()->data(), static_cast<std::size_t>(t.size()) * itemsize(t.dtype()));
  } else {
    value = detail::copy(t);
    impl_->seen_by.store(0, std::memory_order_relaxed);
  }
}

void Variable::assign_add(const Tensor& delta) {
  const Tensor t = checked_value("Variable.assign_add", delta);
  const Tensor& value = detail::value_for_update(*this);
  kernels::add_in_place(value.dtype(), value.impl()->data(), t.impl()->data(), value.size(), /*subtract=*/false);
}

void Variable::assign_sub(const Tensor& delta) {
  const Tensor t = checked_value("Variable.assign_sub", delta);
  const Tensor& value = detail::value_for_update(*this);
  kernels::add_in_place(value.dtype(), value.impl()->data(), t.impl()->data(), value.size(), /*subtract=*/true);
}

void Variable::throw_empty() {
  detail::fail<ValueError>("Variable", "the variable is empty (default-constructed and not yet built)");
}

}  // namespace xtape
