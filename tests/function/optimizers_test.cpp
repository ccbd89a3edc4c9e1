#include <vector>

#include "optimizers/every_optimizer.hpp"
#include "support/check.hpp"
#include "xtape/xtape.hpp"

using namespace xtape;

namespace {

struct Side {
  explicit Side(const testing::OptimizerCase& make, const testing::Common& common) : optimizer(make(common)) {}

  std::vector<Variable> variables = {Variable(cast(constant({{1.0, -2.0}, {0.5, 3.0}}), float32), {.name = "w"}),
                                     Variable(cast(constant({0.25, -1.0}), float32), {.name = "b"})};
  std::unique_ptr<optimizers::Optimizer> optimizer;

  Tensor step(const Tensor& x) {
    GradientTape tape;
    const Tensor y = tanh(matmul(x, variables[0].value()) + variables[1].value());
    const Tensor loss = reduce_sum(square(y - 0.5));
    optimizer->apply_gradients(zip(tape.gradient(loss, variables), variables));
    return loss;
  }
};

}  // namespace

TEST_CASE("function: every optimizer takes the same steps in replays, bit for bit") {
  const std::vector<testing::Common> ways{{},
                                          {.weight_decay = 0.01, .clipnorm = 0.5},
                                          {.clipvalue = 0.1, .use_ema = true, .ema_overwrite_frequency = 2},
                                          {.global_clipnorm = 0.7, .gradient_accumulation_steps = 2},
                                          {.loss_scale_factor = 4}};
  for (const auto& make : testing::every_optimizer()) {
    for (const auto& common : ways) {
      CAPTURE(make.name);
      Side eager(make, common), traced(make, common);
      auto step = function([&](const Tensor& x) { return traced.step(x); });
      random::Generator generator(2);
      for (int call = 0; call < 6; ++call) {
        CAPTURE(call);
        const Tensor x = generator.normal({3, 2});
        CHECK_SAME_BITS(step(x), eager.step(x));
        for (std::size_t i = 0; i < 2; ++i) CHECK_SAME_BITS(traced.variables[i].peek(), eager.variables[i].peek());
      }
      CHECK(step.obstacle() == "");
      CHECK(step.trace_count() == 1);
      CHECK(traced.optimizer->iterations() == eager.optimizer->iterations());
    }
  }
}
