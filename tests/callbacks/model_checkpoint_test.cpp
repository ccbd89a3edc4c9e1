#include "xtape/callbacks/model_checkpoint.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "callbacks/tiny_model.hpp"
#include "support/check.hpp"
#include "support/stdout_capture.hpp"
#include "support/temp_dir.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"

namespace xtape {
namespace {

using callbacks::ModelCheckpoint;
using testing::drive;
using testing::StdoutCapture;
using testing::TempDir;
using testing::tiny_model;
using testing::WarningCapture;
using testing::weight_of;

/// The names of all files, in order.
std::vector<std::string> files_in(const TempDir& dir) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.str())) {
    if (entry.is_regular_file()) names.push_back(std::filesystem::relative(entry.path(), dir.str()).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

double saved_weight(const std::string& path) {
  auto model = tiny_model();
  model.load_weights(path);
  return weight_of(model);
}

using Names = std::vector<std::string>;

TEST_CASE("ModelCheckpoint: every epoch, with the epoch and figures in the name") {
  const TempDir dir;
  auto model = tiny_model();
  ModelCheckpoint callback(dir / "run/{epoch:02d}-{val_loss:.2f}.safetensors");
  callback.set_model(model);
  callback.on_train_batch_end(0, {{"val_loss", 7}});  // not to be heard
  drive(callback, model, "val_loss", {1.5, 0.25, 3.14159});
  CHECK(files_in(dir) == Names{"run/01-1.50.safetensors", "run/02-0.25.safetensors", "run/03-3.14.safetensors"});
  CHECK(saved_weight(dir / "run/01-1.50.safetensors") == 0);
  CHECK(saved_weight(dir / "run/03-3.14.safetensors") == 2);
}

TEST_CASE("ModelCheckpoint: formats as Python's") {
  // python3: "{{{epoch}}}_{loss}_{loss:08.3f}_{epoch:>3}_{loss:e}_{epoch:.1f}".format(epoch=1, loss=2.0)
  const TempDir dir;
  auto model = tiny_model();
  ModelCheckpoint callback(dir / "{{{epoch}}}_{loss}_{loss:08.3f}_{epoch:>3}_{loss:e}_{epoch:.1f}.safetensors");
  drive(callback, model, "loss", {2});
  CHECK(files_in(dir) == Names{"{1}_2.0_0002.000_  1_2.000000e+00_1.0.safetensors"});
}

TEST_CASE("ModelCheckpoint: only the best, from one training to the next") {
  const TempDir dir;
  const std::string path = dir / "best.safetensors";
  auto model = tiny_model();
  ModelCheckpoint callback(path, {.save_best_only = true});
  drive(callback, model, "val_loss", {3, 1, 2, std::numeric_limits<double>::quiet_NaN()});
  CHECK(saved_weight(path) == 1);
  CHECK(callback.best() == 1.0);
  drive(callback, model, "val_loss", {2, 1, 1.5});
  CHECK(saved_weight(path) == 1);
  drive(callback, model, "val_loss", {2, 3, 4, 0.5});
  CHECK(saved_weight(path) == 3);
  ModelCheckpoint upwards(path, {.monitor = "acc", .save_best_only = true, .initial_value_threshold = 0.5});
  drive(upwards, model, "acc", {0.1, 0.3, 0.4});
  CHECK(saved_weight(path) == 3);
  drive(upwards, model, "acc", {0.1, 0.6, 0.4});
  CHECK(saved_weight(path) == 1);
  // What is not the best does not matter where all are saved.
  ModelCheckpoint all(path, {.monitor = "unknown"});
  drive(all, model, "val_loss", {3, 4, 5});
  CHECK(saved_weight(path) == 2);
}

TEST_CASE("ModelCheckpoint: every so many batches, counted through the epochs") {
  const TempDir dir;
  auto model = tiny_model();
  const Tensor x = ones({5, 1}), y = zeros({5, 1});
  model.fit(x, y,
            {.batch_size = 1,
             .epochs = 2,
             .verbose = 0,
             .callbacks = {ModelCheckpoint(dir / "{epoch}-{batch}.safetensors", {.save_freq = 3})}});
  CHECK(files_in(dir) == Names{"1-3.safetensors", "2-1.safetensors", "2-4.safetensors"});
  // Each step is w -= 0.1 * 2 w.
  CHECK(saved_weight(dir / "2-1.safetensors") == doctest::Approx(0.8 * 0.8 * 0.8 * 0.8 * 0.8 * 0.8));
  // The running mean falls in each epoch: the losses are 1, 0.64, 0.4096, ...
  ModelCheckpoint best(dir / "best.safetensors", {.monitor = "loss", .save_best_only = true, .save_freq = "batch"});
  model.set_weights({ones({1, 1})});
  model.fit(x, y, {.batch_size = 1, .verbose = 0, .callbacks = {&best}});
  CHECK(best.best().value() == doctest::Approx((1 + 0.64 + 0.4096 + 0.262144 + 0.16777216) / 5));
}

TEST_CASE("ModelCheckpoint: warns where the figure is missing, and saves") {
  const TempDir dir;
  auto model = tiny_model();
  ModelCheckpoint callback(dir / "{epoch}.safetensors", {.save_best_only = true});
  WarningCapture warnings;
  drive(callback, model, "loss", {1, 2});
  CHECK(files_in(dir) == Names{"1.safetensors", "2.safetensors"});
  CHECK(warnings.text() == "Can save best model only with val_loss available. Available metrics are: loss\n");
}

TEST_CASE("ModelCheckpoint: says what it does") {
  const TempDir dir;
  auto model = tiny_model();
  const std::string path = dir / "best.safetensors";
  ModelCheckpoint best(path, {.verbose = 1, .save_best_only = true});
  {
    StdoutCapture out;
    drive(best, model, "val_loss", {1, 2, 0.5});
    CHECK(out.text() == "\nEpoch 1: val_loss improved from None to 1.00000, saving model to " + path +
                            "\n\nEpoch 1: finished saving model to " + path +
                            "\n\nEpoch 2: val_loss did not improve from 1.00000\n"
                            "\nEpoch 3: val_loss improved from 1.00000 to 0.50000, saving model to " +
                            path + "\n\nEpoch 3: finished saving model to " + path + "\n");
  }
  ModelCheckpoint all(path, {.verbose = 1});
  StdoutCapture out;
  drive(all, model, "val_loss", {1});
  CHECK(out.text() == "\nEpoch 1: saving model to " + path + "\n\nEpoch 1: finished saving model to " + path + "\n");
}

TEST_CASE("ModelCheckpoint: errors") {
  const TempDir dir;
  auto model = tiny_model();
  CHECK_THROWS_TEXT(ValueError, "[ModelCheckpoint] expected a filepath", ModelCheckpoint(""));
  CHECK_THROWS_TEXT(ValueError, "failed to format this callback filepath: \"{epoch\". Reason: expected '}'",
                    ModelCheckpoint("{epoch"));
  CHECK_THROWS_TEXT(ValueError, "single '}'", ModelCheckpoint("epoch}"));
  CHECK_THROWS_TEXT(ValueError, "a field has no name", ModelCheckpoint("{:02d}"));
  CHECK_THROWS_TEXT(ValueError, "Reason: 'val_loss:02d': ", ModelCheckpoint("{val_loss:02d}"));
  for (const char* format : {"{epoch:999999999}", "{epoch:0>300}", "{loss:.99999999999999999999f}", "{loss:1e9}"}) {
    CHECK_THROWS_TEXT(ValueError, "failed to format this callback filepath", ModelCheckpoint(format));
  }
  CHECK_THROWS_TEXT(ValueError, "'epoch:256': expected a width and precision of at most 255",
                    ModelCheckpoint("{epoch:256}"));
  CHECK_NOTHROW(ModelCheckpoint("{epoch:0>255}"));
  CHECK_THROWS_TEXT(ValueError, "expected \"epoch\", \"batch\" or a number of batches, received \"step\"",
                    ModelCheckpoint("x", {.save_freq = "step"}));
  CHECK_THROWS_TEXT(ValueError, "expected at least 1 batch, received 0", ModelCheckpoint("x", {.save_freq = 0}));
  ModelCheckpoint unknown(dir / "{acc}.safetensors");
  CHECK_THROWS_TEXT(LookupError, "Reason: there is no 'acc', only: epoch, loss", drive(unknown, model, "loss", {1}));
  ModelCheckpoint by_batch(dir / "{acc}.safetensors", {.save_freq = 1});
  by_batch.set_model(model);
  CHECK_THROWS_TEXT(LookupError, "Reason: there is no 'acc', only: epoch, batch, loss",
                    by_batch.on_train_batch_end(0, {{"loss", 1}}));
  ModelCheckpoint folder(dir.str(), {.save_best_only = true});
  CHECK_THROWS_TEXT(DataError, "Filepath used is an existing directory: " + dir.str(),
                    drive(folder, model, "val_loss", {1}));
  CHECK_FALSE(folder.best().has_value());
  ModelCheckpoint below_a_file(dir.write("file", "x") + "/x.safetensors");
  CHECK_THROWS_TEXT(DataError, "[ModelCheckpoint] " + (dir / "file") + ": the folder cannot be created",
                    drive(below_a_file, model, "val_loss", {1}));
}

}  // namespace
}  // namespace xtape
