#include "xtape/ops/linalg_functions.hpp"

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> linalg_functions_alone{{"linalg::pinv"},         {"linalg::eigvalsh"}, {"linalg::logdet"},
                                          {"linalg::matrix_power"}, {"linalg::expm"},     {"linalg::matrix_rank"},
                                          {"linalg::cond"}};

Tensor definite(const Tensor& x) { return matmul(x, x, {.transpose_b = true}) + eye(x.shape(-1), -1, x.dtype()); }
Tensor symmetric(const Tensor& x) { return x + linalg::matrix_transpose(x); }
Tensor singular() { return constant({{1.0, 2.0}, {2.0, 4.0}}, float32); }

const FunctionRows linalg_functions_replays{
    {"linalg::pinv", [](const OpInputs& x) { return linalg::pinv(x[0]); }, fresh_inputs({{2, 3, 2}})},
    {"linalg::eigvalsh", [](const OpInputs& x) { return linalg::eigvalsh(x[0]); }, fresh_inputs({{3, 3}})},
    {"linalg::logdet", [](const OpInputs& x) { return linalg::logdet(definite(x[0])); }, fresh_inputs({{3, 3}})},
    {"linalg::matrix_power", [](const OpInputs& x) { return linalg::matrix_power(x[0], -3); }, fresh_inputs({{2, 2}}),
     [] { return OpInputs{singular()}; }},
    {"linalg::matrix_power", [](const OpInputs& x) { return linalg::matrix_power(x[0], 5); }, fresh_inputs({{2, 2}})},
    {"linalg::expm", [](const OpInputs& x) { return linalg::expm(x[0] * 3); }, fresh_inputs({{2, 3, 3}})},
    {"linalg::matrix_rank", [](const OpInputs& x) { return linalg::matrix_rank(x[0]); }, fresh_inputs({{2, 3, 2}})},
    {"linalg::cond", [](const OpInputs& x) { return linalg::cond(x[0]); }, fresh_inputs({{3, 2}})},
    {"linalg::cond", [](const OpInputs& x) { return linalg::cond(x[0], 1); }, fresh_inputs({{2, 2}}),
     [] { return OpInputs{singular()}; }},
};

}  // namespace

TEST_CASE("pinv: the four conditions of Moore and Penrose, for every shape and rank") {
  const Tensor tall = some({2, 4, 2}), wide = some({2, 4}), column = some({4, 1}), row = some({1, 3});
  for (const Tensor& a : {tall, wide, some({3, 3}), matmul(column, row), zeros({2, 3}, float64)}) {
    CAPTURE(a.shape().str());
    const Tensor p = linalg::pinv(a), ap = matmul(a, p), pa = matmul(p, a);
    CHECK(p.shape(-1) == a.shape(-2));
    CHECK_CLOSE(matmul(ap, a), a, 1e-12, 1e-13);
    CHECK_CLOSE(matmul(pa, p), p, 1e-12, 1e-13);
    CHECK_CLOSE(linalg::matrix_transpose(ap), ap, 1e-12, 1e-13);
    CHECK_CLOSE(linalg::matrix_transpose(pa), pa, 1e-12, 1e-13);
  }
  CHECK_CLOSE(linalg::pinv(tensor({2, 0, 0, 0.001}, {2, 2}), {.rcond = 0.01}), tensor({0.5, 0, 0, 0}, {2, 2}), 1e-15);
  CHECK(linalg::pinv(zeros({2, 0, 3})).shape() == Shape{2, 3, 0});
  CHECK(linalg::pinv(some({2, 3}, float32)).dtype() == float32);
}

TEST_CASE("pinv: gradients of both orders, for each shape") {
  for (const Shape& shape : {Shape{2, 4, 2}, Shape{2, 3}, Shape{3, 3}}) {
    CAPTURE(shape.str());
    const GradientCheck check = check_gradients([](const Tensor& x) { return linalg::pinv(x); }, some(shape));
    CHECK_MESSAGE(check, check.message);
  }
}

TEST_CASE("eigvalsh, logdet, cond, matrix_rank: closed forms") {
  CHECK_CLOSE(linalg::eigvalsh(tensor({2, 1, 1, 2}, {2, 2})), {1, 3}, 1e-14);
  CHECK_CLOSE(linalg::logdet(tensor({1, 2, 3, 4, 2, 1, 1, 3}, {2, 2, 2})), {NAN, std::log(5)}, 1e-14);
  CHECK_CLOSE(linalg::logdet(tensor({1, 2, 2, 4}, {2, 2})), -INFINITY, 0);
  const Tensor diagonal = linalg::diag(tensor({4, -2, 0.5}));
  CHECK_CLOSE(linalg::cond(diagonal), 8, 1e-14);
  CHECK_CLOSE(linalg::cond(diagonal, -2), 0.125, 1e-14);
  CHECK_CLOSE(linalg::cond(diagonal, 1), 8, 1e-14);
  CHECK_CLOSE(linalg::cond(diagonal, INFINITY), 8, 1e-14);
  CHECK_CLOSE(linalg::cond(some({2, 3, 2})), linalg::cond(linalg::matrix_transpose(some({2, 3, 2}))), 1e-12);
  CHECK_CLOSE(
      linalg::matrix_rank(stack({eye(4, -1, float64), linalg::diag(tensor({1, 0, 2, 1e-20})), zeros({4, 4}, float64)})),
      {4, 2, 0}, 0);
  CHECK(linalg::matrix_rank(some({3, 2})).dtype() == int64);
  CHECK_CLOSE(linalg::matrix_rank(diagonal, {.tol = 1}), 2, 0);
  CHECK_CLOSE(linalg::matrix_rank(zeros({2, 0, 3})), {0, 0}, 0);
  CHECK(check_gradients([](const Tensor& x) { return linalg::eigvalsh(symmetric(x)); }, some({3, 3})));
  CHECK(check_gradients([](const Tensor& x) { return linalg::logdet(definite(x)); }, some({2, 3, 3})));
  CHECK(check_gradients([](const Tensor& x) { return linalg::cond(x); }, some({3, 2})));
}

TEST_CASE("matrix_power: products, inverse ones, none") {
  const Tensor quarter = tensor({0, -1, 1, 0}, {2, 2});  // turns by 90 degrees
  for (const int n : {-6, -3, -1, 0, 1, 2, 3, 4, 7}) {
    CAPTURE(n);
    Tensor expected = eye(2, -1, float64);
    for (int i = 0; i < (n % 4 + 4) % 4; ++i) expected = matmul(expected, quarter);
    CHECK_CLOSE(linalg::matrix_power(quarter, n), expected, 1e-14, 1e-15);
  }
  CHECK_CLOSE(linalg::matrix_power(some({3, 2, 2}), 0), broadcast_to(eye(2, -1, float64), {3, 2, 2}), 0);
  CHECK_CLOSE(linalg::matrix_power(tensor({2}, {1, 1}), 10), tensor({1024}, {1, 1}), 0);
  CHECK(linalg::matrix_power(zeros({2, 0, 0}), 3).shape() == Shape{2, 0, 0});
  CHECK(check_gradients([](const Tensor& x) { return linalg::matrix_power(x, 5); }, some({2, 2})));
  CHECK(check_gradients([](const Tensor& x) { return linalg::matrix_power(definite(x), -2); }, some({2, 2})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.matrix_power]", linalg::matrix_power(ones({2, 3}), 2));
  CHECK_THROWS_TEXT(ValueError, "singular", linalg::matrix_power(zeros({2, 2}), -1));
}

TEST_CASE("expm: closed forms of small and large matrices, gradients") {
  CHECK_CLOSE(linalg::expm(zeros({2, 2}, float64)), eye(2, -1, float64), 0);
  const Tensor diagonal = linalg::expm(linalg::diag(tensor({1, -300, 50})));
  CHECK_CLOSE(linalg::diag_part(diagonal), {std::exp(1), std::exp(-300), std::exp(50)}, 1e-12, 1e-130);
  for (const double t : {1e-8, 0.3, 10.0, 500.0}) {
    CAPTURE(t);
    const Tensor turned = linalg::expm(tensor({0, -t, t, 0}, {2, 2}));
    CHECK_CLOSE(turned, tensor({std::cos(t), -std::sin(t), std::sin(t), std::cos(t)}, {2, 2}), 1e-11, 1e-12);
    const Tensor sheared = linalg::expm(tensor({0, t, 0, 0}, {2, 2}));
    CHECK_CLOSE(sheared, tensor({1, t, 0, 1}, {2, 2}), 1e-13);
  }
  // A nilpotent part: e^[a 1; 0 a] = e^a [1 1; 0 1].
  CHECK_CLOSE(linalg::expm(tensor({2, 1, 0, 2}, {2, 2})), tensor({1, 1, 0, 1}, {2, 2}) * std::exp(2), 1e-13, 1e-15);
  const Tensor both = linalg::expm(tensor({1, NAN, 0, 1, 0, 0, 0, 0}, {2, 2, 2}));
  CHECK_CLOSE(both, tensor({NAN, NAN, NAN, NAN, 1, 0, 0, 1}, {2, 2, 2}), 0);
  CHECK(linalg::expm(zeros({2, 0, 0})).shape() == Shape{2, 0, 0});
  CHECK(linalg::expm(ones({1, 1})).dtype() == float32);
  const GradientCheck check = check_gradients([](const Tensor& x) { return linalg::expm(x); }, some({2, 3, 3}));
  CHECK_MESSAGE(check, check.message);
  CHECK_THROWS_TEXT(ValueError, "[linalg.expm]", linalg::expm(ones({2, 3})));
  CHECK_THROWS_TEXT(TypeError, "[linalg.expm]", linalg::expm(ones({2, 2}, int32)));
}
