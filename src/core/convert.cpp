#include "core/convert.hpp"

#include <limits>

#include "core/element_access.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/stream.hpp"

namespace xtape::detail {
namespace {

template <class To, class From>
To convert_one(From value) {
  if constexpr (std::is_same_v<From, BFloat16>) {
    return convert_one<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return BFloat16(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // A plain cast is undefined outside the target's range. No branches, so that the compiler vectorises it.
    constexpr From low = static_cast<From>(std::numeric_limits<To>::min());
    constexpr From high = static_cast<From>(std::numeric_limits<To>::max());
    const From inside = value > low && value < high ? value : From{};
    const To above = value >= high ? std::numeric_limits<To>::max() : static_cast<To>(inside);
    return value <= low ? std::numeric_limits<To>::min() : above;
  } else {
    return static_cast<To>(value);
  }
}

/// The conversion as an elementwise loop.
template <class To, class From>
void convert_loop(const void*, std::int64_t n, void* to_, const void* const* from_, const std::int64_t*) {
  To* __restrict to = static_cast<To*>(to_);
  const From* __restrict from = static_cast<const From*>(from_[0]);
  for (std::int64_t i = 0; i < n; ++i) to[i] = convert_one<To>(from[i]);
}

}  // namespace

Tensor copy(const Tensor& t) {
  Tensor out = make_tensor(t.shape(), t.dtype());
  launch([](Read from, Write to) { kernels::copy_bytes(to.bytes(), from.bytes(), from.size_in_bytes()); }, t, out);
  return out;
}

void convert_number(const Tensor& number, DType dtype, void* element) {
  if (number.dtype() == float32) {
    const double value = weak_value(number);
    if (dtype == float32) {
      *static_cast<float*>(element) = static_cast<float>(value);
      return;
    }
    kernels::visit(dtype, [&]<class To>(kernels::Type<To>) { *static_cast<To*>(element) = convert_one<To>(value); });
    return;
  }
  kernels::visit(dtype, [&]<class To>(kernels::Type<To>) {
    *static_cast<To*>(element) =
        number.dtype() == int64 ? convert_one<To>(*reinterpret_cast<const std::int64_t*>(ElementAccess::of(number)))
                                : convert_one<To>(*reinterpret_cast<const std::int32_t*>(ElementAccess::of(number)));
  });
}

Tensor convert(const Tensor& t, DType dtype) {
  if (t.dtype() == dtype && !t.impl()->weak) return t;
  Tensor out = make_like(t, dtype);
  if (t.impl()->weak) {
    if (thread_state.tracer != nullptr) [[unlikely]]
      give_elements(*out.impl());
    convert_number(t, dtype, ElementAccess::of(out));
    return constant_of_trace(std::move(out));
  }
  kernels::visit(dtype, [&]<class To>(kernels::Type<To>) {
    kernels::visit(t.dtype(), [&]<class From>(kernels::Type<From>) {
      // A bool is a byte of 0 or 1. Compilers vectorise bytes but not bools.
      using Bits = std::conditional_t<std::is_same_v<From, bool>, std::uint8_t, From>;
      const kernels::Elementwise f{&convert_loop<To, Bits>, nullptr, sizeof(To), {sizeof(From)}};
      if (to_be_run(t, out)) {
        kernels::run_elementwise(f, t.shape(), t.size(), ElementAccess::of(out),
                                 {{{ElementAccess::of(t), &t.shape()}}});
      }
      if (thread_state.tracer != nullptr) [[unlikely]]
        trace_elementwise(f, 0, t, out);
    });
  });
  return out;
}

}  // namespace xtape::detail
