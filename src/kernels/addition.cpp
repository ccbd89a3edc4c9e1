#include "kernels/addition.hpp"

#include "kernels/elementwise_loop.hpp"

namespace xtape::kernels {
namespace {

struct Plus {
  template <class V>
  V operator()(V a, V b) const {
    return a + b;
  }
};

template <class T>
Elementwise addition_of() noexcept {
  static constexpr Plus plus;
  return {&elementwise_loop<T, T, 2, Plus>, &plus, sizeof(T), {sizeof(T), sizeof(T)}};
}

}  // namespace

Elementwise addition(DType dtype) noexcept {
  if (dtype == DType::float32) return addition_of<float>();
  if (dtype == DType::float64) return addition_of<double>();
  return {};
}

}  // namespace xtape::kernels
