#include <functional>
#include <limits>

#include "kernels/gemm.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/core/random.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/scan.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/gradient_tape.hpp"

// Sums of many float32 numbers: equal to rounded float64 sums up to the error of some thousand additions.

using namespace xtape;
using namespace xtape::testing;

namespace {

using Function = std::function<Tensor(const Tensors&)>;

struct Row {
  std::string name;
  std::vector<Shape> inputs;  ///< shapes of inputs with numbers in [0, 1), whose sums lose most digits
  Function f;
  double product = 0;  ///< m * n * k of its matrix products, forward and backward
  bool values = true;  ///< whether the values are sums, not only the gradients
  double rtol = 1.2e-6, atol = 1e-9;
};

/// For products that a library may compute at any size.
constexpr double any_library = std::numeric_limits<double>::infinity();

/// The value, and the gradients of its sum.
Tensors results(const Row& row, const Tensors& x, int count) {
  const Threads threads(count);
  GradientTape tape;
  tape.watch(std::span<const Tensor>(x));
  const Tensor y = row.f(x);
  Tensors all = tape.gradient(reduce_sum(y), x);
  if (row.values) all.push_back(y);
  return all;
}

Tensor repeated_ids(std::int64_t n) {
  std::vector<std::int64_t> ids(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = i % 3 == 0 ? 4 : static_cast<std::int64_t>(i % 2);
  return constant(ids);
}

const std::vector<Row> rows = {
    {"dot", {{1'000'000}, {1'000'000}}, [](const Tensors& x) { return dot(x[0], x[1]); }},
    {"matmul", {{5, 300'000}, {300'000, 3}}, [](const Tensors& x) { return matmul(x[0], x[1]); }, 5 * 300e3 * 3},
    {"matmul, both transposed",
     {{60'000, 40}, {70, 60'000}},
     [](const Tensors& x) { return matmul(x[0], x[1], {.transpose_a = true, .transpose_b = true}); },
     40 * 60e3 * 70},
    {"matmul of many rows",
     {{150, 40'000}, {40'000, 17}},
     [](const Tensors& x) { return matmul(x[0], x[1]); },
     150 * 40e3 * 17},
    {"matmul by a library",
     {{60, 140'000}, {140'000, 61}},
     [](const Tensors& x) { return matmul(x[0], x[1]); },
     60 * 140e3 * 61},
    {"linear, of a large batch",
     {{200'000, 4}, {4, 3}, {3}},
     [](const Tensors& x) { return linear(x[0], x[1], x[2]) * 1; },
     200e3 * 4 * 3,
     false},
    {"linear, of a batch that one call of a library could do",
     {{60'000, 4}, {4, 3}, {3}},
     [](const Tensors& x) { return linear(x[0], x[1], x[2]) * 1; },
     60e3 * 4 * 3,
     false},
    {"linear, of long rows",
     {{2, 100'000}, {100'000, 3}, {3}},
     [](const Tensors& x) { return linear(x[0], x[1], x[2]); },
     2 * 100e3 * 3},
    {"conv2d",
     {{80, 100, 100, 1}, {3, 3, 1, 2}},
     [](const Tensors& x) { return nn::conv2d(x[0], x[1]); },
     any_library,
     false,
     4e-6},
    {"depthwise_conv2d",
     {{80, 100, 100, 2}, {3, 3, 2, 1}},
     [](const Tensors& x) { return nn::depthwise_conv2d(x[0], x[1]); },
     any_library,
     false,
     4e-6},
    {"gather", {{5}}, [](const Tensors& x) { return gather(x[0], repeated_ids(200'000)); }, 0, false},
    {"gather of rows",
     {{5, 20}, {90'000, 20}},
     [](const Tensors& x) { return gather(x[0], repeated_ids(90'000)) * x[1]; },
     0,
     false},
    {"scatter_nd",
     {{200'000}},
     [](const Tensors& x) { return scatter_nd(expand_dims(repeated_ids(200'000), -1), x[0], {5}); }},
    {"cumsum", {{300'000}}, [](const Tensors& x) { return cumsum(x[0]); }},
    {"cumsum of columns",
     {{2, 30'000, 3}},
     [](const Tensors& x) { return cumsum(x[0], 1, {.exclusive = true, .reverse = true}); }},
    {"cumprod", {{300'000}}, [](const Tensors& x) { return cumprod(1 + (x[0] - 0.5) * 0x1p-10); }},
    {"squares of a long row",
     {{1'000'000}, {1'000'000}},
     [](const Tensors& x) { return losses::mean_squared_error(x[0], x[1]); }},
    {"log_softmax of a long row",  // whose gradients are differences
     {{1'000'000}},
     [](const Tensors& x) { return nn::log_softmax(x[0]); },
     0,
     true,
     1.2e-6,
     3e-6},
    {"reduce_logsumexp", {{1'000'000}}, [](const Tensors& x) { return reduce_logsumexp(x[0]); }},
    {"norm", {{1'000'000}}, [](const Tensors& x) { return norm(x[0]); }},
    {"reduce_sum of columns", {{300'000, 3}}, [](const Tensors& x) { return reduce_sum(x[0] * x[0], 0); }},
    {"moments",
     {{300'000, 3}},
     [](const Tensors& x) {
       const auto [mean, variance] = nn::moments(x[0], 0);
       return concat({mean, variance}, 0);
     }},
};

}  // namespace

TEST_CASE("long sums: float32 agrees with float64, with any number of threads") {
  random::Generator generator(3);
  for (const auto& row : rows) {
    CAPTURE(row.name);
    Tensors narrow, wide;
    for (const Shape& shape : row.inputs) {
      narrow.push_back(floor(generator.uniform(shape) * 4096) /
                       4096);  // with few digits, so that only sums are rounded
      wide.push_back(cast(narrow.back(), float64));
    }
    const Tensors expected = results(row, wide, 1), actual = results(row, narrow, 1);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      CHECK_CLOSE(actual[i], cast(expected[i], float32), row.rtol, row.atol);
    }
    if (row.product > kernels::max_own_product()) continue;  // a library's last bits may depend on the threads
    const Tensors again = results(row, narrow, 2);
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK_SAME_BITS(again[i], actual[i]);
  }
}

TEST_CASE("long sums: more ones than a float32 can count") {
  constexpr std::int64_t n = 30'000'000;
  const Tensor one = ones({n});
  CHECK(dot(one, one).item() == n);
  CHECK(reduce_sum(one).item() == n);
  CHECK(slice_axis(cumsum(one), 0, n - 1, 1).item() == n);
}

TEST_CASE("long sums: bfloat16 is summed in wider numbers") {
  const Tensor one = ones({3000, 2}, bfloat16), ids = zeros({3000, 1}, int64);
  CHECK_CLOSE(tensor_scatter_add(zeros({1, 2}, bfloat16), ids, one), {3000, 3000}, 0x1p-8);
  const Tensor a = ones({2, 200'000}, bfloat16);
  CHECK_CLOSE(matmul(a, a, {.transpose_b = true}), std::vector<double>(4, 200'000), 0x1p-8);
}
