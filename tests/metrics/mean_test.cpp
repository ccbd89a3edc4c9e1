#include "xtape/metrics/mean.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using metrics::Mean;

TEST_CASE("metrics::Mean: 0 before anything is seen and after reset_state") {
  Mean mean;
  CHECK(mean.name() == "mean");
  CHECK(Mean("loss").name() == "loss");
  CHECK(mean.result() == 0);
  mean.update_state(constant({1.0, 3.0}));
  CHECK(mean.result() == 2);
  mean.reset_state();
  CHECK(mean.result() == 0);
  mean.update_state(zeros({0}));
  CHECK(mean.result() == 0);
}

TEST_CASE("metrics::Mean: Keras's numbers") {
  // reduction_metrics_test.py, MeanTest
  const auto mean_of = [](const Tensor& values, const Tensor& weights = {}) {
    Mean mean;
    mean.update_state(values, weights);
    return mean.result();
  };
  CHECK(mean_of(constant({1, 3, 5, 7})) == 4);
  CHECK(mean_of(constant({1, 3, 5, 7}), constant({1, 1, 0, 0})) == 2);
  CHECK(mean_of(constant({1, 3, 5, 7}), constant({-1, -1, 0, 0})) == 2);
  CHECK(mean_of(constant({{1, 3}, {5, 7}}), constant({{1, 1}, {1, 0}})) == 3);
  CHECK(mean_of(constant({{1, 3}, {5, 7}}), constant({{1, 0}})) == 3);
  // MetricWrapperTest, whose function is (y_true - y_pred)^2 element by element
  const Tensor squares = constant({{0, 1, 1, 0, 0}, {1, 1, 0, 0, 0}, {1, 0, 1, 0, 0}, {1, 1, 1, 1, 0}});
  CHECK(mean_of(squares) == doctest::Approx(0.5));
  CHECK(mean_of(squares, constant({1.0, 1.5, 2.0, 2.5})) == doctest::Approx(0.54285).epsilon(1e-5));
  CHECK(mean_of(squares, constant({{1.0, 0.0, 0.5, 0.0, 1.0}})) == doctest::Approx(0.45));
}

TEST_CASE("metrics::Mean: over batches of different sizes each sample counts once, a scalar as one sample") {
  Mean mean;
  mean.update_state(constant({1.0, 2.0, 3.0}));
  mean.update_state(constant({{6.0, 10.0}}));  // one sample of two elements: 8
  mean.update_state(11.0);
  CHECK(mean.result() == doctest::Approx((6.0 + 8 + 11) / 5));
  mean.update_state(2.5, 3);
  CHECK(mean.result() == doctest::Approx((6.0 + 8 + 11 + 3 * 2.5) / 8));
  Mean weighted;
  weighted.update_state(constant({1.0, 2.0}), 2);
  weighted.update_state(constant({4.0}), constant({{1.0}}));
  CHECK(weighted.result() == doctest::Approx((2.0 * 3 + 4) / 5));
}

TEST_CASE("metrics::Mean: any dtype, summed in double") {
  for (DType dtype : {float32, float64, int32, int64, uint8, boolean, bfloat16}) {
    CAPTURE(name(dtype));
    Mean mean;
    mean.update_state(cast(constant({0, 1, 1, 1}), dtype));
    CHECK(mean.result() == 0.75);
  }
  // In float32, 2^24 + 1 is 2^24.
  Mean mean;
  mean.update_state(constant({16777216.0, 1.0}));
  CHECK(mean.result() == 16777217.0 / 2);
  for (int i = 0; i < 10; ++i) mean.update_state(1.0);
  CHECK(mean.result() == 16777227.0 / 12);
}

TEST_CASE("metrics::Mean: NaN shows, and goes with a reset") {
  Mean mean;
  mean.update_state(constant({1.0, std::nan("")}));
  CHECK(std::isnan(mean.result()));
  mean.reset_state();
  mean.update_state(2);
  CHECK(mean.result() == 2);
}

TEST_CASE("metrics::Mean: an error adds nothing") {
  Mean mean("loss");
  mean.update_state(constant({1.0, 3.0}));
  CHECK_THROWS_TEXT(ValueError, "[loss] sample_weight of shape (3,) does not fit values of shape (2,)",
                    mean.update_state(constant({5.0, 5.0}), constant({1, 1, 1})));
  CHECK_THROWS_TEXT(ValueError, "the tensor is empty", mean.update_state(Tensor()));
  CHECK(mean.result() == 2);
}

TEST_CASE("metrics::Mean: an update is not recorded") {
  const Tensor x = constant({{1.0, 2.0}, {3.0, 4.0}});
  GradientTape tape;
  tape.watch(x);
  Mean mean;
  mean.update_state(x, x);
  CHECK(tape.num_records() == 0);
  CHECK(mean.result() == doctest::Approx(3));
  CHECK(tape.gradient(x * x, x).defined());
}
