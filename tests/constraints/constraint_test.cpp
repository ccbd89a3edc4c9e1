#include "xtape/constraints/constraint.hpp"

#include <cmath>
#include <functional>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/constraints/non_neg.hpp"
#include "xtape/constraints/norms.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using constraints::MaxNorm;
using constraints::MinMaxNorm;
using constraints::NonNeg;
using constraints::UnitNorm;

TEST_CASE("constraints: MaxNorm as in Keras's unit test") {
  const double third = 2 / std::sqrt(3.0);
  for (const DType dtype : {float32, float64}) {
    const Tensor w = constant({{0.0, 1.0, 3.0, 3.0}, {0.0, 0.0, 0.0, 3.0}, {0.0, 0.0, 0.0, 3.0}}, dtype);
    const Tensor expected = constant({{0.0, 1.0, 2.0, third}, {0.0, 0.0, 0.0, third}, {0.0, 0.0, 0.0, third}}, dtype);
    CHECK_CLOSE(MaxNorm{}(w), expected, 2e-7);
  }
}

TEST_CASE("constraints: norms over other axes") {
  const Tensor w = constant({{3.0, 4.0}, {0.6, 0.8}}, float64);  // row norms 5 and 1
  CHECK_CLOSE(MaxNorm({.max_value = 2, .axis = 1})(w), constant({{1.2, 1.6}, {0.6, 0.8}}, float64), 2e-7);
  CHECK_CLOSE(UnitNorm{.axis = 1}(w), constant({{0.6, 0.8}, {0.6, 0.8}}, float64), 2e-7);
  const Tensor filters = full({2, 2, 1, 3}, 0.5, float64);  // the norm of each filter is 1
  CHECK_CLOSE((MaxNorm{.max_value = 0.5, .axis = {0, 1, 2}}(filters)), full({2, 2, 1, 3}, 0.25, float64), 2e-7);
}

TEST_CASE("constraints: MinMaxNorm pulls norms into the interval, by the rate") {
  const Tensor w = constant({{0.3, 3.0, 0.6}, {0.4, 4.0, 0.8}}, float64);  // column norms 0.5, 5 and 1
  CHECK_CLOSE((MinMaxNorm{.min_value = 1, .max_value = 2}(w)), constant({{0.6, 1.2, 0.6}, {0.8, 1.6, 0.8}}, float64),
              1e-6);
  // Half of the way: norms 0.75, 3.5 and 1.
  CHECK_CLOSE((MinMaxNorm{.min_value = 1, .max_value = 2, .rate = 0.5}(w)),
              constant({{0.45, 2.1, 0.6}, {0.6, 2.8, 0.8}}, float64), 1e-6);
}

TEST_CASE("constraints: NonNeg") {
  for (const DType dtype : {float32, float64}) {
    CHECK_TENSOR_EQ(NonNeg{}(constant({-1.0, 0.0, 2.0}, dtype)), constant({0.0, 0.0, 2.0}, dtype));
  }
}

TEST_CASE("constraints: Keras's names and class names") {
  const Tensor w = constant({{3.0, -0.3}, {4.0, 0.4}}, float64);
  for (const char* name : {"max_norm", "MaxNorm"}) CHECK_TENSOR_EQ(Constraint(name)(w), MaxNorm{}(w));
  for (const char* name : {"non_neg", "NonNeg"}) CHECK_TENSOR_EQ(Constraint(std::string(name))(w), NonNeg{}(w));
  for (const char* name : {"unit_norm", "UnitNorm"}) CHECK_TENSOR_EQ(Constraint(name)(w), UnitNorm{}(w));
  for (const char* name : {"min_max_norm", "MinMaxNorm"}) CHECK_TENSOR_EQ(Constraint(name)(w), MinMaxNorm{}(w));
  CHECK_THROWS_TEXT(
      ValueError, "[Constraint] unknown constraint 'typo', expected one of: max_norm, min_max_norm, non_neg, unit_norm",
      Constraint("typo"));
}

TEST_CASE("constraints: none, objects and callables convert; what returns something else is refused") {
  Constraint constraint;
  CHECK_FALSE(constraint);
  CHECK_FALSE(Constraint(nullptr));
  const Tensor w = constant({-1.0, 2.0});
  CHECK(constraint(w).is_same(w));
  constraint = NonNeg();
  CHECK(constraint);
  CHECK_TENSOR_EQ(constraint(w), constant({0.0, 2.0}));
  constraint = [](const Tensor& t) { return ones_like(t); };
  CHECK_TENSOR_EQ(constraint(w), ones({2}));
  CHECK_THROWS_TEXT(ValueError, "[Constraint] the callable is empty",
                    Constraint(std::function<Tensor(const Tensor&)>()));
  const Constraint wrong = [](const Tensor&) { return ones({3}); };
  CHECK_THROWS_TEXT(ValueError, "[Constraint] expected the callable to return float32 (2,), received float32 (3,)",
                    wrong(w));
  const Constraint nothing = [](const Tensor&) { return Tensor(); };
  CHECK_THROWS_TEXT(ValueError, "received an empty tensor", nothing(w));
}

TEST_CASE("constraints: norms whose squares overflow") {
  const Tensor w = constant({{3e30}, {4e30}});
  CHECK_CLOSE(UnitNorm{}(w), {0.6, 0.8}, 1e-6);
  CHECK_CLOSE(MaxNorm({.max_value = 10})(w), {6, 8}, 1e-6);
}
