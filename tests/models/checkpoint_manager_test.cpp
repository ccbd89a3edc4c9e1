#include "xtape/models/checkpoint_manager.hpp"

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/optimizers/adam.hpp"

namespace xtape {
namespace {

using layers::Dense;
using testing::TempDir;

TEST_CASE("CheckpointManager: keeps the last files, numbers them on, restores the newest") {
  const TempDir temp;
  Sequential model(Input({2}), Dense(1));
  optimizers::Adam optimizer;
  optimizer.build(model.trainable_variables());
  Checkpoint checkpoint(model, optimizer);
  CheckpointManager manager(checkpoint, temp / "runs", {.max_to_keep = 2});
  CHECK(!manager.latest_checkpoint());
  bool initialized = false;
  CHECK(!manager.restore_or_initialize([&] { initialized = true; }));
  CHECK(initialized);
  auto weight = model.trainable_variables()[0];
  for (const double value : {1.0, 2.0, 3.0}) {
    weight.assign(full({2, 1}, value));
    CHECK(manager.save() == temp / ("runs/ckpt-" + std::to_string(static_cast<int>(value)) + ".safetensors"));
  }
  CHECK(manager.checkpoints() ==
        std::vector<std::string>{temp / "runs/ckpt-2.safetensors", temp / "runs/ckpt-3.safetensors"});
  temp.write("runs/ckpt-x.safetensors", "");
  temp.write("runs/ckpt-9.safetensors.tmp-1", "");
  weight.assign(zeros({2, 1}));
  CheckpointManager again(checkpoint, temp / "runs", {.max_to_keep = 2});
  CHECK(again.restore_or_initialize() == temp / "runs/ckpt-3.safetensors");
  CHECK(weight.peek().to_vector<float>() == std::vector<float>{3, 3});
  CHECK(again.save() == temp / "runs/ckpt-4.safetensors");
  CHECK(again.checkpoints().size() == 2);
  CHECK_THROWS_AS(CheckpointManager(checkpoint, ""), ValueError);
  CHECK_THROWS_AS(CheckpointManager(checkpoint, "x", {.max_to_keep = 0}), ValueError);
}

TEST_CASE("Checkpoint: several models and optimizers") {
  const TempDir temp;
  Sequential first(Input({2}), Dense(1)), second(Input({2}), Dense(3));
  optimizers::Adam one, two({.learning_rate = 0.5});
  one.build(first.trainable_variables());
  Checkpoint checkpoint(first, one);
  checkpoint.add("second", second);
  CHECK_THROWS_AS(checkpoint.add("second", two), ValueError);
  checkpoint.add("two", two);
  CHECK_THROWS_WITH_AS(checkpoint.save(temp / "c.safetensors"), doctest::Contains("'two' is not built"), ValueError);
  two.build(second.trainable_variables());
  const auto values = second.get_weights();
  checkpoint.save(temp / "c.safetensors");
  for (auto variable : second.variables()) variable.assign(zeros_like(variable.peek()));
  two.set_learning_rate(0.25);
  CHECK(checkpoint.restore(temp / "c.safetensors"));
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(second.get_weights()[i].to_vector<float>() == values[i].to_vector<float>());
  }
  CHECK(two.learning_rate() == 0.5);
}

}  // namespace
}  // namespace xtape
