#pragma once

#include <fmt/format.h>

#include <atomic>
#include <string>

namespace xtape::detail {

/// Hands a warning to the handler (see xtape::set_warning_handler).
void warn(const std::string& message);

/// A warning that one place in the code gives at most `limit` times in a process; `given` is that place's counter.
template <class... Args>
void warn_limited(std::atomic<int>& given, int limit, const char* op, fmt::format_string<Args...> text,
                  Args&&... args) {
  if (given.fetch_add(1, std::memory_order_relaxed) < limit) {
    warn(fmt::format("[{}] {}", op, fmt::format(text, std::forward<Args>(args)...)));
  }
}

}  // namespace xtape::detail
