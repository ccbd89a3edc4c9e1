#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>

// Reports the memory of a process, for programs that run as child processes.
namespace bench {

/// A number of /proc/self/status in bytes: "RssFile", the current pages of files; "VmHWM", the peak of all pages.
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

/// Runs a workload, which returns the bytes that its steps hold, or 0 if unknown. Prints the peak of resident bytes,
/// those of the files of the program and the libraries, and those of the steps.
inline int report_memory(const std::function<std::int64_t()>& run) {
  const auto held = run();
  std::printf("%lld %lld %lld\n", static_cast<long long>(own_memory("VmHWM")),
              static_cast<long long>(own_memory("RssFile")), static_cast<long long>(held));
  return 0;
}

}  // namespace bench
