#include "xtape/models/checkpoint.hpp"

#include <filesystem>
#include <fstream>

#include "support/check.hpp"
#include "support/unsearchable.hpp"
#include "xtape/base/error.hpp"
#include "xtape/callbacks/backup_and_restore.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/data/dataset.hpp"
#include "xtape/io/safetensors.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/metrics/auc.hpp"
#include "xtape/metrics/mean.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"

namespace xtape {
namespace {

using layers::Dense;
namespace fs = std::filesystem;

/// A folder that is removed at the end.
struct Folder {
  Folder() {
    static int number = 0;
    path =
        fs::temp_directory_path() / ("xtape_checkpoint_test_" + std::to_string(random::Generator(1).next_u64() % 9973) +
                                     "_" + std::to_string(++number));
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
  fs::path path;
};

Sequential network(std::int64_t hidden = 4) {
  return Sequential(Input({3}), Dense(hidden, {.activation = "relu"}), layers::Dropout(0.3, {.seed = 11}),
                    layers::Dropout(0.2), Dense(1));
}

struct Data {
  Tensor x = random::Generator(5).normal({40, 3});
  Tensor y = reduce_sum(square(x), {1}, true);
};

std::vector<float> all_weights(const Layer& model) {
  std::vector<float> all;
  for (const auto& variable : model.variables()) {
    for (const float value : variable.peek().to_vector<float>()) all.push_back(value);
  }
  return all;
}

TEST_CASE("save_weights: come back under their names, in another model of the same shape") {
  const Folder folder;
  auto model = network(), other = network();
  model.save_weights(folder / "w.safetensors");
  const auto file = io::load_safetensors(folder / "w.safetensors");
  REQUIRE(file.tensors.size() == 4);
  CHECK(file.tensors[0].first == "dense/kernel");
  CHECK(file.tensors[3].first == "dense_1/bias");
  CHECK(all_weights(model) != all_weights(other));
  other.load_weights(folder / "w.safetensors");
  CHECK(all_weights(model) == all_weights(other));

  struct Outer : Model {  // names are those within the model that is saved
    Sequential inner = track(network());
    Tensor call(const Tensor& x) override { return inner(x); }
  };
  Outer outer;
  outer.inner.load_weights(folder / "w.safetensors");
  CHECK(all_weights(outer) == all_weights(model));
}

TEST_CASE("load_weights: what does not match is listed, and nothing has changed") {
  const Folder folder;
  auto model = network();
  io::save_safetensors(folder / "w.safetensors",
                       {{"dense/kernel", zeros({3, 4})}, {"dense/bias", zeros({5})}, {"extra", zeros({1})}});
  const auto before = all_weights(model);
  CHECK_THROWS_TEXT(DataError,
                    "does not match the model:\n  'dense/bias' is float32 (5,) in the file, expected float32 (4,)\n  "
                    "'dense_1/kernel' is missing in the file\n  'dense_1/bias' is missing in the file\n  'extra' is in "
                    "the file only",
                    model.load_weights(folder / "w.safetensors"));
  CHECK(all_weights(model) == before);
  CHECK_THROWS_TEXT(DataError, "none.safetensors", model.load_weights(folder / "none.safetensors"));
  Sequential unbuilt(Dense(2));
  CHECK_THROWS_TEXT(ValueError, "is not built yet", unbuilt.save_weights(folder / "w.safetensors"));
  CHECK_THROWS_TEXT(ValueError, "is not built yet", unbuilt.load_weights(folder / "w.safetensors"));
}

TEST_CASE("Model.get_layer: by name") {
  auto model = network();
  CHECK(model.get_layer("dense_1").count_params() == 5);
  CHECK(model.layers().size() == 4);
  CHECK_THROWS_TEXT(ValueError, "no such layer: dense_2. Existing layers are: dense, dropout, dropout_1, dense_1",
                    model.get_layer("dense_2"));
}

TEST_CASE("Checkpoint: a loop of one's own goes on bit for bit") {
  const Folder folder;
  const Data data;
  const auto path = folder / "c.safetensors";
  const auto train = [&](Sequential& model, optimizers::Adam& optimizer, int steps) {
    for (int i = 0; i < steps; ++i) {
      optimizer.minimize([&] { return reduce_mean(square(model(data.x, {.training = true}) - data.y)); },
                         model.trainable_variables());
    }
  };
  random::set_seed(3);
  auto whole = network();
  optimizers::Adam optimizer({.learning_rate = 0.01});
  train(whole, optimizer, 5);
  Variable step(Tensor(std::int64_t{5}), {.trainable = false});
  Checkpoint checkpoint(whole, optimizer);
  checkpoint.add("step", step);
  checkpoint.save(path);
  train(whole, optimizer, 5);

  random::set_seed(99);
  auto resumed = network();
  optimizers::Adam other({.learning_rate = 0.5});
  Variable at(Tensor(std::int64_t{0}), {.trainable = false});
  Checkpoint again(resumed, other);
  again.add("step", at);
  CHECK_FALSE(again.restore(folder / "none"));
  REQUIRE(again.restore(path));
  CHECK(at.peek().item<std::int64_t>() == 5);
  CHECK(other.iterations() == 5);
  CHECK(other.learning_rate() == 0.01);
  train(resumed, other, 5);
  CHECK(all_weights(resumed) == all_weights(whole));
}

TEST_CASE("Checkpoint: of another training, damaged or of weights alone, it changes nothing") {
  const Folder folder;
  const auto path = folder / "c.safetensors";
  auto model = network(), wider = network(5);
  optimizers::Adam optimizer;
  optimizer.build(model.trainable_variables());
  Checkpoint(model, optimizer).save(path);
  optimizers::Adam of_wider;
  const auto before = all_weights(wider);
  CHECK_THROWS_TEXT(DataError, "'model/dense/kernel' is float32 (3, 4) in the file, expected float32 (3, 5)",
                    Checkpoint(wider, of_wider).restore(path));
  CHECK(all_weights(wider) == before);
  model.save_weights(path);
  CHECK_THROWS_TEXT(DataError, "is no checkpoint of a training", Checkpoint(model, optimizer).restore(path));
  std::ofstream(path, std::ios::binary) << "no tensors";
  CHECK_THROWS_TEXT(DataError, "c.safetensors", Checkpoint(model, optimizer).restore(path));
  Sequential unbuilt(Dense(2));
  CHECK_THROWS_TEXT(ValueError, "is not built yet", Checkpoint(unbuilt, optimizer).save(path));
  Checkpoint checkpoint(model, optimizer);
  checkpoint.add("a", Variable(1.0F));
  CHECK_THROWS_TEXT(ValueError, "a name that is not taken yet, received \"a\"",
                    checkpoint.add("a", random::default_generator()));
}

TEST_CASE("Checkpoint: the state of metrics") {
  const Folder folder;
  const auto path = folder / "c.safetensors";
  auto model = network();
  optimizers::Adam optimizer;
  optimizer.build(model.trainable_variables());
  const Tensor labels = constant({{1.0, 0.0}, {0.0, 1.0}}), scores = constant({{0.8, 0.3}, {0.6, 0.1}});
  metrics::Mean loss("loss");
  metrics::AUC auc({.multi_label = true});
  loss.update_state(constant({1.0, 4.0}));
  auc.update_state(labels, scores);
  Checkpoint checkpoint(model, optimizer);
  checkpoint.add("loss", loss);
  checkpoint.add("auc", auc);
  CHECK_THROWS_TEXT(ValueError, "\"auc\"", checkpoint.add("auc", loss));
  checkpoint.save(path);
  CHECK(loss(constant(2.0)) == doctest::Approx(7.0 / 3));

  metrics::Mean resumed_loss("loss");
  metrics::AUC resumed_auc({.multi_label = true});
  Checkpoint resumed(model, optimizer);
  resumed.add("loss", resumed_loss);
  resumed.add("auc", resumed_auc);
  REQUIRE(resumed.restore(path));
  CHECK(resumed_loss.result() == 2.5);
  CHECK(resumed_loss(constant(2.0)) == loss.result());
  CHECK(resumed_auc.result() == auc.result());

  const auto refuses = [&](const std::string& name, metrics::Metric& metric, const std::string& text) {
    Checkpoint other(model, optimizer);
    other.add("loss", resumed_loss);
    other.add(name, metric);
    const double before = resumed_loss.result();
    CHECK_THROWS_TEXT(DataError, text, other.restore(path));
    CHECK(resumed_loss.result() == before);
  };
  metrics::AUC coarse({.num_thresholds = 3, .multi_label = true});
  refuses("auc", coarse, "numbers are no state of the metric 'auc'");
  refuses("none", coarse, "'metric/none' is missing in the file");

  struct Silent : metrics::Metric {
    Silent() : Metric("silent") {}
    void reset_state() override {}
    double result() const override { return 0; }
  } silent;
  Checkpoint with_silent(model, optimizer);
  with_silent.add("silent", silent);
  CHECK_THROWS_TEXT(RuntimeError, "the class of the metric 'silent' does not say what its state is",
                    with_silent.save(path));
}

TEST_CASE("Checkpoint.restore: false only where there is no file") {
  const Folder folder;
  Sequential model = network();
  model.build_for({1, 3});
  optimizers::Adam adam;
  adam.build(model.trainable_variables());
  Checkpoint checkpoint(model, adam);
  CHECK(!checkpoint.restore(folder / "none"));
  CHECK(!checkpoint.restore(folder / "none/none"));
  fs::create_symlink("later", folder.path / "link");
  CHECK(!checkpoint.restore(folder / "link"));
  checkpoint.save(folder / "link");  // to where the link leads
  CHECK(fs::is_symlink(folder.path / "link"));
  CHECK(checkpoint.restore(folder / "later"));
  fs::create_symlink("loop", folder.path / "loop");
  CHECK_THROWS_TEXT(DataError, "[Checkpoint.restore] " + (folder / "loop") + ": cannot be looked for: ",
                    checkpoint.restore(folder / "loop"));
  CHECK_THROWS_TEXT(DataError, "expected a file, received a directory", checkpoint.restore(folder.path.string()));
  fs::create_directories(folder.path / "locked");
  checkpoint.save(folder / "locked/training");
  callbacks::BackupAndRestore backup(folder / "locked/backup");
  backup.set_model(model);
  const testing::Unsearchable locked(folder / "locked");
  CHECK_THROWS_TEXT(DataError, "locked/training: cannot be looked for: Permission denied",
                    checkpoint.restore(folder / "locked/training"));
  CHECK_THROWS_TEXT(DataError, "[BackupAndRestore] " + (folder / "locked/backup"), backup.on_train_begin());
}

TEST_CASE("BackupAndRestore: a fit that was interrupted ends as if it had not been") {
  const Folder folder;
  const Data data;
  const auto make = [] {
    auto model = network();
    model.compile(optimizers::Adam({.learning_rate = 0.01}), "mse");
    return model;
  };
  random::set_seed(21);
  auto whole = make();
  const auto expected = whole.fit(data.x, data.y, {.batch_size = 7, .epochs = 6, .verbose = 0});

  struct Interrupt : Callback {
    void on_train_batch_end(std::int64_t batch, const Logs&) override {
      if (++batches == 3 * 6 + 2) throw RuntimeError("interrupted in batch " + std::to_string(batch));
    }
    int batches = 0;
  };
  random::set_seed(21);
  auto first = make();
  CHECK_THROWS_TEXT(RuntimeError, "interrupted in batch 1",
                    first.fit(data.x, data.y,
                              {.batch_size = 7,
                               .epochs = 6,
                               .verbose = 0,
                               .callbacks = {callbacks::BackupAndRestore(folder / "backup"), Interrupt()}}));
  random::set_seed(1);
  auto second = make();
  const auto rest = second.fit(
      data.x, data.y,
      {.batch_size = 7, .epochs = 6, .verbose = 0, .callbacks = {callbacks::BackupAndRestore(folder / "backup")}});
  CHECK(rest.epoch == std::vector<int>{3, 4, 5});
  CHECK(rest["loss"].back() == expected["loss"].back());
  CHECK(all_weights(second) == all_weights(whole));
  CHECK_FALSE(fs::exists(fs::path(folder / "backup") / "training.safetensors"));
  CHECK_THROWS_TEXT(ValueError, "expected the name of a folder", callbacks::BackupAndRestore(""));
  CHECK_THROWS_TEXT(ValueError, "a save_freq of at least 1", callbacks::BackupAndRestore("x", {.save_freq = 0}));
}

TEST_CASE("fit: a dataset of batches, finite and without end") {
  const Data data;
  auto model = network();
  model.compile("sgd", "mse", {"mae"});
  const auto batches = data::from_tensor_slices(data.x, data.y).batch(16);
  const auto history = model.fit(batches, {.epochs = 2, .verbose = 0, .validation_data = batches});
  CHECK(history["val_mae"].size() == 2);
  CHECK(model.optimizer().iterations() == 6);
  CHECK(model.evaluate(batches, {.verbose = 0})["loss"] == doctest::Approx(history["val_loss"][1]).epsilon(1e-6));
  CHECK(model.evaluate(data.x, data.y, {.verbose = 0})["mae"] == doctest::Approx(history["val_mae"][1]).epsilon(1e-6));
  (void)model.fit(batches.repeat(), {.epochs = 3, .verbose = 0, .steps_per_epoch = 2});
  CHECK(model.optimizer().iterations() == 12);
  CHECK_THROWS_TEXT(ValueError, "the dataset never ends: say how many steps",
                    model.fit(batches.repeat(), {.verbose = 0}));
  CHECK_THROWS_TEXT(ValueError, "the dataset gave no batch in epoch 1", model.fit(batches.take(0), {.verbose = 0}));
  CHECK_THROWS_TEXT(ValueError, "are for arrays, not for a dataset",
                    model.fit(batches, {.verbose = 0, .validation_split = 0.5}));
  // Weights as the third tensor: those of the second half are 0.
  const Tensor weights = cast(arange(0, 40) < 20, float32);
  auto frozen = network();
  frozen.compile(optimizers::Adam({.learning_rate = 0}), "mse");
  const auto weighted = frozen.evaluate(data::from_tensor_slices(data.x, data.y, weights).batch(40), {.verbose = 0});
  CHECK(weighted["loss"] ==
        doctest::Approx(reduce_sum(squeeze(square(frozen(data.x) - data.y), 1) * weights).item() / 40).epsilon(1e-5));
}

}  // namespace
}  // namespace xtape
