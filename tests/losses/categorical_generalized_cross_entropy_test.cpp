#include "xtape/losses/categorical_generalized_cross_entropy.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/check_gradients.hpp"

using namespace xtape;
using losses::categorical_generalized_cross_entropy;
using losses::CategoricalGeneralizedCrossEntropy;

TEST_CASE("categorical_generalized_cross_entropy: Keras's numbers") {
  // losses_test.py, CategoricalGeneralizedCrossEntropyTest
  const Tensor y = constant({0, 1, 0, 1});
  const Tensor p = constant({{0.7, 0.3, 0.0}, {0.2, 0.2, 0.6}, {0.6, 0.4, 0.0}, {0.2, 0.2, 0.6}});
  const auto loss = [](double v, double q) { return (1 - std::pow(v, q)) / q; };
  for (const double q : {0.5, 0.8}) {
    const Tensor values = constant(std::vector<double>{loss(0.7, q), loss(0.2, q), loss(0.6, q), loss(0.2, q)});
    CHECK_CLOSE(categorical_generalized_cross_entropy(y, p, q), values);
    CHECK_CLOSE(categorical_generalized_cross_entropy(reshape(cast(y, float32), {4, 1}), cast(p, float64), q), values);
    CHECK_CLOSE(CategoricalGeneralizedCrossEntropy({.q = q, .reduction = "sum"})(y, p),
                loss(0.7, q) + 2 * loss(0.2, q) + loss(0.6, q));
  }
  CHECK_CLOSE(CategoricalGeneralizedCrossEntropy()(constant({{0, 1}}), constant({{{0.7, 0.3}, {0.2, 0.8}}})),
              (loss(0.7, 0.5) + loss(0.8, 0.5)) / 2);
  const auto check = check_gradients([&](const Tensor& v) { return categorical_generalized_cross_entropy(y, v); },
                                     cast(p + 0.1, float64));
  CHECK_MESSAGE(check.ok, check.message);
}

TEST_CASE("categorical_generalized_cross_entropy: what does not fit is refused") {
  const Tensor p = constant({{0.7, 0.3}, {0.2, 0.8}});
  CHECK_THROWS_TEXT(ValueError, "[categorical_generalized_cross_entropy] expected labels of shape (2,) or (2, 1)",
                    categorical_generalized_cross_entropy(constant({0, 1, 1}), p));
  CHECK_THROWS_TEXT(ValueError, "[categorical_generalized_cross_entropy] expected q in (0, 1), received 1",
                    CategoricalGeneralizedCrossEntropy({.q = 1}));
  CHECK_THROWS_TEXT(TypeError, "expected floating predictions, received int32",
                    categorical_generalized_cross_entropy(constant({0, 1}), ones({2, 2}, int32)));
  CHECK_THROWS_AS(categorical_generalized_cross_entropy(constant({0, 2}), p), IndexError);
}
