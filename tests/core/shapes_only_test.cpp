#include "core/shapes_only.hpp"

#include <optional>

#include "support/check.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

using namespace xtape;

TEST_CASE("shapes only: no memory for elements, no kernels") {
  const Tensor w = ones({3, 3});
  const std::int64_t before = memory_stats().bytes_in_use;
  const detail::ShapesOnly without_elements;
  const Tensor x = zeros({1 << 20, 1 << 10, 3}), y = reduce_mean(matmul(x * 2 + 1, w), {0, 1});
  CHECK(y.shape() == Shape{3});
  CHECK(reshape(slice(x, {5, 0, 0}, {1, -1, -1}), {-1}).shape() == Shape{3 << 10});
  CHECK(memory_stats().bytes_in_use - before < 1 << 16);
}

TEST_CASE("shapes only: what is known has elements") {
  const Tensor w = constant({1.0, 2.0}, float32);
  const Variable v(constant({3, 4}, int64));
  const detail::ShapesOnly without_elements;
  CHECK(w.to_vector<float>() == std::vector<float>{1, 2});
  CHECK(v.value().to_vector<std::int64_t>() == std::vector<std::int64_t>{3, 4});
  CHECK(Tensor(2.5).item() == 2.5);
  CHECK(Tensor(7).item<int>() == 7);
  CHECK(Tensor(true).item<bool>());
  CHECK(constant({5, 6}, int64).to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 6});
  CHECK(constant(std::vector<float>{}).to_vector<float>().empty());
  CHECK(zeros({0, 2}).to_vector<float>().empty());
  CHECK((constant({1.5, 2.5}, float32) * w + 1).to_vector<float>() == std::vector<float>{2.5, 6});
  CHECK(cast(w > 1, int32).to_vector<std::int32_t>() == std::vector<std::int32_t>{0, 1});
}

TEST_CASE("shapes only: looking at elements that are not there names who does") {
  Tensor kept, view;
  {
    const detail::ShapesOnly without_elements;
    const Tensor x = detail::make_tensor({2, 3}, float32);
    CHECK_THROWS_WITH_AS(x.str(),
                         "[Tensor.str] looks at the elements of a symbolic tensor: a tensor of shape (2, 3) was made "
                         "where only shapes are computed, and has none",
                         RuntimeError);
    CHECK_THROWS_WITH_AS(reduce_sum(x).item(), doctest::Contains("[Tensor.item] looks at"), RuntimeError);
    CHECK_THROWS_WITH_AS((void)x.data<float>(), doctest::Contains("[Tensor.data] looks at"), RuntimeError);
    CHECK_THROWS_WITH_AS((void)bool(reduce_all(x > 0)), doctest::Contains("[Tensor.operator bool]"), RuntimeError);
    kept = x;
    view = reshape(x, {6});
  }
  // They do not exist later either: code that has kept such a tensor cannot compute with it.
  CHECK_THROWS_AS(kept + 1, RuntimeError);
  CHECK_THROWS_AS(kept + kept, RuntimeError);
  CHECK_THROWS_AS(-kept, RuntimeError);
  CHECK_THROWS_AS(reduce_sum(view), RuntimeError);
  CHECK_THROWS_AS(view.to_vector<float>(), RuntimeError);
}

TEST_CASE("shapes only: mistakes of shape and dtype are found as ever") {
  const detail::ShapesOnly without_elements;
  CHECK_THROWS_AS(zeros({2, 3}) + zeros({4, 2}), ValueError);
  CHECK_THROWS_AS(zeros({2}) + zeros({2}, float64), TypeError);
  CHECK_THROWS_AS(matmul(zeros({2, 3}), zeros({2, 3})), ValueError);
}
