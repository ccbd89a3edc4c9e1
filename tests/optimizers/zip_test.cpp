#include "xtape/optimizers/zip.hpp"

#include <vector>

#include "support/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/error.hpp"

using namespace xtape;

TEST_CASE("zip: refers to vectors of any kind and to lists in braces") {
  const Variable a(constant(1.0), {.name = "a"}), b(constant(2.0), {.name = "b"});
  const Tensor g = constant(3.0), h = constant(4.0);
  const auto check = [&](const GradientsAndVariables& pairs) {
    REQUIRE(pairs.size() == 2);
    CHECK(pairs.gradients()[0].is_same(g));
    CHECK(pairs.gradients()[1].is_same(h));
    CHECK(pairs.variables()[0].is_same(a));
    CHECK(pairs.variables()[1].is_same(b));
  };
  const std::vector<Variable> variables = {a, b};
  const std::vector<Tensor> gradients = {g, h};
  const Tensors pooled = {g, h};
  check(zip(gradients, variables));
  check(zip(pooled, variables));
  check(zip(Tensors{g, h}, std::vector<Variable>{a, b}));
  check(zip(pooled, {a, b}));
  check(zip({g, h}, {a, b}));
  CHECK(zip(Tensors(), {}).size() == 0);
  CHECK(zip(gradients, variables).gradients().data() == gradients.data());
}

TEST_CASE("zip: unequal lengths are refused") {
  const Variable v(constant(1.0));
  CHECK_THROWS_TEXT(ValueError, "[zip] expected one gradient for each variable: 2 gradients, 1 variables",
                    zip({constant(1.0), constant(2.0)}, {v}));
  CHECK_THROWS_TEXT(ValueError, "0 gradients, 1 variables", zip(Tensors(), {v}));
}
