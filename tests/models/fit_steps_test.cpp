// Which batches fit, its validation and evaluate use, and when.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include "data/stage.hpp"
#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/data/dataset.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/optimizers/sgd.hpp"

namespace xtape {
namespace {

using testing::WarningCapture;

/// Does nothing but note the first number of every batch that it trains on or is tested with; it has no call().
struct Seer : Model {
  std::shared_ptr<std::vector<double>> trained = std::make_shared<std::vector<double>>();
  std::shared_ptr<std::vector<double>> tested = std::make_shared<std::vector<double>>();

 protected:
  static double number(const TrainBatch& batch) { return slice_axis(batch.x.only(), 0, 0, 1).item(); }
  Logs train_step(const TrainBatch& batch) override {
    trained->push_back(number(batch));
    return {{"number", trained->back()}};
  }
  Logs test_step(const TrainBatch& batch) override {
    tested->push_back(number(batch));
    return {{"number", tested->back()}};
  }
};

Seer seer() {
  Seer model;
  model.compile();
  return model;
}

/// Batches of one row each: 0, 1, ..., count - 1.
data::AnyDataset numbers(int count) {
  const Tensor x = reshape(arange(0, count, 1, float32), {count, 1});
  return data::from_tensor_slices(x).batch(1);
}

/// Batches from a function that all loops share: no two loops get the same batch.
data::AnyDataset shared_numbers(std::shared_ptr<int> next, int count = 1 << 30) {
  return detail::dataset_of(1, [next, count] {
    return std::function<std::optional<Tensors>()>([next, count]() -> std::optional<Tensors> {
      if (*next == count) return std::nullopt;
      return Tensors{full({1, 1}, static_cast<float>((*next)++), float32)};
    });
  });
}

using Numbers = std::vector<double>;

Numbers trained_on(int batches, int steps, int epochs) {
  Seer model = seer();
  const auto history = model.fit(numbers(batches), {.epochs = epochs, .verbose = 0, .steps_per_epoch = steps});
  CHECK(history.epoch.size() == static_cast<std::size_t>(epochs));
  CHECK(history["number"].size() == static_cast<std::size_t>(epochs));
  return *model.trained;
}

TEST_CASE(
    "fit: steps_per_epoch as many as, fewer than, and more than a dataset's batches: it goes on, round and round") {
  CHECK(trained_on(3, 3, 3) == Numbers{0, 1, 2, 0, 1, 2, 0, 1, 2});
  CHECK(trained_on(3, 2, 4) == Numbers{0, 1, 2, 0, 1, 2, 0, 1});
  CHECK(trained_on(5, 1, 3) == Numbers{0, 1, 2});
  CHECK(trained_on(2, 5, 2) == Numbers{0, 1, 0, 1, 0, 1, 0, 1, 0, 1});
  CHECK(trained_on(1, 2, 2) == Numbers{0, 0, 0, 0});
  CHECK(trained_on(3, -1, 2) == Numbers{0, 1, 2, 0, 1, 2});
}

TEST_CASE("fit: steps_per_epoch of arrays") {
  Seer model = seer();
  const Tensor x = reshape(arange(0, 3, 1, float32), {3, 1});
  model.fit(x, {.batch_size = 1, .epochs = 2, .verbose = 0, .shuffle = false, .steps_per_epoch = 4});
  CHECK(*model.trained == Numbers{0, 1, 2, 0, 1, 2, 0, 1});
  // With shuffling, every row occurs once before any occurs again, for any length of an epoch.
  model.trained->clear();
  model.fit(x, {.batch_size = 1, .epochs = 3, .verbose = 0, .steps_per_epoch = 2});
  for (const std::size_t begin : {0U, 3U}) {
    Numbers pass(model.trained->begin() + begin, model.trained->begin() + begin + 3);
    std::sort(pass.begin(), pass.end());
    CHECK(pass == Numbers{0, 1, 2});
  }
}

TEST_CASE("fit: a dataset that shuffles has another order each time that it starts again") {
  Seer model = seer();
  const auto dataset = numbers(64).shuffle(64, {.seed = 3});
  model.fit(dataset, {.epochs = 2, .verbose = 0, .steps_per_epoch = 64});
  const Numbers first(model.trained->begin(), model.trained->begin() + 64);
  const Numbers second(model.trained->begin() + 64, model.trained->end());
  CHECK(first != second);
  CHECK(std::is_permutation(first.begin(), first.end(), second.begin()));
}

TEST_CASE("fit: a validation with steps starts with the first batch each time, and every epoch has its figures") {
  for (const int steps : {1, 2, 3, -1}) {
    CAPTURE(steps);
    Seer model = seer();
    const auto history = model.fit(
        numbers(2),
        {.epochs = 4, .verbose = 0, .validation_data = numbers(3), .steps_per_epoch = 3, .validation_steps = steps});
    Numbers expected;
    for (int epoch = 0; epoch < 4; ++epoch) {
      for (int i = 0; i < (steps < 0 ? 3 : steps); ++i) expected.push_back(i);
    }
    CHECK(*model.tested == expected);
    CHECK(history["val_number"] == Numbers(4, (steps < 0 ? 3 : steps) - 1));
    CHECK(*model.trained == Numbers{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1});
  }
}

TEST_CASE("fit: more validation steps than batches: those that are there, and a warning") {
  Seer model = seer();
  const WarningCapture warnings;
  const auto history =
      model.fit(numbers(1), {.epochs = 2, .verbose = 0, .validation_data = numbers(2), .validation_steps = 5});
  CHECK(*model.tested == Numbers{0, 1, 0, 1});
  CHECK(history["val_number"].size() == 2);
  CHECK(warnings.text().find("[Model.fit] the validation data gave only 2 of 5 batches.") != std::string::npos);
  model.tested->clear();
  CHECK(model.evaluate(numbers(3), {.verbose = 0, .steps = 2})["number"] == 1);
  CHECK(model.evaluate(numbers(3), {.verbose = 0, .steps = 2})["number"] == 1);
  CHECK(*model.tested == Numbers{0, 1, 0, 1});
}

TEST_CASE("fit: a dataset without end goes on from epoch to epoch; its validation starts afresh") {
  Seer model = seer();
  model.fit(
      numbers(3).repeat(),
      {.epochs = 2, .verbose = 0, .validation_data = numbers(3).repeat(), .steps_per_epoch = 2, .validation_steps = 2});
  CHECK(*model.trained == Numbers{0, 1, 2, 0});
  CHECK(*model.tested == Numbers{0, 1, 0, 1});
  CHECK_THROWS_TEXT(ValueError, "the dataset never ends", model.fit(numbers(3).repeat(), {.verbose = 0}));
}

TEST_CASE("fit: takes no batch from the data that it does not train on") {
  Seer model = seer();
  const auto next = std::make_shared<int>(0);
  model.fit(shared_numbers(next), {.epochs = 2, .verbose = 0, .steps_per_epoch = 3});
  CHECK(*next == 6);
  model.fit(shared_numbers(next), {.verbose = 0, .steps_per_epoch = 2});
  CHECK(*model.trained == Numbers{0, 1, 2, 3, 4, 5, 6, 7});
  (void)model.evaluate(shared_numbers(next), {.verbose = 0, .steps = 2});
  CHECK(*model.tested == Numbers{8, 9});
  CHECK(*next == 10);
  // A Sequential without an Input is built on the first batch, which it then trains on.
  Sequential sequential(layers::Dense(1, {.use_bias = false, .kernel_initializer = "zeros"}));
  sequential.compile(optimizers::SGD({.learning_rate = 0}), [](const Tensor&, const Tensor& y) { return y; });
  const auto pairs = std::make_shared<int>(0);
  const auto dataset = shared_numbers(pairs).map([](const Tensors& t) { return Tensors{t[0], t[0]}; }, 2);
  sequential.fit(dataset, {.verbose = 0, .steps_per_epoch = 3});
  CHECK(*pairs == 3);
}

TEST_CASE("fit: after an exception no batch has vanished, wherever it came from") {
  struct Interrupt : Callback {
    std::int64_t begin = -1, end = -1;
    void on_train_batch_begin(std::int64_t batch) override {
      if (batch == begin) throw std::runtime_error("begin");
    }
    void on_train_batch_end(std::int64_t batch, const Logs&) override {
      if (batch == end) throw std::runtime_error("end");
    }
  };
  Seer model = seer();
  const auto next = std::make_shared<int>(0);
  Interrupt after_third;
  after_third.end = 2;
  CHECK_THROWS_AS(model.fit(shared_numbers(next), {.verbose = 0, .callbacks = {&after_third}, .steps_per_epoch = 9}),
                  std::runtime_error);
  CHECK(*model.trained == Numbers{0, 1, 2});
  model.fit(shared_numbers(next), {.verbose = 0, .steps_per_epoch = 2});
  CHECK(*model.trained == Numbers{0, 1, 2, 3, 4});

  // If the data throw, the batches before have been trained on.
  Seer other = seer();
  auto fails = std::make_shared<bool>(true);
  const auto failing = numbers(5).map(
      [fails](const Tensors& t) {
        if (t[0].item() == 3 && std::exchange(*fails, false)) throw std::runtime_error("3");
        return t;
      },
      1);
  CHECK_THROWS_AS(other.fit(failing, {.verbose = 0}), std::runtime_error);
  CHECK(*other.trained == Numbers{0, 1, 2});
  other.fit(failing, {.verbose = 0});
  CHECK(*other.trained == Numbers{0, 1, 2, 0, 1, 2, 3, 4});
}

TEST_CASE("fit: data without a batch") {
  Seer model = seer();
  CHECK_THROWS_TEXT(ValueError, "[Model.fit] the dataset gave no batch in epoch 1",
                    model.fit(numbers(3).take(0), {.verbose = 0}));
  CHECK_THROWS_TEXT(ValueError, "[Model.fit] the dataset gave no batch in epoch 1",
                    model.fit(numbers(3).take(0), {.verbose = 0, .steps_per_epoch = 2}));
  CHECK_THROWS_TEXT(ValueError, "[Model.fit] expected at least one batch, the validation data gave none",
                    model.fit(numbers(3), {.verbose = 0, .validation_data = numbers(3).take(0)}));
  CHECK_THROWS_TEXT(ValueError, "[Model.evaluate] expected at least one batch, the data gave none",
                    model.evaluate(numbers(3).take(0), {.verbose = 0}));
  CHECK_THROWS_TEXT(ValueError, "[Model.evaluate] expected at least one batch, the data gave none",
                    model.evaluate(zeros({0, 1}), {.verbose = 0}));
  // A generator that has ended.
  const auto next = std::make_shared<int>(0);
  CHECK_THROWS_TEXT(ValueError, "gave no batch in epoch 2 after 1 of 2, when it was started again",
                    model.fit(shared_numbers(next, 3), {.epochs = 2, .verbose = 0, .steps_per_epoch = 2}));
}

}  // namespace
}  // namespace xtape
