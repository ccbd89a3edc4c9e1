// Variables that a train_step uses, and neither trains nor has: a warning once for each model, and none where it is
// meant so.
#include <functional>
#include <string>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/recompute_grad.hpp"

namespace xtape {
namespace {

using layers::Dense;
using testing::WarningCapture;

Tensor mse(const Tensor& a, const Tensor& b) { return reduce_mean(square(a - b)); }

Sequential named(const std::string& name, Sequential model) {
  model.set_name(name);
  return model;
}

/// A dense layer, whose loss a function of each test adds to.
struct Stepping : Model {
  Dense own = track(Dense(2, {.name = "own"}));
  std::function<Tensor(Stepping&, const Tensor& x, const Tensor& y_pred)> extra;
  Tensor call(const Tensor& x) override { return own(x); }

 protected:
  Logs train_step(const TrainBatch& batch) override {
    auto& [x, y, sample_weight] = batch;
    GradientTape tape;
    const auto y_pred = (*this)(x, {.training = true});
    auto loss = compute_loss(x, y, y_pred, sample_weight);
    if (extra) loss = loss + extra(*this, x[0], y_pred[0]);
    const auto gradients = tape.gradient(loss, trainable_variables());
    optimizer().apply_gradients(zip(gradients, trainable_variables()));
    return compute_metrics(loss, x, y, y_pred, sample_weight);
  }
};

template <class M>
void fit(M& model, int epochs = 2) {
  const Tensor x = random::normal({8, 3}), y = random::normal({8, 2});
  (void)model.fit(x, y, {.batch_size = 4, .epochs = epochs, .verbose = 0});
}

/// The warnings of fitting a model whose loss has something on top.
std::string told(std::function<Tensor(Stepping&, const Tensor&, const Tensor&)> extra) {
  WarningCapture warnings;
  Stepping model;
  model.extra = std::move(extra);
  model.compile("sgd", "mse");
  fit(model);
  CHECK(warnings.count() <= 1);
  return warnings.text();
}

TEST_CASE("train_step: a layer that is used there and not tracked is told once for each model, by name") {
  WarningCapture warnings;
  for (std::size_t model_number = 1; model_number <= 2; ++model_number) {
    Stepping model;
    Dense projection(3, {.name = "projection"});
    model.extra = [&](Stepping&, const Tensor&, const Tensor& y_pred) { return reduce_sum(projection(y_pred)); };
    model.compile("sgd", "mse");
    fit(model);
    fit(model);
    (void)model.train_on_batch(ones({1, 3}), ones({1, 2}));
    CHECK(warnings.count() == model_number);
  }
  const std::string text = warnings.text();
  CHECK(text.find("[Stepping.train_step] the loss depends on 2 trainable variable(s) that do not belong to the model "
                  "'stepping', and whose gradients are not asked for: 'projection/kernel', 'projection/bias'. They are "
                  "neither trained nor saved with it.") != std::string::npos);
}

TEST_CASE("train_step: variables, losses and stacks that are not tracked are told too") {
  Variable temperature(1.0F, {.name = "temperature"});
  CHECK(told([&](Stepping&, const Tensor&, const Tensor& y) { return reduce_sum(y * temperature); })
            .find("1 trainable variable(s) that do not belong to the model 'stepping', and whose gradients are not "
                  "asked for: 'temperature'.") != std::string::npos);

  // In the default step, from a loss of one's own; by train_on_batch.
  WarningCapture warnings;
  Sequential model{Dense(2)};
  model.compile("sgd", [&](const Tensor& y, const Tensor& y_pred) { return square(y - y_pred) * temperature; });
  (void)model.train_on_batch(ones({1, 3}), ones({1, 2}));
  CHECK(warnings.text().find("[Sequential.train_step] the loss depends on 1 trainable variable(s)") !=
        std::string::npos);

  // Of many, some are named.
  Sequential stack = named("stack", Sequential{Dense(1), Dense(1), Dense(1), Dense(1)});
  CHECK(told([&](Stepping&, const Tensor&, const Tensor& y) {
          return reduce_sum(stack(y));
        }).find("'stack/dense_2/bias' and 2 more. They are") != std::string::npos);

  // A gradient for inputs is not yet a training step; the first step may be none either.
  int step = 0;
  const std::string text = told([&](Stepping&, const Tensor& x, const Tensor& y) {
    GradientTape inner;
    inner.watch(x);
    const Tensor z = x * temperature;
    (void)inner.gradient(z, x);
    return ++step == 1 ? reduce_sum(y) : reduce_sum(y * temperature);
  });
  CHECK(text.empty());  // the first step with a gradient counts

  // Behind recomputation, which asks for all gradients itself.
  CHECK(told([&](Stepping&, const Tensor&, const Tensor& y) {
          const auto scaled = recompute_grad([&](const Tensor& t) { return t * temperature; });
          return reduce_sum(scaled(y));
        }).find("'temperature'") != std::string::npos);
}

TEST_CASE("train_step: what the loss does not depend on, what is frozen and what is trained otherwise is not told") {
  Dense other(2, {.name = "other"});
  Variable scale(1.0F);
  // Only computed with, behind stop_gradient, or outside of the loss.
  CHECK(told([&](Stepping&, const Tensor& x, const Tensor& y) { return mse(y, stop_gradient(other(x))); }).empty());
  CHECK(told([&](Stepping&, const Tensor& x, const Tensor& y) {
          (void)other(x);
          return reduce_sum(y);
        }).empty());
  // A teacher, or features to compare: a call that says that it is no training.
  CHECK(
      told([&](Stepping&, const Tensor& x, const Tensor& y) { return mse(y, other(x, {.training = false})); }).empty());
  Sequential frozen{Dense(2), Dense(2)};
  frozen.set_trainable(false);
  CHECK(told([&](Stepping&, const Tensor&, const Tensor& y) { return mse(frozen(y), frozen(y * 2)); }).empty());
  const Variable constant_scale(1.0F, {.trainable = false});
  CHECK(told([&](Stepping&, const Tensor&, const Tensor& y) { return reduce_sum(y * constant_scale); }).empty());
  // Trained in the same step with an optimizer of its own.
  optimizers::SGD sgd;
  CHECK(told([&](Stepping&, const Tensor&, const Tensor& y) {
          const Tensor detached = stop_gradient(y);
          sgd.minimize([&] { return reduce_sum(square(detached * scale)); }, std::vector<Variable>{scale});
          return reduce_sum(y * scale);
        }).empty());
  // A part of the model that is not trained here: all others ask for its variables elsewhere, or never.
  struct Partly : Model {
    Dense first = track(Dense(2)), second = track(Dense(2));
    Tensor call(const Tensor& x) override { return second(first(x)); }
    Logs train_step(const TrainBatch& batch) override {
      GradientTape tape;
      const auto y_pred = (*this)(batch.x, {.training = true});
      const auto loss = compute_loss(batch.x, batch.y, y_pred, batch.sample_weight);
      const auto& variables = second.trainable_variables();
      optimizer().apply_gradients(zip(tape.gradient(loss, variables), variables));
      return {{"loss", loss.item()}};
    }
  };
  WarningCapture warnings;
  Partly partly;
  partly.compile("sgd", "mse");
  fit(partly);
  CHECK_MESSAGE(warnings.count() == 0, warnings.text());
}

struct Gan : Model {
  Sequential generator = track(named("generator", Sequential{Dense(4), Dense(3)}));
  Sequential discriminator = track(named("discriminator", Sequential{Dense(4), layers::Dropout(0.5), Dense(1)}));
  optimizers::SGD of_generator, of_discriminator;
  Logs train_step(const TrainBatch& batch) override {
    const Tensor noise = random::normal({batch.x[0].shape()[0], 3});
    {
      GradientTape tape;
      const Tensor loss = mse(discriminator(batch.x[0], {.training = true}), ones({1})) +
                          reduce_mean(square(discriminator(generator(noise), {.training = true})));
      const auto& variables = discriminator.trainable_variables();
      of_discriminator.apply_gradients(zip(tape.gradient(loss, variables), variables));
    }
    GradientTape tape;
    const Tensor loss = mse(discriminator(generator(noise)), ones({1}));
    const auto& variables = generator.trainable_variables();
    of_generator.apply_gradients(zip(tape.gradient(loss, variables), variables));
    return {{"loss", loss.item()}};
  }
};

TEST_CASE("train_step: the two halves of a GAN, tracked or only trained, are not told") {
  WarningCapture warnings;
  Gan gan;
  gan.compile("sgd");
  fit(gan);
  // The discriminator is a model, and trains a generator that is none of its layers.
  struct Judge : Model {
    Sequential generator{Dense(2)};
    optimizers::SGD of_generator;
    Dense own = track(Dense(1));
    Logs train_step(const TrainBatch& batch) override {
      const Tensor noise = batch.x[0];
      GradientTape tape({.persistent = true});
      const Tensor score = own(generator(noise));
      const Tensor loss = reduce_mean(square(score)), wrong = mse(score, ones({1}));
      tape.stop();
      optimizer().apply_gradients(zip(tape.gradient(loss, trainable_variables()), trainable_variables()));
      const auto& variables = generator.trainable_variables();
      of_generator.apply_gradients(zip(tape.gradient(wrong, variables), variables));
      return {{"loss", loss.item()}};
    }
  };
  Judge judge;
  judge.compile("sgd");
  fit(judge);
  CHECK_MESSAGE(warnings.count() == 0, warnings.text());
}

TEST_CASE("train_step: a layer that is called in call() without belonging there is told once, whenever that was") {
  struct Forgetful : Model {
    Dense kept = track(Dense(2));
    Dense forgotten{3};
    Tensor call(const Tensor& x) override { return kept(forgotten(x)); }
  };
  for (const bool called_before : {false, true}) {
    WarningCapture warnings;
    Forgetful model;
    if (called_before) (void)model(ones({1, 3}));
    model.compile("sgd", "mse");
    fit(model);
    CHECK(warnings.count() == 1);
    CHECK(warnings.text().find("is called inside of layer 'forgetful'") != std::string::npos);
  }
}

}  // namespace
}  // namespace xtape
