#include "base/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

using xtape::detail::is_utf8;
using xtape::detail::utf8_length;

TEST_CASE("utf8: characters of one to four bytes, the first and last of each length") {
  CHECK(utf8_length(std::string(1, '\0')) == 1);
  CHECK(utf8_length("\x7f") == 1);
  CHECK(utf8_length("\xc2\x80") == 2);
  CHECK(utf8_length("\xdf\xbf") == 2);
  CHECK(utf8_length("\xe0\xa0\x80") == 3);
  CHECK(utf8_length("\xed\x9f\xbf") == 3);
  CHECK(utf8_length("\xee\x80\x80") == 3);
  CHECK(utf8_length("\xef\xbf\xbf") == 3);
  CHECK(utf8_length("\xf0\x90\x80\x80") == 4);
  CHECK(utf8_length("\xf4\x8f\xbf\xbf") == 4);
  CHECK(is_utf8(""));
  CHECK(is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82z"));
}

TEST_CASE("utf8: what RFC 3629 forbids") {
  for (const std::string text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xf0\x9f\x99", "\xc2\xc2"}) {
    CAPTURE(static_cast<unsigned char>(text[0]));
    CHECK(utf8_length(text) == 0);
    CHECK_FALSE(is_utf8("a" + text));
  }
}
