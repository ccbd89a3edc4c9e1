#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "xtape/base/warning.hpp"

namespace xtape::testing {

/// Collects the warnings given during its life instead of printing them.
class WarningCapture {
 public:
  WarningCapture()
      : before_(set_warning_handler([this](const std::string& message) {
          const std::lock_guard lock(mutex_);
          messages_.push_back(message);
        })) {}
  ~WarningCapture() { set_warning_handler(std::move(before_)); }
  WarningCapture(const WarningCapture&) = delete;
  WarningCapture& operator=(const WarningCapture&) = delete;

  std::vector<std::string> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  std::size_t count() const { return messages().size(); }
  /// All of them, one a line.
  std::string text() const {
    std::string lines;
    for (const auto& message : messages()) lines += message + "\n";
    return lines;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    messages_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
  std::function<void(const std::string&)> before_;
};

}  // namespace xtape::testing
