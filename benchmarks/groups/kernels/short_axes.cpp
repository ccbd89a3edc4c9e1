#include <fmt/format.h>

#include <xtape/core/random.hpp>
#include <xtape/ops/math.hpp>
#include <xtape/ops/reduce.hpp>

#include "groups/kernels/kernel.hpp"

// Arrays whose last axis is shorter than a vector: pixels, points, logits.
namespace bench {

void add_short_axes(std::vector<Case>& cases) {
  using xtape::Shape;
  using xtape::Tensor;
  for (const std::int64_t columns : {3, 10}) {
    const auto reduction = [&](const char* name, auto op) {
      const auto make = [=](std::int64_t size) {
        const Tensor x = xtape::random::uniform({size / columns, columns});
        const double results = static_cast<double>(op(x).size());
        Kernel kernel{[=] { op(x); }, 4 * (static_cast<double>(x.size()) + results)};
        kernel.limit = "read";
        return kernel;
      };
      cases.push_back(kernel_case(fmt::format("{}, 3 10^7, columns {}", name, columns), false, make));
    };
    using T = const Tensor&;
    reduction("sum of columns", [](T x) { return reduce_sum(x, 0); });
    reduction("sum of rows", [](T x) { return reduce_sum(x, 1); });
    reduction("max of rows", [](T x) { return reduce_max(x, 1); });
    reduction("argmax of rows", [](T x) { return xtape::argmax(x, 1); });
    const auto broadcast = [&](const char* name, bool row) {
      for (const bool in_cache : {true, false}) {
        const auto make = [=](std::int64_t size) {
          const std::int64_t rows = size / columns;
          const Tensor a = xtape::random::uniform({rows, columns});
          const Tensor b = xtape::random::uniform(row ? Shape{columns} : Shape{rows, 1}), other = a + b;
          return Kernel{[=] { a + b; },
                        4 * static_cast<double>(a.size() + b.size() + other.size()),
                        "same shape",
                        [=] { a + other; },
                        {{"same shape", 1.5}}};
        };
        const auto size = fmt::format("{}, columns {}", in_cache ? "10^4" : "3 10^7", columns);
        cases.push_back(kernel_case(fmt::format("add {}, {}", name, size), in_cache, make));
      }
    };
    broadcast("(n, c) and (c)", true);
    broadcast("(n, c) and (n, 1)", false);
  }
}

}  // namespace bench
