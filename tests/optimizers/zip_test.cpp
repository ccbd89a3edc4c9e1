#include "xtape/optimizers/zip.hpp"

#include <array>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/gradient_tape.hpp"

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
  const auto pairs = zip(gradients, variables);
  CHECK(pairs.gradients().data() == gradients.data());
  CHECK(pairs.variables().data() == variables.data());
}

TEST_CASE("zip: holds what would be gone with the expression") {
  const auto one = [](double value) { return Variable(constant(value), {.name = "v"}); };
  const auto check = [](const GradientsAndVariables& pairs, const char* of) {
    CAPTURE(of);
    REQUIRE(pairs.size() == 2);
    CHECK_CLOSE(pairs.gradients()[0], 1.0);
    CHECK_CLOSE(pairs.gradients()[1], 2.0);
    CHECK_CLOSE(pairs.variables()[0].peek(), 3.0);
    CHECK_CLOSE(pairs.variables()[1].peek(), 4.0);
  };
  auto pooled = zip(Tensors{constant(1.0), constant(2.0)}, std::vector<Variable>{one(3), one(4)});
  const auto plain = zip(std::vector<Tensor>{constant(1.0), constant(2.0)}, std::array{one(3), one(4)});
  const auto braces = zip({constant(1.0), constant(2.0)}, {one(3), one(4)});
  const std::vector<Tensor> others(64, constant(7.0));  // where the temporaries were
  check(pooled, "vectors");
  check(plain, "vector and array");
  check(braces, "braces");
  const auto copy = pooled;
  const auto moved = std::move(pooled);
  check(copy, "a copy");
  check(moved, "moved");

  // The pairs of a tape and a model that are temporaries themselves.
  const Variable w(constant(5.0));
  const auto of_tape = [&] {
    GradientTape tape;
    const Tensor y = w * w;
    return zip(tape.gradient(y, std::vector<Variable>{w}), std::vector<Variable>{w});
  }();
  CHECK_CLOSE(of_tape.gradients()[0], 10.0);
  CHECK(of_tape.variables()[0].is_same(w));
}

TEST_CASE("zip: unequal lengths are refused") {
  const Variable v(constant(1.0));
  CHECK_THROWS_TEXT(ValueError, "[zip] expected one gradient for each variable: 2 gradients, 1 variables",
                    zip({constant(1.0), constant(2.0)}, {v}));
  CHECK_THROWS_TEXT(ValueError, "0 gradients, 1 variables", zip(Tensors(), {v}));
}
