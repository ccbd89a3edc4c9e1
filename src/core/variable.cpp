#include "xtape/core/variable.hpp"

#include <atomic>
#include <cstring>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "core/undo.hpp"
#include "kernels/inplace.hpp"
#include "kernels/strided.hpp"

namespace xtape {
namespace detail {

namespace {
std::atomic<std::uint64_t> structure{1};
std::atomic<std::uint64_t> variables{0};
}  // namespace
std::uint64_t structure_version() noexcept { return structure.load(std::memory_order_relaxed); }
void structure_changed() noexcept { structure.fetch_add(1, std::memory_order_relaxed); }

namespace {
void set_value(VariableImpl* variable, Tensor value) {
  variable->value = std::move(value);
  variable->value.impl()->of_variable = true;
  variable->seen_by.store(0, std::memory_order_relaxed);
}
}  // namespace

Tensor& value_for_update(const Variable& variable) {
  Tensor& value = variable.impl()->value;
  if (!is_unique(value)) {
    const Untraced untraced;  // the caller reports the update to the tracer
    set_value(variable.impl(), copy(value));
  }
  return value;
}

}  // namespace detail

Variable::Variable(Tensor initial_value, VariableOptions options) {
  if (!initial_value.defined())
    detail::fail<ValueError>("Variable", "the initial value of '{}' is an empty tensor", options.name);
  // The variable gets its own tensor: it must not have the weak dtype of a plain number or the id of a recorded result.
  Tensor value = detail::is_unique(initial_value) && !initial_value.impl()->weak && initial_value.impl()->id == 0
                     ? std::move(initial_value)
                     : detail::copy(initial_value);
  impl_ = std::make_shared<detail::VariableImpl>(std::move(value), std::move(options.name), options.trainable,
                                                 options.autocast);
  impl_->number = detail::variables.fetch_add(1, std::memory_order_relaxed);
  impl_->value.impl()->of_variable = true;
  if (detail::thread_state.tracer != nullptr) detail::thread_state.tracer->variable_made();
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
  if (detail::thread_state.variable_hooks != nullptr) detail::thread_state.variable_hooks->assigned(*this, t);
  if (t.dtype() == value.dtype()) return t;
  if (t.impl()->weak) return detail::convert(t, value.dtype());
  detail::fail<TypeError>(op, "variable '{}' is {}, received {}", name(), value.dtype(), t.dtype());
}

namespace {
/// Runs `update`, which writes the variable's value from a tensor, as one launch.
template <class Update>
void launch_update(const Variable& variable, const Tensor& from, Update update) {
  if (detail::thread_state.tracer != nullptr) detail::thread_state.tracer->variable_written(variable);
  if (auto* undo = detail::Undo::current()) undo->keep(variable);
  detail::launch(
      detail::LaunchKind::state, [variable, update](detail::Read t) { update(variable, t); }, from);
}

void add_to_value(const Variable& variable, detail::Read delta, bool subtract) {
  const auto value = detail::host_write("Variable", detail::value_for_update(variable));
  kernels::add_in_place(value.dtype(), value.bytes(), delta.bytes(), value.size(), subtract);
}
}  // namespace

void Variable::assign(const Tensor& new_value) {
  const Tensor t = checked_value("Variable.assign", new_value);
  if (t.is_same(peek())) return;
  launch_update(*this, t, [](const Variable& variable, detail::Read from) {
    // Writes into the old elements if they are not shared; otherwise into new ones, so that variables never share
    // elements.
    Tensor& value = variable.impl()->value;
    if (!detail::is_unique(value)) detail::set_value(variable.impl(), detail::make_like(value, value.dtype()));
    std::memcpy(detail::host_write("Variable.assign", value).bytes(), from.bytes(),
                static_cast<std::size_t>(from.size_in_bytes()));
  });
}

void Variable::assign_add(const Tensor& delta) {
  launch_update(*this, checked_value("Variable.assign_add", delta),
                [](const Variable& variable, detail::Read t) { add_to_value(variable, t, /*subtract=*/false); });
}

void Variable::assign_sub(const Tensor& delta) {
  launch_update(*this, checked_value("Variable.assign_sub", delta),
                [](const Variable& variable, detail::Read t) { add_to_value(variable, t, /*subtract=*/true); });
}

void detail::assign_part(const Variable& variable, const Tensor& value, const Shape& strides, std::int64_t offset) {
  constexpr const char* op = "Variable.assign_slice";
  const DType dtype = variable.dtype();
  if (value.dtype() != dtype) {
    fail<TypeError>(op, "variable '{}' is {}, received {}", variable.name(), dtype, value.dtype());
  }
  if (thread_state.variable_hooks != nullptr) thread_state.variable_hooks->assigned(variable, value);
  if (value.size() == 0) return;
  launch_update(variable, value, [strides, offset](const Variable& to, Read from) {
    const Write all = host_write(op, value_for_update(to));
    kernels::strided_store(all.dtype(), from.shape(), from.bytes(),
                           all.bytes() + offset * static_cast<std::int64_t>(itemsize(all.dtype())), strides);
  });
}

void Variable::throw_empty() {
  detail::fail<ValueError>("Variable", "the variable is empty (default-constructed and not yet built)");
}

}  // namespace xtape
