#include "xtape/base/threads.hpp"

#include <string>

#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/build_info.hpp"

using namespace xtape;

TEST_CASE("threads: set and read back") {
  const int before = num_threads();
  CHECK(before >= 1);
  {
    const testing::Threads guard(1);
    CHECK(num_threads() == 1);
    set_num_threads(3);
    const bool threaded = build_info().find("OpenMP ") != std::string::npos;
    CHECK(num_threads() == (threaded ? 3 : 1));
  }
  CHECK(num_threads() == before);
}

TEST_CASE("threads: fewer than one is an error and changes nothing") {
  const int before = num_threads();
  CHECK_THROWS_TEXT(ValueError, "[set_num_threads] expected at least 1 thread, received 0", set_num_threads(0));
  CHECK_THROWS_TEXT(ValueError, "received -2", set_num_threads(-2));
  CHECK(num_threads() == before);
}
