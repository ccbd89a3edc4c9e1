#include "xtape/base/error.hpp"

#include "base/check.hpp"
#include "support/check.hpp"

using namespace xtape;

TEST_CASE("error: the house form") {
  try {
    detail::fail<ValueError>("matmul", "inner dimensions differ: {} x {}", Shape{2, 3}, Shape{4, 5});
  } catch (const ValueError& error) {
    CHECK(std::string(error.what()) == "[matmul] inner dimensions differ: (2, 3) x (4, 5)");
    CHECK(error.message() == error.what());
  }
  CHECK_THROWS_TEXT(TypeError, "[op] float32 and bool", detail::fail<TypeError>("op", "{} and {}", float32, boolean));
}

TEST_CASE("error: each type is the standard library's and xtape's") {
  CHECK_THROWS_TEXT(std::invalid_argument, "v", throw ValueError("v"));
  CHECK_THROWS_TEXT(std::invalid_argument, "t", throw TypeError("t"));
  CHECK_THROWS_TEXT(std::out_of_range, "i", throw IndexError("i"));
  CHECK_THROWS_TEXT(std::logic_error, "r", throw RuntimeError("r"));
  CHECK_THROWS_TEXT(std::logic_error, "l", throw LookupError("l"));
  CHECK_THROWS_TEXT(std::runtime_error, "d", throw DataError("d"));
  CHECK_THROWS_TEXT(Error, "v", throw ValueError("v"));
  CHECK_THROWS_TEXT(Error, "d", throw DataError("d"));
}

TEST_CASE("error: context is added on the way up and kept by copies") {
  ValueError error("[dense] no");
  error.add_context("in layer 'dense_1' of model 'mlp'");
  const ValueError copy = error;
  CHECK(std::string(copy.what()) == "[dense] no\n  in layer 'dense_1' of model 'mlp'");
  try {
    try {
      throw ValueError("[op] no");
    } catch (Error& caught) {
      caught.add_context("in layer 'a'");
      throw;
    }
  } catch (const std::exception& outer) {
    CHECK(std::string(outer.what()) == "[op] no\n  in layer 'a'");
  }
}

TEST_CASE("error: an axis may count from the end") {
  CHECK(detail::normal_axis("op", 1, 3) == 1);
  CHECK(detail::normal_axis("op", -1, 3) == 2);
  CHECK_THROWS_TEXT(IndexError, "[op] axis 3 is outside a tensor of rank 3", detail::normal_axis("op", 3, 3));
  CHECK_THROWS_TEXT(IndexError, "[op] axis 0 is outside a tensor of rank 0", detail::normal_axis("op", 0, 0));
}
