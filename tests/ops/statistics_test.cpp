#include "xtape/ops/statistics.hpp"

#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

Tensor gradient_of(Tensor (*f)(const Tensor&), const Tensor& x) {
  GradientTape tape;
  tape.watch(x);
  return tape.gradient(f(x), x);
}

}  // namespace

TEST_CASE("reduce_logsumexp: rows of extremes, along every axis") {
  const Tensor x = tensor({300, 299, -300, -301, -INFINITY, -INFINITY, 0, -INFINITY, INFINITY, 1, NAN, 0}, {6, 2});
  const std::vector<double> expected{
      300 + std::log1p(std::exp(-1)), -300 + std::log1p(std::exp(-1)), -INFINITY, 0, INFINITY, NAN};
  CHECK_CLOSE(reduce_logsumexp(x, 1), expected, 1e-15);
  CHECK_CLOSE(reduce_logsumexp(cast(x, float32), -1), expected, 1e-6);
  CHECK_CLOSE(reduce_logsumexp(transpose(x), 0), expected, 1e-15);
  const std::vector<double> softmax{1 / (1 + std::exp(-1)), 1 / (1 + std::exp(1))};
  const Tensor rows = slice_axis(x, 0, 0, 4);
  CHECK_CLOSE(gradient_of([](const Tensor& t) { return reduce_logsumexp(t, 1); }, rows),
              {softmax[0], softmax[1], softmax[0], softmax[1], 0, 0, 1, 0}, 1e-12);
  CHECK_CLOSE(reduce_logsumexp(full({1000}, 1e30)), 1e30);
}

TEST_CASE("reduce_variance, reduce_std: far from zero, of equal elements, of one") {
  const Tensor x = tensor({1e8 + 1, 1e8 + 2, 1e8 + 3, 1e8 + 6}, {2, 2});
  CHECK_CLOSE(reduce_variance(x), 3.5, 1e-14);
  CHECK_CLOSE(reduce_variance(x, 0), {1, 4}, 1e-14);
  CHECK_CLOSE(reduce_variance(x, 1), {0.25, 2.25}, 1e-14);
  CHECK_CLOSE(reduce_std(x, 1), {0.5, 1.5}, 1e-14);
  // The mean of 2^-13 + n at float32's precision must not go through squares of x.
  CHECK_CLOSE(reduce_variance(some({4096}, float32) + 1000), reduce_variance(some({4096}, float32)), 1e-4);
  CHECK_CLOSE(gradient_of([](const Tensor& t) { return reduce_std(t); }, full({4}, 3)), {0, 0, 0, 0});
  CHECK_CLOSE(gradient_of([](const Tensor& t) { return reduce_std(t, 0); }, tensor({5}, float32)), tensor({0}));
  CHECK_CLOSE(reduce_variance(tensor({1, INFINITY})), NAN);
  CHECK(reduce_std(ones({3}, bfloat16)).dtype() == bfloat16);
}

TEST_CASE("reduce_variance: columns and rows of all widths agree, whatever the threads") {
  for (const std::int64_t n : {1, 2, 3, 15, 16, 17, 70}) {
    const Tensor x = some({131, n}, float32);
    CHECK_CLOSE(reduce_variance(x, 0), reduce_variance(transpose(x), 1), 1e-5, 1e-7);
    CHECK_CLOSE(reduce_variance(reshape(x, {131, n, 1}), {0, 2}), reduce_variance(cast(x, float64), 0), 1e-5, 1e-7);
  }
}

TEST_CASE("norm: its orders, zero, and what is not an order") {
  const Tensor x = tensor({3, -4, 0, 12}, {2, 2});
  CHECK_CLOSE(norm(x), 13.0, 1e-15);
  CHECK_CLOSE(norm(x, {.ord = "euclidean"}), 13.0, 1e-15);
  CHECK_CLOSE(norm(x, {.ord = "fro"}, {0, 1}, true), tensor({13}, {1, 1}), 1e-15);
  CHECK_CLOSE(norm(x, {.ord = 1}, 1), {7, 12});
  CHECK_CLOSE(norm(x, {.ord = INFINITY}, 0), {3, 12});
  CHECK_CLOSE(norm(x, {.ord = 4}, 1), {std::pow(81 + 256, 0.25), 12}, 1e-14);
  const Tensor zero = zeros({3}, float64);
  CHECK_CLOSE(gradient_of([](const Tensor& t) { return norm(t); }, zero), {0, 0, 0});
  CHECK_CLOSE(gradient_of([](const Tensor& t) { return norm(t, {.ord = 1}); }, zero), {0, 0, 0});
  CHECK_CLOSE(gradient_of([](const Tensor& t) { return norm(t, {.ord = 3}); }, zero), {0, 0, 0});
  for (const double p : {1.0, 1.5, 2.0, 3.0, static_cast<double>(INFINITY)}) {
    const GradientCheck check = check_gradients([p](const Tensor& t) { return norm(t, {.ord = p}, -1); }, some({3, 4}));
    CHECK_MESSAGE(check, check.message);
  }
  CHECK_THROWS_TEXT(ValueError, "[norm] expected an order above 0, received -1", norm(x, {.ord = -1}));
  CHECK_THROWS_TEXT(ValueError, "[norm] unknown order 'nuc', expected a number, 'euclidean' or 'fro'",
                    norm(x, {.ord = "nuc"}));
}
