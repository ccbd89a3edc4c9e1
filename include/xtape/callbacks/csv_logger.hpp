#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "xtape/models/callback.hpp"

namespace xtape::callbacks {

/// Keyword arguments of CSVLogger.
struct CSVLoggerOptions {
  std::string separator = ",";
  /// Append to an existing file, without a second header, instead of overwriting it. If the last line is incomplete,
  /// because the training was killed, it stays so and a new line begins.
  bool append = false;
};

/// Writes the figures of each epoch as a line of a text file (keras.callbacks.CSVLogger), which is complete after each
/// epoch: "epoch", then the names in alphabetical order. The names are those of the first epoch; if it has no
/// validation, columns "val_..." are added for later ones. "NA" stands for what an epoch does not have.
///
///     .callbacks = {callbacks::CSVLogger("training.csv")}
///
/// Throws a DataError at the beginning of the training when the file cannot be opened, later when it cannot be written.
class CSVLogger : public Callback {
 public:
  /// Throws a ValueError for a separator that is not one character.
  explicit CSVLogger(std::string filename, const CSVLoggerOptions& options = {});

  void on_train_begin() override;
  void on_epoch_end(int epoch, const Logs& logs) override;
  void on_train_end(const Logs& logs) override;
  void on_failure() override { file_.reset(); }

 private:
  std::string quoted(const std::string& text) const;
  void write_line(const std::string& line);

  std::string filename_;
  CSVLoggerOptions options_;
  std::shared_ptr<std::FILE> file_;
  bool header_ = true;
  std::vector<std::string> keys_;
};

}  // namespace xtape::callbacks
