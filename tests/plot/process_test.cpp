#include "plot/process.hpp"

#include <signal.h>

#include <string>

#include "support/check.hpp"
#include "xtape/base/error.hpp"

using namespace xtape;
using detail::Process;

namespace {

Process::Result run(const std::string& command, const std::string& input = {}) {
  auto process = Process::start("op", {"sh", "-c", command});
  REQUIRE(process);
  return process->communicate(input);
}

}  // namespace

TEST_CASE("process: input, both outputs and the exit status") {
  const auto result = run("cat; echo complaint >&2; exit 3", "text");
  CHECK(result.output == "text");
  CHECK(result.errors == "complaint\n");
  CHECK(result.status == 3);
  CHECK(run("exit 0").status == 0);
  CHECK(run("kill -9 $$").status == 128 + 9);
}

TEST_CASE("process: more than a pipe holds, in both directions at once") {
  std::string input;
  for (int i = 0; i < 200000; ++i) input += static_cast<char>('a' + i % 26);
  CHECK(run("cat", input).output == input);
  const auto both = run("tee /dev/stderr", input);
  CHECK(both.output == input);
  CHECK(both.errors == input);
}

TEST_CASE("process: a program that does not read its input is no end of this one") {
  const auto result = run("exec 0<&-; echo done", std::string(1 << 20, 'x'));
  CHECK(result.output == "done\n");
  CHECK(result.status == 0);
  sigset_t blocked, pending;
  sigemptyset(&blocked);
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  sigpending(&pending);
  CHECK(sigismember(&blocked, SIGPIPE) == 0);
  CHECK(sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE("process: no shell, and no program") {
  auto echo = Process::start("op", {"echo", "$HOME `x` 'a b'"});
  REQUIRE(echo);
  CHECK(echo->communicate("").output == "$HOME `x` 'a b'\n");
  CHECK_FALSE(Process::start("op", {"no-such-program-anywhere"}));
}

TEST_CASE("process: one that nobody waits for is ended") {
  auto sleeper = Process::start("op", {"sleep", "1000"});
  REQUIRE(sleeper);
  sleeper.reset();  // would take 1000 seconds
  CHECK_FALSE(sleeper.has_value());
}
