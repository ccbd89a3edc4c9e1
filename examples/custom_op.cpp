// Custom ops outside the library: record() with a rule for the gradient, an xtensor expression as the forward
// computation, and custom_gradient for a formula that is better than the tape's.
#include <fmt/core.h>

#include <utility>
#include <xtape/core/xtensor.hpp>
#include <xtape/xtape.hpp>
#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/core/xmath.hpp>
#else
#include <xtensor/xmath.hpp>
#endif

namespace xp = xtape;

/// x / (1 + |x|), computed by xtensor. Its derivative is (1 - |y|)^2, in public ops, so that it can be differentiated
/// again.
xp::Tensor softsign(const xp::Tensor& x) {
  auto in = x.array<double>();
  xp::Tensor y = in / (1 + xt::abs(in));
  return xp::record("softsign", {x}, y,
                    [y](const xp::Tensor& dy) { return xp::Grads{dy * xp::square(1 - xp::abs(y))}; });
}

int main() {
  auto x = xp::constant({-2.0, -0.5, 0.1, 3.0}, xp::float64);
  fmt::print("softsign(x) = {}\n", softsign(x));
  auto check = xp::check_gradients([](const xp::Tensor& t) { return softsign(t); }, x, {.order = 2});
  fmt::print("its gradients, to the second order: {}\n", check ? "right" : check.message);

  // log(1 + e^x): the tape's derivative e^x / (1 + e^x) overflows for a large x, where 1 - 1 / (1 + e^x) does not.
  auto log1p_exp = xp::custom_gradient([](const xp::Tensor& t) {
    auto e = xp::exp(t);
    return std::pair(xp::log(1 + e), [e](const xp::Tensor& dy) { return dy * (1 - 1 / (1 + e)); });
  });
  auto large = xp::constant(1000.0);
  xp::GradientTape tape;
  tape.watch(large);
  auto y = log1p_exp(large);
  fmt::print("d log(1 + e^x) / dx at 1000: {}\n", tape.gradient(y, large));
}
