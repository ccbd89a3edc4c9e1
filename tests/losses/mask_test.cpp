// What the mask of the predictions leaves out does not count: Keras's tests (keras/src/losses/loss_test.py), and every
// loss by its name.
#include <cmath>
#include <limits>

#include "support/check.hpp"
#include "support/listed_names.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/losses/segmentation.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape {
namespace {

struct ExampleLoss : losses::Loss {
  explicit ExampleLoss(const std::string& reduction = "sum_over_batch_size") : Loss("example", reduction) {}
  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override { return square(y_pred - y_true); }
};

TEST_CASE("loss: masks, Keras's numbers") {
  const Tensor t = constant({1.0, 0.0, 1.0, 0.0}), p = constant({0.1, 0.2, 0.3, 0.4});
  const Tensor weights = constant({0.4, 0.3, 0.2, 0.1}), mask = constant({true, false, true, true});
  const Tensor masked = with_mask(p, mask);
  CHECK_CLOSE(ExampleLoss()(t, masked), (0.81 + 0.49 + 0.16) / 3);
  CHECK_CLOSE(ExampleLoss()(t, masked, weights), (0.4 * 0.81 + 0.2 * 0.49 + 0.1 * 0.16) / 3);
  CHECK_CLOSE(ExampleLoss("sum")(t, masked), 0.81 + 0.49 + 0.16);
  CHECK_CLOSE(ExampleLoss("none")(t, masked, weights), {0.4 * 0.81, 0, 0.2 * 0.49, 0.1 * 0.16});
  CHECK_CLOSE(ExampleLoss("mean_with_sample_weight")(t, masked, weights), (0.4 * 0.81 + 0.2 * 0.49 + 0.1 * 0.16) / 0.7);
  CHECK_CLOSE(ExampleLoss("mean_with_sample_weight")(t, masked), (0.81 + 0.49 + 0.16) / 3);
  const Tensor nothing = with_mask(p, zeros({4}, boolean));
  for (const char* reduction : {"sum_over_batch_size", "sum", "mean_with_sample_weight"}) {
    CHECK_CLOSE(ExampleLoss(reduction)(t, nothing), 0.0);
    CHECK_CLOSE(ExampleLoss(reduction)(t, nothing, weights), 0.0);
  }
  // Twice the same rows give the same, and [batch, 1] is [batch].
  const auto twice = [](const Tensor& x) { return stack({x, x}, 0); };
  CHECK_CLOSE(ExampleLoss()(twice(t), with_mask(twice(p), twice(mask)), twice(weights)),
              ExampleLoss()(t, masked, weights));
  CHECK_CLOSE(ExampleLoss()(expand_dims(t, -1), with_mask(expand_dims(p, -1), mask), weights),
              ExampleLoss()(t, masked, weights));
}

TEST_CASE("loss: what is left out may be anything") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor t = constant({1.0, 0.0}), mask = constant({true, false});
  CHECK_CLOSE(ExampleLoss()(t, with_mask(constant({3.0, inf}), mask)), 4.0);
  CHECK_CLOSE(ExampleLoss()(t, with_mask(constant({3.0, std::nan("")}), mask), constant({2.0, 1.0})), 8.0);
  GradientTape tape;
  const Tensor p = constant({3.0, 5.0});
  tape.watch(p);
  CHECK_CLOSE(tape.gradient(ExampleLoss()(t, with_mask(p, mask)), p), {4, 0});
}

TEST_CASE("loss: a mask beside ignore_class") {
  const Tensor logits = constant({{1.0, 2.0}, {3.0, 1.0}, {0.0, 0.0}, {2.0, 0.0}});
  const losses::SparseCategoricalCrossentropy loss({.from_logits = true, .ignore_class = 1});
  const Tensor labels = constant({0, 1, 0, 0});
  const double expected = (std::log(1 + std::exp(1.0)) + std::log(1 + std::exp(-2.0))) / 2;
  CHECK_CLOSE(loss(labels, with_mask(logits, constant({true, true, false, true}))), expected);
}

/// Labels and predictions that suit every loss: rows of probabilities.
Tensor rows(const Shape& shape, double phase) {
  return nn::softmax(reshape(sin(arange(0.0, static_cast<double>(shape.numel()), 1.0, float64) * 1.7 + phase), shape));
}

TEST_CASE("loss: each by its name, of padded sequences and of the steps that are data") {
  const auto names = testing::listed_names([] { (void)AnyLoss("no such loss"); });
  CHECK(names.size() >= 19);
  const Shape shape{2, 4, 3};
  const Tensor p = rows(shape, 0), mask = constant({{true, true, true, false}, {true, true, false, false}});
  const std::vector<std::int64_t> kept{0, 1, 2, 4, 5};
  for (const std::string& name : names) {
    INFO(name);
    // They compare the samples of a batch, or have a step for each of them.
    if (name == "circle" || name == "ctc" || name == "gaussian_nll" || name == "triplet_semihard") continue;
    const AnyLoss loss(name);
    const bool sparse = name.starts_with("sparse") || name == "categorical_generalized_cross_entropy";
    const Tensor t = sparse ? constant({{0, 1, 2, 0}, {1, 1, 2, 0}}) : rows(shape, 1);
    const auto data = [&](const Tensor& x) {
      const Tensor flat = x.rank() == 3 ? reshape(x, {8, 3}) : reshape(x, {8});
      return gather(flat, constant(kept));
    };
    // Labels of padding may be anything.
    std::vector<Tensor> all{t};
    for (const double other : {-1.0, 99.0, std::nan(""), HUGE_VAL}) {
      if (!sparse) all.push_back(where(expand_dims(mask, -1), t, other));
      if (sparse && std::isfinite(other)) all.push_back(where(mask, t, static_cast<std::int32_t>(other)));
    }
    for (const Tensor& labels : all) {
      GradientTape tape({.persistent = true});
      tape.watch(p);
      const Tensor value = loss(labels, with_mask(p, mask)), expected = loss(data(t), data(p));
      tape.stop();
      CHECK_CLOSE(value, expected, 1e-12);
      CHECK_CLOSE(tape.gradient(value, p), tape.gradient(expected, p), 1e-10, 1e-13);
    }
  }
}

TEST_CASE("loss: masks that do not fit, and losses that see to them themselves") {
  const Tensor t = ones({2, 3}), p = with_mask(zeros({2, 3}), ones({2, 3}, boolean));
  CHECK_THROWS_TEXT(
      ValueError,
      "[mean_squared_error] the mask of the predictions, of shape (2, 3), does not fit values of shape (2,)",
      losses::MeanSquaredError()(t, p));
  const AnyLoss whole([](const Tensor& y, const Tensor& x) {
    CHECK(get_mask(x).defined());
    return reduce_mean(square(y - x));
  });
  CHECK_CLOSE(whole(t, p), 1.0);
  struct PerSample : losses::Loss {
    PerSample() : Loss("per_sample") {}
    Tensor call(const Tensor& y, const Tensor& x) const override {
      return reduce_sum(where(get_mask(x), square(y - x), 0), -1);
    }
    bool handles_mask() const override { return true; }
  };
  CHECK_CLOSE(PerSample()(t, with_mask(p, constant({{true, true, false}, {true, false, false}}))), 1.5);
}

}  // namespace
}  // namespace xtape
