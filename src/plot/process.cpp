#include "plot/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/check.hpp"

namespace xtape::detail {
namespace {

struct Pipe {
  Descriptor read, write;
};

[[noreturn]] void fail_system(const char* op, const char* call, int error) {
  fail<RuntimeError>(op, "{} failed: {}", call, std::strerror(error));
}

// Closed on exec: if a program that another thread starts meanwhile inherited an end, the pipe would stay open.
Pipe make_pipe(const char* op) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) fail_system(op, "pipe2", errno);
  return {Descriptor(fds[0]), Descriptor(fds[1])};
}

struct FileActions {
  FileActions() { posix_spawn_file_actions_init(&actions); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions); }
  posix_spawn_file_actions_t actions;
};

// The child's signals are as any program expects them, whatever this process has set: none blocked, SIGPIPE not
// ignored.
struct Attributes {
  Attributes() {
    posix_spawnattr_init(&attributes);
    sigset_t none, pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes); }
  posix_spawnattr_t attributes;
};

void set_nonblocking(const Descriptor& fd) { fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

// Blocks SIGPIPE in this thread for the object's life: otherwise a write to a program that has stopped reading ends
// this process.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutSigpipe() {
    // Takes the signal away if it came during the object's life; one that was pending before stays.
    const timespec at_once = {};
    while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t pipe_, before_;
  bool was_pending_ = false;
};

// Writes what fits; the descriptor is closed at the end of the input, and when the other side has gone.
void write_some(Descriptor& fd, std::string_view& input) {
  const ssize_t n = write(fd.get(), input.data(), input.size());
  if (n >= 0) {
    input.remove_prefix(static_cast<std::size_t>(n));
  } else if (errno != EAGAIN && errno != EINTR) {
    input = {};
  }
  if (input.empty()) fd.reset();
}

void read_some(Descriptor& fd, std::string& to) {
  char buffer[1 << 16];
  const ssize_t n = read(fd.get(), buffer, sizeof buffer);
  if (n > 0) {
    to.append(buffer, static_cast<std::size_t>(n));
  } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    fd.reset();
  }
}

}  // namespace

void Descriptor::reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

std::optional<Process> Process::start(const char* op, const std::vector<std::string>& command) {
  Pipe input = make_pipe(op), output = make_pipe(op), errors = make_pipe(op);
  FileActions files;
  posix_spawn_file_actions_adddup2(&files.actions, input.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files.actions, output.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files.actions, errors.write.get(), STDERR_FILENO);
  const Attributes attributes;
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  Process process;
  process.op_ = op;
  const int error =
      posix_spawnp(&process.pid_, arguments[0], &files.actions, &attributes.attributes, arguments.data(), environ);
  if (error != 0) {
    process.pid_ = -1;
    if (error == ENOENT || error == EACCES || error == ENOTDIR) return std::nullopt;
    fail<RuntimeError>(op, "{} cannot be started: {}", command[0], std::strerror(error));
  }
  process.input_ = std::move(input.write);
  process.output_ = std::move(output.read);
  process.errors_ = std::move(errors.read);
  return process;
}

Process::Process(Process&& other) noexcept
    : op_(other.op_),
      pid_(std::exchange(other.pid_, -1)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)) {}

Process::~Process() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  wait();
}

int Process::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) break;  // ECHILD: the program has SIGCHLD ignored, and nobody knows the status
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Process::Result Process::communicate(std::string_view input) {
  Result result;
  const WithoutSigpipe without_sigpipe;
  for (const auto* fd : {&input_, &output_, &errors_}) set_nonblocking(*fd);
  if (input.empty()) input_.reset();
  while (input_ || output_ || errors_) {
    // A negative descriptor is passed over.
    std::array<pollfd, 3> ready = {pollfd{input_.get(), POLLOUT, 0}, pollfd{output_.get(), POLLIN, 0},
                                   pollfd{errors_.get(), POLLIN, 0}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) fail_system(op_, "poll", errno);
    if (ready[0].revents != 0) write_some(input_, input);
    if (ready[1].revents != 0) read_some(output_, result.output);
    if (ready[2].revents != 0) read_some(errors_, result.errors);
  }
  result.status = wait();
  return result;
}

}  // namespace xtape::detail
