#include "ops/dense_bf16.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

/// Numbers that are bfloat16 already, as float64.
Tensor some(const Shape& shape, std::uint64_t seed) {
  return cast(cast(random::Generator(seed).normal(shape), bfloat16), float64);
}

/// Relative, of a number rounded to 8 bits.
constexpr double half_unit = 1.0 / 256;

struct Operands {
  Shape x_shape;
  bool bias, relu;
};

/// The product and its gradients with these weights' dtype against float64; roundings are those of the result, of its
/// gradient where relu has masked it, and of dx.
void check(const Operands& o, DType weights) {
  const std::int64_t k = o.x_shape.back(), n = 6;
  const Tensor x = some(o.x_shape, 1), w = some({k, n}, 2), b = o.bias ? some({n}, 3) : Tensor();
  const Tensor x16 = cast(x, bfloat16), w16 = cast(w, weights), b16 = b.defined() ? cast(b, weights) : b;
  const auto f = [&](const Tensor& in, const Tensor& kernel, const Tensor& bias) {
    return detail::dense(in, kernel, bias, o.relu);
  };
  GradientTape wide_tape, tape;
  wide_tape.watch({x, w});
  tape.watch({x16, w16});
  if (b.defined()) {
    wide_tape.watch(b);
    tape.watch(b16);
  }
  const Tensor wide = f(x, w, b), y = f(x16, w16, b16);
  CHECK(y.dtype() == bfloat16);
  CHECK(y.shape() == wide.shape());
  CHECK_CLOSE(cast(y, float64), wide, half_unit, 1e-6);
  const Tensor dy = some(wide.shape(), 4);
  std::vector<Tensor> wide_sources{x, w}, sources{x16, w16};
  if (b.defined()) {
    wide_sources.push_back(b);
    sources.push_back(b16);
  }
  const auto expected = wide_tape.gradient(wide, wide_sources, {.output_gradients = {dy}});
  const auto gradients = tape.gradient(y, sources, {.output_gradients = {cast(dy, bfloat16)}});
  CHECK(gradients[0].dtype() == bfloat16);
  CHECK_CLOSE(cast(gradients[0], float64), expected[0], half_unit, 1e-6);
  for (std::size_t i = 1; i < sources.size(); ++i) {
    CHECK(gradients[i].dtype() == weights);
    // dy is exact and so are products: nothing but sums in float32.
    CHECK_CLOSE(cast(gradients[i], float64), expected[i], weights == float32 ? 1e-5 : half_unit, 1e-5);
  }
}

TEST_CASE("dense in bfloat16: values and gradients, with float32 weights and with bfloat16 ones") {
  for (const DType weights : {float32, bfloat16}) {
    for (const bool bias : {false, true}) {
      for (const bool relu : {false, true}) {
        INFO("weights ", name(weights), ", bias ", bias, ", relu ", relu);
        check({{9, 5}, bias, relu}, weights);
        check({{2, 3, 5}, bias, relu}, weights);
        check({{5}, bias, relu}, weights);
      }
    }
  }
}

TEST_CASE("dense in bfloat16: second derivatives") {
  const Tensor x = some({4, 3}, 1), w = some({3, 2}, 2), b = some({2}, 3);
  const auto second = [](const Tensor& x0, const Tensor& w0, const Tensor& b0) {
    GradientTape outer;
    outer.watch({x0, w0});
    Tensor sum;
    {
      GradientTape tape;
      tape.watch({x0, w0, b0});
      const Tensor y = detail::dense(x0, w0, b0, true);
      const Tensor loss = reduce_sum(square(cast(y, w0.dtype())));
      const auto g = tape.gradient(loss, std::vector<Tensor>{x0, w0, b0});
      sum = reduce_sum(square(cast(g[0], w0.dtype()))) + reduce_sum(square(g[1])) + reduce_sum(square(g[2]));
    }
    return outer.gradient(sum, std::vector<Tensor>{x0, w0});
  };
  const auto expected = second(x, w, b), actual = second(cast(x, bfloat16), cast(w, float32), cast(b, float32));
  CHECK(actual[0].dtype() == bfloat16);
  CHECK(actual[1].dtype() == float32);
  for (std::size_t i = 0; i < 2; ++i) {
    const double size = reduce_max(abs(expected[i])).item();
    CHECK_CLOSE(cast(actual[i], float64), expected[i], 0.03, 0.01 * size);
  }
}

TEST_CASE("dense in bfloat16: which dtypes go together") {
  const Tensor x = ones({2, 3}, bfloat16);
  CHECK_THROWS_TEXT(TypeError, "[linear] dtypes differ: bfloat16 and float64", linear(x, ones({3, 2}, float64)));
  CHECK_THROWS_TEXT(TypeError, "[linear] dtypes differ: float32 and bfloat16",
                    linear(ones({2, 3}), ones({3, 2}, bfloat16)));
  CHECK(linear(x, ones({3, 2})).dtype() == bfloat16);
  CHECK(linear(ones({0, 3}, bfloat16), ones({3, 2})).shape() == Shape{0, 2});
  CHECK_CLOSE(cast(linear(ones({2, 0}, bfloat16), ones({0, 2}), constant({1.0, 2.0})), float32), {1, 2, 1, 2});
}

TEST_CASE("matmul in bfloat16: batches, transposed operands, rounded once") {
  const Tensor a = some({3, 4, 5}, 1), b = some({3, 5, 2}, 2), c = some({5, 2}, 3);
  const auto narrow = [](const Tensor& t) { return cast(t, bfloat16); };
  CHECK_CLOSE(cast(matmul(narrow(a), narrow(b)), float64), matmul(a, b), half_unit, 1e-6);
  CHECK_CLOSE(cast(matmul(narrow(a), narrow(c)), float64), matmul(a, c), half_unit, 1e-6);
  const Tensor at = transpose(a, {0, 2, 1}), bt = transpose(b, {0, 2, 1});
  CHECK_CLOSE(cast(matmul(narrow(at), narrow(bt), {.transpose_a = true, .transpose_b = true}), float64), matmul(a, b),
              half_unit, 1e-6);
}

}  // namespace
}  // namespace xtape
