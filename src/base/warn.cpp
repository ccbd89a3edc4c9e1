#include "base/warn.hpp"

#include <cstdio>
#include <mutex>
#include <utility>

#include "xtape/base/warning.hpp"

namespace xtape {
namespace {

std::mutex mutex;
std::function<void(const std::string&)>& current() {
  static std::function<void(const std::string&)> handler;
  return handler;
}

}  // namespace

std::function<void(const std::string&)> set_warning_handler(std::function<void(const std::string&)> handler) {
  const std::lock_guard lock(mutex);
  return std::exchange(current(), std::move(handler));
}

void detail::warn(const std::string& message) {
  std::function<void(const std::string&)> handler;
  {
    const std::lock_guard lock(mutex);
    handler = current();
  }
  if (handler) {
    handler(message);
  } else {
    std::fputs(("xtape: warning: " + message + "\n").c_str(), stderr);
  }
}

}  // namespace xtape
