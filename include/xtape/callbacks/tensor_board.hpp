#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "xtape/base/config.hpp"
#include "xtape/callbacks/frequency.hpp"
#include "xtape/io/summary_writer.hpp"
#include "xtape/models/callback.hpp"

namespace xtape::callbacks {

/// Keyword arguments of TensorBoard.
struct TensorBoardOptions {
  std::string log_dir = "logs";
  int histogram_freq = 0;               ///< histograms of the weights every so many epochs; 0: none
  bool write_graph = true;              ///< the graph of the model's layers, after its first batch
  bool write_images = false;            ///< with the histograms, the weights as images
  bool write_steps_per_second = false;  ///< training steps a second, of epochs and, with update_freq, of batches
  Frequency update_freq = "epoch";      ///< if not "epoch": also the figures of every so many batches

  XTAPE_FIELDS(log_dir, histogram_freq, write_graph, write_images, write_steps_per_second, update_freq)
};

/// Writes what TensorBoard shows (keras.callbacks.TensorBoard):
///
///     model.fit(x, y, {.epochs = 10, .callbacks = {callbacks::TensorBoard({.log_dir = "logs/1"})}});
///
/// and then `tensorboard --logdir logs`. The runs are log_dir/train and log_dir/validation, with
///
///     epoch_loss, epoch_accuracy, ...            the figures of each epoch; in train, epoch_learning_rate
///     batch_loss, ...                            in train, with update_freq; batches are counted across epochs
///     evaluation_loss_vs_iterations, ...         in validation, over the optimizer's steps; of evaluate() as well
///     epoch_steps_per_second, batch_...          with write_steps_per_second
///     sequential/dense/kernel/histogram, /image  with histogram_freq, under the weights' names
///
/// Throws a DataError when a file cannot be created or written.
class TensorBoard : public Callback {
 public:
  /// Throws a ValueError for a histogram_freq below 0.
  explicit TensorBoard(const TensorBoardOptions& options = {});
  XTAPE_FIRST_OPTIONS(TensorBoard, TensorBoardOptions, 1)

  void set_model(Model& model) override;
  void on_train_begin() override;
  void on_train_end(const Logs& logs) override;
  void on_epoch_begin(int epoch) override;
  void on_epoch_end(int epoch, const Logs& logs) override;
  void on_train_batch_begin(std::int64_t batch) override;
  void on_train_batch_end(std::int64_t batch, const Logs& logs) override;
  void on_test_end(const Logs& logs) override;
  void on_failure() override { close(); }

 private:
  using Writer = std::shared_ptr<summary::FileWriter>;

  summary::FileWriter& train();
  summary::FileWriter& validation();
  void write_weights(int epoch);
  void close();

  TensorBoardOptions options_;
  Writer train_, validation_;  ///< made when there is something to write
  bool graph_written_ = false;
  std::int64_t batches_ = 0;  ///< of this training
  std::int64_t epoch_begin_iterations_ = 0;
  double epoch_begin_ = 0, batch_begin_ = 0;  ///< of a steady clock, in seconds
};

}  // namespace xtape::callbacks
