// What the mask of the predictions leaves out has no weight in any metric.
#include "xtape/tape/mask.hpp"
#include <cmath>
#include <exception>

#include "support/check.hpp"
#include "support/listed_names.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/metrics/any_metric.hpp"
#include "xtape/metrics/mean.hpp"
#include "xtape/metrics/sum.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape {
namespace {

TEST_CASE("metrics: each by its name, with a mask and without what it leaves out") {
  const auto names = testing::listed_names([] { (void)metrics::make_metric("no such metric"); });
  CHECK(names.size() >= 20);
  const Tensor mask = constant({true, false, true, true, false, true}), kept = constant({0, 2, 3, 5});
  const Tensor weights = constant({1.0, 2.0, 0.5, 3.0, 1.0, 0.25});
  int checked = 0;
  for (const std::string& name : names) {
    if (name == "accuracy" || name == "acc") continue;
    // Labels that it takes: one-hot ones, classes, or zeros and ones.
    const Tensor p = nn::softmax(reshape(sin(arange(0.0, 18.0, 1.0, float64) * 1.7), {6, 3}));
    const Tensor one_hots = constant(
        {{1.0, 0.0, 0.0}, {0.0, 0.0, 1.0}, {0.0, 1.0, 0.0}, {1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}});
    const Tensor classes = constant({0, 2, 1, 0, 1, 2});
    const Tensor column = slice_axis(p, 1, 0, 1), zeros_and_ones = constant({1.0, 0.0, 0.0, 1.0, 1.0, 0.0});
    int done = 0;  // without weights, and with them
    for (const auto& [given_labels, given_predictions] :
         {std::pair(one_hots, p), {classes, p}, {zeros_and_ones, column}}) {
      const Tensor &labels = given_labels, &predictions = given_predictions;
      for (const Tensor& w : {Tensor(), weights}) {
        INFO(name, " of labels ", labels.shape());
        try {
          const auto part = metrics::make_metric(name);
          part->update_state(gather(labels, kept), gather(predictions, kept), w.defined() ? gather(w, kept) : w);
          // Labels of what is left out may be anything.
          std::vector<Tensor> all{labels};
          for (const double other : {-1.0, 99.0, std::nan("")}) {
            if (!is_floating(labels.dtype()) && std::isnan(other)) continue;
            const Tensor kept_rows = labels.rank() == 1 ? mask : expand_dims(mask, -1);
            all.push_back(where(kept_rows, labels, cast(constant(other), labels.dtype())));
          }
          for (const Tensor& given : all) {
            const auto whole = metrics::make_metric(name);
            whole->update_state(given, with_mask(predictions, mask), w);
            CHECK(whole->result() == doctest::Approx(part->result()).epsilon(1e-9));
          }
          ++done;
        } catch (const std::exception& error) {
          INFO(error.what());
          CHECK(std::string(error.what()).find("mask") == std::string::npos);
        }
      }
      if (done > 0) break;
    }
    CHECK_MESSAGE(done == 2, name, " takes none of the labels, or not with weights");
    checked += done == 2 ? 1 : 0;
  }
  CHECK(checked >= 20);
}

TEST_CASE("metrics: masks of steps, with weights of samples and of steps") {
  const Tensor t = constant({{{1.0}, {0.0}, {1.0}}, {{0.0}, {1.0}, {1.0}}});
  const Tensor p = constant({{{0.9}, {0.8}, {0.4}}, {{0.3}, {0.7}, {0.2}}});
  const Tensor mask = constant({{true, true, false}, {true, false, false}});
  const auto accuracy = metrics::make_metric("binary_accuracy");
  CHECK((*accuracy)(t, with_mask(p, mask)) == doctest::Approx(2.0 / 3));
  accuracy->reset_state();
  CHECK((*accuracy)(t, with_mask(p, mask), constant({3.0, 1.0})) == doctest::Approx(4.0 / 7));
  accuracy->reset_state();
  CHECK((*accuracy)(t, with_mask(p, mask), constant({{1.0, 5.0, 9.0}, {2.0, 9.0, 9.0}})) == doctest::Approx(3.0 / 8));
  metrics::Mean mean;
  CHECK(mean(with_mask(p, mask)) == doctest::Approx((0.9 + 0.8 + 0.3) / 3));
  metrics::Sum sum;
  CHECK(sum(with_mask(p, mask)) == doctest::Approx(2.0));
  mean.reset_state();
  CHECK(mean(with_mask(p, zeros({2, 3}, boolean))) == 0);
}

}  // namespace
}  // namespace xtape
