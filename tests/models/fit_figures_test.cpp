// The figures of fit, against a loop written by hand in plain numbers.
#include <algorithm>
#include <cmath>
#include <optional>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/data/dataset.hpp"
#include "xtape/initializers/constant.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/metrics/mean.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/optimizers/sgd.hpp"

namespace xtape {
namespace {

using Numbers = std::vector<double>;

struct Sample {
  double x, label, weight;
};
using Samples = std::vector<Sample>;
using Batches = std::vector<Samples>;

Samples samples(int count, int first = 0) {
  Samples all;
  for (int i = first; i < first + count; ++i) {
    all.push_back({0.1 + 0.3 * (i % 5), static_cast<double>(i * 7 % 3), 0.25 + i % 4});
  }
  return all;
}

Batches in_batches(const Samples& all, std::size_t size) {
  Batches batches;
  for (std::size_t i = 0; i < all.size(); i += size) {
    batches.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(i),
                         all.begin() + static_cast<std::ptrdiff_t>(std::min(i + size, all.size())));
  }
  return batches;
}

Tensor column(const Samples& all, double Sample::*part, bool as_vector = false) {
  std::vector<float> values;
  for (const Sample& sample : all) values.push_back(static_cast<float>(sample.*part));
  const auto n = static_cast<std::int64_t>(values.size());
  return as_vector ? constant(values) : reshape(constant(values), {n, 1});
}

enum class Data { arrays, dataset, endless };
enum class Validation { none, split, arrays, dataset };

struct Case {
  Data data = Data::arrays;
  int steps = -1;
  Validation validation = Validation::none;
  int validation_steps = -1, validation_freq = 1, validation_batch_size = -1;
  bool sample_weight = false, class_weight = false;
  int accumulation = 1, initial_epoch = 0, epochs = 4;
  std::optional<std::pair<int, std::int64_t>> stop = {};  ///< after this batch of this epoch
};

const std::map<std::int64_t, double> class_weights{{0, 0.5}, {2, 3}};
constexpr double first_weight = 0.7, learning_rate = 0.05;

/// Running sums of the mean squared error, the mean absolute error, and that with sample weights.
struct Figures {
  double loss = 0, rows = 0, error = 0, weighted = 0, weights = 0;
  void add(const Samples& batch, double w, bool with_weights, bool with_classes) {
    double sum = 0;
    for (const Sample& s : batch) {
      const double e = w * s.x - s.label;
      double weight = with_weights ? s.weight : 1;
      if (with_classes && class_weights.contains(static_cast<std::int64_t>(s.label))) {
        weight *= class_weights.at(static_cast<std::int64_t>(s.label));
      }
      sum += weight * e * e;
      error += std::abs(e);
      weighted += weight * std::abs(e);
      weights += weight;
    }
    const auto n = static_cast<double>(batch.size());
    loss += sum / n * n;
    rows += n;
  }
};

using History_ = std::map<std::string, EpochValues>;

History_ by_hand(const Case& c, const Batches& train, const Batches& validation) {
  History_ history;
  double w = first_weight, accumulated = 0;
  std::size_t next = 0;
  int calls = 0;
  bool stopped = false;
  const auto note = [&](const std::string& prefix, const Figures& f) {
    history[prefix + "loss"].push_back(f.loss / f.rows);
    history[prefix + "mae"].push_back(f.error / f.rows);
    history[prefix + "weighted_mae"].push_back(f.weighted / f.weights);
  };
  for (int epoch = c.initial_epoch; epoch < c.epochs && !stopped; ++epoch) {
    Figures figures;
    if (c.steps < 0) next = 0;
    const int steps = c.steps < 0 ? static_cast<int>(train.size()) : c.steps;
    for (int step = 0; step < steps && !stopped; ++step) {
      const Samples& batch = train[next++ % train.size()];
      figures.add(batch, w, c.sample_weight, c.class_weight);
      double gradient = 0;
      for (const Sample& s : batch) {
        double weight = c.sample_weight ? s.weight : 1;
        if (c.class_weight && class_weights.contains(static_cast<std::int64_t>(s.label))) {
          weight *= class_weights.at(static_cast<std::int64_t>(s.label));
        }
        gradient += weight * 2 * (w * s.x - s.label) * s.x / static_cast<double>(batch.size());
      }
      accumulated += gradient / c.accumulation;
      if (++calls % c.accumulation == 0) {
        w -= learning_rate * accumulated;
        accumulated = 0;
      }
      stopped = c.stop && c.stop->first == epoch && c.stop->second == step;
    }
    note("", figures);
    if (c.validation == Validation::none || (epoch + 1) % c.validation_freq != 0) continue;
    Figures tested;
    for (std::size_t i = 0; i < validation.size(); ++i) {
      if (c.validation_steps >= 0 && i >= static_cast<std::size_t>(c.validation_steps)) break;
      tested.add(validation[i], w, c.sample_weight, false);
    }
    note("val_", tested);
  }
  return history;
}

data::AnyDataset dataset(const Batches& batches, bool with_weights) {
  // Of samples and batch() where all but the last are full.
  Samples all;
  for (const Samples& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  const auto size = static_cast<std::int64_t>(batches[0].size());
  const Tensor x = column(all, &Sample::x), y = column(all, &Sample::label);
  if (!with_weights) return data::from_tensor_slices(x, y).batch(size);
  return data::from_tensor_slices(x, y, column(all, &Sample::weight, true)).batch(size);
}

struct StopAfter : Callback {
  explicit StopAfter(std::pair<int, std::int64_t> when) : when(when) {}
  void on_epoch_begin(int now) override { epoch = now; }
  void on_train_batch_end(std::int64_t batch, const Logs&) override {
    if (std::pair(epoch, batch) == when) model().set_stop_training(true);
  }
  std::pair<int, std::int64_t> when;
  int epoch = 0;
};

Sequential line(int accumulation = 1) {
  Sequential model(layers::Dense(1, {.use_bias = false, .kernel_initializer = initializers::Constant(first_weight)}));
  optimizers::SGDOptions options{.learning_rate = learning_rate};
  if (accumulation > 1) options.gradient_accumulation_steps = accumulation;
  model.compile(
      {.optimizer = optimizers::SGD(options), .loss = "mse", .metrics = {"mae"}, .weighted_metrics = {"mae"}});
  return model;
}

History_ by_fit(const Case& c, Samples train, const Batches& validation) {
  Sequential model = line(c.accumulation);
  FitOptions options{.batch_size = 4, .epochs = c.epochs, .verbose = 0, .shuffle = false};
  options.initial_epoch = c.initial_epoch;
  options.steps_per_epoch = c.steps;
  options.validation_steps = c.validation_steps;
  options.validation_freq = c.validation_freq;
  options.validation_batch_size = c.validation_batch_size;
  if (c.class_weight) options.class_weight = class_weights;
  if (c.stop) options.callbacks.push_back(StopAfter(*c.stop));
  Samples tested;
  for (const Samples& batch : validation) tested.insert(tested.end(), batch.begin(), batch.end());
  if (c.validation == Validation::arrays) {
    options.validation_data = {column(tested, &Sample::x), column(tested, &Sample::label),
                               c.sample_weight ? column(tested, &Sample::weight, true) : Tensor()};
  } else if (c.validation == Validation::dataset) {
    options.validation_data = dataset(validation, c.sample_weight);
  } else if (c.validation == Validation::split) {
    options.validation_split = static_cast<double>(tested.size()) / static_cast<double>(tested.size() + train.size());
  }
  if (c.data != Data::arrays) {
    data::AnyDataset batches = dataset(in_batches(train, 4), c.sample_weight);
    return (c.data == Data::endless ? model.fit(batches.repeat(), options) : model.fit(batches, options)).history;
  }
  if (c.validation == Validation::split) train.insert(train.end(), tested.begin(), tested.end());
  if (c.sample_weight) options.sample_weight = column(train, &Sample::weight, true);
  return model.fit(column(train, &Sample::x), column(train, &Sample::label), options).history;
}

TEST_CASE("fit: the figures of every combination of its options are those of a loop by hand") {
  int count = 0;
  const testing::WarningCapture fewer_batches_than_steps;
  for (const Data data : {Data::arrays, Data::dataset, Data::endless}) {
    for (const int steps : {-1, 1, 2, 3, 5}) {
      if (data == Data::endless && steps < 0) continue;
      for (const Validation validation :
           {Validation::none, Validation::split, Validation::arrays, Validation::dataset}) {
        if (validation == Validation::split && data != Data::arrays) continue;
        for (int variant = 0; variant < 16; ++variant) {
          Case c{.data = data, .steps = steps, .validation = validation};
          c.sample_weight = (variant & 1) != 0;
          c.class_weight = (variant & 2) != 0;
          c.accumulation = (variant & 4) != 0 ? 3 : 1;
          if ((variant & 8) != 0) {
            c.initial_epoch = 1;
            c.epochs = 5;
            c.validation_freq = 2;
            c.validation_steps = validation == Validation::none ? -1 : 2;
            c.validation_batch_size = validation == Validation::dataset ? -1 : 3;
            if (variant % 3 == 0) c.stop = {3, 1};
          }
          const Samples train = samples(10);
          const Batches tested = in_batches(samples(5, 10), c.validation_batch_size > 0         ? 3
                                                            : validation == Validation::dataset ? 2
                                                                                                : 4);
          INFO("data ", int(data), ", steps ", steps, ", validation ", int(validation), ", variant ", variant);
          const History_ expected = by_hand(c, in_batches(train, 4), tested), received = by_fit(c, train, tested);
          ++count;
          REQUIRE(received.size() == expected.size());
          for (const auto& each : expected) {
            const std::string& name = each.first;
            const Numbers& values = each.second;
            CAPTURE(name);
            REQUIRE(received.contains(name));
            const Numbers& found = received.at(name);
            REQUIRE(found.size() == values.size());
            for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == doctest::Approx(values[i]).epsilon(1e-5));
          }
        }
      }
    }
  }
  CHECK(count > 600);
}

/// Does something in one function of a callback.
struct At : Callback {
  enum Where { epoch_begin, batch_begin, batch_end, epoch_end, test_begin, test_batch_end, test_end };
  At(Where where, std::function<void(Model&)> act) : where(where), act(std::move(act)) {}
  void on_epoch_begin(int) override { at(epoch_begin); }
  void on_train_batch_begin(std::int64_t batch) override {
    if (batch == 1) at(batch_begin);
  }
  void on_train_batch_end(std::int64_t batch, const Logs&) override {
    if (batch == 1) at(batch_end);
  }
  void on_epoch_end(int, const Logs&) override { at(epoch_end); }
  void on_test_begin() override { at(test_begin); }
  void on_test_batch_end(std::int64_t batch, const Logs&) override {
    if (batch == 0) at(test_batch_end);
  }
  void on_test_end(const Logs&) override { at(test_end); }
  void at(Where now) {
    if (now != where || busy) return;
    busy = true;
    act(model());
    busy = false;
  }
  Where where;
  std::function<void(Model&)> act;
  bool busy = false;
};

TEST_CASE("fit: callbacks that evaluate or compile the model do not mix figures") {
  const Samples train = samples(10);
  const Tensor x = column(train, &Sample::x), y = column(train, &Sample::label);
  const auto fit = [&](const AnyCallback& callback) {
    Sequential model = line();
    return model.fit(x, y,
                     {.batch_size = 4,
                      .epochs = 3,
                      .verbose = 0,
                      .callbacks = {callback},
                      .validation_data = {x * 2, y},
                      .shuffle = false});
  };
  const auto plain = fit(At(At::epoch_end, [](Model&) {}));
  const auto evaluate = [&](Model& model) { (void)model.evaluate(x * 3, y, {.verbose = 0}); };
  const auto test = [&](Model& model) { (void)model.test_on_batch(x * 3, y); };
  const auto compile_again = [](Model& model) {
    model.compile({.optimizer = optimizers::SGD({.learning_rate = learning_rate}),
                   .loss = "mse",
                   .metrics = {"mae"},
                   .weighted_metrics = {"mae"}});
  };
  for (const auto& act : std::initializer_list<std::function<void(Model&)>>{evaluate, test, compile_again}) {
    for (const auto where : {At::epoch_begin, At::epoch_end, At::test_begin, At::test_end}) {
      CAPTURE(int(where));
      const testing::WarningCapture warnings;
      CHECK(fit(At(where, act)).history == plain.history);
      CHECK(warnings.count() == 0);
    }
    for (const auto where : {At::batch_end, At::test_batch_end}) {
      CAPTURE(int(where));
      const testing::WarningCapture warnings;
      const auto history = fit(At(where, act));
      const char* figure = where == At::batch_end ? "loss" : "val_loss";
      CHECK(history[figure][0] != plain[figure][0]);
      CHECK(history[where == At::batch_end ? "val_loss" : "loss"] ==
            plain[where == At::batch_end ? "val_loss" : "loss"]);
      CHECK(warnings.text().find("the figures are those of the batches after batch") != std::string::npos);
    }
  }
}

TEST_CASE("fit: an epoch that a callback stops before its first batch has figures of its own") {
  struct StopAtBegin : Callback {
    void on_epoch_begin(int epoch) override {
      if (epoch == 1) model().set_stop_training(true);
    }
  };
  const Samples train = samples(10);
  Sequential model = line();
  const auto history =
      model.fit(column(train, &Sample::x), column(train, &Sample::label),
                {.batch_size = 4, .epochs = 5, .verbose = 0, .callbacks = {StopAtBegin()}, .shuffle = false});
  REQUIRE(history["loss"].size() == 2);
  // That of the first batch of the second epoch, as in Keras.
  Case c{.epochs = 2, .stop = {{1, 0}}};
  CHECK(history["loss"][1] == doctest::Approx(by_hand(c, in_batches(train, 4), {})["loss"][1]));
}

TEST_CASE("fit: class weights for labels that are numbers") {
  const Samples train = samples(6);
  const Tensor x = column(train, &Sample::x), y = column(train, &Sample::label);
  Sequential model = line();
  // Rounded to the class, as in Keras.
  CHECK(model.train_on_batch(x, y, {}, class_weights)["weighted_mae"] ==
        doctest::Approx(line().train_on_batch(x, y - 1e-6, {}, class_weights)["weighted_mae"]));
  CHECK_THROWS_TEXT(ValueError, "class_weight needs labels that are classes, received nan",
                    model.train_on_batch(x, y * std::nan(""), {}, class_weights));
  CHECK_THROWS_TEXT(ValueError, "expected a validation_batch_size of at least 1, received 0",
                    model.fit(x, y, {.verbose = 0, .validation_data = {x, y}, .validation_batch_size = 0}));
}

}  // namespace
}  // namespace xtape
