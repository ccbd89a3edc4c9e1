#include "xtape/io/limits.hpp"

#include <mutex>

namespace xtape::io {
namespace {

std::mutex mutex;
Limits current;

}  // namespace

Limits limits() {
  const std::lock_guard lock(mutex);
  return current;
}

void set_limits(const Limits& limits) {
  const std::lock_guard lock(mutex);
  current = limits;
}

}  // namespace xtape::io
