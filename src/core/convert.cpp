#include "core/convert.hpp"

#include <cstring>
#include <limits>

#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"

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
    // Outside the target's range a plain cast is undefined.
    constexpr From low = static_cast<From>(std::numeric_limits<To>::min());
    constexpr From high = static_cast<From>(std::numeric_limits<To>::max());
    if (!(value == value)) return 0;
    if (value <= low) return std::numeric_limits<To>::min();
    if (value >= high) return std::numeric_limits<To>::max();
    return static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace

Tensor copy(const Tensor& t) {
  Tensor out = make_tensor(t.shape(), t.dtype());
  std::memcpy(out.impl()->data(), t.impl()->data(), static_cast<std::size_t>(t.size()) * itemsize(t.dtype()));
  return out;
}

Tensor convert(const Tensor& t, DType dtype) {
  if (t.dtype() == dtype && !t.impl()->weak) return t;
  Tensor out = make_tensor(t.shape(), dtype);
  kernels::visit(dtype, [&]<class To>(kernels::Type<To>) {
    To* to = mutable_data<To>(out);
    if (t.impl()->weak && t.dtype() == float32) {
      *to = convert_one<To>(weak_value(t));
      return;
    }
    kernels::visit(t.dtype(), [&]<class From>(kernels::Type<From>) {
      const From* from = const_data<From>(t);
      kernels::parallel_for(t.size(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) to[i] = convert_one<To>(from[i]);
      });
    });
  });
  return out;
}

}  // namespace xtape::detail
