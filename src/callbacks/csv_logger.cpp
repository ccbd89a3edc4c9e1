#include "xtape/callbacks/csv_logger.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/check.hpp"
#include "base/files.hpp"
#include "callbacks/python_float.hpp"

namespace xtape::callbacks {
namespace {

/// Whether a file ends in the middle of a line, as one does whose writer was killed.
bool ends_within_line(const std::string& path) {
  // Only regular files: reading a pipe might wait for ever.
  if (std::error_code error; !std::filesystem::is_regular_file(path, error)) return false;
  std::ifstream file(path, std::ios::binary);
  char last = '\n';
  if (file.seekg(-1, std::ios::end)) file.get(last);
  return last != '\n';
}

}  // namespace

CSVLogger::CSVLogger(std::string filename, const CSVLoggerOptions& options)
    : filename_(std::move(filename)), options_(options) {
  detail::checked_path("CSVLogger", filename_);
  if (options.separator.size() != 1 || options.separator.find_first_of("\"\r\n") == 0) {
    detail::fail<ValueError>("CSVLogger",
                             "expected a separator of one character, no quote or end of line, received "
                             "\"{}\"",
                             options.separator);
  }
}

void CSVLogger::on_train_begin() {
  file_.reset();
  const bool broken = options_.append && ends_within_line(filename_);
  std::FILE* file = std::fopen(filename_.c_str(), options_.append ? "ab" : "wb");
  if (file == nullptr) {
    detail::fail<DataError>("CSVLogger", "{}: cannot be opened: {}", filename_, std::strerror(errno));
  }
  file_.reset(file, std::fclose);
  header_ = std::fseek(file, 0, SEEK_END) != 0 || std::ftell(file) <= 0;
  keys_.clear();
  if (broken) write_line("\n");
}

/// As RFC 4180: a field with a separator, a quote or an end of line stands in quotes, and quotes in it are doubled.
std::string CSVLogger::quoted(const std::string& text) const {
  if (text.find_first_of(options_.separator + "\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result.append(c == '"' ? 2 : 1, c);
  return result + '"';
}

void CSVLogger::write_line(const std::string& line) {
  std::FILE* file = file_.get();
  if (std::fwrite(line.data(), 1, line.size(), file) != line.size() || std::fflush(file) != 0) {
    const int error = errno;
    file_.reset();
    detail::fail<DataError>("CSVLogger", "{}: cannot be written: {}", filename_, std::strerror(error));
  }
}

void CSVLogger::on_epoch_end(int epoch, const Logs& logs) {
  if (file_ == nullptr) detail::fail<RuntimeError>("CSVLogger", "{} is not open: no training has begun", filename_);
  std::string text;
  if (keys_.empty()) {
    for (const auto& [name, value] : logs) keys_.push_back(name);
    std::sort(keys_.begin(), keys_.end());
    const bool validated =
        std::any_of(keys_.begin(), keys_.end(), [](const std::string& key) { return key.starts_with("val_"); });
    if (!validated) {  // as Keras: columns for validations that may come in later epochs
      const std::size_t n = keys_.size();
      for (std::size_t i = 0; i < n; ++i) keys_.push_back(fmt::format("val_{}", keys_[i]));
    }
    if (header_) {
      text = "epoch";
      for (const auto& key : keys_) text += options_.separator + quoted(key);
      text += '\n';
      header_ = false;
    }
  }
  text += fmt::format("{}", epoch);
  for (const auto& key : keys_) {
    const double* value = logs.find(key);
    text += options_.separator;
    text += value == nullptr ? "NA" : quoted(detail::python_float(*value));
  }
  write_line(text + '\n');
}

void CSVLogger::on_train_end(const Logs&) { file_.reset(); }

}  // namespace xtape::callbacks
