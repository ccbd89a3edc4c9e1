#include "xtape/ops/normalization.hpp"

#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Alone> normalization_alone{
    {"nn::l2_normalize"}, {"nn::layer_norm"}, {"nn::batch_norm"}, {"nn::batch_norm_training"}, {"nn::moments"}};

/// (x - mean) / sqrt(variance + epsilon) of one group of numbers.
std::vector<double> normalized(const std::vector<double>& x, double epsilon) {
  const auto n = static_cast<double>(x.size());
  double mean = 0, variance = 0;
  for (const double v : x) mean += v / n;
  for (const double v : x) variance += (v - mean) * (v - mean) / n;
  std::vector<double> y;
  for (const double v : x) y.push_back((v - mean) / std::sqrt(variance + epsilon));
  return y;
}

}  // namespace

TEST_CASE("layer_norm: rows of every width, against the formula") {
  for (const std::int64_t n : {1, 2, 5, 8, 15, 16, 17, 33, 1200}) {
    CAPTURE(n);
    const Tensor x = some({3, n}), gamma = some({n}, float64, 0.5, 2), beta = some({n});
    std::vector<double> expected;
    for (std::int64_t r = 0; r < 3; ++r) {
      const auto y = normalized(slice_axis(x, 0, r, 1).to_vector<double>(), 1e-3);
      for (std::size_t i = 0; i < y.size(); ++i) {
        expected.push_back(y[i] * gamma.data<double>()[i] + beta.data<double>()[i]);
      }
    }
    CHECK_CLOSE(nn::layer_norm(x, gamma, beta), expected, 1e-12, 1e-13);
    CHECK_CLOSE(nn::layer_norm(cast(x, float32), cast(gamma, float32), cast(beta, float32)), expected, 1e-5, 1e-5);
  }
  const Tensor x = some({2, 3, 4});
  CHECK_CLOSE(nn::layer_norm(x, {}, {}, {.axes = {1, 2}, .epsilon = 0.1}),
              nn::layer_norm(reshape(x, {2, 12}), {}, {}, {.epsilon = 0.1}).to_vector<double>(), 1e-14);
  CHECK_CLOSE(nn::layer_norm(x, {}, {}, {.axes = 1}), transpose(nn::layer_norm(transpose(x, {0, 2, 1})), {0, 2, 1}),
              1e-13);
  CHECK(nn::layer_norm(ones({2, 3}, bfloat16)).dtype() == bfloat16);
}

TEST_CASE("layer_norm: gradients to second order, of what is there") {
  const Tensor x = some({3, 5}), gamma = some({5}, float64, 0.5, 2), beta = some({5});
  const auto check = [](const GradientCheck& result) { CHECK_MESSAGE(result, result.message); };
  check(
      check_gradients([](const Tensor& t, const Tensor& g, const Tensor& b) { return square(nn::layer_norm(t, g, b)); },
                      x, gamma, beta));
  check(check_gradients([](const Tensor& t) { return square(nn::layer_norm(t)); }, some({2, 7})));
  check(check_gradients([](const Tensor& t, const Tensor& b) { return square(nn::layer_norm(t, {}, b)); }, x, beta));
  check(check_gradients([&](const Tensor& g) { return square(nn::layer_norm(x, g, beta)); }, gamma));
  check(check_gradients(
      [](const Tensor& t, const Tensor& g) {
        return square(nn::layer_norm(t, g, {}, {.axes = {1, 2}}));
      },
      some({2, 2, 3}), some({2, 3}, float64, 0.5, 2)));
  check(check_gradients(
      [](const Tensor& t, const Tensor& g, const Tensor& b) {
        return square(nn::layer_norm(t, g, b, {.axes = {0, 2}}));
      },
      some({2, 2, 3}), some({2, 3}, float64, 0.5, 2), some({2, 3})));
  check(check_gradients([](const Tensor& t) { return square(nn::layer_norm(t)); }, some({3, 1})));
}

TEST_CASE("layer_norm, batch_norm_training: the fused gradient is that of the formula in public ops, at every width") {
  for (const std::int64_t n : {1, 3, 16, 21, 130}) {
    CAPTURE(n);
    for (const DType dtype : {float64, float32}) {
      const Tensor x = some({70, n}, dtype), gamma = some({n}, dtype, 0.5, 2), beta = some({n}, dtype);
      const Tensor weights = some({70, n}, dtype, -1, 3);
      const auto gradients = [&](auto f) {
        GradientTape tape;
        tape.watch({x, gamma, beta});
        return tape.gradient(f() * weights, {x, gamma, beta});
      };
      const auto compare = [&](const Tensors& fused, const Tensors& plain) {
        const double tolerance = dtype == float32 ? 2e-4 : 1e-11;
        for (std::size_t i = 0; i < 3; ++i) CHECK_CLOSE(fused[i], plain[i], tolerance, tolerance);
      };
      for (const bool rows : {true, false}) {
        const Axes axes = rows ? -1 : 0;
        compare(gradients(
                    [&] { return rows ? nn::layer_norm(x, gamma, beta) : nn::batch_norm_training(x, gamma, beta).y; }),
                gradients([&] {
                  const Tensor centered = x - reduce_mean(x, axes, true);
                  return centered / xtape::sqrt(reduce_mean(square(centered), axes, true) + 1e-3) * gamma + beta;
                }));
      }
    }
  }
}

TEST_CASE("batch_norm_training: columns of every width, against the formula; its moments") {
  for (const std::int64_t n : {1, 2, 8, 17}) {
    const Tensor x = some({130, n}), scale = some({n}, float64, 0.5, 2), offset = some({n});
    const nn::BatchNorm result = nn::batch_norm_training(x, scale, offset, 0.01);
    std::vector<double> expected;
    for (std::int64_t c = 0; c < n; ++c) {
      const auto y = normalized(slice_axis(x, 1, c, 1).to_vector<double>(), 0.01);
      for (const double v : y) {
        expected.push_back(v * scale.data<double>()[static_cast<std::size_t>(c)] +
                           offset.data<double>()[static_cast<std::size_t>(c)]);
      }
    }
    CHECK_CLOSE(transpose(result.y), tensor(expected, {n, 130}), 1e-12, 1e-13);
    CHECK_CLOSE(result.mean, reduce_mean(x, 0), 1e-14);
    CHECK_CLOSE(result.variance, reduce_variance(x, 0), 1e-14);
    CHECK_CLOSE(nn::batch_norm(x, result.mean, result.variance, offset, scale, 0.01), result.y, 1e-12, 1e-13);
    const Tensor images = reshape(x, {13, 5, 2, n});
    CHECK_CLOSE(nn::batch_norm_training(images, scale, offset, 0.01).y, reshape(result.y, images.shape()), 1e-14);
  }
  CHECK(nn::batch_norm_training(ones({4, 3}, bfloat16)).mean.dtype() == bfloat16);
}

TEST_CASE("batch_norm, batch_norm_training: gradients to second order through every result") {
  const Tensor x = some({4, 3}), scale = some({3}, float64, 0.5, 2), offset = some({3});
  const auto check = [](const GradientCheck& result) { CHECK_MESSAGE(result, result.message); };
  check(check_gradients(
      [](const Tensor& t, const Tensor& s, const Tensor& o) { return square(nn::batch_norm_training(t, s, o).y); }, x,
      scale, offset));
  check(check_gradients([](const Tensor& t) { return square(nn::batch_norm_training(t).mean); }, x));
  check(check_gradients([](const Tensor& t) { return square(nn::batch_norm_training(t).variance); }, x));
  check(check_gradients(
      [](const Tensor& t) {
        const auto [y, mean, variance] = nn::batch_norm_training(t);
        return reduce_sum(square(y)) + reduce_sum(mean * variance);
      },
      some({2, 2, 3})));
  check(check_gradients(
      [&](const Tensor& t, const Tensor& m, const Tensor& v) { return square(nn::batch_norm(t, m, v, offset, scale)); },
      x, some({3}), some({3}, float64, 0.5, 2)));
  check(check_gradients([&](const Tensor& s, const Tensor& o) { return square(nn::batch_norm(x, 0.5, 2.0, o, s)); },
                        scale, offset));
}

TEST_CASE("l2_normalize, moments: values, zeros, gradients") {
  CHECK_CLOSE(nn::l2_normalize(tensor({3, 4, 0, 0}, {2, 2}), -1), {0.6, 0.8, 0, 0}, 1e-15);
  CHECK_CLOSE(nn::l2_normalize(tensor({300, -400}, float32)), {0.6, -0.8}, 1e-6);
  for (const auto& axes : {Axes(), Axes(0), Axes({0, -1})}) {
    const GradientCheck check =
        check_gradients([&](const Tensor& x) { return nn::l2_normalize(x, axes); }, some({3, 2}));
    CHECK_MESSAGE(check, check.message);
  }
  const Tensor x = tensor({1, 2, 3, 6}, {2, 2});
  const auto [mean, variance] = nn::moments(x, 1, true);
  CHECK_CLOSE(mean, tensor({1.5, 4.5}, {2, 1}));
  CHECK_CLOSE(variance, tensor({0.25, 2.25}, {2, 1}));
  CHECK_THROWS_TEXT(TypeError, "[l2_normalize] expected a floating tensor, received int32",
                    nn::l2_normalize(ones({2}, int32)));
  CHECK_THROWS_TEXT(TypeError, "[moments] expected a floating tensor, received int32", nn::moments(ones({2}, int32)));
}

TEST_CASE("normalisation: empty tensors, extremes, errors, threads") {
  CHECK(nn::layer_norm(zeros({0, 3}), ones({3}), ones({3})).shape() == Shape{0, 3});
  CHECK(nn::layer_norm(zeros({3, 0})).shape() == Shape{3, 0});
  CHECK(nn::batch_norm_training(zeros({0, 3})).y.shape() == Shape{0, 3});
  const Tensor empty = zeros({0, 3});
  GradientTape tape;
  tape.watch(empty);
  CHECK(tape.gradient(nn::layer_norm(empty), empty).shape() == Shape{0, 3});
  CHECK_CLOSE(nn::layer_norm(tensor({300, -300, 300, -300}, float32)), {1, -1, 1, -1}, 1e-6);
  CHECK_CLOSE(nn::layer_norm(tensor({1, NAN})), {NAN, NAN});

  const Tensor x = ones({2, 3});
  CHECK_THROWS_TEXT(TypeError, "[layer_norm] expected a floating tensor, received int32",
                    nn::layer_norm(ones({2}, int32)));
  CHECK_THROWS_TEXT(ValueError, "[layer_norm] expected gamma of shape (3,) for x of shape (2, 3), received (2,)",
                    nn::layer_norm(x, ones({2})));
  CHECK_THROWS_TEXT(ValueError, "[layer_norm] expected beta of shape (3,) for x of shape (2, 3), received (1, 3)",
                    nn::layer_norm(x, {}, ones({1, 3})));
  CHECK_THROWS_TEXT(TypeError, "[layer_norm] dtypes differ: float32 and float64 (gamma), cast one of them",
                    nn::layer_norm(x, ones({3}, float64)));
  CHECK_THROWS_TEXT(IndexError, "[layer_norm] axis 2 is outside a tensor of rank 2",
                    nn::layer_norm(x, {}, {}, {.axes = 2}));
  CHECK_THROWS_TEXT(ValueError,
                    "[batch_norm_training] expected scale of shape (3,) for x of shape (2, 3), received (2,)",
                    nn::batch_norm_training(x, ones({2})));
  CHECK_THROWS_TEXT(ValueError, "[batch_norm_training] expected x of rank 1 or more, received shape ()",
                    nn::batch_norm_training(ones({})));
  CHECK_THROWS_TEXT(TypeError, "[batch_norm] expected a floating tensor, received int32",
                    nn::batch_norm(ones({2}, int32), 0, 1, {}, {}));

  CHECK_THROWS_TEXT(TypeError, "[batch_norm] dtypes differ: float32 and float64, cast one of them",
                    nn::batch_norm(x, ones({3}, float64), 1, {}, {}));
  CHECK_THROWS_TEXT(ValueError, "[batch_norm] shapes do not broadcast: (2, 3) and (2,)",
                    nn::batch_norm(x, 0, ones({2}), {}, {}));

  const Tensor large = some({1000, 301}, float32), gamma = some({301}, float32);
  for (const bool rows : {true, false}) {
    const auto with_threads = [&](int count) {
      const Threads threads(count);
      GradientTape inside;
      inside.watch({large, gamma});
      const Tensor y = rows ? nn::layer_norm(large, gamma) : nn::batch_norm_training(large, gamma).y;
      Tensors all = inside.gradient(reduce_sum(square(y)), {large, gamma});
      all.push_back(y);
      return all;
    };
    const Tensors one = with_threads(1), three = with_threads(3);
    for (std::size_t i = 0; i < 3; ++i) CHECK_SAME_BITS(three[i], one[i]);
  }
}
