#pragma once

#include <concepts>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"

namespace xtape {

namespace detail {

/// An argument of zip(): a reference to a list that has a name, or a copy of a temporary list.
template <class T>
class ZipList {
  using Own = std::conditional_t<std::is_same_v<T, Tensor>, Tensors, std::vector<T>>;

 public:
  ZipList() = default;
  ZipList(std::span<const T> list) : there_(list) {}
  ZipList(std::span<T> list) : there_(list) {}
  template <class R>
  requires(std::convertible_to<const R&, std::span<const T>> && !std::same_as<std::remove_cvref_t<R>, ZipList>)
      ZipList(R&& list) {
    if constexpr (std::is_lvalue_reference_v<R>) {
      there_ = list;
    } else if constexpr (std::same_as<R, Own>) {
      own_ = std::move(list);
      owns_ = true;
    } else {
      own_.assign(list.begin(), list.end());
      owns_ = true;
    }
  }
  ZipList(std::initializer_list<T> list) : own_(list), owns_(true) {}

  std::span<const T> get() const noexcept { return owns_ ? std::span<const T>(own_) : there_; }

 private:
  std::span<const T> there_;
  Own own_;
  bool owns_ = false;
};

}  // namespace detail

/// Gradients, each with its variable: the result of zip().
class GradientsAndVariables {
 public:
  std::span<const Tensor> gradients() const& noexcept { return gradients_.get(); }
  std::span<const Variable> variables() const& noexcept { return variables_.get(); }
  std::span<const Tensor> gradients() const&& = delete;  // the pairs may hold them
  std::span<const Variable> variables() const&& = delete;
  std::size_t size() const noexcept { return variables_.get().size(); }

 private:
  friend GradientsAndVariables zip(detail::ZipList<Tensor> gradients, detail::ZipList<Variable> variables);
  GradientsAndVariables(detail::ZipList<Tensor> gradients, detail::ZipList<Variable> variables)
      : gradients_(std::move(gradients)), variables_(std::move(variables)) {}

  detail::ZipList<Tensor> gradients_;
  detail::ZipList<Variable> variables_;
};

/// Pairs each gradient with its variable, for Optimizer::apply_gradients: Python's zip.
///
///     optimizer.apply_gradients(zip(grads, model.trainable_variables()));
///     auto pairs = zip(tape.gradient(loss, variables), variables);
///
/// Takes vectors of any kind and lists in braces. The result refers to a list that has a name, such as `variables`, and
/// must not outlive it; it holds a temporary list, such as the gradients above. Throws a ValueError if the lengths
/// differ.
GradientsAndVariables zip(detail::ZipList<Tensor> gradients, detail::ZipList<Variable> variables);

}  // namespace xtape
