#include "xtape/core/thread_state.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/no_recording.hpp"
#include "xtape/transforms/recompute_grad.hpp"

using namespace xtape;

TEST_CASE("thread state: what core and tape keep for a thread is in one place") {
  // Besides it only what needs a destructor: the end of the thread is its owner's.
  const std::set<std::string> owners{"thread_local ThreadTapes tapes;"};
  std::set<std::string> found;
  for (const char* folder : {"/src/core", "/src/tape", "/include/xtape/core", "/include/xtape/tape"}) {
    for (const auto& file : std::filesystem::directory_iterator(testing::source_dir() + folder)) {
      std::ifstream in(file.path());
      for (std::string line; std::getline(in, line);) {
        line.erase(0, line.find_first_not_of(' '));
        const std::string code = line.substr(0, line.find("//"));
        if (code.find("thread_local") != std::string::npos) found.insert(line);
      }
    }
  }
  found.erase("constinit thread_local ThreadState thread_state;");
  found.erase("extern constinit thread_local ThreadState thread_state;");
  CHECK(found == owners);
}

TEST_CASE("thread state: a scope sets one field and puts it back, in its own thread") {
  using detail::ThreadState, detail::ThreadStateScope, detail::thread_state;
  CHECK_FALSE(thread_state.recomputing);
  {
    const ThreadStateScope<&ThreadState::recomputing> outer(true);
    CHECK_FALSE(outer.outer());
    {
      const ThreadStateScope<&ThreadState::recomputing> inner(false);
      CHECK(inner.outer());
      CHECK_FALSE(thread_state.recomputing);
    }
    CHECK(thread_state.recomputing);
    bool there = true;
    std::thread([&] { there = thread_state.recomputing; }).join();
    CHECK_FALSE(there);
  }
  CHECK_FALSE(thread_state.recomputing);
}

TEST_CASE("thread state: nothing is recorded and no variable watched in NoRecording, all again after it") {
  const Variable v(constant(3.0));
  GradientTape tape;
  {
    const detail::NoRecording hidden;
    CHECK_FALSE(is_recording());
    static_cast<void>(v * 2);
  }
  CHECK(is_recording());
  CHECK(tape.watched_variables().empty());
  const Tensor y = v * v;
  CHECK(tape.watched_variables().size() == 1);
  CHECK_CLOSE(tape.gradient(y, v), 6.0);
}

TEST_CASE("thread state: a function knows whether it is being recomputed, also after one that throws") {
  int first = 0, second = 0;
  bool fails = false;
  const auto f = recompute_grad([&](const Tensor& x) {
    ++(being_recomputed() ? second : first);
    if (fails && being_recomputed()) throw ValueError("in the second run");
    return x * x;
  });
  const Tensor x = constant(3.0);
  for (const bool throws : {false, true}) {
    fails = throws;
    GradientTape tape;
    tape.watch(x);
    const Tensor y = f(x);
    if (throws) {
      CHECK_THROWS_TEXT(ValueError, "in the second run", tape.gradient(y, x));
    } else {
      CHECK_CLOSE(tape.gradient(y, x), 6.0);
    }
    CHECK_FALSE(being_recomputed());
  }
  CHECK(first == 2);
  CHECK(second == 2);
}
