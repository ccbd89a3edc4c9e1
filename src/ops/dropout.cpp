#include "xtape/ops/dropout.hpp"

#include "core/call_notes.hpp"
#include "core/trace.hpp"
#include "ops/elementwise.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::nn {
namespace {

/// x / (1 - rate) where `chance` is at least the rate, else 0. It is linear in x, so it is also its own gradient.
Tensor keep(const Tensor& x, const Tensor& chance, double rate) {
  Tensor y = detail::map_binary<detail::Domain::floating>("dropout", x, chance, [rate](auto v, auto u) {
    using V = decltype(v);
    using T = typename V::value_type;
    return select(u < V(static_cast<T>(rate)), V(0), v * V(static_cast<T>(1 / (1 - rate))));
  });
  return record_elementwise("dropout", {x}, std::move(y),
                            [&] { return [chance, rate](const Tensor& dy) { return Grads{keep(dy, chance, rate)}; }; });
}

}  // namespace

Tensor dropout(const Tensor& x, double rate, const DropoutOptions& options) {
  XTAPE_NOTE(nn::dropout, x, rate, options);
  if (!(rate >= 0 && rate < 1)) {
    detail::fail<ValueError>("dropout", "expected 0 <= rate < 1, received rate={}", rate);
  }
  if (!is_floating(x.dtype())) detail::fail_domain("dropout", detail::Domain::floating, x.dtype());
  if (rate == 0) return x;
  if (x.dtype() == bfloat16) return detail::in_float32(dropout, x, rate, options);
  const auto chances = [&](random::Generator& generator) {
    return detail::convert(generator.uniform(x.shape()), x.dtype());
  };
  if (options.seed) {
    // A new generator, so that every call draws the same numbers.
    random::Generator own(*options.seed);
    return keep(x, chances(own), rate);
  }
  return keep(x, chances(options.generator != nullptr ? *options.generator : random::default_generator()), rate);
}

}  // namespace xtape::nn
