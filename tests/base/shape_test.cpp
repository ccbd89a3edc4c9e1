#include "xtape/base/shape.hpp"

#include <climits>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"

using namespace xtape;

namespace {

const std::vector<std::int64_t> eight{2, 3, 4, 5, 6, 7, 8, 9};

}  // namespace

TEST_CASE("shape: rank, sizes and number of elements") {
  const Shape scalar{}, matrix{2, 3}, empty{4, 0, 5}, large(eight);
  CHECK(scalar.rank() == 0);
  CHECK(scalar.numel() == 1);
  CHECK(matrix.rank() == 2);
  CHECK(matrix.numel() == 6);
  CHECK(matrix[0] == 2);
  CHECK(matrix[1] == 3);
  CHECK(empty.numel() == 0);
  CHECK(large.rank() == 8);
  CHECK(large.numel() == 362880);
  CHECK(large[7] == 9);
  CHECK(std::vector<std::int64_t>(large.begin(), large.end()) == eight);
}

TEST_CASE("shape: at and back count from the end, and throw outside the rank") {
  const Shape s{2, 3, 4};
  CHECK(s.at(0) == 2);
  CHECK(s.at(-1) == 4);
  CHECK(s.at(-3) == 2);
  CHECK(s.back() == 4);
  CHECK_THROWS_TEXT(IndexError, "[Shape.at] axis 3 is outside a tensor of rank 3, expected -3 <= axis < 3", s.at(3));
  CHECK_THROWS_TEXT(IndexError, "axis -4 is outside a tensor of rank 3", s.at(-4));
  CHECK_THROWS_TEXT(IndexError, "axis -1 is outside a tensor of rank 0", Shape{}.back());
}

TEST_CASE("shape: brackets count from the end too, and throw outside the rank") {
  Shape s{2, 3, 4};
  CHECK(s[-1] == 4);
  CHECK(s[-3] == 2);
  CHECK(s[2] == 4);
  s[-2] = 7;
  CHECK(s == Shape{2, 7, 4});
  const Shape& constant = s;
  CHECK(constant[-1] == 4);
  const char* text = "[Shape[]] axis 3 is outside a tensor of rank 3, expected -3 <= axis < 3";
  CHECK_THROWS_TEXT(IndexError, text, s[3]);
  CHECK_THROWS_TEXT(IndexError, text, constant[3]);
  CHECK_THROWS_TEXT(IndexError, "axis -4 is outside a tensor of rank 3", s[-4] = 1);
  CHECK_THROWS_TEXT(IndexError, "axis 0 is outside a tensor of rank 0", Shape{}[0]);
  CHECK_THROWS_TEXT(IndexError, "axis -1 is outside a tensor of rank 0", Shape{}[-1]);
  CHECK_THROWS_TEXT(IndexError, "axis -2147483648 is outside", s[INT_MIN]);
  CHECK_THROWS_TEXT(IndexError, "axis 2147483647 is outside", s[INT_MAX]);
  Shape large(eight);
  CHECK(large[-1] == 9);
  CHECK(large[-8] == 2);
  CHECK_THROWS_TEXT(IndexError, "axis 8 is outside a tensor of rank 8", large[8]);
}

TEST_CASE("shape: prints as a Python tuple") {
  CHECK(Shape{}.str() == "()");
  CHECK(Shape{3}.str() == "(3,)");
  CHECK(Shape{2, 3}.str() == "(2, 3)");
  CHECK(Shape(eight).str() == "(2, 3, 4, 5, 6, 7, 8, 9)");
}

TEST_CASE("shape: equality compares rank and sizes") {
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK(Shape{2, 3} != Shape{3, 2});
  CHECK(Shape{2, 3} != Shape{2, 3, 1});
  CHECK(Shape{} == Shape{});
  CHECK(Shape(eight) == Shape(eight));
  auto other = eight;
  other.back() = 1;
  CHECK(Shape(eight) != Shape(other));
}

TEST_CASE("shape: copies and moves across the rank that fits inline") {
  const Shape small{1, 2}, large(eight), longest(std::vector<std::int64_t>(20, 3));
  for (const Shape* from : {&small, &large, &longest}) {
    for (const Shape* to : {&small, &large, &longest}) {
      Shape target(*to);
      target = *from;
      CHECK(target == *from);
      Shape source(*from);
      target = *to;
      target = std::move(source);
      CHECK(target == *from);
      const Shape moved(std::move(target));
      CHECK(moved == *from);
    }
  }
  // A copy is one: what is written to it stays there.
  Shape copy(large);
  copy[0] = 100;
  CHECK(large[0] == 2);
  Shape& same = copy;
  copy = same;
  CHECK(copy[0] == 100);
  CHECK(copy.rank() == 8);
}

TEST_CASE("shape: products that do not fit are noticed") {
  CHECK(detail::checked_product("op", 3, 4) == 12);
  const std::int64_t large = std::int64_t{1} << 40;
  CHECK_THROWS_TEXT(ValueError, "[op] a size of 1099511627776 x 1099511627776 elements does not fit",
                    detail::checked_product("op", large, large));
}
