#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/base/list_of.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/thread_state.hpp"

namespace xtape {

class Variable;

namespace detail {

template <class T>
void variables_are_not_assigned() {
  static_assert(sizeof(T) == 0,
                "a Variable's value changes by w.assign(value), w.assign_add(delta), w.assign_sub(delta): write "
                "w.assign(w * 2) for w *= 2. `w = other` takes another Variable, and makes both the same one");
}

struct VariableImpl {
  VariableImpl(Tensor initial, std::string named, bool is_trainable, bool is_cast)
      : value(std::move(initial)), name(std::move(named)), trainable(is_trainable), autocast(is_cast) {}
  Tensor value;
  std::string name;
  bool trainable;
  bool autocast;  ///< see VariableOptions
  std::function<Tensor(const Tensor&)> constraint;
  std::uint64_t number = 0;  ///< counts the variables in the order of their construction
  /// The number of the innermost tape that has noted a read of the current value; 0 if none has. Saves a look-up.
  std::atomic<std::uint64_t> seen_by{0};
};

/// What variables call to inform tapes and the tracer: see ThreadState.
struct VariableHooks {
  void (*read)(const Variable& variable);
  /// Called before `value` is assigned or added to the variable.
  void (*assigned)(const Variable& variable, const Tensor& value);
};

/// Converts variables to the compute dtype while a mixed-precision layer computes: see ThreadState.
struct Autocast {
  DType dtype;
  const Tensor& (*value)(Autocast& scope, const Variable& variable);
};

}  // namespace detail

/// Keyword arguments of Variable.
struct VariableOptions {
  bool trainable = true;  ///< a recording GradientTape watches it when it is read
  bool autocast = true;   ///< a mixed-precision layer reads it in its compute dtype
  std::string name = "variable";
};

/// A named tensor that can be assigned to (tf.Variable): a handle, whose copies share the state. Wherever an op takes a
/// Tensor, a Variable can be given. Any number of threads may read a variable at once, but not while another thread
/// assigns to it.
class Variable {
 public:
  /// An empty handle, to be assigned a Variable later.
  Variable() noexcept = default;
  explicit Variable(Tensor initial_value, VariableOptions options = {});

  bool defined() const noexcept { return impl_ != nullptr; }

  /// The current value. A recording tape watches a trainable variable from here on. In a call of a mixed-precision
  /// layer this is the value in the layer's compute dtype, valid until that call returns.
  const Tensor& value() const& {
    const Tensor& stored = stored_value();
    return detail::thread_state.autocast == nullptr
               ? stored
               : detail::thread_state.autocast->value(*detail::thread_state.autocast, *this);
  }
  Tensor value() const&& { return value(); }
  operator const Tensor&() const { return value(); }
  /// The same, always in the variable's own dtype.
  const Tensor& stored_value() const& {
    if (detail::thread_state.variable_hooks != nullptr) detail::thread_state.variable_hooks->read(*this);
    return peek();
  }
  Tensor stored_value() const&& { return stored_value(); }
  /// The current value; tapes do not notice this read.
  const Tensor& peek() const& { return checked()->value; }
  Tensor peek() const&& { return peek(); }

  const Shape& shape() const& { return peek().shape(); }
  Shape shape() const&& { return shape(); }
  std::int64_t shape(int axis) const { return peek().shape(axis); }
  int rank() const { return peek().rank(); }
  std::int64_t size() const { return peek().size(); }
  DType dtype() const { return peek().dtype(); }
  const std::string& name() const& { return checked()->name; }
  std::string name() const&& { return name(); }
  void set_name(std::string name) { checked()->name = std::move(name); }
  bool trainable() const { return checked()->trainable; }
  void set_trainable(bool trainable);
  /// A projection that optimizers apply to the value after each update, such as a constraints::MaxNorm; empty for none.
  const std::function<Tensor(const Tensor&)>& constraint() const& { return checked()->constraint; }
  std::function<Tensor(const Tensor&)> constraint() const&& { return constraint(); }
  void set_constraint(std::function<Tensor(const Tensor&)> constraint) {
    checked()->constraint = std::move(constraint);
  }

  /// value = new_value. The shape and the dtype must be the variable's: otherwise a ValueError or TypeError, and the
  /// variable keeps its value. Tapes do not see assignments: no gradient flows through them, as in TensorFlow.
  void assign(const Tensor& new_value);
  /// value += delta
  void assign_add(const Tensor& delta);
  /// value -= delta
  void assign_sub(const Tensor& delta);
  /// value[items] = new_value, which broadcasts to the shape of that part (in TensorFlow v[0].assign(t)):
  ///
  ///     v.assign_slice({0}, t);    v.assign_slice({all, Slice(1, 3)}, 0);
  ///
  /// Throws what index() throws, a ValueError if the value does not broadcast and a TypeError for another dtype; the
  /// variable then keeps its value. Needs `xtape/ops/indexing.hpp`.
  void assign_slice(ListOf<IndexItem> items, const Tensor& new_value);

  /// A part of the value, as of a Tensor.
  Tensor operator[](const IndexItem& item) const;
  Tensor operator[](std::initializer_list<IndexItem> items) const;
  /// Not compiled: a plain "=" looks as if gradients followed it.
  template <class T>
  requires(std::convertible_to<T, Tensor> && !std::same_as<std::remove_cvref_t<T>, Variable>) void operator=(T&&) {
    detail::variables_are_not_assigned<T>();
  }
  template <class T>
  void operator+=(const T&) const {
    detail::variables_are_not_assigned<T>();
  }
  template <class T>
  void operator-=(const T&) const {
    detail::variables_are_not_assigned<T>();
  }
  template <class T>
  void operator*=(const T&) const {
    detail::variables_are_not_assigned<T>();
  }
  template <class T>
  void operator/=(const T&) const {
    detail::variables_are_not_assigned<T>();
  }

  bool is_same(const Variable& other) const noexcept { return impl_ == other.impl_; }
  detail::VariableImpl* impl() const noexcept { return impl_.get(); }

 private:
  detail::VariableImpl* checked() const {
    if (impl_ == nullptr) throw_empty();
    return impl_.get();
  }
  [[noreturn]] static void throw_empty();
  Tensor checked_value(const char* op, const Tensor& t) const;

  std::shared_ptr<detail::VariableImpl> impl_;
};

namespace detail {
/// The variable's elements for an update in place. Elements that another tensor shares are copied first.
Tensor& value_for_update(const Variable& variable);
/// Assigns to the elements at `offset` and the strides, of a part of the variable that has the shape of the value.
void assign_part(const Variable& variable, const Tensor& value, const Shape& strides, std::int64_t offset);
/// Counts every change of the set of variables or of their trainable flags, so that lists of variables can be cached.
std::uint64_t structure_version() noexcept;
void structure_changed() noexcept;
}  // namespace detail

}  // namespace xtape
