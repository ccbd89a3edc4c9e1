#include <fmt/format.h>

#include <cmath>

#include <xtape/core/random.hpp>
#include <xtape/ops/math.hpp>
#include <xtape/ops/movement.hpp>
#include <xtape/ops/nn.hpp>
#include <xtape/ops/padding.hpp>

#include "groups/kernels/kernel.hpp"

// Ops that move elements, and softmax, compared with a copy of as many bytes.
namespace bench {

void add_movements(std::vector<Case>& cases) {
  using xtape::Tensor;
  const auto add = [&](const char* name, double bytes, auto make_op) {
    for (const bool in_cache : {true, false}) {
      const auto make = [=](std::int64_t size) {
        const auto side = static_cast<std::int64_t>(std::sqrt(size));
        return Kernel{make_op(Tensor(xtape::random::uniform({side, side}, 0, 2)), side),
                      bytes * static_cast<double>(side * side)};
      };
      cases.push_back(kernel_case(fmt::format("{}, {}", name, in_cache ? "10^4" : "3 10^7"), in_cache, make));
    }
  };
  using Op = std::function<void()>;
  add("softmax of rows", 8, [](Tensor x, std::int64_t) -> Op { return [=] { xtape::nn::softmax(x); }; });
  add("transpose", 8, [](Tensor x, std::int64_t) -> Op { return [=] { transpose(x); }; });
  add("cast to float64", 12, [](Tensor x, std::int64_t) -> Op { return [=] { cast(x, xtape::float64); }; });
  add("cast to uint8", 5, [](Tensor x, std::int64_t) -> Op { return [=] { cast(x, xtape::uint8); }; });
  add("gather of rows", 8, [](Tensor x, std::int64_t side) -> Op {
    return [x, order = xtape::random::permutation(side)] { gather(x, order); };
  });
  add("transpose (0, 2, 1)", 8, [](Tensor x, std::int64_t side) -> Op {
    const std::int64_t rows = side / 10;
    const Tensor cube = reshape(slice_axis(x, 0, 0, rows * 10), {rows, 10, side});
    return [cube] { transpose(cube, {0, 2, 1}); };
  });
  add("slice of half the columns", 4, [](Tensor x, std::int64_t side) -> Op {
    return [=] { slice(x, {0, 0}, {side, side / 2}); };
  });
  add("pad", 8, [](Tensor x, std::int64_t) -> Op { return [=] { xtape::pad(x, {{1, 1}, {1, 1}}); }; });
  add("reverse along axis 1", 8, [](Tensor x, std::int64_t) -> Op { return [=] { reverse(x, {1}); }; });
  add("repeat along axis 1", 12, [](Tensor x, std::int64_t) -> Op { return [=] { repeat(x, {2}, 1); }; });
  add("tile", 12, [](Tensor x, std::int64_t) -> Op { return [=] { tile(x, {1, 2}); }; });
  add("concat along axis 0", 16, [](Tensor x, std::int64_t) -> Op { return [=] { xtape::concat({x, x}, 0); }; });
  add("concat along axis 1", 16, [](Tensor x, std::int64_t) -> Op { return [=] { xtape::concat({x, x}, 1); }; });
}

}  // namespace bench
