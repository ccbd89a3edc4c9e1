#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xtape::detail {

/// A file descriptor that is closed at the end of its life.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1);
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
};

/// A program that is run without a shell, with its three standard streams connected to this process.
class Process {
 public:
  struct Result {
    int status = 0;  ///< The exit status; 128 + the signal that ended it.
    std::string output;
    std::string errors;
  };

  /// Starts a program, which is looked for in the PATH; nothing if it is not found. Throws a RuntimeError if it cannot
  /// be started for another reason.
  static std::optional<Process> start(const char* op, const std::vector<std::string>& command);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  /// Kills a program that still runs.
  ~Process();

  /// Writes the input, reads until the program ends. A program that stops reading early is no error.
  Result communicate(std::string_view input);

 private:
  Process() = default;
  int wait();

  const char* op_ = "";
  pid_t pid_ = -1;
  Descriptor input_, output_, errors_;
};

}  // namespace xtape::detail
