#include <fmt/format.h>

#include <xtape/core/random.hpp>
#include <xtape/ops/math.hpp>

#include "groups/kernels/kernel.hpp"

// Comparison, selection and conversion of elements, and arithmetic in other dtypes than float32, compared with a copy
// of as many bytes.
namespace bench {

void add_dtypes(std::vector<Case>& cases) {
  using xtape::Tensor;
  using Op = std::function<void()>;
  const auto add = [&](const char* name, double bytes, auto make_op) {
    for (const bool in_cache : {true, false}) {
      const auto make = [=](std::int64_t n) {
        Kernel kernel{make_op(Tensor(xtape::random::uniform({n}, 0, 2))), bytes * static_cast<double>(n)};
        if (!in_cache) kernel.goals = bandwidth_goal;
        return kernel;
      };
      cases.push_back(kernel_case(fmt::format("{}, {}", name, in_cache ? "10^4" : "3 10^7"), in_cache, make));
    }
  };
  add("less", 5, [](Tensor x) -> Op { return [=] { less(x, 1); }; });
  add("where", 13, [](Tensor x) -> Op { return [x, c = x < 1] { where(c, x, x); }; });
  add("where with a number", 9, [](Tensor x) -> Op { return [x, c = x < 1] { where(c, x, 0); }; });
  add("clip_by_value", 8, [](Tensor x) -> Op { return [=] { clip_by_value(x, 0.5, 1.5); }; });
  add("logical_and", 3, [](Tensor x) -> Op { return [c = x < 1, d = x < 0.5] { logical_and(c, d); }; });
  add("multiply by a number", 8, [](Tensor x) -> Op { return [=] { x * 2; }; });
  add("cast to int32", 8, [](Tensor x) -> Op { return [=] { cast(x, xtape::int32); }; });
  add("cast from uint8", 5, [](Tensor x) -> Op { return [x = cast(x, xtape::uint8)] { cast(x, xtape::float32); }; });
  add("cast to bfloat16", 6, [](Tensor x) -> Op { return [=] { cast(x, xtape::bfloat16); }; });
  add("add float64", 24, [](Tensor x) -> Op { return [x = cast(x, xtape::float64)] { x + x; }; });
  add("add int32", 12, [](Tensor x) -> Op { return [x = cast(x, xtape::int32)] { x + x; }; });
}

}  // namespace bench
