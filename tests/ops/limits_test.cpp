#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/categorical_generalized_cross_entropy.hpp"
#include "xtape/losses/cosine_similarity.hpp"
#include "xtape/losses/focal_crossentropy.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/clip.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/scan.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/gradient_tape.hpp"

// Values and derivatives with a limit, at points where the formula gives 0 / 0 or infinity - infinity, or leaves the
// range of the dtype.

using namespace xtape;
using namespace xtape::testing;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

template <class F>
Tensor gradient(const F& f, const Tensor& x) {
  GradientTape tape;
  tape.watch(x);
  const Tensor dx = tape.gradient(f(x), x);
  return dx.defined() ? dx : zeros_like(x);
}

/// The derivatives of f at x of the orders 0, 1, ...
std::vector<double> derivatives(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, int orders) {
  if (orders == 0) return {f(x).item()};
  std::vector<double> all{f(x).item()};
  const auto more = derivatives([&](const Tensor& t) { return gradient(f, t); }, x, orders - 1);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("limits: pow has its derivatives of every order at 0") {
  for (const bool plain : {true, false}) {
    CAPTURE(plain);
    for (int n = 0; n <= 3; ++n) {
      CAPTURE(n);
      const Tensor exponent = plain ? Tensor(n) : constant(static_cast<double>(n));
      std::vector<double> expected(6, 0.0);
      expected[static_cast<std::size_t>(n)] = std::tgamma(n + 1);
      const auto power = [&](const Tensor& x) { return pow(x, plain ? exponent : cast(exponent, x.dtype())); };
      CHECK(derivatives(power, cast(constant(0.0), float64), 5) == expected);
    }
  }
  // d/da d/db a^b = a^(b-1) (1 + b log a), at b = 0 too.
  const Tensor a = tensor({2.0, 0.5}), b = tensor({0.0, 0.0});
  GradientTape outer;
  outer.watch({a, b});
  GradientTape inner;
  inner.watch(a);
  CHECK_CLOSE(outer.gradient(inner.gradient(pow(a, b), a), b), {0.5, 2}, 1e-12);
}

TEST_CASE("limits: abs and norms have second derivatives") {
  CHECK(derivatives([](const Tensor& x) { return xtape::abs(x); }, tensor({-3}, Shape{}), 2) ==
        std::vector<double>{3, -1, 0});
  const Tensor x = tensor({3, -4});
  for (const double p : {1.0, 2.0, 3.0, inf}) {
    CAPTURE(p);
    GradientTape outer;
    outer.watch(x);
    GradientTape inner;
    inner.watch(x);
    const Tensor dx = inner.gradient(norm(x, {.ord = p}), x);
    const Tensor second = outer.gradient(reduce_sum(dx * tensor({1, 0})), x);
    REQUIRE(second.defined());  // d/dx of the first element of the gradient
    if (p == 2) CHECK_CLOSE(second, {16.0 / 125, 12.0 / 125}, 1e-12);
    if (p == 1 || p == inf) CHECK_CLOSE(second, {0, 0}, 0);
  }
}

TEST_CASE("limits: logsumexp and its derivatives at infinities") {
  for (const DType dtype : {float32, float64}) {
    CAPTURE(dtype);
    struct Row {
      std::vector<double> x;
      double value;
      std::vector<double> gradient;
    };
    const std::vector<Row> rows = {{{inf, 0, 1}, inf, {1, 0, 0}},
                                   {{0, inf, -inf}, inf, {0, 1, 0}},
                                   {{inf, inf, 3}, inf, {0.5, 0.5, 0}},
                                   {{-inf, -inf, -inf}, -inf, {0, 0, 0}},
                                   {{-inf, 0, 0}, std::log(2), {0, 0.5, 0.5}},
                                   {{inf, NAN, 0}, NAN, {NAN, NAN, NAN}}};
    for (const auto& row : rows) {
      for (const int axis : {0, 1, 2}) {
        CAPTURE(axis);
        Shape shape{1, 1, 1};
        shape[axis] = 3;
        const Tensor x = tensor(row.x, shape, dtype);
        const auto f = [axis](const Tensor& t) { return reduce_logsumexp(t, axis); };
        CHECK_CLOSE(f(x), {row.value}, 1e-6);
        const Tensor dx = gradient(f, x);
        CHECK_CLOSE(reshape(dx, {3}), row.gradient, 1e-6);
        GradientTape outer;  // by way of public ops
        outer.watch(x);
        CHECK_CLOSE(reshape(gradient(f, x), {3}), row.gradient, 1e-6);
        if (std::isnan(row.value)) continue;
        const Tensor second = gradient([&](const Tensor& t) { return reduce_sum(square(gradient(f, t))); }, x);
        for (const double v : to_doubles(second)) CHECK(std::isfinite(v));
      }
    }
  }
}

TEST_CASE("limits: crossentropies of infinite logits") {
  using namespace losses;
  const Tensor logits = tensor({inf, inf, -inf, -inf, 0}, {5, 1}), labels = tensor({1, 0, 0, 1, 0.5}, {5, 1});
  const auto binary = [&](const Tensor& x) { return binary_crossentropy(labels, x, {.from_logits = true}); };
  CHECK_CLOSE(binary(logits), {0, inf, 0, inf, std::log(2)}, 1e-12);
  CHECK_CLOSE(gradient(binary, logits), {0, 1, 0, -1, 0}, 1e-12);
  const auto by_activation = [&](const Tensor& x) { return binary_crossentropy(labels, nn::sigmoid(x)); };
  CHECK_CLOSE(gradient(by_activation, logits), {0, 1, 0, -1, 0}, 1e-12);
  const auto twice = [&](const Tensor& x) { return gradient(binary, x); };
  CHECK_CLOSE(gradient(twice, logits), {0, 0, 0, 0, 0.25}, 1e-12);

  const Tensor rows = tensor({inf, 0, 0, inf, -inf, 1}, {3, 2}), classes = tensor({0, 0, 1}, {3}, int64);
  const Tensor hot = tensor({1, 0, 1, 0, 0, 1}, {3, 2});
  const std::vector<double> values{0, inf, 0}, gradients{0, 0, -1, 1, 0, 0};
  const auto sparse = [&](const Tensor& x) {
    return sparse_categorical_crossentropy(classes, x, {.from_logits = true});
  };
  const auto dense = [&](const Tensor& x) { return categorical_crossentropy(hot, x, {.from_logits = true}); };
  CHECK_CLOSE(sparse(rows), values, 1e-12);
  CHECK_CLOSE(dense(rows), values, 1e-12);
  CHECK_CLOSE(reshape(gradient(sparse, rows), {6}), gradients, 1e-12);
  CHECK_CLOSE(reshape(gradient(dense, rows), {6}), gradients, 1e-12);

  const auto generalized = [&](const Tensor& x) {
    return categorical_generalized_cross_entropy(tensor({0}, {1}, int64), nn::softmax(x), 0.5);
  };
  const Tensor sure = tensor({-2000, 2000}, {1, 2}, float32);  // a probability of 0 of the right class
  CHECK_CLOSE(generalized(sure), {2}, 1e-6);
  CHECK_CLOSE(reshape(gradient(generalized, sure), {2}), {0, 0}, 0);
  const Tensor unsure = tensor({0.3, -0.2}, {1, 2});
  const double p = 1 / (1 + std::exp(-0.5)), slope = -std::sqrt(p) * (1 - p);
  CHECK_CLOSE(generalized(unsure), {(1 - std::sqrt(p)) / 0.5}, 1e-6);
  CHECK_CLOSE(reshape(gradient(generalized, unsure), {2}), {slope, -slope}, 1e-6);
  const auto by_hand = [&](const Tensor& x) {
    const Tensor e = exp(x);
    return categorical_generalized_cross_entropy(tensor({0}, {1}, int64), e / reduce_sum(e, -1, true), 0.5);
  };
  for (const double v : to_doubles(gradient(by_hand, tensor({-200, 50}, {1, 2}, float32)))) CHECK(v == 0);
}

TEST_CASE("limits: focal crossentropies of infinite logits, and of probabilities of 0 and 1") {
  using namespace losses;
  for (const double gamma : {0.0, 0.5, 1.0, 1.5, 2.0, 3.0}) {
    for (const DType dtype : {float32, float64}) {
      for (const double size : {1e30, inf}) {
        CAPTURE(gamma);
        CAPTURE(dtype);
        CAPTURE(size);
        // Sure and right, sure and wrong, and between the two: half the cross-entropy, half missed.
        const Tensor logits = tensor({size, size, -size, -size, size, -size}, {6, 1}, dtype);
        const Tensor labels = tensor({1, 0, 0, 1, 0.5, 0.5}, {6, 1}, dtype);
        const double half = std::pow(0.5, gamma);
        const auto binary = [&](const Tensor& x) {
          return binary_focal_crossentropy(labels, x, {.gamma = gamma, .from_logits = true});
        };
        CHECK_CLOSE(binary(logits), {0, size, 0, size, size / 2 * half, size / 2 * half}, 1e-6);
        CHECK_CLOSE(gradient(binary, logits), {0, 1, 0, -1, 0.5 * half, -0.5 * half}, 1e-6);
        const auto twice = [&](const Tensor& x) { return gradient(binary, x); };
        CHECK_CLOSE(gradient(twice, logits), {0, 0, 0, 0, 0, 0}, 0);
        const auto by_activation = [&](const Tensor& x) {
          return binary_focal_crossentropy(labels, nn::sigmoid(x), {.gamma = gamma});
        };
        CHECK_CLOSE(gradient(by_activation, logits), {0, 1, 0, -1, 0.5 * half, -0.5 * half}, 1e-6);

        const Tensor rows = tensor({size, 0, 0, size, -size, 1, size, -size}, {4, 2}, dtype);
        const Tensor hot = tensor({1, 0, 1, 0, 0, 1, 1, 0}, {4, 2}, dtype);
        const auto dense = [&](const Tensor& x) {
          return categorical_focal_crossentropy(hot, x, {.alpha = {1}, .gamma = gamma, .from_logits = true});
        };
        CHECK_CLOSE(dense(rows), {0, size, 0, 0}, 1e-6);
        CHECK_CLOSE(reshape(gradient(dense, rows), {8}), {0, 0, -1, 1, 0, 0, 0, 0}, 1e-6);
        const auto dense_twice = [&](const Tensor& x) { return gradient(dense, x); };
        CHECK_CLOSE(reshape(gradient(dense_twice, rows), {8}), full({8}, 0), 0);
      }
      // Masked logits among others.
      const Tensor masked = tensor({-inf, 0.3, -0.2}, {1, 3}, dtype), hot = tensor({0, 1, 0}, {1, 3}, dtype);
      const Tensor others = tensor({0.3, -0.2}, {1, 2}, dtype), second = tensor({1, 0}, {1, 2}, dtype);
      const auto of = [&](const Tensor& labels) {
        return [&, labels](const Tensor& x) {
          return categorical_focal_crossentropy(labels, x, {.alpha = {1}, .gamma = gamma, .from_logits = true});
        };
      };
      CHECK_CLOSE(of(hot)(masked), of(second)(others), 1e-6);
      CHECK_CLOSE(slice(gradient(of(hot), masked), {0, 1}, {1, 2}), gradient(of(second), others), 1e-6);
      CHECK(to_doubles(gradient(of(hot), masked))[0] == 0);
      // Probabilities are clipped.
      const Tensor p = tensor({0, 1, 1, 0}, {2, 2}, dtype), y = tensor({1, 0, 1, 0}, {2, 2}, dtype);
      for (const Tensor& t :
           {gradient([&](const Tensor& x) { return binary_focal_crossentropy(y, x, {.gamma = gamma}); }, p),
            gradient([&](const Tensor& x) { return categorical_focal_crossentropy(y, x, {.gamma = gamma}); }, p)}) {
        for (const double v : to_doubles(t)) CHECK(std::isfinite(v));
      }
    }
  }
}

TEST_CASE("limits: clipping by norm of numbers whose squares overflow or vanish") {
  struct Case {
    DType dtype;
    double size;
  };
  for (const auto& each : {Case{float32, 1e30}, Case{float32, 1e-30}, Case{float64, 1e200}, Case{float64, 1e-200}}) {
    const DType dtype = each.dtype;
    const double size = each.size;
    CAPTURE(dtype);
    CAPTURE(size);
    const Tensor x = tensor({3 * size, 0, -4 * size}, dtype), y = tensor({12 * size}, dtype);
    const Tensor limit = constant(size < 1 ? size : 1.0, dtype);  // 1/5 of the norm, or far below
    const double scale = limit.item() / size;
    CHECK_CLOSE(clip_by_norm(x, limit) / limit, {0.6, 0, -0.8}, 1e-6);
    CHECK_CLOSE(clip_by_norm(reshape(x, {3, 1}), limit, {0}) / limit, tensor({0.6, 0, -0.8}, {3, 1}), 1e-6);
    const auto [clipped, norm] = clip_by_global_norm({x, y}, limit);
    CHECK_CLOSE(norm / size, {13.0}, 1e-6);
    CHECK_CLOSE(clipped[0] / limit, {3.0 / 13, 0, -4.0 / 13}, 1e-6);
    CHECK_CLOSE(clipped[1] / limit, {12.0 / 13}, 1e-6);
    // d/dx of x_i l / |x|, summed: l / |x| (1 - x_i sum(x) / |x|^2)
    const Tensor dx = gradient([&](const Tensor& t) { return clip_by_norm(t, limit); }, x);
    CHECK_CLOSE(dx, {scale / 5 * (1 + 3.0 / 25), scale / 5, scale / 5 * (1 - 4.0 / 25)}, 1e-6);
  }
}

TEST_CASE("limits: atan2's gradient of very large and small numbers") {
  for (const double size : {1e-25, 1.0, 1e25}) {
    CAPTURE(size);
    const Tensor y = tensor({3 * size}, float32), x = tensor({-4 * size}, float32);
    const std::vector<double> dy{-4 / (25 * size)}, dx{-3 / (25 * size)};
    CHECK_CLOSE(gradient([&](const Tensor& t) { return atan2(t, x); }, y), dy, 1e-6);
    CHECK_CLOSE(gradient([&](const Tensor& t) { return atan2(y, t); }, x), dx, 1e-6);
    GradientTape outer({.persistent = true});
    outer.watch({x, y});
    CHECK_CLOSE(gradient([&](const Tensor& t) { return atan2(t, x); }, y), dy, 1e-6);
    CHECK_CLOSE(gradient([&](const Tensor& t) { return atan2(y, t); }, x), dx, 1e-6);
  }
  const Tensor y = tensor({inf, 1, -inf, inf}), x = tensor({1, -inf, inf, inf});
  CHECK_CLOSE(gradient([&](const Tensor& t) { return atan2(t, x); }, y), {0, 0, 0, 0}, 0);
  CHECK_CLOSE(gradient([&](const Tensor& t) { return atan2(y, t); }, x), {0, 0, 0, 0}, 0);
}

TEST_CASE("limits: norms of very large and small numbers") {
  const double root = std::sqrt(300.0);
  for (const DType dtype : {float32, float64}) {
    for (const double size : {1.0, 1e30, 1e-30, dtype == float32 ? 1e35 : 1e300, dtype == float32 ? 1e-37 : 1e-300}) {
      CAPTURE(dtype);
      CAPTURE(size);
      const double rtol = 8 * epsilon(dtype);
      const Tensor x = full({3, 100}, -size, dtype), unit = full({3, 100}, -1 / root, dtype);
      for (const double p : {1.0, 2.0, 3.0}) {
        CHECK_CLOSE(norm(x, {.ord = p}), size * std::pow(300, 1 / p), 4 * rtol);
        CHECK_CLOSE(norm(x, {.ord = p}, 1), std::vector<double>(3, size * std::pow(100, 1 / p)), 4 * rtol);
        CHECK_CLOSE(norm(x, {.ord = p}, 0), std::vector<double>(100, size * std::pow(3, 1 / p)), 4 * rtol);
      }
      CHECK_CLOSE(gradient([](const Tensor& t) { return norm(t); }, x), unit, rtol);
      CHECK_CLOSE(linalg::matrix_norm(x), size * root, rtol);
      CHECK_CLOSE(global_norm({x, x}), size * std::sqrt(600.0), rtol);
      CHECK_CLOSE(clip_by_norm(x, size), unit * size, rtol);
      CHECK_CLOSE(clip_by_global_norm({x}, size).first[0], unit * size, rtol);
      if (size < 1) continue;  // l2_normalize's epsilon
      CHECK_CLOSE(nn::l2_normalize(x, {}), unit, rtol);
      CHECK_CLOSE(losses::cosine_similarity(x, x), {-1, -1, -1}, rtol);
      if (size > 1e31) continue;  // the gradient's terms of 1 / size
      const auto first = [](const Tensor& t) { return slice_axis(nn::l2_normalize(t, 1), 1, 0, 1); };
      const double cosine = 0.01;  // dx_0 = (1 - cosine) / |x|, others - cosine / |x|, |x| = 10 size
      const std::vector<double> dx = to_doubles(gradient(first, x));
      CHECK(dx[0] == doctest::Approx((1 - cosine) / (10 * size)).epsilon(1e-5));
      CHECK(dx[1] == doctest::Approx(-cosine / (10 * size)).epsilon(1e-5));
    }
    CHECK_CLOSE(norm(tensor({0, 0}, dtype)), 0, 0);
    CHECK_CLOSE(norm(tensor({1, -inf}, dtype)), inf, 0);
    CHECK_CLOSE(norm(tensor({NAN, inf}, dtype)), NAN, 0);
    CHECK_CLOSE(norm(tensor({1, 1e-40}, dtype)), 1, 1e-6);
    CHECK_CLOSE(norm(zeros({0, 2}, dtype), {}, 0), {0, 0}, 0);
  }
}

TEST_CASE("limits: integers wrap around") {
  const auto check = [](auto least, auto most) {
    using T = decltype(least);
    const Tensor low = constant(std::vector<T>(40, least)), high = constant(std::vector<T>(40, most));
    const auto all = [](const Tensor& t, T value) { CHECK(t.to_vector<T>() == std::vector<T>(40, value)); };
    all(high + constant(std::vector<T>(40, T(1))), least);
    all(low - constant(std::vector<T>(40, T(1))), most);
    all(high * constant(std::vector<T>(40, T(2))), T(-2));
    all(square(high), T(1));
    all(-low, least);
    all(xtape::abs(low), least);
    all(squared_difference(high, low), T(1));
    all(floordiv(low, constant(std::vector<T>(40, T(-1)))), least);
    all(mod(low, constant(std::vector<T>(40, T(-1)))), T(0));
    CHECK(reduce_sum(constant(std::vector<T>{most, T(1)})).template to_vector<T>()[0] == least);
    CHECK(reduce_prod(constant(std::vector<T>{most, T(2)})).template to_vector<T>()[0] == T(-2));
    CHECK(cumsum(constant(std::vector<T>{most, T(1)})).template to_vector<T>()[1] == least);
    CHECK(cumprod(constant(std::vector<T>{most, T(2)})).template to_vector<T>()[1] == T(-2));
  };
  check(std::numeric_limits<std::int32_t>::lowest(), std::numeric_limits<std::int32_t>::max());
  check(std::numeric_limits<std::int64_t>::lowest(), std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("limits: a NaN in a matrix is seen, or refused, by every decomposition and solution") {
  const std::vector<std::pair<std::string, std::function<Tensor(const Tensor&)>>> functions = {
      {"inv", linalg::inv},
      {"det", linalg::det},
      {"slogdet", [](const Tensor& x) { return linalg::slogdet(x).logdet; }},
      {"cholesky", [](const Tensor& x) { return linalg::cholesky(x); }},
      {"solve",
       [](const Tensor& x) {
         return linalg::solve(x, ones({4, 2}, x.dtype()));
       }},
      {"lower",
       [](const Tensor& x) {
         return linalg::triangular_solve(x, ones({4, 1}, x.dtype()));
       }},
      {"upper",
       [](const Tensor& x) {
         return linalg::triangular_solve(x, ones({4, 1}, x.dtype()), {.lower = false});
       }},
      {"lstsq",
       [](const Tensor& x) {
         return linalg::lstsq(x, ones({4, 1}, x.dtype()));
       }},
      {"qr", [](const Tensor& x) { return linalg::qr(x).r; }},
      {"q", [](const Tensor& x) { return linalg::qr(x).q; }},
      {"svd", [](const Tensor& x) { return linalg::svd(x).s; }},
      {"eigh", [](const Tensor& x) { return linalg::eigh(x).w; }},
  };
  for (const auto& [op, f] : functions) {
    const std::string name = op;
    for (const DType dtype : {float32, float64}) {
      for (int i = 0; i < 16; ++i) {
        const int row = i / 4, column = i % 4;
        const bool reads_lower = name == "cholesky" || name == "eigh" || name == "lower";
        if ((reads_lower && column > row) || (name == "upper" && column < row)) continue;
        if (name == "q" && column == 3) continue;  // the last column determines only a sign
        CAPTURE(name);
        CAPTURE(dtype);
        CAPTURE(i);
        std::vector<double> values{4, 1, 0.5, 0.25, 1, 5, 1, 0.5, 0.5, 1, 6, 1, 0.25, 0.5, 1, 7};
        values[static_cast<std::size_t>(i)] = NAN;
        try {
          const Tensor y = f(tensor(values, {4, 4}, dtype));
          CHECK(reduce_any(is_nan(y)).item<bool>());
          if (name == "inv" || name == "solve") CHECK(reduce_all(is_nan(y)).item<bool>());
        } catch (const ValueError&) {
        }
      }
    }
  }
}
