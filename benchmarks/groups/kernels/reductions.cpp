#include <fmt/format.h>

#include <cmath>

#include <xtape/core/random.hpp>
#include <xtape/ops/nn.hpp>
#include <xtape/ops/reduce.hpp>

#include "groups/kernels/kernel.hpp"
#include "kernels/simd.hpp"

namespace bench {
namespace {

using xtape::Shape;
using xtape::Tensor;
using Batch = xsimd::batch<float>;
constexpr auto width = static_cast<std::int64_t>(Batch::size);

/// The sum in eight vectors, without the last elements.
float sum(const float* x, std::int64_t n) {
  Batch sums[8] = {};
  for (auto& s : sums) s = Batch(0.0f);
  std::int64_t i = 0;
  for (; i + 8 * width <= n; i += 8 * width) {
    for (std::int64_t j = 0; j < 8; ++j) sums[j] += Batch::load_unaligned(x + i + j * width);
  }
  for (; i + width <= n; i += width) sums[0] += Batch::load_unaligned(x + i);
  for (int j = 1; j < 8; ++j) sums[0] += sums[j];
  return xtape::kernels::sum_of_lanes(sums[0]);
}

/// [outer, n, inner] -> [outer, inner] by hand.
void sum_axis(float* y, const float* x, std::int64_t outer, std::int64_t n, std::int64_t inner) {
  for (std::int64_t o = 0; o < outer; ++o) {
    if (inner == 1) {
      y[o] = sum(x + o * n, n);
      continue;
    }
    float* __restrict row = y + o * inner;
    for (std::int64_t j = 0; j < inner; ++j) row[j] = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const float* __restrict from = x + (o * n + i) * inner;
      for (std::int64_t j = 0; j < inner; ++j) row[j] += from[j];
    }
  }
}

enum class Axis { all, rows, columns, middle };

}  // namespace

void add_reductions(std::vector<Case>& cases) {
  const auto add = [&](const char* name, Axis axis, auto op) {
    for (const bool in_cache : {true, false}) {
      const auto make = [=](std::int64_t size) {
        const auto side = static_cast<std::int64_t>(axis == Axis::middle ? std::cbrt(size) : std::sqrt(size));
        const Shape shape = axis == Axis::all      ? Shape{size}
                            : axis == Axis::middle ? Shape{side, side, side}
                                                   : Shape{side, side};
        const Tensor x = xtape::random::uniform(shape, 0.5, 2);
        const int number = axis == Axis::rows || axis == Axis::middle ? 1 : 0;
        const double results = axis == Axis::all ? 1 : static_cast<double>(x.size() / side);
        Kernel kernel{[=] { op(x, number); }, 4 * (static_cast<double>(x.size()) + results)};
        kernel.limit = "read";
        if (in_cache) {
          kernel.limit = "loop";
          const std::int64_t outer = axis == Axis::rows || axis == Axis::middle ? side : 1;
          const std::int64_t inner = axis == Axis::columns || axis == Axis::middle ? side : 1;
          const Tensor y = xtape::detail::make_tensor({static_cast<std::int64_t>(results)}, xtape::float32);
          kernel.best = [=] { sum_axis(out(y), in(x), outer, x.size() / outer / inner, inner); };
        }
        kernel.goals = in_cache ? loop_goal : read_goal;
        return kernel;
      };
      cases.push_back(kernel_case(fmt::format("{}, {}", name, in_cache ? "10^4" : "3 10^7"), in_cache, make));
    }
  };
  using T = const Tensor&;
  const auto reduce = [](T x, int axis) { return xtape::reduce_sum(x, axis); };
  const auto greatest = [](T x, int axis) { return xtape::reduce_max(x, axis); };
  add("sum of all", Axis::all, reduce);
  add("sum of rows", Axis::rows, reduce);
  add("sum of columns", Axis::columns, reduce);
  add("sum of a middle axis", Axis::middle, reduce);
  add("max of rows", Axis::rows, greatest);
  add("max of columns", Axis::columns, greatest);
}

}  // namespace bench
