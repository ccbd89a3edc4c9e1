#include "xtape/metrics/correlation.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

using namespace xtape;
using metrics::ConcordanceCorrelation;
using metrics::PearsonCorrelation;

TEST_CASE("PearsonCorrelation and ConcordanceCorrelation: Keras's numbers") {
  // correlation_metrics_test.py and the docstrings
  const Tensor y = constant({{0.0, 1.0, 0.5}, {1.0, 1.0, 0.2}, {1.0, 1.0, 0.1}, {0.1, 0.7, 0.0}});
  const Tensor p = constant({{0.1, 0.9, 0.5}, {1.0, 0.9, 0.2}, {0.2, 0.8, 0.0}, {0.3, 0.3, 0.9}});
  const double pearson[] = {1, 0.99339927, 0.69337525, -0.60999428};
  const double concordance[] = {0.97560976, 0.98765432, 0.46511628, -0.46376812};
  for (const DType dtype : {float32, float64}) {
    PearsonCorrelation pcc;
    ConcordanceCorrelation ccc;
    double sums[2] = {0, 0};
    for (std::int64_t i = 0; i < 4; ++i) {
      const Tensor row = slice_axis(y, 0, i, 1), predicted = cast(slice_axis(p, 0, i, 1), dtype);
      sums[0] += pearson[i];
      sums[1] += concordance[i];
      CHECK(pcc(row, predicted) == doctest::Approx(sums[0] / static_cast<double>(i + 1)).epsilon(1e-5));
      CHECK(ccc(row, predicted) == doctest::Approx(sums[1] / static_cast<double>(i + 1)).epsilon(1e-5));
    }
    CHECK(PearsonCorrelation({.axis = 0})(transpose(y), cast(transpose(p), dtype)) ==
          doctest::Approx(sums[0] / 4).epsilon(1e-5));
    CHECK(ConcordanceCorrelation({.axis = 0})(transpose(y), cast(transpose(p), dtype)) ==
          doctest::Approx(sums[1] / 4).epsilon(1e-5));
    CHECK(PearsonCorrelation()(y, cast(p, dtype), constant({0, 0, 1, 3})) ==
          doctest::Approx((pearson[2] + 3 * pearson[3]) / 4).epsilon(1e-5));
  }
  CHECK(ConcordanceCorrelation()(y, y + 1) < 0.5);
  CHECK(PearsonCorrelation()(y, y + 1) == doctest::Approx(1).epsilon(1e-5));
  CHECK(std::isnan(PearsonCorrelation()(ones({1, 3}), ones({1, 3}))));
  CHECK_THROWS_TEXT(ValueError, "[pearson_correlation] y_true and y_pred must have the same shape: (2, 3) and (3, 3)",
                    PearsonCorrelation()(ones({2, 3}), ones({3, 3})));
}
