// Every loss, metric and optimizer.
#include <cmath>

#include "faults/faults.hpp"
#include "optimizers/every_optimizer.hpp"
#include "support/check.hpp"
#include "support/listed_names.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/metrics/any_metric.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::testing {
namespace {

/// Labels and predictions, of which some suit each loss and metric: one-hot, classes, one number.
struct Example {
  Tensor labels, predictions;
};
std::vector<Example> examples() {
  random::Generator generator(1);
  const Tensor p = nn::softmax(generator.normal({40, 3}));
  const Tensor classes = cast(generator.uniform({40}, 0, 3), int64);
  return {{cast(one_hot(classes, 3), float32), p},
          {classes, p},
          {generator.uniform({40, 1}), generator.uniform({40, 1})},
          {generator.uniform({40, 2}), generator.uniform({40, 4}) + 1},
          {cast(generator.uniform({40, 3}, 0, 3), int64), generator.normal({40, 5, 3})}};
}

TEST_CASE("faults: any allocation of a loss and of its gradient may fail") {
  const auto names = listed_names([] { (void)AnyLoss("no such loss"); });
  const Tensor mask = linspace(0, 1, 40) < 0.7;
  for (const std::string& name : names) {
    const Tensor weights =
        name == "dice" || name == "tversky" || name == "triplet_semihard" ? Tensor() : linspace(0.5, 2, 40);
    bool checked = false;
    for (const Example& example : examples()) {
      const Tensor y = example.labels, p = with_mask(example.predictions, mask);
      try {
        (void)AnyLoss(name)(y, p, weights);
      } catch (const Error&) {  // takes other labels
        continue;
      }
      checked = true;
      check_each_allocation_may_fail({name, [&] {
                                        const AnyLoss loss(name);
                                        GradientTape tape;
                                        tape.watch(p);
                                        const Tensor value = loss(y, p, weights);
                                        return std::vector<Tensor>{value, tape.gradient(value, p)};
                                      }});
      break;
    }
    CHECK_MESSAGE(checked, name, " takes none of the labels");
  }
  CHECK(names.size() >= 19);
}

TEST_CASE("faults: any allocation of a metric may fail, and then it has counted all of a batch or nothing") {
  const auto names = listed_names([] { (void)metrics::make_metric("no such metric"); });
  const Tensor weights = linspace(0.5, 2, 40), mask = linspace(0, 1, 40) < 0.7;
  int checked = 0;
  for (const std::string& name : names) {
    if (name == "accuracy" || name == "acc") continue;
    for (const Example& example : examples()) {
      const Tensor y = example.labels, p = with_mask(example.predictions, mask);
      try {
        metrics::make_metric(name)->update_state(y, p, weights);
      } catch (const Error&) {
        continue;
      }
      ++checked;
      check_each_allocation_may_fail({name, [&] {
                                        const auto metric = metrics::make_metric(name);
                                        metric->update_state(y, p, weights);
                                        const double once = metric->result();
                                        try {
                                          metric->update_state(y, p, weights);
                                        } catch (const OutOfMemoryError&) {
                                          CHECK(metric->result() == once);
                                          throw;
                                        }
                                        metric->update_state(y, p, weights);
                                        return std::vector<Tensor>{Tensor(metric->result())};
                                      }});
      break;
    }
  }
  CHECK(checked >= 20);
}

TEST_CASE("faults: any allocation of an optimizer, from its making to its fourth step, may fail") {
  for (const Common& common : {Common{}, Common{.weight_decay = 0.01, .global_clipnorm = 1, .use_ema = true},
                               Common{.gradient_accumulation_steps = 2}}) {
    for (const OptimizerCase& row : every_optimizer()) {
      check_each_allocation_may_fail({row.name, [&] {
                                        const auto optimizer = row(common);
                                        const Variable a(full({5}, 0.5F)), b(full({2, 3}, -1.0F));
                                        const Tensor da = linspace(-1, 1, 5), db = full({2, 3}, 0.25F);
                                        for (int step = 0; step < 4; ++step) {
                                          const Tensor shared = b.peek();
                                          optimizer->apply_gradients({{da, a}, {db, b}});
                                        }
                                        return std::vector<Tensor>{a.peek(), b.peek()};
                                      }});
    }
  }
}

}  // namespace
}  // namespace xtape::testing
