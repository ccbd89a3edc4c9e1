// Calls of layers of all kinds: after errors, in threads, of untracked layers, with symbolic tensors. The tables of
// layers check the same for each class, see harness.hpp.
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/activation.hpp"
#include "xtape/layers/activations.hpp"
#include "xtape/layers/activity_regularization.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/category_encoding.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/lambda.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/reshape.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/layers/time_distributed.hpp"
#include "xtape/metrics/mean.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

using testing::WarningCapture;

/// Halves what it gets until it is small enough, by calling itself.
struct Halving : LayerBase<Halving> {
  TensorList call_list(const TensorList& inputs) override {
    const Tensor& x = inputs.only();
    if (reduce_max(abs(x)).item() < 1) return x;
    return (*this)(x / 2);
  }
};

TEST_CASE("layer: one of call_list() only can be called after an error, and call itself") {
  layers::CategoryEncoding encoding(3, {.output_mode = "one_hot"});
  for (int round = 0; round < 3; ++round) {
    CHECK_THROWS_TEXT(ValueError, "expected values in [0, 3)", encoding(constant({7})));
    CHECK_TENSOR_EQ(encoding(constant({1})), constant({{0.0F, 1.0F, 0.0F}}));
  }
  Halving halving;
  CHECK_CLOSE(halving(constant({6.0, -3.0})), {0.75, -0.375});
  CHECK_CLOSE(halving(TensorList{constant({6.0, -3.0})}).only(), {0.75, -0.375});
  CHECK_THROWS_TEXT(ValueError, "expected one tensor", halving(TensorList{ones({1}), ones({1})}));
  CHECK_CLOSE(halving(constant({6.0, -3.0})), {0.75, -0.375});
}

TEST_CASE("layer: a first call that throws unbuilds what it has built, at any depth, and draws no random numbers") {
  random::set_seed(1);
  Sequential model{layers::Dense(4), layers::TimeDistributed(layers::Dense(2)), layers::Reshape({6})};
  const random::GeneratorState before = random::default_generator().state();
  // The first two layers can be called with this, the last one cannot.
  CHECK_THROWS_TEXT(ValueError, "The total size of the tensor must be unchanged", model(ones({2, 5, 7})));
  CHECK_FALSE(model.built());
  CHECK(model.variables().empty());
  CHECK(random::default_generator().state() == before);
  CHECK(model(ones({2, 3, 8})).shape() == Shape{2, 6});
  CHECK(model.variables().size() == 4);
  CHECK_THROWS_TEXT(ValueError, "", model(ones({2, 5, 8})));
  CHECK(model.variables().size() == 4);  // built by a call that was right

  // The same of a symbolic call, which tries two batches.
  Sequential other{layers::Dense(4), layers::Reshape({6})};
  CHECK_THROWS_TEXT(ValueError, "The total size of the tensor must be unchanged", other(Input({7})));
  CHECK_FALSE(other.built());
  CHECK(other.variables().empty());
}

TEST_CASE("layer: a call that catches the error of a layer inside leaves that one unbuilt") {
  struct Tolerant : LayerBase<Tolerant> {
    Sequential first = track(Sequential(layers::Dense(3), layers::Reshape({5})));
    layers::Dense second = track(layers::Dense(2));
    Tensor call(const Tensor& x) override {
      try {
        return first(x);
      } catch (const ValueError&) {
        return second(x);
      }
    }
  };
  Tolerant layer;
  CHECK(layer(ones({1, 4})).shape() == Shape{1, 2});
  CHECK_FALSE(layer.first.built());
  CHECK(layer.variables().size() == 2);
}

TEST_CASE("layer: exceptions of others pass through, and leave no losses behind") {
  struct Refusing : LayerBase<Refusing> {
    std::shared_ptr<bool> refuses = std::make_shared<bool>(true);
    Tensor call(const Tensor& x) override {
      add_loss(reduce_sum(x));
      if (*refuses) throw std::runtime_error("not today");
      return x;
    }
  };
  Refusing layer;
  CHECK_THROWS_TEXT(std::runtime_error, "not today", layer(ones({2})));
  CHECK(layer.losses().empty());
  CHECK_FALSE(layer.built());
  *layer.refuses = false;
  CHECK_TENSOR_EQ(layer(ones({2})), ones({2}));
  CHECK(layer.losses().size() == 1);
}

TEST_CASE("layer: a call inside of its own build() is an error, not endless") {
  struct Eager : LayerBase<Eager> {
    void build(const Shape& shape) override { (void)(*this)(zeros(shape)); }
    Tensor call(const Tensor& x) override { return x; }
  };
  Eager layer;
  CHECK_THROWS_TEXT(RuntimeError, "layer 'eager' is called inside of its own build()", layer(ones({2, 2})));
  CHECK_THROWS_TEXT(RuntimeError, "layer 'eager' is called inside of its own build()", layer(ones({2, 2})));
}

TEST_CASE("layer: what build() tracks is tracked once, whatever the number of handles and of attempts") {
  struct Keeper : LayerBase<Keeper> {
    std::shared_ptr<random::Generator> generator;
    Variable counter;
    std::shared_ptr<int> failures = std::make_shared<int>(1);
    void build(const Shape&) override {
      generator = track(std::make_shared<random::Generator>(1));
      counter = track(Variable(zeros({}), {.name = "counter"}));
      if ((*failures)-- > 0) throw ValueError("not yet");
    }
    Tensor call(const Tensor& x) override { return x; }
  };
  Keeper keeper;
  Keeper copy = keeper;
  CHECK_THROWS_TEXT(ValueError, "not yet", keeper(ones({1})));
  (void)keeper(ones({1}));
  CHECK(keeper.variables().size() == 1);
  CHECK(copy.counter.is_same(keeper.counter));
  CHECK(copy.generator == keeper.generator);
}

TEST_CASE("layer: no layer can be part of itself, at any depth") {
  struct Box : LayerBase<Box> {
    explicit Box(std::string name) : LayerBase(std::move(name)) {}
    void put(Layer& layer) { adopt(layer); }
    Tensor call(const Tensor& x) override { return x; }
  };
  Box a("a"), b("b"), c("c");
  CHECK_THROWS_TEXT(ValueError, "[Layer.track] layer 'a' cannot be a part of 'a': it is the same layer", a.put(a));
  Box copy = a;
  CHECK_THROWS_TEXT(ValueError, "layer 'a' cannot be a part of 'a'", a.put(copy));
  a.put(b);
  b.put(c);
  CHECK_THROWS_TEXT(ValueError, "layer 'b' cannot be a part of 'c': that is a part of it already", c.put(b));
  CHECK_THROWS_TEXT(ValueError, "layer 'a' cannot be a part of 'c': that is a part of it already", c.put(a));
  CHECK(a.variables().empty());  // and no endless recursion
  a.put(c);                      // tracked twice, which is not a cycle
  Sequential model;
  CHECK_THROWS_TEXT(ValueError, "cannot be a part of", model.add(model));
  CHECK(model.size() == 0);
}

struct Forgetful : Model {
  layers::Dense kept = track(layers::Dense(2));
  layers::Dense forgotten{3};
  layers::ReLU without_weights;
  Tensor call(const Tensor& x) override { return kept(without_weights(forgotten(x))); }
};

TEST_CASE("layer: a forgotten track() is told once, with the layer's name and class") {
  WarningCapture warnings;
  Forgetful model;
  for (int call = 0; call < 3; ++call) (void)model(ones({2, 4}));
  REQUIRE(warnings.count() == 1);
  CHECK(warnings.text().find("[Forgetful] layer 'dense' of class Dense is called inside of layer 'forgetful' but") !=
        std::string::npos);
  CHECK(warnings.text().find("its 2 weight(s) are neither trained nor saved") != std::string::npos);
  CHECK(warnings.text().find("`dense = track(Dense(...))`, or call adopt(layer)") != std::string::npos);

  // Made anew in each call: once, too.
  struct OnTheFly : LayerBase<OnTheFly> {
    Tensor call(const Tensor& x) override { return layers::Dense(3)(layers::Dropout(0.5)(x)); }
  };
  warnings.clear();
  OnTheFly layer;
  for (int call = 0; call < 3; ++call) (void)layer(ones({2, 4}));
  CHECK(warnings.count() == 1);

  // In layers that call functions of others, in symbolic calls, and for an unbuilt stack.
  warnings.clear();
  auto dense = std::make_shared<layers::Dense>(3);
  layers::Lambda lambda([dense](const Tensor& x) { return (*dense)(x); });
  (void)lambda(Input({4}));
  (void)lambda(ones({2, 4}));
  CHECK(warnings.count() == 1);
}

TEST_CASE("layer: one that belongs to the caller, to a layer around it, or has been adopted is not warned of") {
  WarningCapture warnings;
  struct Borrower : LayerBase<Borrower> {
    Layer* borrowed;
    explicit Borrower(Layer& layer) : borrowed(&layer) {}
    Tensor call(const Tensor& x) override { return (*borrowed)(x); }
  };
  struct Lender : Model {
    layers::Dense dense = track(layers::Dense(2));
    Borrower borrower = track(Borrower(dense));
    Tensor call(const Tensor& x) override { return borrower(x); }
  };
  Lender lender;
  (void)lender(ones({2, 4}));

  struct Extractor : Model {
    explicit Extractor(Layer& pretrained) : features(&pretrained) { adopt(pretrained); }
    Layer* features;
    Tensor call(const Tensor& x) override { return (*features)(x); }
  };
  Sequential pretrained{layers::Dense(3), layers::BatchNormalization()};
  (void)pretrained(ones({2, 4}));
  pretrained.set_trainable(false);
  Extractor extractor(pretrained);
  (void)extractor(ones({2, 4}));
  CHECK(extractor.trainable_variables().empty());
  CHECK(extractor.variables().size() == 6);

  // A temporary wrapper around a tracked layer.
  struct Wrapping : Model {
    layers::Dense dense = track(layers::Dense(2));
    Tensor call(const Tensor& x) override { return layers::TimeDistributed(dense)(x); }
  };
  Wrapping wrapping;
  for (int call = 0; call < 2; ++call) (void)wrapping(ones({2, 3, 4}));

  // Layers that the library itself composes.
  layers::Dense shared(4);
  const auto in = Input({3, 4});
  const auto x = layers::Bidirectional(layers::LSTM(2))(shared(in) + shared(in) * 2);
  Model functional(in, layers::Dense(1)(x));
  Model part(in, x);
  Sequential stack{functional, layers::Dense(2)};
  (void)stack(ones({2, 3, 4}));
  (void)part(ones({2, 3, 4}));
  CHECK_MESSAGE(warnings.count() == 0, warnings.text());
}

TEST_CASE("layer: a symbolic call is a trial, which leaves states, metrics and losses as they are") {
  layers::LSTM lstm(3, {.return_sequences = true, .stateful = true});
  const Tensor x = random::normal({2, 4, 5});
  CHECK(lstm.states().empty());
  (void)lstm(Input({4, 5}, {.batch_size = 2}));
  CHECK(lstm.states().empty());
  (void)lstm(x);
  const TensorList states = lstm.states();
  (void)lstm(Input({4, 5}, {.batch_size = 2}));
  REQUIRE(lstm.states().size() == 2);
  for (std::size_t i = 0; i < 2; ++i) CHECK(lstm.states()[i].is_same(states[i]));

  struct Noisy : LayerBase<Noisy> {
    std::shared_ptr<metrics::Mean> seen = std::make_shared<metrics::Mean>("seen");
    std::shared_ptr<int> calls = std::make_shared<int>(0);
    Variable count;
    void build(const Shape&) override { count = add_weight("count", {}, {.initializer = "zeros", .trainable = false}); }
    Tensor call(const Tensor& input) override {
      if (!symbolic_call()) ++*calls;
      add_loss(reduce_mean(input));
      count.assign_add(1.0F);
      count.assign_sub(0.5F);
      seen->update_state(input);
      // Waits for a number that is large enough: the trial's numbers differ, too.
      while (random::uniform({}).item() < 0.9) {
      }
      return input + random::normal(input.shape());
    }
  };
  Noisy noisy;
  (void)noisy(ones({2, 3}));
  const random::GeneratorState before = random::default_generator().state();
  (void)noisy(Input({3}));
  CHECK(random::default_generator().state() == before);
  CHECK(noisy.count.value().item() == 0.5);
  CHECK(noisy.seen->result() == 1);
  CHECK(*noisy.calls == 1);
  REQUIRE(noisy.losses().size() == 1);
  CHECK(noisy.losses()[0].item() == 1);
}

void run_threads(int count, const std::function<void(int)>& f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(f, i);
  for (auto& thread : threads) thread.join();
}

TEST_CASE("threads: handles are copied, moved and dropped in several threads, beside first calls of others") {
  for (int round = 0; round < 10; ++round) {
    Sequential model{layers::Dense(4, {.activation = "relu"}), layers::BatchNormalization(), layers::Dense(2)};
    std::vector<std::thread> threads;
    std::array<Tensor, 4> results;
    for (std::size_t i = 0; i < results.size(); ++i) {
      // Each copy is made here while the threads before make first calls.
      threads.emplace_back([model, &result = results[i]]() mutable {
        Sequential copy = model;
        const Sequential moved = std::move(copy);
        Sequential another = moved;
        result = another(ones({3, 5}));
      });
    }
    for (auto& thread : threads) thread.join();
    for (const Tensor& result : results) CHECK_SAME_BITS(result, results[0]);
    CHECK_SAME_BITS(model(ones({3, 5})), results[0]);
    CHECK(model.variables().size() == 8);
  }
}

TEST_CASE("threads: a first call that fails in one thread takes nothing away from another's") {
  for (int round = 0; round < 20; ++round) {
    struct Sometimes : LayerBase<Sometimes> {
      layers::Dense dense = track(layers::Dense(2));
      Tensor call(const Tensor& x) override {
        const Tensor y = dense(x);
        if (x.shape()[0] == 1) throw ValueError("a single row");
        return y;
      }
    };
    Sometimes layer;
    std::atomic<int> waiting{4};
    run_threads(4, [&](int i) {
      for (--waiting; waiting > 0;) std::this_thread::yield();
      if (i % 2 == 0) {
        CHECK_THROWS_AS(layer(ones({1, 3})), ValueError);
      } else {
        const Tensor y = layer(ones({2, 3}));
        CHECK_SAME_BITS(layer(ones({2, 3})), y);
      }
    });
    CHECK(layer.variables().size() == 2);
    CHECK(layer.built());
  }
}

TEST_CASE("threads: losses of a call belong to the thread that makes it") {
  Sequential model{layers::Dense(3, {.kernel_initializer = "ones"}), layers::ActivityRegularization({.l1 = 1})};
  (void)model(ones({1, 2}));
  run_threads(4, [&](int i) {
    const double scale = i + 1;
    CHECK(model.losses().empty());
    for (int call = 0; call < 50; ++call) {
      (void)model(ones({1, 2}) * scale);
      const auto losses = model.losses();
      REQUIRE(losses.size() == 1);
      CHECK(losses[0].item() == 6 * scale);
    }
  });
  CHECK(model.losses().size() == 1);
}

TEST_CASE("threads: a built model is called, evaluated and predicted with from several threads") {
  random::set_seed(2);
  struct Penalised : LayerBase<Penalised> {
    Tensor call(const Tensor& x) override {
      add_loss(reduce_mean(square(x)));
      return x;
    }
  };
  const auto in = Input({6, 4});
  auto h = layers::LSTM(5, {.dropout = 0.2, .recurrent_dropout = 0.2})(in);
  h = layers::BatchNormalization()(h);
  h = Penalised()(layers::Dropout(0.5)(h));
  layers::Dense out(2, {.kernel_regularizer = "l2"});
  out.set_activity_regularizer("l1");
  Model model(in, out(h));
  model.compile({.optimizer = "adam", .loss = "mse", .metrics = {"mae"}});
  const Tensor x = random::normal({40, 6, 4}), y = random::normal({40, 2});
  (void)model.fit(x, y, {.epochs = 1, .verbose = 0});
  const Tensor expected = model.predict(x, {.batch_size = 16});
  const Tensor called = model(x);
  run_threads(3, [&](int) {
    for (int round = 0; round < 3; ++round) {
      CHECK_SAME_BITS(model.predict(x, {.batch_size = 16}), expected);
      Model copy = model;
      CHECK_SAME_BITS(copy(x), called);
      CHECK(copy.losses().size() == 3);
    }
  });
}

TEST_CASE("layer: a const handle is called, and one that a lambda has captured by value") {
  const layers::Dense dense(2, "relu");
  const Tensor x = ones({3, 4});
  const auto called = [dense](const Tensor& t) { return dense(t, {.training = true}); };
  const Tensor y = called(x);
  CHECK(dense.built());
  CHECK_TENSOR_EQ(dense(x), y);
  CHECK_TENSOR_EQ(y, nn::relu(matmul(x, dense.kernel()) + dense.bias()));
  CHECK_TENSOR_EQ(TensorList(dense.outputs(TensorList{x}))[0], y);
  const Sequential model{dense};
  CHECK_TENSOR_EQ(model(x), y);
  CHECK(dense(Input({4})).shape() == Shape{-1, 2});
  const layers::LeakyReLU leaky;  // a layer as an activation
  CHECK_TENSOR_EQ(layers::Activation(leaky)(x - 2), leaky(x - 2));
}

}  // namespace
}  // namespace xtape
