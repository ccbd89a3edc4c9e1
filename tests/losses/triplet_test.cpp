#include "xtape/losses/triplet.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

Tensor numbers(const Shape& shape, double phase) {
  return sin(reshape(arange(0.0, static_cast<double>(shape.numel()), 1.0, float64) * 1.7 + phase, shape));
}

/// By the definition, with loops over all triplets.
double semihard(const std::vector<int>& labels, const Tensor& x, double margin) {
  const std::vector<double> v = cast(x, float64).to_vector<double>();
  const std::size_t n = labels.size(), m = v.size() / n;
  const auto distance = [&](std::size_t i, std::size_t k) {
    double sum = 0;
    for (std::size_t j = 0; j < m; ++j) sum += std::pow(v[i * m + j] - v[k * m + j], 2);
    return std::sqrt(sum);
  };
  double total = 0;
  int pairs = 0;
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t p = 0; p < n; ++p) {
      if (p == a || labels[p] != labels[a]) continue;
      double nearest = INFINITY, farthest = 0;
      for (std::size_t other = 0; other < n; ++other) {
        if (labels[other] == labels[a]) continue;
        farthest = std::max(farthest, distance(a, other));
        if (distance(a, other) > distance(a, p)) nearest = std::min(nearest, distance(a, other));
      }
      total += std::max(distance(a, p) - (std::isfinite(nearest) ? nearest : farthest) + margin, 0.0);
      ++pairs;
    }
  }
  return pairs == 0 ? 0 : total / pairs;
}

}  // namespace

TEST_CASE("triplet_margin: distances of 3, 4, 5 triangles, any norm, swapped") {
  const Tensor a = constant({{0.0, 0.0}, {0.0, 0.0}}), p = constant({{3.0, 4.0}, {1.0, 0.0}}),
               n = constant({{6.0, 8.0}, {0.0, 4.0}});
  CHECK_CLOSE(losses::triplet_margin(a, p, n, {.eps = 0}), {0, 0});
  CHECK_CLOSE(losses::triplet_margin(a, p, n, {.margin = 7, .eps = 0}), {2, 4});
  CHECK_CLOSE(losses::triplet_margin(a, p, n, {.margin = 7, .p = 1, .eps = 0}), {0, 4});
  // From the positive, the negative is at 5 and at sqrt(17).
  CHECK_CLOSE(losses::triplet_margin(a, p, n, {.margin = 7, .eps = 0, .swap = true}), {7, 4});
  // The difference of equal tensors is eps.
  CHECK_CLOSE(losses::triplet_margin(a, a, a, {.margin = 0.5, .eps = 0.1}), {0.5, 0.5});
  CHECK_CLOSE(losses::triplet_margin(a, a, n, {.margin = 11, .eps = 0.1}),
              {11 + std::sqrt(0.02) - std::hypot(5.9, 7.9), 11 + std::sqrt(0.02) - std::hypot(0.1, 3.9)}, 1e-6);
  for (const double norm : {1.0, 2.0, 3.0}) {
    for (const bool swap : {false, true}) {
      const auto f = [=](const Tensor& x, const Tensor& y, const Tensor& z) {
        return losses::triplet_margin(x, y, z, {.margin = 2, .p = norm, .swap = swap});
      };
      const GradientCheck check =
          check_gradients(f, numbers({2, 3, 4}, 0), numbers({2, 3, 4}, 1), numbers({2, 3, 4}, 2));
      CHECK_MESSAGE(check, check.message);
    }
  }
  CHECK_THROWS_TEXT(ValueError,
                    "[triplet_margin] expected three tensors of one shape [..., n], received (2, 2), (2, 2) and (2, 3)",
                    losses::triplet_margin(a, p, ones({2, 3})));
  CHECK_THROWS_TEXT(ValueError, "[triplet_margin] expected p >= 1, received 0.5",
                    losses::triplet_margin(a, p, n, {.p = 0.5}));
}

TEST_CASE("triplet_semihard: the definition") {
  for (const std::vector<int>& labels : std::vector<std::vector<int>>{
           {0, 1, 0, 1, 2, 2, 0}, {0, 0, 1, 1, 1, 1, 1}, {3, 3, 3, 3, 3, 3, 3}, {0, 1, 2, 3, 4, 5, 6}}) {
    for (const double margin : {0.0, 1.0, 0.2}) {
      const Tensor x = numbers({7, 3}, 0.4), y = constant(labels);
      CHECK_CLOSE(losses::triplet_semihard(y, x, margin), constant(semihard(labels, x, margin), float64), 1e-12);
      CHECK_CLOSE(losses::TripletSemiHard(margin)(reshape(y, {7, 1}), cast(x, float32)), semihard(labels, x, margin),
                  1e-5);
    }
    const GradientCheck check = check_gradients(
        [&](const Tensor& t) { return losses::triplet_semihard(constant(labels), t); }, numbers({7, 3}, 0.4));
    CHECK_MESSAGE(check, check.message);
  }
}

TEST_CASE("triplet_semihard: equal embeddings, none, one") {
  const Tensor x = ones({4, 3});
  GradientTape tape;
  tape.watch(x);
  const Tensor value = losses::triplet_semihard(constant({0, 0, 1, 1}), x);
  CHECK_CLOSE(value, 1.0);
  CHECK_CLOSE(tape.gradient(value, x), zeros({4, 3}));
  CHECK_CLOSE(losses::triplet_semihard(constant({5}), ones({1, 3})), 0.0);
  CHECK_CLOSE(losses::triplet_semihard(zeros({0}, int32), ones({0, 3})), 0.0);
  CHECK_THROWS_TEXT(ValueError,
                    "[triplet_semihard] expected labels [batch] and embeddings [batch, n], received (2,) and (4, 3)",
                    losses::triplet_semihard(constant({0, 1}), x));
  CHECK_THROWS_TEXT(ValueError, "expected labels [batch]", AnyLoss("triplet_semihard")(ones({2, 2}), ones({2, 2})));
}
