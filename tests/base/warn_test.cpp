#include "base/warn.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/warning_capture.hpp"

using namespace xtape;

TEST_CASE("warn: the handler gets the text, and the one before it is returned") {
  std::vector<std::string> first, second;
  const auto original = set_warning_handler([&](const std::string& text) { first.push_back(text); });
  detail::warn("one");
  auto before = set_warning_handler([&](const std::string& text) { second.push_back(text); });
  detail::warn("two");
  before("three");
  set_warning_handler(original);
  CHECK(first == std::vector<std::string>{"one", "three"});
  CHECK(second == std::vector<std::string>{"two"});
}

TEST_CASE("warn: a limited warning stops at its limit") {
  const testing::WarningCapture warnings;
  std::atomic<int> given{0}, other{0};
  for (int i = 0; i < 5; ++i) detail::warn_limited(given, 2, "Optimizer", "no gradient for {}", i);
  detail::warn_limited(other, 1, "op", "elsewhere");
  CHECK(warnings.messages() ==
        std::vector<std::string>{"[Optimizer] no gradient for 0", "[Optimizer] no gradient for 1", "[op] elsewhere"});
}

TEST_CASE("warn: a handler may give warnings and replace itself") {
  const testing::WarningCapture outer;
  set_warning_handler([&](const std::string& text) {
    set_warning_handler({});
    testing::WarningCapture inner;
    detail::warn("again: " + text);
    CHECK(inner.text() == "again: once\n");
  });
  detail::warn("once");
  CHECK(outer.count() == 0);
}
