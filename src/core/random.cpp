#include "xtape/core/random.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "core/random_log.hpp"
#include "core/undo.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/philox.hpp"

namespace xtape::random {
namespace {

using detail::fail;
using detail::Write;

/// P(z < -2) of the standard normal distribution.
constexpr double beyond_two_deviations = 0.022750131948179207;

/// Takes the next blocks of a sequence, so that no other call gets them.
kernels::PhiloxRange take(const std::atomic<std::uint64_t>& seed, std::atomic<std::uint64_t>& position,
                          std::uint64_t blocks) {
  RandomLog::Draw draw;
  const RandomLog::Draw* again = ReplayDraws::next_of_thread(blocks);
  if (again != nullptr) {
    draw = *again;
  } else if (auto* trial = detail::Trial::current()) {
    const std::uint64_t now = position.load(std::memory_order_relaxed);
    draw = {seed.load(std::memory_order_relaxed), trial->draw(&position, now, blocks), blocks};
  } else {
    draw = {seed.load(std::memory_order_relaxed), position.fetch_add(blocks, std::memory_order_relaxed), blocks};
  }
  if (detail::thread_state.draws_log != nullptr) detail::thread_state.draws_log->draws.push_back(draw);
  return {draw.seed, draw.position};
}

/// While it lives, draws are not logged; the caller logs them.
class Unlogged {
 public:
  Unlogged() noexcept : log_(nullptr) {}

 private:
  detail::ThreadStateScope<&detail::ThreadState::draws_log> log_;
};

/// The largest bfloat16 below `value`, which is not -inf.
BFloat16 below(BFloat16 value) {
  if ((value.bits & 0x7fff) == 0) {
    value.bits = 0x8001;  // the negative denormal next to 0
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
  // 2^63 does not fit int64.
  const std::uint64_t end =
      high == 0x1p63 ? std::uint64_t{1} << 63 : static_cast<std::uint64_t>(static_cast<std::int64_t>(high));
  return {first, end - static_cast<std::uint64_t>(first)};
}

}  // namespace

/// Fills a tensor from the next blocks, and again in every replay.
template <class Fill>
void Generator::draw(std::uint64_t blocks, Fill fill, const Tensor& out) {
  if (detail::thread_state.tracer == nullptr) {
    detail::launch([&](Write to) { fill(take(seed_, position_, blocks), to); }, out);
    return;
  }
  if (trace_ == detail::thread_state.tracer->number) {  // made in the traced function: it starts again in every call
    const auto range = take(seed_, position_, blocks);
    detail::launch([range, fill](Write to) { fill(range, to); }, out);
    return;
  }
  Tensor at;
  const RandomLog::Draw* const again = ReplayDraws::next_of_thread(blocks);
  if (again != nullptr && !again->traced.defined()) {
    detail::thread_state.tracer->give_up("it repeats random numbers that were drawn before the call");
    fill({again->seed, again->position}, detail::host_write("random::Generator", out));
  } else if (again != nullptr) {
    at = again->traced;
    detail::launch(
        [fill](detail::Read from, Write to) {
          const auto* word = from.data<std::uint64_t>();
          fill(kernels::PhiloxRange{word[0], word[1]}, to);
        },
        at, out);
  } else {
    at = detail::make_tensor({2}, int64);
    const Unlogged unlogged;
    detail::launch(
        detail::LaunchKind::state,
        [this, blocks, fill](Write place, Write to) {
          const auto range = take(seed_, position_, blocks);
          place.data<std::uint64_t>()[0] = range.key;
          place.data<std::uint64_t>()[1] = range.block;
          fill(range, to);
        },
        at, out);
  }
  if (detail::thread_state.draws_log != nullptr) detail::thread_state.draws_log->draws.push_back({0, 0, blocks, at});
}

Tensor Generator::uniform(const Shape& shape, double low, double high, DType dtype) {
  if (dtype == boolean) fail<TypeError>("random.uniform", "expected a floating or integer dtype, received bool");
  Tensor out = detail::make_tensor(shape, detail::widened(dtype));
  kernels::visit(out.dtype(), [&]<class T>(kernels::Type<T>) {
    if constexpr (std::is_floating_point_v<T>) {
      const auto in = floating_interval<T>(low, high, dtype);
      draw(
          kernels::philox_blocks(out.size(), sizeof(T) > 4),
          [in](const kernels::PhiloxRange& range, Write to) {
            kernels::fill_uniform(range, to.data<T>(), to.size(), in.low, in.high, in.last);
          },
          out);
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      const auto in = integer_interval<T>(low, high, dtype);
      draw(
          kernels::philox_blocks(out.size(), true),
          [in](const kernels::PhiloxRange& range, Write to) {
            kernels::fill_integers(range, to.data<T>(), to.size(), in.low, in.bound);
          },
          out);
    }
  });
  return dtype == bfloat16 ? detail::convert(out, bfloat16) : out;
}

Tensor Generator::gaussian(const char* op, const Shape& shape, double mean, double stddev, DType dtype,
                           bool truncated) {
  if (!is_floating(dtype)) fail<TypeError>(op, "expected a floating dtype, received {}", dtype);
  if (!std::isfinite(mean) || !std::isfinite(stddev) || stddev < 0) {
    fail<ValueError>(op, "expected a finite mean and a finite stddev >= 0: {} and {}", mean, stddev);
  }
  Tensor out = detail::make_tensor(shape, detail::widened(dtype));
  kernels::visit_floating(out.dtype(), [&]<class T>(kernels::Type<T>) {
    draw(
        kernels::philox_blocks(out.size(), sizeof(T) > 4),
        [mean, stddev, truncated](const kernels::PhiloxRange& range, Write to) {
          kernels::fill_normal(range, to.data<T>(), to.size(), static_cast<T>(mean), static_cast<T>(stddev),
                               truncated ? beyond_two_deviations : 0,
                               truncated ? 2 : std::numeric_limits<double>::infinity());
        },
        out);
  });
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
  draw(
      kernels::philox_blocks(n, true),
      [n](const kernels::PhiloxRange& range, Write to) {
        kernels::fill_permutation(range, to.data<std::int64_t>(), n);
      },
      out);
  return out;
}

void Generator::use_on_host(const char* op) const {
  if (detail::thread_state.tracer != nullptr && trace_ != detail::thread_state.tracer->number) {
    detail::thread_state.tracer->give_up(fmt::format("{} of a generator from outside is different in every call", op));
  }
}

std::uint64_t Generator::next_u64() {
  use_on_host("random::Generator.next_u64");
  return kernels::random_word(take(seed_, position_, 1));
}

std::int64_t Generator::below(std::int64_t n) {
  if (n < 1) fail<ValueError>("random.below", "expected n >= 1, received {}", n);
  use_on_host("random::Generator.below");
  return static_cast<std::int64_t>(kernels::random_below(take(seed_, position_, 1), static_cast<std::uint64_t>(n)));
}

GeneratorState Generator::state() const {
  use_on_host("random::Generator.state");
  return {seed_.load(std::memory_order_relaxed), position_.load(std::memory_order_relaxed)};
}

void Generator::set_state(const GeneratorState& state) {
  use_on_host("random::Generator.set_state");
  seed_.store(state.seed, std::memory_order_relaxed);
  position_.store(state.position, std::memory_order_relaxed);
}

bool Generator::take_back(const GeneratorState& after, const GeneratorState& before) noexcept {
  std::uint64_t expected = after.position;
  return before.seed == after.seed && seed_.load(std::memory_order_relaxed) == after.seed &&
         position_.compare_exchange_strong(expected, before.position, std::memory_order_relaxed);
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
