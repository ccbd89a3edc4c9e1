#include <fmt/format.h>

#include <algorithm>
#include <xsimd/xsimd.hpp>

#include <xtape/core/random.hpp>
#include <xtape/ops/math.hpp>
#include <xtape/ops/nn.hpp>

#include "groups/kernels/kernel.hpp"

namespace bench {
namespace {

using xtape::Tensor;
using Batch = xsimd::batch<float>;

/// y = f(a) or f(a, b), written by hand on vectors, with the last elements one by one.
template <class F>
void loop(float* y, const float* a, const float* b, std::int64_t n, F f) {
  constexpr auto width = static_cast<std::int64_t>(Batch::size);
  std::int64_t i = 0;
  for (; i + width <= n; i += width)
    f(Batch::load_unaligned(a + i), Batch::load_unaligned(b + i)).store_unaligned(y + i);
  if (i == n) return;
  float x[Batch::size] = {}, z[Batch::size] = {};
  std::copy_n(a + i, n - i, x);
  std::copy_n(b + i, n - i, z);
  f(Batch::load_unaligned(x), Batch::load_unaligned(z)).store_unaligned(x);
  std::copy_n(x, n - i, y + i);
}

struct Adder {
  std::vector<Case>& cases;

  template <class Op, class F>
  void operator()(const char* name, int arrays, Op op, F f) const {
    for (const bool in_cache : {true, false}) {
      const auto make = [=](std::int64_t n) {
        const Tensor a = xtape::random::uniform({n}, 0.5, 2), b = arrays == 3 ? xtape::random::uniform({n}, 0.5, 2) : a;
        Kernel kernel{[=] { op(a, b); }, 4.0 * arrays * static_cast<double>(n)};
        if (in_cache) {
          kernel.limit = "loop";
          kernel.best = [=, y = xtape::detail::make_tensor({n}, xtape::float32)] { loop(out(y), in(a), in(b), n, f); };
        }
        kernel.goals = in_cache ? loop_goal : bandwidth_goal;
        return kernel;
      };
      cases.push_back(kernel_case(fmt::format("{}, {}", name, in_cache ? "10^4" : "3 10^7"), in_cache, make));
    }
  }
};

}  // namespace

void add_elementwise(std::vector<Case>& cases) {
  const Adder add{cases};
  using T = const Tensor&;
  add(
      "add", 3, [](T a, T b) { return a + b; }, [](Batch a, Batch b) { return a + b; });
  add(
      "multiply", 3, [](T a, T b) { return a * b; }, [](Batch a, Batch b) { return a * b; });
  add(
      "divide", 3, [](T a, T b) { return a / b; }, [](Batch a, Batch b) { return a / b; });
  add(
      "relu", 2, [](T a, T) { return xtape::nn::relu(a); }, [](Batch a, Batch) { return xsimd::max(a, Batch(0.0f)); });
  add(
      "sqrt", 2, [](T a, T) { return sqrt(a); }, [](Batch a, Batch) { return xsimd::sqrt(a); });
  add(
      "exp", 2, [](T a, T) { return exp(a); }, [](Batch a, Batch) { return xsimd::exp(a); });
  add(
      "log", 2, [](T a, T) { return log(a); }, [](Batch a, Batch) { return xsimd::log(a); });
  add(
      "tanh", 2, [](T a, T) { return tanh(a); }, [](Batch a, Batch) { return xsimd::tanh(a); });
  add(
      "sigmoid", 2, [](T a, T) { return sigmoid(a); },
      [](Batch a, Batch) { return Batch(1.0f) / (Batch(1.0f) + xsimd::exp(-a)); });
}

}  // namespace bench
