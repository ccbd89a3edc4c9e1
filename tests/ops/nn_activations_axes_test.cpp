#include <algorithm>
#include <functional>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

using List = std::vector<double>;

const Table<Alone> nn_activations_axes_alone{{"nn::glu"}, {"nn::sparsemax"}};

const FunctionRows nn_activations_axes_replays{
    {"nn::glu", [](const OpInputs& x) { return nn::glu(x[0]); }, fresh_inputs({{3, 6}})},
    {"nn::glu", [](const OpInputs& x) { return nn::glu(x[0], 0); }, fresh_inputs({{4, 5}})},
    {"nn::sparsemax", [](const OpInputs& x) { return nn::sparsemax(x[0]); }, fresh_inputs({{3, 6}})},
    {"nn::sparsemax", [](const OpInputs& x) { return nn::sparsemax(x[0], 0); }, fresh_inputs({{4, 5}})},
};

/// By the paper's algorithm: the largest k with 1 + k x_(k) > sum of the k largest.
List sparsemax_of(const List& x) {
  List sorted = x;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  long double sum = 0, t = 0;
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    sum += sorted[k];
    const auto count = static_cast<long double>(k + 1);
    if (1 + count * sorted[k] > sum) t = (sum - 1) / count;
  }
  List y;
  for (const double value : x) y.push_back(std::max<double>(static_cast<double>(value - t), 0));
  return y;
}

Tensor gradient_of(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  GradientTape tape;
  tape.watch(x);
  return tape.gradient(f(x), x);
}

}  // namespace

TEST_CASE("glu: Keras's example, and the formula along each axis") {
  CHECK_CLOSE(nn::glu(tensor({-1, 0, 1, 1})), {-1 / (1 + std::exp(-1)), 0}, 1e-15);
  for (const Shape& shape :
       {Shape{2}, Shape{0}, Shape{4, 6}, Shape{2, 4, 6}, Shape{0, 4}, Shape{2, 50}, Shape{6, 3000}}) {
    CAPTURE(shape.str());
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] % 2 != 0) continue;
      for (const DType dtype : {float64, float32, bfloat16}) {
        const Tensor x = some(shape, dtype, -6, 6), y = nn::glu(x, axis - shape.rank());
        CHECK(y.dtype() == dtype);
        CHECK(y.shape(axis) == shape[axis] / 2);
        const List a = to_doubles(slice_axis(x, axis, 0, shape[axis] / 2));
        const List b = to_doubles(slice_axis(x, axis, shape[axis] / 2, shape[axis] / 2));
        List expected;
        for (std::size_t i = 0; i < a.size(); ++i) expected.push_back(rounded(a[i] / (1 + std::exp(-b[i])), dtype));
        CHECK_CLOSE(y, expected, 4 * epsilon(dtype), smallest_normal(dtype));
      }
    }
  }
}

TEST_CASE("glu: gradients agree with finite differences to second order, and at extremes") {
  for (const Shape& shape : {Shape{4}, Shape{2, 6}, Shape{2, 4, 3}}) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] % 2 != 0) continue;
      const GradientCheck check = check_gradients([&](const Tensor& x) { return nn::glu(x, axis); }, some(shape));
      CHECK_MESSAGE(check, check.message);
    }
  }
  for (const DType dtype : {float64, float32, bfloat16}) {
    const Tensor x = tensor({2, 3, 5, 300, -300, 0}, dtype);
    CHECK_CLOSE(nn::glu(x), {2, 0, 2.5}, epsilon(dtype), 1e-120);
    CHECK_CLOSE(gradient_of([](const Tensor& t) { return nn::glu(t); }, x), {1, 0, 0.5, 0, 0, 1.25}, epsilon(dtype),
                1e-120);
  }
  CHECK_CLOSE(nn::glu(tensor({NAN, 1, 0, NAN})), {NAN, NAN});
}

TEST_CASE("sparsemax: Keras's example, and the paper's algorithm") {
  CHECK_CLOSE(nn::sparsemax(tensor({-1, 0, 1})), {0, 0, 1}, 0);
  CHECK_CLOSE(nn::sparsemax(tensor({0.1, 0.1, 0.1, 0.1})), {0.25, 0.25, 0.25, 0.25}, 0);
  for (const Shape& shape : {Shape{1}, Shape{2}, Shape{7}, Shape{16}, Shape{17}, Shape{3, 40}, Shape{2, 3, 5},
                             Shape{0, 3}, Shape{3, 0}, Shape{2, 1000}}) {
    CAPTURE(shape.str());
    for (const double size : {0.01, 1.0, 6.0}) {
      for (const DType dtype : {float64, float32, bfloat16}) {
        const Tensor x = some(shape, float64, -1, 1) * size, given = cast(x, dtype), y = nn::sparsemax(given);
        CHECK(y.dtype() == dtype);
        CHECK(y.shape() == shape);
        const List all = to_doubles(given);
        List expected;
        for (std::int64_t i = 0; i < x.size(); i += shape.back()) {
          for (const double value : sparsemax_of({all.begin() + i, all.begin() + i + shape.back()}))
            expected.push_back(rounded(value, dtype));
        }
        CHECK_CLOSE(y, expected, epsilon(dtype),
                    (dtype == float64 ? 4 : 16) * std::min(epsilon(dtype), epsilon(float32)));
      }
    }
  }
  const Tensor x = some({3, 4, 5});
  CHECK_SAME_BITS(nn::sparsemax(x, 1), swapaxes(nn::sparsemax(swapaxes(x, 1, 2)), 1, 2));
  CHECK_SAME_BITS(nn::sparsemax(x, 0), swapaxes(nn::sparsemax(swapaxes(x, 0, 2)), 0, 2));
}

TEST_CASE("sparsemax: the gradient takes the mean from the elements that are not 0") {
  const Tensor x = tensor({0.4, 0.2, -3, 0.3}), dy = tensor({1, 2, 100, 6});
  CHECK_CLOSE(gradient_of([&](const Tensor& t) { return nn::sparsemax(t) * dy; }, x), {-2, -1, 0, 3}, 1e-15);
  for (const Shape& shape : {Shape{1}, Shape{5}, Shape{3, 20}, Shape{2, 3, 4}}) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const GradientCheck check =
          check_gradients([&](const Tensor& t) { return square(nn::sparsemax(t, axis)); }, some(shape) * 0.5);
      CHECK_MESSAGE(check, check.message);
    }
  }
}

TEST_CASE("sparsemax: extremes") {
  for (const DType dtype : {float64, float32}) {
    CHECK_CLOSE(nn::sparsemax(tensor({300, -300, 299.5, 1e30, 1e30, -1e30}, {2, 3}, dtype)),
                {0.75, 0, 0.25, 0.5, 0.5, 0}, 0);
    const double inf = INFINITY;
    CHECK_CLOSE(nn::sparsemax(tensor({inf, 1, inf, -inf, 0, -inf, -inf, -inf, -inf}, {3, 3}, dtype)),
                {0.5, 0, 0.5, 0, 1, 0, 1.0 / 3, 1.0 / 3, 1.0 / 3}, epsilon(dtype));
    CHECK_CLOSE(nn::sparsemax(tensor({1, NAN, 0, 0}, {2, 2}, dtype)), {NAN, NAN, 0.5, 0.5}, 0);
  }
}

TEST_CASE("glu, sparsemax: a row's result depends neither on its place nor on the threads") {
  const Tensor x = some({3000, 38}, float32, -1, 1);
  for (const auto f :
       {static_cast<Tensor (*)(const Tensor&)>(nn::glu), static_cast<Tensor (*)(const Tensor&)>(nn::sparsemax)}) {
    const auto with_threads = [&](int count) {
      const Threads threads(count);
      return concat({f(x), gradient_of([&](const Tensor& t) { return square(f(t)); }, x)}, 1);
    };
    const Tensor y = with_threads(1);
    CHECK_SAME_BITS(with_threads(3), y);
    const std::int64_t columns = f(x).shape(1);
    for (const std::int64_t begin : {0, 1, 7, 2990}) {
      CHECK_SAME_BITS(f(slice_axis(x, 0, begin, 3)), slice(y, {begin, 0}, {3, columns}));
    }
  }
}

TEST_CASE("glu, sparsemax: errors") {
  CHECK_THROWS_TEXT(ValueError, "[glu] expected an even size along axis 1, received shape (2, 3)",
                    nn::glu(ones({2, 3}), 1));
  CHECK_THROWS_TEXT(IndexError, "[glu] axis -1 is outside a tensor of rank 0", nn::glu(ones({})));
  CHECK_THROWS_TEXT(TypeError, "[glu] expected a floating tensor, received int32", nn::glu(ones({2}, int32)));
  CHECK_THROWS_TEXT(IndexError, "[sparsemax] axis 2 is outside a tensor of rank 2", nn::sparsemax(ones({2, 3}), 2));
  CHECK_THROWS_TEXT(TypeError, "[sparsemax] expected a floating tensor, received int32",
                    nn::sparsemax(ones({2}, int32)));
}
