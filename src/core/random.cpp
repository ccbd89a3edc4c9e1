#include "xtape/core/random.hpp"

#include <cmath>
#include <limits>

#include "core/check.hpp"
#include "core/convert.hpp"
#include "core/random_log.hpp"
#include "core/trace.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/philox.hpp"

namespace xtape::random {
namespace {

using detail::fail;

/// P(z < -2) of the standard normal distribution.
constexpr double beyond_two_deviations = 0.022750131948179207;

/// The next blocks of a sequence, which no other call gets.
kernels::PhiloxRange take(const std::atomic<std::uint64_t>& seed, std::atomic<std::uint64_t>& position,
                          std::uint64_t blocks) {
  RandomLog::Draw draw;
  const RandomLog::Draw* again = draws_replay == nullptr ? nullptr : draws_replay->next(blocks);
  if (again != nullptr) {
    draw = *again;
  } else {
    draw = {seed.load(std::memory_order_relaxed), position.fetch_add(blocks, std::memory_order_relaxed), blocks};
  }
  if (draws_log != nullptr) draws_log->draws.push_back(draw);
  return {draw.seed, draw.position};
}

/// Draws into a tensor, and again in every replay.
template <class Draw>
void launch_draw(Draw draw, const Tensor& out) {
  if (detail::tracer != nullptr && (draws_log != nullptr || draws_replay != nullptr)) {
    detail::tracer->give_up("random numbers are drawn inside of recompute_grad");
  }
  detail::launch(
      detail::LaunchKind::state, 1, [draw](const detail::Operands& of) { draw(of[0]); }, out);
}

/// The largest bfloat16 below another one that is not -inf.
BFloat16 below(BFloat16 value) {
  if ((value.bits & 0x7fff) == 0) {
    value.bits = 0x8001;  // the least denormal number, negative
  } else {
    value.bits = static_cast<std::uint16_t>((value.bits & 0x8000) != 0 ? value.bits + 1 : value.bits - 1);
  }
  return value;
}

template <class T>
struct Interval {
  T low, high;
  T last;  ///< the largest number of the dtype below high
};

template <class T>
Interval<T> floating_interval(double low, double high, DType dtype) {
  Interval<T> in{static_cast<T>(low), static_cast<T>(high), static_cast<T>(high)};
  if (dtype == bfloat16) {
    const BFloat16 end(static_cast<float>(high));
    in = {static_cast<T>(static_cast<float>(BFloat16(static_cast<float>(low)))),
          static_cast<T>(static_cast<float>(end)), static_cast<T>(static_cast<float>(below(end)))};
  } else {
    in.last = std::nextafter(in.high, -std::numeric_limits<T>::infinity());
  }
  if (!(in.low < in.high)) fail<ValueError>("random.uniform", "expected low < high in {}: {} and {}", dtype, low, high);
  if (!std::isfinite(in.high - in.low)) {
    fail<ValueError>("random.uniform", "high - low does not fit into {}: {} and {}", dtype, low, high);
  }
  return in;
}

struct IntegerInterval {
  std::int64_t low;
  std::uint64_t bound;  ///< high - low, 0 for 2^64
};

template <class T>
IntegerInterval integer_interval(double low, double high, DType dtype) {
  if (!(low < high)) fail<ValueError>("random.uniform", "expected low < high: {} and {}", low, high);
  const auto least = static_cast<double>(std::numeric_limits<T>::min());
  const double beyond = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (low != std::floor(low) || high != std::floor(high) || low < least || high > beyond) {
    fail<ValueError>("random.uniform", "expected whole numbers from {} to {} for {}: {} and {}", least, beyond, dtype,
                     low, high);
  }
  const auto first = static_cast<std::int64_t>(low);
  // 2^63 is no int64.
  const std::uint64_t end =
      high == 0x1p63 ? std::uint64_t{1} << 63 : static_cast<std::uint64_t>(static_cast<std::int64_t>(high));
  return {first, end - static_cast<std::uint64_t>(first)};
}

}  // namespace

Tensor Generator::uniform(const Shape& shape, double low, double high, DType dtype) {
  if (dtype == boolean) fail<TypeError>("random.uniform", "expected a floating or integer dtype, received bool");
  Tensor out = detail::make_tensor(shape, dtype == bfloat16 ? float32 : dtype);
  launch_draw(
      [this, low, high, dtype](const Tensor& to) {
        kernels::visit(to.dtype(), [&]<class T>(kernels::Type<T>) {
          if constexpr (std::is_floating_point_v<T>) {
            const auto in = floating_interval<T>(low, high, dtype);
            kernels::fill_uniform(take(seed_, position_, kernels::philox_blocks(to.size(), sizeof(T) > 4)),
                                  detail::mutable_data<T>(to), to.size(), in.low, in.high, in.last);
          } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
            const auto in = integer_interval<T>(low, high, dtype);
            kernels::fill_integers(take(seed_, position_, kernels::philox_blocks(to.size(), true)),
                                   detail::mutable_data<T>(to), to.size(), in.low, in.bound);
          }
        });
      },
      out);
  return dtype == bfloat16 ? detail::convert(out, bfloat16) : out;
}

Tensor Generator::gaussian(const char* op, const Shape& shape, double mean, double stddev, DType dtype,
                           bool truncated) {
  if (!is_floating(dtype)) fail<TypeError>(op, "expected a floating dtype, received {}", dtype);
  if (!std::isfinite(mean) || !std::isfinite(stddev) || stddev < 0) {
    fail<ValueError>(op, "expected a finite mean and a finite stddev >= 0: {} and {}", mean, stddev);
  }
  Tensor out = detail::make_tensor(shape, dtype == bfloat16 ? float32 : dtype);
  launch_draw(
      [this, mean, stddev, truncated](const Tensor& to) {
        kernels::visit(to.dtype(), [&]<class T>(kernels::Type<T>) {
          if constexpr (std::is_floating_point_v<T>) {
            kernels::fill_normal(take(seed_, position_, kernels::philox_blocks(to.size(), sizeof(T) > 4)),
                                 detail::mutable_data<T>(to), to.size(), static_cast<T>(mean), static_cast<T>(stddev),
                                 truncated ? beyond_two_deviations : 0,
                                 truncated ? 2 : std::numeric_limits<double>::infinity());
          }
        });
      },
      out);
  return dtype == bfloat16 ? detail::convert(out, bfloat16) : out;
}

Tensor Generator::normal(const Shape& shape, double mean, double stddev, DType dtype) {
  return gaussian("random.normal", shape, mean, stddev, dtype, /*truncated=*/false);
}

Tensor Generator::truncated_normal(const Shape& shape, double mean, double stddev, DType dtype) {
  return gaussian("random.truncated_normal", shape, mean, stddev, dtype, /*truncated=*/true);
}

Tensor Generator::permutation(std::int64_t n) {
  if (n < 0) fail<ValueError>("random.permutation", "expected n >= 0, received {}", n);
  Tensor out = detail::make_tensor({n}, int64);
  launch_draw(
      [this, n](const Tensor& to) {
        kernels::fill_permutation(take(seed_, position_, kernels::philox_blocks(n, true)),
                                  detail::mutable_data<std::int64_t>(to), n);
      },
      out);
  return out;
}

std::uint64_t Generator::next_u64() noexcept { return kernels::random_word(take(seed_, position_, 1)); }

std::int64_t Generator::below(std::int64_t n) {
  if (n < 1) fail<ValueError>("random.below", "expected n >= 1, received {}", n);
  return static_cast<std::int64_t>(kernels::random_below(take(seed_, position_, 1), static_cast<std::uint64_t>(n)));
}

GeneratorState Generator::state() const noexcept {
  return {seed_.load(std::memory_order_relaxed), position_.load(std::memory_order_relaxed)};
}

void Generator::set_state(const GeneratorState& state) noexcept {
  seed_.store(state.seed, std::memory_order_relaxed);
  position_.store(state.position, std::memory_order_relaxed);
}

Generator& default_generator() {
  static Generator generator(0);
  return generator;
}

void set_seed(std::uint64_t seed) { default_generator().set_state({seed, 0}); }

Tensor normal(const Shape& shape, double mean, double stddev, DType dtype) {
  return default_generator().normal(shape, mean, stddev, dtype);
}
Tensor uniform(const Shape& shape, double low, double high, DType dtype) {
  return default_generator().uniform(shape, low, high, dtype);
}
Tensor truncated_normal(const Shape& shape, double mean, double stddev, DType dtype) {
  return default_generator().truncated_normal(shape, mean, stddev, dtype);
}
Tensor permutation(std::int64_t n) { return default_generator().permutation(n); }

}  // namespace xtape::random
