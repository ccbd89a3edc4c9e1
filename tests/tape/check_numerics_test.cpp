#include "xtape/tape/check_numerics.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {
const Tensor x = constant({{1.f, 2.f}, {3.f, -4.f}});
}

TEST_CASE("check_numerics: names the first op with a NaN, its shapes and what fed it") {
  const debug::CheckNumerics check;
  CHECK_THROWS_TEXT(RuntimeError,
                    "[check_numerics] log #2 -> float32 (2, 2) has 1 NaN of 4 elements, first at (1, 1); fed by "
                    "multiply #1 -> float32 (2, 2) within [-8, 6]",
                    log(x * 2));
  CHECK_THROWS_TEXT(RuntimeError, "divide #5 -> float32 (2, 2) has 4 infinite of 4 elements, first at (0, 0)",
                    (x + 0) / (x - x));
}

TEST_CASE("check_numerics: under a tape, in the backward pass, and in which layer") {
  const debug::CheckNumerics check;
  const Variable w(constant({0.f, 1.f}), {.name = "w"});
  GradientTape tape;
  const Tensor y = sqrt(w);
  CHECK_THROWS_TEXT(RuntimeError, "of 2 elements, first at (0,)", tape.gradient(y, w));
  GradientTape again;
  const Tensor z = reduce_sum(sqrt(w));
  CHECK_THROWS_TEXT(RuntimeError, "in the gradient of 'sqrt'", again.gradient(z, w));

  struct Logarithm : Layer {
    Tensor call(const Tensor& t) override { return log(t); }
  };
  Logarithm layer;
  CHECK_THROWS_TEXT(RuntimeError, "in layer 'logarithm', called with an input of shape (2, 2)", layer(x));
}

TEST_CASE("check_numerics: what comes in from outside is told from what an op made") {
  const debug::CheckNumerics check;
  const Tensor bad = constant({1.f, std::nanf(""), INFINITY});
  CHECK_THROWS_TEXT(
      RuntimeError,
      "multiply #1 -> float32 (3,) has 1 NaN and 1 infinite of 3 elements, first at (1,); fed by a tensor "
      "from outside -> float32 (3,) within [1, 1] with 1 NaN and 1 infinite of 3 elements",
      bad * 2);
  CHECK_THROWS_TEXT(RuntimeError, "bfloat16 (3,) has 1 NaN and 1 infinite", cast(bad, bfloat16));
}

TEST_CASE("check_numerics: numbers without fault are the same, with it and after it") {
  const Variable w(x, {.name = "w"});
  const auto gradient = [&] {
    GradientTape tape;
    return tape.gradient(reduce_mean(nn::relu(matmul(w, x))), w);
  };
  const Tensor without = gradient();
  {
    const debug::CheckNumerics check;
    CHECK_SAME_BITS(gradient(), without);
    CHECK(is_recording());
  }
  CHECK_FALSE(is_recording());
  CHECK(std::isnan(log(constant(-1.0)).item()));
  CHECK_SAME_BITS(gradient(), without);
}

TEST_CASE("check_numerics: enabled and disabled by functions, and of one tensor") {
  debug::enable_check_numerics();
  debug::enable_check_numerics();
  CHECK_THROWS_TEXT(RuntimeError, "[check_numerics] log", log(x));
  debug::disable_check_numerics();
  debug::disable_check_numerics();
  CHECK(log(x).defined());
  CHECK(debug::check_numerics(x, "x").is_same(x));
  CHECK_THROWS_TEXT(RuntimeError, "[check_numerics] loss of step 3: float32 (2, 2) has 1 NaN of 4 elements",
                    debug::check_numerics(log(x), "loss of step 3"));
  CHECK(debug::check_numerics(constant({1, 2}), "integers").size() == 2);
}
