#include <fmt/format.h>

#include <cmath>

#include <xtape/core/random.hpp>
#include <xtape/ops/math.hpp>

#include "groups/kernels/kernel.hpp"

// Sums of two arrays, one of which is broadcast along an axis, compared with sums of two arrays of the result's shape.
namespace bench {

void add_broadcasts(std::vector<Case>& cases) {
  using xtape::Shape;
  const auto add = [&](const char* name, int rank, auto shapes) {
    for (const bool in_cache : {true, false}) {
      const auto make = [=](std::int64_t size) {
        const auto side = static_cast<std::int64_t>(std::lround(std::pow(size, 1.0 / rank)));
        const auto [left, right] = shapes(side);
        const xtape::Tensor a = xtape::random::uniform(left), b = xtape::random::uniform(right);
        const xtape::Tensor full = xtape::random::uniform((a + b).shape()), other = full + 1;
        return Kernel{[=] { a + b; },
                      4 * static_cast<double>(a.size() + b.size() + full.size()),
                      "same shape",
                      [=] { full + other; },
                      {{"same shape", 1.5}}};
      };
      cases.push_back(kernel_case(fmt::format("add {}, {}", name, in_cache ? "10^4" : "3 10^7"), in_cache, make));
    }
  };
  add("(n, n) and (n)", 2, [](std::int64_t n) { return std::pair(Shape{n, n}, Shape{n}); });
  add("(n, n) and (n, 1)", 2, [](std::int64_t n) { return std::pair(Shape{n, n}, Shape{n, 1}); });
  add("(n) and (n, 1)", 2, [](std::int64_t n) { return std::pair(Shape{n}, Shape{n, 1}); });
  add("(n, n, n) and (n, 1)", 3, [](std::int64_t n) { return std::pair(Shape{n, n, n}, Shape{n, 1}); });
  add("(n, n, n) and (n, 1, 1)", 3, [](std::int64_t n) { return std::pair(Shape{n, n, n}, Shape{n, 1, 1}); });
  add("(n, n, n) and (n, 1, n)", 3, [](std::int64_t n) { return std::pair(Shape{n, n, n}, Shape{n, 1, n}); });
}

}  // namespace bench
