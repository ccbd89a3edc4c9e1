// After a fit that ends with an exception, wherever it was thrown, nothing is left of it: weights are those that were
// trained, files are closed, and the next fit with the same callbacks is that of new ones.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <stdexcept>

#include "support/check.hpp"
#include "support/header_scan.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/callbacks/backup_and_restore.hpp"
#include "xtape/callbacks/csv_logger.hpp"
#include "xtape/callbacks/early_stopping.hpp"
#include "xtape/callbacks/lambda_callback.hpp"
#include "xtape/callbacks/learning_rate_scheduler.hpp"
#include "xtape/callbacks/model_checkpoint.hpp"
#include "xtape/callbacks/reduce_lr_on_plateau.hpp"
#include "xtape/callbacks/swap_ema_weights.hpp"
#include "xtape/callbacks/tensor_board.hpp"
#include "xtape/callbacks/terminate_on_nan.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

using callbacks::LambdaCallback;
using testing::TempDir;

enum class Point {
  train_begin,
  epoch_begin,
  batch_begin,
  step,
  batch_end,
  test_begin,
  test_batch_begin,
  test_step,
  test_batch_end,
  test_end,
  epoch_end,
  train_end
};

/// Throws at one point of the second epoch.
struct Fault {
  std::optional<Point> at;
  int epoch = 0;
  void pass(Point point) const {
    const bool of_no_epoch = point == Point::train_begin || point == Point::train_end;
    if (at == point && (of_no_epoch || epoch == 1)) throw std::runtime_error("no more");
  }
  LambdaCallback callback() {
    return LambdaCallback({.on_epoch_begin =
                               [this](int e) {
                                 epoch = e;
                                 pass(Point::epoch_begin);
                               },
                           .on_epoch_end = [this](int, const Logs&) { pass(Point::epoch_end); },
                           .on_train_begin = [this] { pass(Point::train_begin); },
                           .on_train_end = [this](const Logs&) { pass(Point::train_end); },
                           .on_train_batch_begin = [this](std::int64_t) { pass(Point::batch_begin); },
                           .on_train_batch_end = [this](std::int64_t, const Logs&) { pass(Point::batch_end); },
                           .on_test_begin = [this] { pass(Point::test_begin); },
                           .on_test_end = [this](const Logs&) { pass(Point::test_end); },
                           .on_test_batch_begin = [this](std::int64_t) { pass(Point::test_batch_begin); },
                           .on_test_batch_end = [this](std::int64_t, const Logs&) { pass(Point::test_batch_end); }});
  }
};

/// y = w x, whose optimizer keeps averages.
struct Line : Model {
  layers::Dense dense = track(layers::Dense(1, {.use_bias = false, .kernel_initializer = "ones"}));
  const Fault* fault;
  explicit Line(const Fault& f) : fault(&f) {
    compile(optimizers::SGD({.learning_rate = 0.1, .use_ema = true, .ema_momentum = 0.5}), "mse");
  }
  Tensor call(const Tensor& x) override { return dense(x); }
  Logs train_step(const TrainBatch& batch) override {
    const Logs logs = Model::train_step(batch);
    fault->pass(Point::step);
    return logs;
  }
  Logs test_step(const TrainBatch& batch) override {
    fault->pass(Point::test_step);
    return Model::test_step(batch);
  }
};

History fit(Line& line, std::vector<AnyCallback> callbacks) {
  const Tensor x = constant({{1.0F}, {2.0F}, {-1.0F}, {0.5F}}), y = x * -0.5F;
  return line.fit(x, y,
                  {.batch_size = 2,
                   .epochs = 3,
                   .verbose = 0,
                   .callbacks = std::move(callbacks),
                   .validation_data = {x, y},
                   .shuffle = false});
}

double weight_of(const Line& line) { return line.variables().at(0).peek().item(); }

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The names of the files in a folder, but for the numbers of TensorBoard's.
std::multiset<std::string> files_in(const std::string& folder) {
  std::multiset<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    names.insert(entry.path().lexically_relative(folder).string());
  }
  return names;
}

std::ptrdiff_t open_files() {
  const std::filesystem::directory_iterator begin("/proc/self/fd");
  return std::distance(begin, {});
}

struct Row {
  std::string name;
  std::function<AnyCallback(const std::string& folder)> make;
  bool changes_rate = false;  ///< the learning rate, which stays as it is then, as in Keras
  bool resumes = false;       ///< the next fit goes on where the one before has ended
};

const std::vector<Row>& rows() {
  using namespace callbacks;
  static const std::vector<Row> all{
      {.name = "BackupAndRestore",
       .make = [](const auto& folder) { return BackupAndRestore(folder + "/backup"); },
       .resumes = true},
      {.name = "CSVLogger", .make = [](const auto& folder) { return CSVLogger(folder + "/log.csv"); }},
      {.name = "EarlyStopping", .make = [](const auto&) { return EarlyStopping({.restore_best_weights = true}); }},
      {.name = "LambdaCallback", .make = [](const auto&) { return LambdaCallback({}); }},
      {.name = "LearningRateScheduler",
       .make = [](const auto&) { return LearningRateScheduler([](int epoch) { return 0.1 / (1 + epoch); }); },
       .changes_rate = true},
      {.name = "ModelCheckpoint",
       .make = [](const auto& folder) { return ModelCheckpoint(folder + "/{epoch}-{val_loss:.3f}.safetensors"); }},
      {.name = "ReduceLROnPlateau",
       .make = [](const auto&) { return ReduceLROnPlateau({.factor = 0.5, .patience = 1, .min_delta = 100}); },
       .changes_rate = true},
      {.name = "SwapEMAWeights", .make = [](const auto&) { return SwapEMAWeights(); }},
      {.name = "SwapEMAWeights", .make = [](const auto&) { return SwapEMAWeights({.swap_on_epoch = true}); }},
      {.name = "TensorBoard", .make = [](const auto& folder) { return TensorBoard({.log_dir = folder + "/logs"}); }},
      {.name = "TerminateOnNaN", .make = [](const auto&) { return TerminateOnNaN(); }},
  };
  return all;
}

TEST_CASE("callbacks: every one has a row in the table of what is left after an exception") {
  const std::string headers = testing::headers_of("include/xtape/callbacks");
  std::set<std::string> expected = testing::classes_derived_from("Callback", headers), found;
  expected.erase("MonitorCallback");
  for (const Row& row : rows()) found.insert(row.name);
  CHECK(found == expected);
}

TEST_CASE("callbacks: after an exception, thrown anywhere in fit, the next fit is that of new callbacks") {
  const Fault none;
  for (const Row& row : rows()) {
    CAPTURE(row.name);
    const TempDir undisturbed;
    Line expected(none);
    const History history = fit(expected, {row.make(undisturbed.str())});
    for (int point = 0; point <= static_cast<int>(Point::train_end); ++point) {
      for (const bool thrown_first : {false, true}) {
        CAPTURE(point);
        CAPTURE(thrown_first);
        const TempDir folder;
        const auto files_before = open_files();
        Fault fault{static_cast<Point>(point)};
        const AnyCallback callback = row.make(folder.str());
        Line line(fault);
        const auto callbacks = [&] {
          return thrown_first ? std::vector<AnyCallback>{fault.callback(), callback}
                              : std::vector<AnyCallback>{callback, fault.callback()};
        };
        CHECK_THROWS_WITH_AS(fit(line, callbacks()), "no more", std::runtime_error);
        CHECK(open_files() == files_before);
        CHECK_FALSE(is_recording());
        if (!row.changes_rate && fault.at != Point::train_begin && fault.at != Point::train_end) {
          Line alone(fault);
          CHECK_THROWS_WITH_AS(fit(alone, {fault.callback()}), "no more", std::runtime_error);
          CHECK(weight_of(line) == weight_of(alone));
        }

        fault = {};
        Line next(fault);
        const History again = fit(next, callbacks());
        CHECK(weight_of(next) == weight_of(expected));
        CHECK(open_files() == files_before);
        if (row.resumes) continue;
        CHECK(again.history == history.history);
        CHECK(next.optimizer().learning_rate() == expected.optimizer().learning_rate());
        if (row.name == "TensorBoard") continue;  // files of each run, named after the time
        CHECK(files_in(folder.str()) == files_in(undisturbed.str()));
        if (row.name == "CSVLogger") {
          CHECK(contents(folder / "log.csv") == contents(undisturbed / "log.csv"));
        }
      }
    }
  }
}

TEST_CASE("callbacks: averages give way to the weights when evaluate and predict end with an exception") {
  const Fault none;
  Line line(none);
  (void)fit(line, {});
  const Tensor x = ones({2, 1}), y = zeros({2, 1});
  (void)line.train_on_batch(x, y);
  const double weight = weight_of(line);
  double seen = weight;
  const LambdaCallback fails({.on_test_end = [](const Logs&) { throw std::runtime_error("no more"); },
                              .on_predict_batch_begin =
                                  [&](std::int64_t) {
                                    seen = weight_of(line);
                                    throw std::runtime_error("no more");
                                  }});
  CHECK_THROWS_AS(line.evaluate(x, y, {.verbose = 0, .callbacks = {fails, callbacks::SwapEMAWeights()}}),
                  std::runtime_error);
  CHECK(weight_of(line) == weight);
  CHECK_THROWS_AS(line.predict(x, {.callbacks = {callbacks::SwapEMAWeights(), fails}}), std::runtime_error);
  CHECK(seen != weight);
  CHECK(weight_of(line) == weight);
}

TEST_CASE("callbacks: on_failure is called once for each exception, for all, and its own exceptions are lost") {
  Fault fault;
  Line line(fault);
  int failures = 0;
  const LambdaCallback first({.on_failure =
                                  [&] {
                                    ++failures;
                                    throw ValueError("of on_failure");
                                  }}),
      second({.on_failure = [&] { ++failures; }});
  (void)fit(line, {first, second, fault.callback()});
  CHECK(failures == 0);
  fault = {Point::test_step};
  CHECK_THROWS_WITH_AS(fit(line, {first, second, fault.callback()}), "no more", std::runtime_error);
  CHECK(failures == 2);
  const Tensor x = ones({2, 1}), y = zeros({2, 1});
  CHECK_THROWS_WITH_AS(line.evaluate(x, y, {.verbose = 0, .callbacks = {first, second}}), "no more",
                       std::runtime_error);
  CHECK(failures == 4);
  const LambdaCallback fails({.on_predict_end = [] { throw std::runtime_error("no more"); }});
  CHECK_THROWS_WITH_AS(line.predict(x, {.callbacks = {first, second, fails}}), "no more", std::runtime_error);
  CHECK(failures == 6);
}

}  // namespace
}  // namespace xtape
