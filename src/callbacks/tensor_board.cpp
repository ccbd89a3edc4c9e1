#include "xtape/callbacks/tensor_board.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/steady_seconds.hpp"
#include "callbacks/model_graph.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::callbacks {
namespace {

double rate(std::int64_t steps, double begin) {
  return static_cast<double>(steps) / std::max(detail::steady_seconds() - begin, 1e-9);
}

/// A weight as images [n, h, w, 1], by Keras's rules; empty for what is none.
Tensor image_of(const Tensor& weight) {
  if (!is_floating(weight.dtype())) return {};
  const Tensor x = squeeze(weight);
  const Shape& shape = x.shape();
  if (x.size() == 0) return {};
  if (x.rank() == 1) return reshape(x, {1, shape[0], 1, 1});
  if (x.rank() == 2) {
    const Tensor wide = shape[0] > shape[1] ? transpose(x) : x;
    return reshape(wide, {1, wide.shape()[0], wide.shape()[1], 1});
  }
  if (x.rank() == 3) return reshape(transpose(x, {2, 0, 1}), {shape[2], shape[0], shape[1], 1});
  if (x.rank() == 4 && (shape[3] == 1 || shape[3] == 3 || shape[3] == 4)) return x;
  return {};
}

}  // namespace

TensorBoard::TensorBoard(const TensorBoardOptions& options) : options_(options) {
  if (options.histogram_freq < 0) {
    detail::fail<ValueError>("TensorBoard", "expected histogram_freq >= 0, received {}", options.histogram_freq);
  }
}

summary::FileWriter& TensorBoard::train() {
  if (train_ == nullptr) train_ = std::make_shared<summary::FileWriter>(options_.log_dir + "/train");
  return *train_;
}

summary::FileWriter& TensorBoard::validation() {
  if (validation_ == nullptr) validation_ = std::make_shared<summary::FileWriter>(options_.log_dir + "/validation");
  return *validation_;
}

void TensorBoard::set_model(Model& model) {
  Callback::set_model(model);
  train_.reset();
  validation_.reset();
  graph_written_ = false;
}

void TensorBoard::on_train_begin() {
  batches_ = 0;
  train();  // opens the file now, so that an unwritable folder is an error before the training
}

void TensorBoard::on_train_end(const Logs&) { close(); }

void TensorBoard::close() {
  const Writer train = std::move(train_), validation = std::move(validation_);
  if (train != nullptr) train->close();
  if (validation != nullptr) validation->close();
}

void TensorBoard::on_epoch_begin(int) {
  if (!options_.write_steps_per_second) return;
  epoch_begin_iterations_ = model().optimizer().iterations();
  epoch_begin_ = detail::steady_seconds();
}

void TensorBoard::on_train_batch_begin(std::int64_t) {
  ++batches_;
  if (options_.write_steps_per_second) batch_begin_ = detail::steady_seconds();
}

void TensorBoard::on_train_batch_end(std::int64_t, const Logs& logs) {
  if (options_.write_graph && !graph_written_) {
    graph_written_ = true;
    train().graph(detail::model_graph(model()));
  }
  if (options_.update_freq.every_epoch() || batches_ % options_.update_freq.batches() != 0) return;
  if (options_.write_steps_per_second) train().scalar("batch_steps_per_second", rate(1, batch_begin_), batches_);
  for (const auto& [name, value] : logs) train().scalar(fmt::format("batch_{}", name), value, batches_);
}

void TensorBoard::on_test_end(const Logs& logs) {
  const std::int64_t step = model().optimizer().iterations();
  for (const auto& [name, value] : logs) {
    validation().scalar(fmt::format("evaluation_{}_vs_iterations", name), value, step);
  }
  if (!logs.empty()) validation().flush();
}

void TensorBoard::on_epoch_end(int epoch, const Logs& logs) {
  if (!logs.empty()) {
    for (const auto& [name, value] : logs) {
      if (name.starts_with("val_")) {
        validation().scalar(fmt::format("epoch_{}", name.substr(4)), value, epoch);
      } else if (name != "learning_rate") {
        train().scalar(fmt::format("epoch_{}", name), value, epoch);
      }
    }
    train().scalar("epoch_learning_rate", model().optimizer().learning_rate(), epoch);
    if (options_.write_steps_per_second) {
      const auto steps = model().optimizer().iterations() - epoch_begin_iterations_;
      train().scalar("epoch_steps_per_second", rate(steps, epoch_begin_), epoch);
    }
  }
  if (options_.histogram_freq > 0 && epoch % options_.histogram_freq == 0) write_weights(epoch);
  train().flush();
  if (validation_ != nullptr) validation_->flush();
}

void TensorBoard::write_weights(int epoch) {
  for (const auto& weight : model().variables()) {
    std::string name = weight.name();
    for (char& c : name) c = c == ':' ? '_' : c;
    train().histogram(fmt::format("{}/histogram", name), weight.peek(), epoch);
    if (!options_.write_images) continue;
    if (const Tensor image = image_of(weight.peek()); image.defined()) {
      train().image(fmt::format("{}/image", name), image, epoch);
    }
  }
}

}  // namespace xtape::callbacks
