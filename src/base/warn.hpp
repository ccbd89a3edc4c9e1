#pragma once

#include <fmt/format.h>

#include <atomic>
#include <string>

namespace xtape::detail {

/// Passes a warning to the handler (see xtape::set_warning_handler).
void warn(const std::string& message);

/// Gives a warning at most `limit` times per process; `given` is the counter of the calling code.
template <class... Args>
void warn_limited(std::atomic<int>& given, int limit, const char* op, fmt::format_string<Args...> text,
                  Args&&... args) {
  if (given.fetch_add(1, std::memory_order_relaxed) < limit) {
    warn(fmt::format("[{}] {}", op, fmt::format(text, std::forward<Args>(args)...)));
  }
}

}  // namespace xtape::detail
