#include "xtape/regularizers/regularizer.hpp"

#include <cmath>
#include <functional>
#include <limits>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/regularizers/orthogonal_regularizer.hpp"
#include "xtape/tape/check_gradients.hpp"

using namespace xtape;
using regularizers::L1;
using regularizers::L1L2;
using regularizers::L2;
using regularizers::OrthogonalRegularizer;

namespace {

double value_of(const Regularizer& regularizer, const Tensor& w) { return regularizer(w).item(); }

}  // namespace

TEST_CASE("regularizers: L1 and L2 of small weights") {
  for (const DType dtype : {float32, float64}) {
    const Tensor w = constant({{1.0, -2.0}, {0.0, 4.0}}, dtype);  // sum |w| = 7, sum w^2 = 21
    CHECK(value_of(L1{.l1 = 0.5}, w) == 3.5);
    CHECK(value_of(L2{.l2 = 0.5}, w) == 10.5);
    CHECK(value_of(L1L2{.l1 = 0.5, .l2 = 0.25}, w) == 8.75);
    CHECK(value_of(L1L2{.l1 = 0.5}, w) == 3.5);
    CHECK(value_of(L1L2{.l2 = 0.25}, w) == 5.25);
    CHECK(value_of(L1L2{}, w) == 0);
    CHECK(L1L2{}(w).dtype() == dtype);
    CHECK(L1{}(w).dtype() == dtype);
    CHECK(L2{}(w).shape() == Shape{});
  }
}

TEST_CASE("regularizers: Keras's names, with the factors it documents for them") {
  const Tensor w = constant({3.0, -1.0}, float64);  // sum |w| = 4, sum w^2 = 10
  for (const char* name : {"l1", "L1"}) CHECK(value_of(name, w) == doctest::Approx(0.04));
  for (const char* name : {"l2", "L2"}) CHECK(value_of(std::string(name), w) == doctest::Approx(0.1));
  for (const char* name : {"l1_l2", "l1l2", "L1L2"}) CHECK(value_of(name, w) == doctest::Approx(0.14));
  const Tensor parallel = constant({{1.0, 0.0}, {5.0, 0.0}}, float64);
  for (const char* name : {"orthogonal_regularizer", "OrthogonalRegularizer"}) {
    CHECK(value_of(name, parallel) == doctest::Approx(0.01));
  }
  CHECK_THROWS_TEXT(ValueError,
                    "[Regularizer] unknown regularizer 'l3', expected one of: l1, l2, l1_l2, orthogonal_regularizer",
                    Regularizer("l3"));
}

TEST_CASE("regularizers: OrthogonalRegularizer is the mean of the cosines") {
  // Rows (3, 4) and (4, 3): cos = 24/25; columns the same; (1, 0): cos 3/5 and 4/5 with them.
  const Tensor w = constant({{3.0, 4.0}, {8.0, 6.0}, {-1.0, 0.0}}, float64);
  CHECK(value_of(OrthogonalRegularizer{.factor = 3}, w) == doctest::Approx(0.96 + 0.6 + 0.8));
  // Columns (3, 8, -1) and (4, 6, 0): (12 + 48) / sqrt(74 * 52)
  const double cosine = 60 / std::sqrt(74.0 * 52.0);
  CHECK(value_of(OrthogonalRegularizer{.factor = 2, .mode = "columns"}, w) == doctest::Approx(2 * cosine));
  CHECK(value_of(OrthogonalRegularizer{}, eye(4)) == 0);
  CHECK(value_of(OrthogonalRegularizer{}, zeros({3, 2})) == 0);
  CHECK(value_of(OrthogonalRegularizer{}, ones({1, 5})) == 0);
}

TEST_CASE("regularizers: their gradients") {
  const Tensor w = constant({{0.5, -1.5, 0.3}, {0.7, 0.2, -0.9}}, float64);
  for (const Regularizer& regularizer :
       {Regularizer(L1{.l1 = 0.3}), Regularizer(L2{.l2 = 0.3}), Regularizer(L1L2{.l1 = 0.2, .l2 = 0.3}),
        Regularizer(OrthogonalRegularizer{.factor = 2}),
        Regularizer(OrthogonalRegularizer{.factor = 2, .mode = "columns"})}) {
    CHECK(check_gradients([&](const Tensor& x) { return regularizer(x); }, w));
  }
}

TEST_CASE("regularizers: none, objects and callables convert") {
  struct Options {
    Regularizer kernel = {};
    Regularizer bias = L2{.l2 = 1};
  };
  Options options;
  CHECK_FALSE(options.kernel);
  CHECK_FALSE(Regularizer(nullptr));
  CHECK(options.bias);
  CHECK(value_of(options.kernel, ones({2}, float64)) == 0);
  CHECK(options.kernel(ones({2}, float64)).dtype() == float64);
  options.kernel = [](const Tensor& w) { return reduce_max(w); };
  CHECK(value_of(options.kernel, constant({1.0, 5.0, 2.0})) == 5);
  options.kernel = nullptr;
  CHECK_FALSE(options.kernel);
  const Regularizer copy = options.bias;
  CHECK(value_of(copy, constant({2.0, 3.0})) == 13);
}

TEST_CASE("regularizers: what is refused, and when") {
  CHECK_THROWS_TEXT(ValueError, "[L1] Invalid value for argument l1: expected a non-negative float. Received: l1=-0.5",
                    Regularizer(L1{.l1 = -0.5}));
  CHECK_THROWS_TEXT(ValueError, "[L2] Invalid value for argument l2: expected a non-negative float. Received: l2=inf",
                    L2{.l2 = std::numeric_limits<double>::infinity()}(ones({1})));
  CHECK_THROWS_TEXT(ValueError, "[L1L2] Invalid value for argument l2", Regularizer(L1L2{.l2 = -1}));
  CHECK_THROWS_TEXT(ValueError, "[OrthogonalRegularizer] Invalid value for argument factor",
                    Regularizer(OrthogonalRegularizer{.factor = std::nan("")}));
  CHECK_THROWS_TEXT(ValueError,
                    "[OrthogonalRegularizer] Invalid value for argument `mode`. Expected one of {\"rows\", "
                    "\"columns\"}. Received: mode=row",
                    Regularizer(OrthogonalRegularizer{.mode = "row"}));
  CHECK_THROWS_TEXT(ValueError,
                    "[OrthogonalRegularizer] Inputs to OrthogonalRegularizer must have rank 2. Received: "
                    "inputs.shape=(4, 4, 4)",
                    OrthogonalRegularizer{}(ones({4, 4, 4})));
  CHECK_THROWS_TEXT(ValueError, "[Regularizer] the callable is empty",
                    Regularizer(std::function<Tensor(const Tensor&)>()));
  const Regularizer vector = [](const Tensor& w) { return square(w); };
  CHECK_THROWS_TEXT(ValueError, "[Regularizer] expected the callable to return a scalar, received float32 (2,)",
                    vector(ones({2})));
  const Regularizer nothing = [](const Tensor&) { return Tensor(); };
  CHECK_THROWS_TEXT(ValueError, "received an empty tensor", nothing(ones({2})));
}
