#pragma once

#include <concepts>
#include <functional>
#include <type_traits>

#include "xtape/layers/layer.hpp"

namespace xtape {
namespace detail {

template <class C, class R, class A>
std::remove_cvref_t<A> argument_of(R (C::*)(A) const);

/// Whether a callable takes a TensorList, not a Tensor.
template <class F>
concept TakesList = requires {
  { argument_of(&F::operator()) } -> std::same_as<TensorList>;
};

}  // namespace detail

namespace layers {

/// Keyword arguments of Lambda.
struct LambdaOptions {
  DTypePolicy dtype = {};
  std::string name = {};
  /// Computes the mask of the output from the first input and its mask, which may be empty; unset: no mask. `[](const
  /// Tensor&, const Tensor& mask) { return mask; }` keeps the mask.
  std::function<Tensor(const Tensor& inputs, const Tensor& previous_mask)> mask = {};

  XTAPE_FIELDS(dtype, name, mask)
};

/// A function as a layer (keras.layers.Lambda): any callable from a const Tensor& to a Tensor, or from a const
/// TensorList& to a Tensor or a TensorList. Variables that it uses are not weights of the layer. For a layer with
/// weights, or one that behaves differently in training, write a class.
///
///     Lambda([](const Tensor& x) { return square(x); })
///     Lambda([](const TensorList& in) { return in[0] * in[1]; })({a, b})
///
/// Throws a ValueError for an empty function, and for several inputs to a function of one.
class Lambda : public LayerBase<Lambda> {
 public:
  explicit Lambda(Tensor (*function)(const Tensor&), LambdaOptions options = {});
  template <class F>
  requires(std::is_class_v<F> && !std::derived_from<F, Layer> && xtape::detail::TakesList<F> &&
           std::is_invocable_r_v<TensorList, const F&, const TensorList&>)  //
      explicit Lambda(F function, LambdaOptions options = {})
      : Lambda(Function(std::move(function)), std::move(options), 0) {}
  template <class F>
  requires(std::is_class_v<F> && !std::derived_from<F, Layer> && !xtape::detail::TakesList<F> &&
           std::is_invocable_r_v<Tensor, const F&, const Tensor&>)  //
      explicit Lambda(F function, LambdaOptions options = {})
      : Lambda(of_one(std::function<Tensor(const Tensor&)>(std::move(function))), std::move(options), 0) {}

  Tensor compute_mask(const Tensor& inputs, const Tensor& previous_mask) override {
    return mask_ ? mask_(inputs, previous_mask) : Layer::compute_mask(inputs, previous_mask);
  }

 protected:
  TensorList call_list(const TensorList& inputs) override { return function_(inputs); }
  bool may_make_masks() const override { return static_cast<bool>(mask_); }

 private:
  using Function = std::function<TensorList(const TensorList&)>;
  static Function of_one(std::function<Tensor(const Tensor&)> function);
  Lambda(Function function, LambdaOptions options, int);

  Function function_;
  std::function<Tensor(const Tensor&, const Tensor&)> mask_;
};

}  // namespace layers
}  // namespace xtape
