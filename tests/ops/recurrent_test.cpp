#include "xtape/ops/recurrent.hpp"

#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> recurrent_table{{"nn::lstm"}, {"nn::gru"}};

double sigmoid_of(double v) { return 1 / (1 + std::exp(-v)); }

/// Everything that comes out, in one vector.
Tensor all_of(const nn::LstmResult& y) {
  return concat(std::vector<Tensor>{flatten(y.outputs), flatten(y.h), flatten(y.c)}, 0);
}
Tensor all_of(const nn::GruResult& y) { return concat(std::vector<Tensor>{flatten(y.outputs), flatten(y.h)}, 0); }

}  // namespace

TEST_CASE("lstm: one unit, two steps, by hand") {
  // x = 1, -2; kernel (i, f, g, o) = (0.5, -0.3, 0.8, 0.1), recurrent (0.2, 0.4, -0.6, 0.7), bias (0, 1, 0.1, -0.2)
  double h = 0, c = 0;
  std::vector<double> expected;
  for (const double x : {1.0, -2.0}) {
    const double i = sigmoid_of(0.5 * x + 0.2 * h), f = sigmoid_of(-0.3 * x + 0.4 * h + 1);
    const double g = std::tanh(0.8 * x - 0.6 * h + 0.1), o = sigmoid_of(0.1 * x + 0.7 * h - 0.2);
    c = f * c + i * g;
    h = o * std::tanh(c);
    expected.push_back(h);
  }
  for (const DType dtype : {float32, float64, bfloat16}) {
    const auto y = nn::lstm(tensor({1, -2}, {1, 2, 1}, dtype), tensor({0.5, -0.3, 0.8, 0.1}, {1, 4}, dtype),
                            tensor({0.2, 0.4, -0.6, 0.7}, {1, 4}, dtype), tensor({0, 1, 0.1, -0.2}, dtype));
    CHECK(y.outputs.dtype() == dtype);
    CHECK(y.outputs.shape() == Shape{1, 2, 1});
    CHECK_CLOSE(flatten(y.outputs), expected, 16 * epsilon(dtype));
    CHECK_CLOSE(y.h, {h}, 16 * epsilon(dtype));
    CHECK_CLOSE(y.c, {c}, 16 * epsilon(dtype));
  }
}

TEST_CASE("gru: one unit, two steps, by hand, the reset gate after and before the product") {
  // kernel (z, r, h) = (0.5, -0.3, 0.8), recurrent (0.2, 0.4, -0.6), biases (0.1, 0.2, 0.3) and (-0.1, 0.5, 0.7)
  const double inputs[] = {1, -2};
  double h = 0.25, before = 0.25;
  std::vector<double> after_values, before_values;
  for (const double x : inputs) {
    const double z = sigmoid_of(0.5 * x + 0.1 + 0.2 * h - 0.1), r = sigmoid_of(-0.3 * x + 0.2 + 0.4 * h + 0.5);
    h = z * h + (1 - z) * std::tanh(0.8 * x + 0.3 + r * (-0.6 * h + 0.7));
    after_values.push_back(h);
    const double zb = sigmoid_of(0.5 * x + 0.1 + 0.2 * before), rb = sigmoid_of(-0.3 * x + 0.2 + 0.4 * before);
    before = zb * before + (1 - zb) * std::tanh(0.8 * x + 0.3 - 0.6 * rb * before);
    before_values.push_back(before);
  }
  for (const DType dtype : {float32, float64}) {
    const Tensor x = tensor({1, -2}, {1, 2, 1}, dtype), kernel = tensor({0.5, -0.3, 0.8}, {1, 3}, dtype);
    const Tensor recurrent = tensor({0.2, 0.4, -0.6}, {1, 3}, dtype), start = tensor({0.25}, {1, 1}, dtype);
    const auto after =
        nn::gru(x, kernel, recurrent, tensor({0.1, 0.2, 0.3, -0.1, 0.5, 0.7}, {2, 3}, dtype), {.initial_h = start});
    CHECK_CLOSE(flatten(after.outputs), after_values, 16 * epsilon(dtype));
    CHECK_CLOSE(after.h, {h}, 16 * epsilon(dtype));
    const auto other =
        nn::gru(x, kernel, recurrent, tensor({0.1, 0.2, 0.3}, dtype), {.initial_h = start, .reset_after = false});
    CHECK_CLOSE(flatten(other.outputs), before_values, 16 * epsilon(dtype));
    CHECK_CLOSE(other.h, {before}, 16 * epsilon(dtype));
  }
}

TEST_CASE("recurrent: a sequence is the same in one go and in two, for sizes beyond a vector and a piece") {
  const Tensor x = some({21, 5, 3}, float64), h0 = some({21, 19}, float64), c0 = some({21, 19}, float64) * 0.5;
  const Tensor first = slice_axis(x, 1, 0, 2), rest = slice_axis(x, 1, 2, 3);
  const Tensor w = some({3, 76}), r = some({19, 76}) * 0.3, b = some({76});
  const auto whole = nn::lstm(x, w, r, b, {.initial_h = h0, .initial_c = c0});
  const auto begun = nn::lstm(first, w, r, b, {.initial_h = h0, .initial_c = c0});
  const auto ended = nn::lstm(rest, w, r, b, {.initial_h = begun.h, .initial_c = begun.c});
  CHECK_CLOSE(whole.outputs, concat(std::vector<Tensor>{begun.outputs, ended.outputs}, 1), 1e-12, 1e-13);
  CHECK_CLOSE(whole.c, ended.c, 1e-12, 1e-13);
  const Tensor wg = some({3, 57}), rg = some({19, 57}) * 0.3, bg = some({2, 57});
  const auto all = nn::gru(x, wg, rg, bg, {.initial_h = h0});
  const auto one = nn::gru(first, wg, rg, bg, {.initial_h = h0});
  const auto two = nn::gru(rest, wg, rg, bg, {.initial_h = one.h});
  CHECK_CLOSE(all.outputs, concat(std::vector<Tensor>{one.outputs, two.outputs}, 1), 1e-12, 1e-13);
  CHECK_CLOSE(all.h, two.h, 1e-12, 1e-13);
}

TEST_CASE("recurrent: gradients agree with finite differences to second order") {
  const Tensor h0 = some({2, 2}) * 0.3, c0 = some({2, 2}) * 0.4;
  const GradientCheck lstm = check_gradients(
      [](const std::vector<Tensor>& in) {
        return all_of(nn::lstm(in[0], in[1], in[2], in[3], {.initial_h = in[4], .initial_c = in[5]}));
      },
      {some({2, 3, 2}), some({2, 8}) * 0.5, some({2, 8}) * 0.4, some({8}) * 0.2, h0, c0});
  CHECK_MESSAGE(lstm, lstm.message);
  for (const bool reset_after : {true, false}) {
    const GradientCheck gru = check_gradients(
        [&](const std::vector<Tensor>& in) {
          return all_of(nn::gru(in[0], in[1], in[2], in[3], {.initial_h = in[4], .reset_after = reset_after}));
        },
        {some({2, 3, 2}), some({2, 6}) * 0.5, some({2, 6}) * 0.4, some(reset_after ? Shape{2, 6} : Shape{6}) * 0.2,
         h0});
    CHECK_MESSAGE(gru, gru.message);
  }
  // Each result alone, without a bias, sizes beyond a vector.
  for (int which = 0; which < 3; ++which) {
    const GradientCheck check = check_gradients(
        [&](const Tensor& x, const Tensor& w, const Tensor& r) {
          const auto y = nn::lstm(x, w, r);
          return which == 0 ? y.outputs : which == 1 ? y.h : y.c;
        },
        some({2, 2, 2}), some({2, 36}) * 0.5, some({9, 36}) * 0.4, {.order = 1});
    CHECK_MESSAGE(check, check.message);
  }
  const GradientCheck check =
      check_gradients([&](const Tensor& x, const Tensor& w, const Tensor& r) { return nn::gru(x, w, r).h; },
                      some({2, 2, 2}), some({2, 27}) * 0.5, some({9, 27}) * 0.4, {.order = 1});
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE("recurrent: a masked step is as if it were not there") {
  const Tensor x = some({2, 4, 3}), short_one = slice_axis(x, 0, 0, 1), other = slice_axis(x, 0, 1, 1);
  const Tensor mask = constant({{false, true, true, false}, {true, false, true, true}});
  const Tensor h = some({2, 9}), c = some({2, 9}) * 0.5;
  const auto steps = [](const Tensor& t, const std::vector<std::int64_t>& which) {
    return gather(t, constant(which), 1);
  };
  const auto row = [](const Tensor& t, std::int64_t i) { return slice_axis(t, 0, i, 1); };
  const Tensor w = some({3, 36}), r = some({9, 36}) * 0.4, b = some({36});
  const auto y = nn::lstm(x, w, r, b, {.initial_h = h, .initial_c = c, .mask = mask});
  const auto one = nn::lstm(steps(short_one, {1, 2}), w, r, b, {.initial_h = row(h, 0), .initial_c = row(c, 0)});
  const auto two = nn::lstm(steps(other, {0, 2, 3}), w, r, b, {.initial_h = row(h, 1), .initial_c = row(c, 1)});
  CHECK_CLOSE(y.h, concat(std::vector<Tensor>{one.h, two.h}, 0), 1e-12, 1e-13);
  CHECK_CLOSE(y.c, concat(std::vector<Tensor>{one.c, two.c}, 0), 1e-12, 1e-13);
  CHECK_CLOSE(row(y.outputs, 0),
              concat(std::vector<Tensor>{expand_dims(row(h, 0), 1), one.outputs, steps(one.outputs, {1})}, 1), 1e-12,
              1e-13);
  CHECK_CLOSE(row(y.outputs, 1), steps(two.outputs, {0, 0, 1, 2}), 1e-12, 1e-13);
  for (const bool reset_after : {true, false}) {
    const Tensor wg = slice_axis(w, 1, 0, 27), rg = slice_axis(r, 1, 0, 27);
    const auto g = nn::gru(x, wg, rg, {}, {.initial_h = h, .reset_after = reset_after, .mask = mask});
    const auto g1 = nn::gru(steps(short_one, {1, 2}), wg, rg, {}, {.initial_h = row(h, 0), .reset_after = reset_after});
    const auto g2 = nn::gru(steps(other, {0, 2, 3}), wg, rg, {}, {.initial_h = row(h, 1), .reset_after = reset_after});
    CHECK_CLOSE(g.h, concat(std::vector<Tensor>{g1.h, g2.h}, 0), 1e-12, 1e-13);
    CHECK_CLOSE(row(g.outputs, 1), steps(g2.outputs, {0, 0, 1, 2}), 1e-12, 1e-13);
  }
  CHECK_THROWS_TEXT(ValueError, "[lstm] expected a mask of shape (2, 4), received (4,)",
                    nn::lstm(x, w, r, b, {.mask = ones({4}, boolean)}));
  CHECK_THROWS_TEXT(TypeError, "[lstm] expected a bool mask, received float32",
                    nn::lstm(x, w, r, b, {.mask = ones({2, 4})}));
}

TEST_CASE("recurrent: gradients with a mask agree with finite differences to second order") {
  const Tensor mask = constant({{false, true, false}, {true, true, false}});
  const Tensor h = some({2, 2}) * 0.3, c = some({2, 2}) * 0.4;
  const GradientCheck lstm = check_gradients(
      [&](const std::vector<Tensor>& in) {
        return all_of(nn::lstm(in[0], in[1], in[2], in[3], {.initial_h = in[4], .initial_c = in[5], .mask = mask}));
      },
      {some({2, 3, 2}), some({2, 8}) * 0.5, some({2, 8}) * 0.4, some({8}) * 0.2, h, c});
  CHECK_MESSAGE(lstm, lstm.message);
  const GradientCheck gru = check_gradients(
      [&](const std::vector<Tensor>& in) {
        return all_of(nn::gru(in[0], in[1], in[2], in[3], {.initial_h = in[4], .mask = mask}));
      },
      {some({2, 3, 2}), some({2, 6}) * 0.5, some({2, 6}) * 0.4, some({2, 6}) * 0.2, h});
  CHECK_MESSAGE(gru, gru.message);
}

TEST_CASE("lstm: one tensor as both states") {
  const Tensor x = some({1, 2, 1}), w = some({1, 4}), r = some({1, 4});
  const GradientCheck check = check_gradients(
      [&](const Tensor& s) { return all_of(nn::lstm(x, w, r, {}, {.initial_h = s, .initial_c = s})); }, some({1, 1}));
  CHECK_MESSAGE(check, check.message);
}

TEST_CASE(
    "recurrent: the numbers do not depend on the number of threads, but for the last bits of a library's products") {
  const auto run = [](int threads) {
    const Threads scope(threads);
    const Tensor x = some({70, 6, 8}, float32), w = some({8, 128}, float32), r = some({32, 128}, float32) * 0.2;
    GradientTape tape;
    tape.watch({x, w, r});
    const Tensor y = all_of(nn::lstm(x, w, r));
    auto results = tape.gradient(y, std::vector<Tensor>{x, w, r});
    results.push_back(y);
    const Tensor g = all_of(nn::gru(x, slice_axis(w, 1, 0, 96), slice_axis(r, 1, 0, 96)));
    results.push_back(g);
    return results;
  };
  const auto one = run(1), two = run(2);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK_CLOSE(one[i], two[i], 1e-5, 1e-5);
}

TEST_CASE("recurrent: no steps, no batch") {
  const Tensor w = some({3, 8}), r = some({2, 8}), wg = some({3, 6}), rg = some({2, 6});
  const Tensor h = some({4, 2}), c = some({4, 2}) * 2;
  const auto y = nn::lstm(zeros({4, 0, 3}, float64), w, r, {}, {.initial_h = h, .initial_c = c});
  CHECK(y.outputs.shape() == Shape{4, 0, 2});
  CHECK_TENSOR_EQ(y.h, h);
  CHECK_TENSOR_EQ(y.c, c);
  CHECK_TENSOR_EQ(nn::gru(zeros({4, 0, 3}, float64), wg, rg, {}, {.initial_h = h}).h, h);
  CHECK(nn::lstm(zeros({0, 5, 3}, float64), w, r).outputs.shape() == Shape{0, 5, 2});
  CHECK(nn::gru(zeros({0, 5, 3}, float64), wg, rg).h.shape() == Shape{0, 2});
  GradientTape tape;
  tape.watch(w);
  CHECK_TENSOR_EQ(tape.gradient(nn::lstm(zeros({0, 5, 3}, float64), w, r).outputs, w), zeros({3, 8}, float64));
}

TEST_CASE("recurrent: extreme sums saturate, with finite gradients") {
  const Tensor x = tensor({1000, -1000}, {1, 2, 1}, float32), w = tensor({1, 1, 1, 1}, {1, 4}, float32);
  const Tensor r = zeros({1, 4});
  GradientTape tape;
  tape.watch({x, w});
  const auto y = nn::lstm(x, w, r);
  CHECK_CLOSE(flatten(y.outputs), {std::tanh(1.0), 0.0});
  for (const Tensor& g : tape.gradient(y.outputs, std::vector<Tensor>{x, w})) {
    for (const double v : to_doubles(g)) CHECK(std::isfinite(v));
  }
}

TEST_CASE("recurrent: errors") {
  const Tensor x = ones({2, 3, 4}), w = ones({4, 8}), r = ones({2, 8});
  CHECK_THROWS_TEXT(ValueError, "[lstm] expected sequences [batch, time, features], received shape (2, 4)",
                    nn::lstm(ones({2, 4}), w, r));
  CHECK_THROWS_TEXT(ValueError, "[lstm] expected a recurrent_kernel [units, 4 units], received shape (2, 6)",
                    nn::lstm(x, w, ones({2, 6})));
  CHECK_THROWS_TEXT(ValueError, "expected a kernel of shape (4, 8) for x of shape (2, 3, 4)",
                    nn::lstm(x, ones({3, 8}), r));
  CHECK_THROWS_TEXT(ValueError, "[lstm] expected a bias of shape (8,), received (4,)", nn::lstm(x, w, r, ones({4})));
  CHECK_THROWS_TEXT(ValueError, "[lstm] expected initial_c of shape (2, 2), received (1, 2)",
                    nn::lstm(x, w, r, {}, {.initial_c = ones({1, 2})}));
  CHECK_THROWS_TEXT(TypeError, "[lstm] dtypes differ: x float32, kernel float64, recurrent_kernel float32",
                    nn::lstm(x, cast(w, float64), r));
  CHECK_THROWS_TEXT(TypeError, "[lstm] expected floating tensors, received int32", nn::lstm(cast(x, int32), w, r));
  CHECK_THROWS_TEXT(ValueError, "[gru] expected a bias of shape (2, 6), received (6,)",
                    nn::gru(x, ones({4, 6}), ones({2, 6}), ones({6})));
  CHECK_THROWS_TEXT(ValueError, "[gru] expected a recurrent_kernel [units, 3 units]", nn::gru(x, w, r));
}
