#include <cmath>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "support/policy.hpp"
#include "support/temp_dir.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/activation.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/loss_scale_optimizer.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

using layers::Dense;
using testing::Policy;

/// Which of two numbers is larger.
struct Larger {
  Tensor x = random::Generator(5).normal({256, 2});
  Tensor y = cast(reduce_sum(x * constant({1.0F, -1.0F}), {1}) > 0, int64);
};

Sequential network() {
  return Sequential{Dense(16, {.activation = "relu", .kernel_regularizer = regularizers::L2{1e-4}}),
                    layers::BatchNormalization(), layers::Dropout(0.1, {.seed = 1}), Dense(2),
                    layers::Activation("softmax", {.dtype = "float32"})};
}

TEST_CASE("mixed precision: compile and fit, with a loss scale and without one") {
  const Larger data;
  const Policy global("mixed_bfloat16");
  for (const bool scaled : {false, true}) {
    random::set_seed(3);
    auto model = network();
    AnyOptimizer adam(optimizers::Adam({.learning_rate = 0.01}));
    model.compile({.optimizer = scaled ? AnyOptimizer(mixed_precision::LossScaleOptimizer(adam)) : adam,
                   .loss = "sparse_categorical_crossentropy",
                   .metrics = {"accuracy"}});
    const History history = model.fit(data.x, data.y, {.epochs = 12, .verbose = 0});
    CHECK(history["accuracy"].back() > 0.93);
    CHECK(history["loss"].back() < 0.3);
    CHECK(model.evaluate(data.x, data.y, {.verbose = 0})["accuracy"] > 0.93);
    CHECK(model.predict(data.x).dtype() == float32);
    for (const auto& variable : model.variables()) CHECK(variable.dtype() == float32);
  }
}

TEST_CASE("mixed precision: weights are saved and loaded as in float32, the summary is the same") {
  const testing::TempDir dir;
  const std::string path = dir / "weights.safetensors";
  const Tensor x = random::Generator(1).normal({4, 2});
  auto plain = network();
  (void)plain(x);
  plain.save_weights(path);
  const Policy global("mixed_bfloat16");
  auto mixed = network();
  (void)mixed(x);
  mixed.load_weights(path);
  CHECK(mixed.summary_text() == plain.summary_text());
  CHECK_CLOSE(mixed(x), plain(x), 0, 0.02);
  for (std::size_t i = 0; i < plain.variables().size(); ++i) {
    CHECK_SAME_BITS(mixed.variables()[i].peek(), plain.variables()[i].peek());
  }
}

TEST_CASE("mixed precision: updates smaller than a bfloat16 can show are not lost") {
  Dense dense(1, {.use_bias = false, .kernel_initializer = "ones", .dtype = "mixed_bfloat16"});
  const Tensor x = ones({1, 1});
  optimizers::SGD optimizer({.learning_rate = 1e-3});
  for (int step = 0; step < 10; ++step) {
    GradientTape tape;
    const Tensor loss = reduce_sum(cast(dense(x), float32));
    optimizer.apply_gradients(zip(tape.gradient(loss, dense.variables()), dense.variables()));
  }
  CHECK_CLOSE(dense.kernel(), {1 - 10e-3}, 1e-6);  // 1 - 1e-3 is 1 in bfloat16
}

TEST_CASE("mixed precision: in its steady state a step asks for memory only inside of oneDNN") {
  const Policy global("mixed_bfloat16");
  // A product of each kind: of a Dense layer, and of a layer whose weights are cast when they are read.
  struct Net : Model {
    Dense dense = track(Dense(24, {.activation = "relu"})), out = track(Dense(3, {.dtype = "float32"}));
    Variable w = track(Variable(full({24, 8}, 0.1), {.name = "w"}));
    Tensor call(const Tensor& x) override { return out(matmul(dense(x), w)); }
  } net;
  optimizers::Adam adam;
  const Tensor x = random::Generator(1).normal({64, 16});
  const auto step = [&] {
    GradientTape tape;
    const Tensor loss = reduce_mean(square(net(x, {.training = true})));
    adam.apply_gradients(zip(tape.gradient(loss, net.trainable_variables()), net.trainable_variables()));
  };
  for (int i = 0; i < 10; ++i) step();
  const auto allocations_of = [](const auto& run) {
    const testing::AllocationCount count;
    for (int i = 0; i < 20; ++i) run();
    return count.value();
  };
  const auto allocations = allocations_of(step);
  // oneDNN puts the arguments of a product into a map, whose size its version decides. A bias is one more.
  const Tensor a = cast(x, bfloat16), b = cast(full({16, 24}, 0.1), bfloat16);
  const auto product = [&] { (void)matmul(a, b); };
  product();
  const auto allowed = mixed_precision::has_fast_bfloat16() ? 5 * (allocations_of(product) + 20) : 0;
  if (testing::AllocationCount::available()) CHECK(allocations <= allowed);
}

TEST_CASE("mixed precision: a tiny gradient survives") {
  // As in float32 the exponent has 8 bits; where float16 would lose it, no scale is needed.
  Dense dense(1, {.use_bias = false, .kernel_initializer = "ones", .dtype = "mixed_bfloat16"});
  GradientTape tape;
  const Tensor loss = reduce_sum(cast(dense(full({1, 1}, 1e-12)), float32)) * 1e-12;
  CHECK_CLOSE(tape.gradient(loss, dense.variables())[0], {1e-24}, 0.01);
}

}  // namespace
}  // namespace xtape
