// Masks are arguments and results of a function, and pass through the layers inside.
#include "support/check.hpp"
#include "xtape/xtape.hpp"

using namespace xtape;

namespace {

Tensor tokens(int i) { return random::Generator(static_cast<std::uint64_t>(i)).uniform({3, 5}, 0, 4, int64); }

}  // namespace

TEST_CASE("function: masks that layers make, inside and in the results") {
  Sequential model{layers::Embedding(4, 3, {.mask_zero = true}), layers::LSTM(4, {.return_sequences = true}),
                   layers::Bidirectional(layers::GRU(2, {.return_sequences = true})), layers::Dense(2)};
  (void)model(tokens(0));
  const auto f = [&](const Tensor& x) { return model(x); };
  auto traced = function(f);
  for (int i = 1; i < 6; ++i) {
    const Tensor y = traced(tokens(i)), expected = f(tokens(i));
    CHECK_SAME_BITS(y, expected);
    CHECK_TENSOR_EQ(get_mask(y), tokens(i) != 0);
  }
  CHECK(traced.obstacle().empty());
  CHECK(traced.trace_count() == 1);
}

TEST_CASE("function: an argument's mask is an argument") {
  layers::GlobalAveragePooling1D mean;
  layers::Dense dense(2);
  auto traced = function([&](const Tensor& x) { return TensorList{mean(x), dense(x), x + 1}; });
  random::Generator generator(7);
  (void)dense(ones({1, 3}));
  (void)mean(ones({1, 2, 3}));
  for (int i = 0; i < 5; ++i) {
    const Tensor x = generator.normal({3, 5, 3}), mask = tokens(i) != 0;
    const TensorList y = traced(with_mask(x, mask));
    CHECK_SAME_BITS(y[0], mean(with_mask(x, mask)));
    CHECK_SAME_BITS(y[1], dense(x));
    CHECK_FALSE(get_mask(y[0]).defined());
    CHECK_TENSOR_EQ(get_mask(y[1]), mask);
    CHECK_FALSE(get_mask(y[2]).defined());
  }
  CHECK(traced.trace_count() == 1);
  const Tensor x = generator.normal({3, 5, 3});
  CHECK_SAME_BITS(traced(x)[0], mean(x));  // another signature
  CHECK_FALSE(get_mask(traced(x)[1]).defined());
  CHECK(traced.trace_count() == 2);
}

TEST_CASE("function: a training step with masks, its loss and its metric") {
  struct Side {
    Sequential model{layers::Embedding(4, 3, {.mask_zero = true}), layers::LSTM(4, {.return_sequences = true}),
                     layers::Dense(1)};
    optimizers::Adam optimizer{{.learning_rate = 0.05}};
    metrics::MeanAbsoluteError error;
    Tensor step(const Tensor& x, const Tensor& y) {
      GradientTape tape;
      const Tensor prediction = model(x, {.training = true});
      Tensor loss = losses::MeanSquaredError()(y, prediction);
      optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables()), model.trainable_variables()));
      error.update_state(y, prediction);
      return loss;
    }
  };
  Side plain, other;
  (void)plain.model(tokens(0));
  (void)other.model(tokens(0));
  other.model.set_weights(plain.model.get_weights());
  auto step = function([&](const Tensor& x, const Tensor& y) { return other.step(x, y); });
  random::Generator generator(11);
  for (int i = 0; i < 6; ++i) {
    const Tensor x = tokens(20 + i), y = generator.normal({3, 5, 1});
    CHECK_SAME_BITS(step(x, y), plain.step(x, y));
    CHECK(other.error.result() == plain.error.result());
  }
  for (std::size_t i = 0; i < plain.model.variables().size(); ++i) {
    CHECK_SAME_BITS(other.model.variables()[i].value(), plain.model.variables()[i].value());
  }
  CHECK(step.obstacle().empty());
}
