#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>

// What a process says of its own memory; for programs that are run as children.
namespace bench {

/// A number of /proc/self/status in bytes: "RssFile", the pages of files now, "VmHWM", all pages at most so far.
inline std::int64_t own_memory(const char* what) {
  long long kilobytes = 0;
  if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, status) != nullptr) {
      if (std::strncmp(line, what, std::strlen(what)) == 0)
        std::sscanf(line + std::strlen(what) + 1, "%lld", &kilobytes);
    }
    std::fclose(status);
  }
  return kilobytes * 1024;
}

/// Runs what is to be measured, which returns the bytes that its steps hold, or 0 where it cannot know them; prints the
/// bytes that were resident at most, those of them that are the program's and the libraries' files, and those of the
/// steps.
inline int report_memory(const std::function<std::int64_t()>& run) {
  const auto held = run();
  std::printf("%lld %lld %lld\n", static_cast<long long>(own_memory("VmHWM")),
              static_cast<long long>(own_memory("RssFile")), static_cast<long long>(held));
  return 0;
}

}  // namespace bench
