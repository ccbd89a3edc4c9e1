#pragma once

#if __has_include(<xtensor/containers/xarray.hpp>)  // xtensor 0.26 and newer
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xexpression.hpp>
#include <xtensor/core/xnoalias.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xexpression.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "xtape/base/error.hpp"
#include "xtape/core/tensor.hpp"

// The optional bridge to xtensor: with this header any xtensor expression converts to a Tensor, and Tensor::array<T>()
// is an xtensor view of a Tensor's elements.
//
//     Tensor t = xt::sin(a) + xt::view(b, xt::all(), 0);          // evaluated here, into the tensor's own memory
//     float peak = xt::amax(xt::abs(t.array<float>()))();         // reads t's memory
//
// An xtensor expression is lazy: `auto e = xt::exp(t.array<float>());` reads t when e is evaluated, so t (or another
// handle of the tensor) must live as long as e. A temporary tensor's array() does not compile.
namespace xtape::detail {

/// The element type of a tensor for values of type T: T itself, or for another C++ integer type (such as long long) the
/// fixed-width type of the same size and signedness. void if there is none.
template <class T>
using ElementFor = std::conditional_t<
    Element<T>, T,
    std::conditional_t<
        std::is_integral_v<T> && std::is_signed_v<T> && sizeof(T) == 8, std::int64_t,
        std::conditional_t<std::is_integral_v<T> && std::is_signed_v<T> && sizeof(T) == 4, std::int32_t, void>>>;

template <XtensorExpression E>
struct FromXtensor<E> {
  using T = ElementFor<std::remove_cv_t<typename E::value_type>>;
  static_assert(!std::is_same_v<typename E::value_type, Tensor>,
                "xtensor's operators know no Tensor: make a Tensor of the expression first, or use tensor.array<T>()");
  static_assert(!std::is_void_v<T> || std::is_same_v<typename E::value_type, Tensor>,
                "no tensor holds this expression's value type: xt::cast it to float, double, std::int32_t, "
                "std::int64_t, std::uint8_t or bool");

  static Tensor convert(const E& expression) {
    const Tensor out = make_tensor(shape_of(expression), dtype_of<T>);
    const xt::dynamic_shape<std::size_t> sizes(out.shape().begin(), out.shape().end());
    auto to = xt::adapt(reinterpret_cast<T*>(elements_to_fill(out)), static_cast<std::size_t>(out.size()),
                        xt::no_ownership(), sizes);
    xt::noalias(to) = expression;
    return out;
  }

 private:
  static Shape shape_of(const E& expression) {
    try {
      const auto& sizes = expression.shape();
      PoolVector<std::int64_t> copy(sizes.size());
      std::transform(sizes.begin(), sizes.end(), copy.begin(),
                     [](auto size) { return static_cast<std::int64_t>(size); });
      return Shape(std::span<const std::int64_t>(copy.data(), copy.size()));
    } catch (const xt::broadcast_error& error) {
      throw ValueError(std::string("[Tensor] the shapes in an xtensor expression do not broadcast: ") + error.what());
    }
  }
};

template <Element T>
struct ArrayView<T> {
  static auto make(const Tensor& t) {
    const Shape& shape = t.shape();
    return view(t, xt::dynamic_shape<std::size_t>(shape.begin(), shape.end()));
  }

  template <std::size_t rank>
  static auto make(const Tensor& t) {
    const Shape& shape = t.shape();
    if (shape.rank() != static_cast<int>(rank)) {
      throw ValueError("[Tensor.array] expected a tensor of rank " + std::to_string(rank) + ": shape " + shape.str());
    }
    std::array<std::size_t, rank> sizes{};
    std::copy(shape.begin(), shape.end(), sizes.begin());
    return view(t, sizes);
  }

 private:
  template <class Sizes>
  static auto view(const Tensor& t, const Sizes& sizes) {
    check_dtype("Tensor.array", t.impl(), dtype_of<T>);
    return xt::adapt(t.data<T>().data(), static_cast<std::size_t>(t.size()), xt::no_ownership(), sizes);
  }
};

}  // namespace xtape::detail
