#include "base/check.hpp"

#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "base/utf8.hpp"
#include "support/check.hpp"
#include "xtape/base/shape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

template <class... Args>
std::string message_of(fmt::format_string<Args...> text, Args&&... args) {
  try {
    detail::fail<ValueError>("op", text, std::forward<Args>(args)...);
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace

TEST_CASE("error messages: a text of any length is cut in its middle") {
  CHECK(message_of("{}: {} of {}", std::string(2000, 'a'), 3, Shape{2, 3}) ==
        "[op] " + std::string(2000, 'a') + ": 3 of (2, 3)");
  const std::string longer(99'000'000, 'a');
  const std::string cut = std::string(1900, 'a') + " ... [99000000 bytes in all] ... " + std::string(100, 'a');
  CHECK(message_of("expected a name, received {}", longer) == "[op] expected a name, received " + cut);
  CHECK(message_of("{}", longer.c_str()) == "[op] " + cut);
  CHECK(message_of("{}", std::string_view(longer)) == "[op] " + cut);
  CHECK(message_of("{:>5}|{:<5}", "a", std::string("b")) == "[op]     a|b    ");
}

TEST_CASE("error messages: a list of many texts is cut as a whole") {
  const std::vector<std::string> names(100000, "name");
  const std::string message = message_of("received {}, expected none", fmt::join(names, ", "));
  CHECK(message.size() < 8200);
  CHECK(message.starts_with("[op] received name, name"));
  CHECK(message.ends_with("name, name, expected none"));
  CHECK(message_of("{}", detail::Whole{std::string(5000, 'x')}) == "[op] " + std::string(5000, 'x'));
}

TEST_CASE("error messages: characters of UTF-8 stay whole, a zero byte is shown") {
  for (std::size_t before = 0; before < 4; ++before) {
    std::string text(before, 'x');
    for (int i = 0; i < 400; ++i) text += "\xe2\x82\xac";  // the euro sign
    CHECK(detail::is_utf8(message_of("{}", text)));
  }
  CHECK(message_of("{}", std::string("a\0b", 3)) == "[op] a\\0b");
}
