#include "xtape/callbacks/tensor_board.hpp"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "callbacks/tiny_model.hpp"
#include "io/crc32c.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/layers/flatten.hpp"

namespace xtape {
namespace {

using callbacks::TensorBoard;
using testing::TempDir;
using testing::tiny_model;

std::uint64_t little_endian(const std::string& bytes, std::size_t at, std::size_t n) {
  std::uint64_t value = 0;
  for (std::size_t i = n; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

/// The fields of a protocol buffer: numbers as eight bytes, the rest as it is.
std::multimap<int, std::string> fields_of(const std::string& message) {
  std::multimap<int, std::string> fields;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(at++));
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.size()) {
    const auto key = varint();
    std::string value;
    switch (key & 7) {
      case 0: {
        const std::uint64_t number = varint();
        value.assign(reinterpret_cast<const char*>(&number), 8);
        break;
      }
      case 1:
        value = message.substr(at, 8), at += 8;
        break;
      case 5:
        value = message.substr(at, 4), at += 4;
        break;
      default: {
        const auto size = static_cast<std::size_t>(varint());
        value = message.substr(at, size);
        REQUIRE(value.size() == size);
        at += size;
      }
    }
    fields.emplace(static_cast<int>(key >> 3), value);
  }
  return fields;
}

std::string field(const std::string& message, int number) {
  const auto fields = fields_of(message);
  const auto found = fields.find(number);
  return found == fields.end() ? "" : found->second;
}

/// One value of an event file (tensorflow/core/util/event.proto, framework/summary.proto).
struct Entry {
  std::string tag, plugin;
  std::int64_t step;
  double value;            ///< of scalars
  std::string image_size;  ///< "width x height"
};

struct Run {
  std::vector<Entry> entries;
  std::vector<std::string> graphs;

  /// Of all entries of a tag, in their order.
  std::vector<double> steps(const std::string& tag) const {
    std::vector<double> result;
    for (const auto& entry : entries) {
      if (entry.tag == tag) result.push_back(static_cast<double>(entry.step));
    }
    return result;
  }
  std::vector<double> values(const std::string& tag) const {
    std::vector<double> result;
    for (const auto& entry : entries) {
      if (entry.tag == tag) result.push_back(entry.value);
    }
    return result;
  }
  std::string tags() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : entries) all[entry.tag] = entry.plugin;
    std::string text;
    for (const auto& [tag, plugin] : all) text += tag + " " + plugin + "\n";
    return text;
  }
};

/// All event files of a folder; none where it is not there.
Run read_run(const std::string& folder) {
  Run run;
  if (!std::filesystem::exists(folder)) return run;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    for (std::size_t at = 0; at < bytes.size();) {
      const auto size = static_cast<std::size_t>(little_endian(bytes, at, 8));
      const std::string event = bytes.substr(at + 12, size);
      const auto rotated = static_cast<std::uint32_t>(little_endian(bytes, at + 12 + size, 4) - 0xa282ead8u);
      CHECK(((rotated >> 17) | (rotated << 15)) == detail::crc32c(event));
      at += 16 + size;
      const std::string step = field(event, 2);
      if (const std::string graph = field(event, 4); !graph.empty()) run.graphs.push_back(graph);
      const auto values = fields_of(field(event, 5));
      for (const auto& [number, value] : values) {
        Entry entry{field(value, 1), field(field(field(value, 9), 1), 1), 0, 0, {}};
        if (!step.empty()) std::memcpy(&entry.step, step.data(), 8);
        const std::string content = field(field(value, 8), 4);
        float number32 = 0;
        if (content.size() == 4) std::memcpy(&number32, content.data(), 4);
        entry.value = number32;
        const auto parts = fields_of(field(value, 8));
        if (const auto [first, last] = parts.equal_range(8);
            entry.plugin == "images" && std::distance(first, last) > 2) {
          entry.image_size = fmt::format("{} x {}", first->second, std::next(first)->second);
        }
        run.entries.push_back(entry);
      }
    }
  }
  return run;
}

TEST_CASE("TensorBoard: the figures of epochs, batches and validations under Keras's names") {
  const TempDir dir;
  auto model = tiny_model({"mae"});
  const Tensor x = ones({4, 1}), y = zeros({4, 1});
  const auto history = model.fit(x, y,
                                 {.batch_size = 2,
                                  .epochs = 3,
                                  .verbose = 0,
                                  .callbacks = {TensorBoard({.log_dir = dir / "logs"})},
                                  .validation_data = {x, y}});
  const Run train = read_run(dir / "logs/train"), validation = read_run(dir / "logs/validation");
  CHECK(train.tags() == "epoch_learning_rate scalars\nepoch_loss scalars\nepoch_mae scalars\n");
  CHECK(validation.tags() ==
        "epoch_loss scalars\nepoch_mae scalars\nevaluation_loss_vs_iterations scalars\n"
        "evaluation_mae_vs_iterations scalars\n");
  CHECK_CLOSE(train.steps("epoch_loss"), {0, 1, 2});
  CHECK_CLOSE(train.values("epoch_loss"), history["loss"]);
  CHECK_CLOSE(train.values("epoch_learning_rate"), {0.1, 0.1, 0.1});
  CHECK_CLOSE(validation.values("epoch_mae"), history["val_mae"]);
  CHECK_CLOSE(validation.steps("epoch_mae"), {0, 1, 2});
  CHECK_CLOSE(validation.steps("evaluation_loss_vs_iterations"), {2, 4, 6});
  CHECK_CLOSE(validation.values("evaluation_loss_vs_iterations"), history["val_loss"]);
}

TEST_CASE("TensorBoard: update_freq and steps per second") {
  const TempDir dir;
  auto model = tiny_model();
  const Tensor x = ones({5, 1}), y = zeros({5, 1});
  model.fit(x, y,
            {.batch_size = 1,
             .epochs = 2,
             .verbose = 0,
             .callbacks = {TensorBoard({.log_dir = dir / "a", .update_freq = "batch"}),
                           TensorBoard({.log_dir = dir / "b", .write_steps_per_second = true, .update_freq = 4}),
                           TensorBoard({.log_dir = dir / "c", .write_steps_per_second = true})}});
  const Run a = read_run(dir / "a/train"), b = read_run(dir / "b/train"), c = read_run(dir / "c/train");
  CHECK_CLOSE(a.steps("batch_loss"), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(a.values("batch_loss")[0] == 1);
  CHECK(a.values("batch_loss")[1] == doctest::Approx((1 + 0.64) / 2));  // w = 0.8; the mean since the epoch began
  CHECK_CLOSE(b.steps("batch_loss"), {4, 8});
  CHECK_CLOSE(b.steps("batch_steps_per_second"), {4, 8});
  CHECK_CLOSE(b.steps("epoch_steps_per_second"), {0, 1});
  CHECK(a.steps("epoch_steps_per_second").empty());
  CHECK(c.steps("batch_steps_per_second").empty());
  for (const double rate : c.values("epoch_steps_per_second")) CHECK(rate > 0);
  CHECK_FALSE(std::filesystem::exists(dir / "a/validation"));
}

TEST_CASE("TensorBoard: histograms and images of the weights") {
  const TempDir dir;
  Sequential model{layers::Dense(3, {.name = "hidden"}), layers::Dense(1, {.name = "out:1"})};
  model.set_name("net");
  model.compile("sgd", "mse");
  model.fit(ones({4, 4}), zeros({4, 1}),
            {.epochs = 3,
             .verbose = 0,
             .callbacks = {TensorBoard({.log_dir = dir.str(), .histogram_freq = 2, .write_images = true})}});
  const Run train = read_run(dir / "train");
  CHECK(train.tags() ==
        "epoch_learning_rate scalars\nepoch_loss scalars\n"
        "net/hidden/bias/histogram histograms\nnet/hidden/bias/image images\n"
        "net/hidden/kernel/histogram histograms\nnet/hidden/kernel/image images\n"
        "net/out_1/bias/histogram histograms\n"  // a number is no image
        "net/out_1/kernel/histogram histograms\nnet/out_1/kernel/image images\n");
  CHECK_CLOSE(train.steps("net/out_1/kernel/histogram"), {0, 2});
  std::string sizes;  // Keras lays kernels on their longer side, and stands vectors up
  for (const auto& entry : train.entries) sizes += entry.image_size.empty() ? "" : entry.image_size + ", ";
  CHECK(sizes == "4 x 3, 1 x 3, 1 x 3, 4 x 3, 1 x 3, 1 x 3, ");
  REQUIRE(train.graphs.size() == 1);
  CHECK(train.graphs[0].find("out_1") != std::string::npos);
}

/// The nodes of a graph as "name op <- inputs" (tensorflow/core/framework/graph.proto).
std::string nodes_of(const std::string& graph) {
  std::string text;
  const auto fields = fields_of(graph);
  for (auto [node, end] = fields.equal_range(1); node != end; ++node) {
    text += field(node->second, 1) + " " + field(node->second, 2) + " <-";
    const auto parts = fields_of(node->second);
    for (auto [input, last] = parts.equal_range(3); input != last; ++input) text += " " + input->second;
    text += "\n";
  }
  return text;
}

TEST_CASE("TensorBoard: the graph of the layers, once a training") {
  const TempDir dir;
  auto a = Input({2}, {.name = "a"});
  layers::Dense shared(2, {.name = "shared"});
  Model functional(a, layers::Dense(1, {.name = "out"})(shared(shared(a))));
  functional.compile("sgd", "mse");
  const Tensor x = ones({4, 2}), y = zeros({4, 1});
  functional.fit(x, y, {.epochs = 2, .verbose = 0, .callbacks = {TensorBoard({.log_dir = dir / "f"})}});
  const Run run = read_run(dir / "f/train");
  REQUIRE(run.graphs.size() == 1);
  CHECK(nodes_of(run.graphs[0]) == "a InputLayer <-\nshared Dense <- a\nout Dense <- shared\n");
  CHECK(run.graphs[0].find("(None, 2)") != std::string::npos);

  Sequential stack{layers::Flatten(), layers::Dense(1)};  // built by the first batch
  stack.compile("sgd", "mse");
  stack.fit(x, y, {.verbose = 0, .callbacks = {TensorBoard({.log_dir = dir / "s"})}});
  const Run of_stack = read_run(dir / "s/train");
  REQUIRE(of_stack.graphs.size() == 1);
  CHECK(nodes_of(of_stack.graphs[0]) == "flatten Flatten <-\ndense Dense <- flatten\n");
  stack.fit(x, y, {.verbose = 0, .callbacks = {TensorBoard({.log_dir = dir / "n", .write_graph = false})}});
  CHECK(read_run(dir / "n/train").graphs.empty());
}

TEST_CASE("TensorBoard: evaluate alone, and one object for several trainings") {
  const TempDir dir;
  auto model = tiny_model();
  const Tensor x = ones({4, 1}), y = zeros({4, 1});
  TensorBoard board({.log_dir = dir.str()});
  model.evaluate(x, y, {.verbose = 0, .callbacks = {&board}});
  CHECK(read_run(dir / "validation").tags() == "evaluation_loss_vs_iterations scalars\n");  // flushed
  CHECK_FALSE(std::filesystem::exists(dir / "train"));
  for (int training = 0; training < 2; ++training) model.fit(x, y, {.verbose = 0, .callbacks = {&board}});
  CHECK_CLOSE(read_run(dir / "train").steps("epoch_loss"), {0, 0});
}

TEST_CASE("TensorBoard: batches are counted anew in each training") {
  const TempDir dir;
  auto model = tiny_model();
  const Tensor x = ones({2, 1}), y = zeros({2, 1});
  TensorBoard board({.log_dir = dir.str(), .update_freq = 1});
  model.fit(x, y, {.batch_size = 1, .verbose = 0, .callbacks = {&board}});
  std::filesystem::remove_all(dir / "train");
  model.fit(x, y, {.batch_size = 1, .verbose = 0, .callbacks = {&board}});
  CHECK_CLOSE(read_run(dir / "train").steps("batch_loss"), {1, 2});
}

TEST_CASE("TensorBoard: errors come before the training") {
  const TempDir dir;
  CHECK_THROWS_TEXT(ValueError, "[TensorBoard] expected histogram_freq >= 0, received -1",
                    TensorBoard({.histogram_freq = -1}));
  CHECK_THROWS_TEXT(ValueError, "received \"step\"", TensorBoard({.update_freq = "step"}));
  auto model = tiny_model();
  const std::string file = dir.write("file", "x");
  CHECK_THROWS_TEXT(
      DataError, file,
      model.fit(ones({4, 1}), zeros({4, 1}), {.verbose = 0, .callbacks = {TensorBoard({.log_dir = file})}}));
  CHECK(model.optimizer().iterations() == 0);
}

}  // namespace
}  // namespace xtape
