#include <functional>
#include <memory>
#include <vector>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/xtape.hpp"

using namespace xtape;
using testing::WarningCapture;

namespace {

struct Batch {
  Tensor x, y;
};

/// Trains two models that begin alike, one with the loop as it is and one with its step as a function, and compares the
/// losses and all weights bit by bit after each step.
void check_training(const std::function<std::unique_ptr<Model>()>& make, const std::function<Batch(int)>& batch,
                    const std::function<AnyOptimizer()>& make_optimizer, const std::string& obstacle = "") {
  struct Side {
    std::unique_ptr<Model> model;
    std::shared_ptr<optimizers::Optimizer> optimizer;
    metrics::SparseCategoricalAccuracy accuracy;
  };
  const auto make_side = [&] {
    random::set_seed(5);
    return Side{make(), make_optimizer().get(), metrics::SparseCategoricalAccuracy()};
  };
  const auto step_of = [](Side& side) {
    return [&side](const Tensor& x, const Tensor& y) {
      GradientTape tape;
      const Tensor prediction = (*side.model)(x, {.training = true});
      Tensor loss = reduce_mean(losses::sparse_categorical_crossentropy(y, prediction, {.from_logits = true}));
      const auto& variables = side.model->trainable_variables();
      side.optimizer->apply_gradients(zip(tape.gradient(loss, variables), variables));
      side.accuracy.update_state(y, prediction);
      return loss;
    };
  };
  Side eager = make_side();
  std::vector<Tensor> losses;
  std::vector<std::vector<Tensor>> weights;
  random::set_seed(9);
  const auto eager_step = step_of(eager);
  constexpr int steps = 6;
  for (int i = 0; i < steps; ++i) {
    const Batch b = batch(i);
    losses.push_back(eager_step(b.x, b.y));
    auto& now = weights.emplace_back();
    for (const Variable& v : eager.model->variables()) now.push_back(v.peek() * 1);
  }
  Side traced = make_side();
  random::set_seed(9);
  auto step = function(step_of(traced));
  for (int i = 0; i < steps; ++i) {
    CAPTURE(i);
    const Batch b = batch(i);
    CHECK_SAME_BITS(step(b.x, b.y), losses[static_cast<std::size_t>(i)]);
    const auto& expected = weights[static_cast<std::size_t>(i)];
    const auto& variables = traced.model->variables();
    REQUIRE(variables.size() == expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) {
      CAPTURE(variables[k].name());
      CHECK_SAME_BITS(variables[k].peek(), expected[k]);
    }
  }
  CHECK(step.obstacle() == obstacle);
  if (obstacle.empty()) CHECK(step.trace_count() <= 2);
  CHECK(traced.accuracy.result() == eager.accuracy.result());
  CHECK(traced.optimizer->iterations() == steps);
}

Batch images(int i) {
  random::Generator generator(static_cast<std::uint64_t>(100 + i));
  return {generator.normal({4, 8, 8, 1}), cast(generator.uniform({4}, 0, 3, int64), int64)};
}
Batch vectors(int i) {
  random::Generator generator(static_cast<std::uint64_t>(200 + i));
  return {generator.normal({6, 5}), generator.uniform({6}, 0, 3, int64)};
}

template <class... Layers>
std::function<std::unique_ptr<Model>()> sequential(const Layers&... layers) {
  return [=] {
    auto model = std::make_unique<Sequential>();
    (model->add(clone(layers)), ...);
    return model;
  };
}

AnyOptimizer adam() { return optimizers::Adam({.learning_rate = 0.05}); }

}  // namespace

TEST_CASE("function: a network trains as without it, with dropout, decay of the rate and a metric") {
  const auto mlp = sequential(layers::Dense(8, {.activation = "relu"}), layers::Dropout(0.4),
                              layers::Dense(8, {.activation = "tanh"}), layers::Dense(3));
  check_training(mlp, vectors, adam);
  check_training(mlp, vectors, [] {
    return optimizers::SGD(
        {.learning_rate = optimizers::schedules::ExponentialDecay(0.1, 2, 0.5), .momentum = 0.9, .nesterov = true});
  });
  check_training(mlp, vectors, [] { return optimizers::AdamW({.learning_rate = 0.05, .global_clipnorm = 0.1}); });
  check_training(mlp, vectors, [] { return optimizers::RMSprop({.learning_rate = 0.01, .clipvalue = 0.05}); });
}

TEST_CASE("function: layers of mixed precision") {
  WarningCapture warnings;  // of a processor without fast bfloat16
  check_training(sequential(layers::Dense(8, {.activation = "relu", .dtype = "mixed_bfloat16"}),
                            layers::Dense(8, {.activation = "tanh", .dtype = "mixed_bfloat16"}),
                            layers::Dense(3, {.dtype = "float32"})),
                 vectors, adam);
}

TEST_CASE("function: convolutions, pools and batch normalization") {
  check_training(sequential(layers::Conv2D(4, 3, {.activation = "relu"}), layers::BatchNormalization(),
                            layers::MaxPooling2D(2), layers::Flatten(), layers::Dense(3)),
                 images, adam);
}

TEST_CASE("function: regularizers, constraints and layer normalization") {
  check_training(sequential(layers::Dense(8, {.kernel_regularizer = "l2", .kernel_constraint = "max_norm"}),
                            layers::LayerNormalization(), layers::Activation("gelu"), layers::Dense(3)),
                 vectors, adam);
}

TEST_CASE("function: recurrent layers and attention") {
  const auto sequences = [](int i) {
    random::Generator generator(static_cast<std::uint64_t>(300 + i));
    return Batch{generator.normal({4, 5, 6}), generator.uniform({4}, 0, 3, int64)};
  };
  check_training(sequential(layers::LSTM(4), layers::Dense(3)), sequences, adam);
  check_training(sequential(layers::GRU(4), layers::Dense(3)), sequences, adam);
}

TEST_CASE("function: embeddings") {
  const auto tokens = [](int i) {
    random::Generator generator(static_cast<std::uint64_t>(400 + i));
    return Batch{generator.uniform({4, 7}, 0, 20, int64), generator.uniform({4}, 0, 3, int64)};
  };
  check_training(sequential(layers::Embedding(20, 5), layers::GlobalAveragePooling1D(), layers::Dense(3)), tokens,
                 adam);
}
