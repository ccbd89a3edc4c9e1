#include "base/named.hpp"

#include "support/check.hpp"

using namespace xtape;
using detail::same_name;

TEST_CASE("names: the class's name, Keras's in snake case and capitals are one") {
  CHECK(same_name("mean_squared_error", "MeanSquaredError"));
  CHECK(same_name("mse", "MSE"));
  CHECK(same_name("binary_io_u", "BinaryIoU"));
  CHECK(same_name("l1_l2", "L1L2"));
  CHECK(same_name("_a__b_", "ab"));
  CHECK(same_name("", ""));
  CHECK_FALSE(same_name("mse", "ms"));
  CHECK_FALSE(same_name("mse", "mse2"));
  CHECK_FALSE(same_name("mse", std::string_view("mse\0", 4)));
  CHECK_FALSE(same_name("mse", " mse"));
}

TEST_CASE("names: an entry is found by its name or an alias, and an unknown name lists all entries") {
  const detail::Named<int> table[] = {{"first_one", 1, {"f", "uno"}}, {"second", 2}};
  const auto get = [&](std::string_view name) { return detail::get_named("op", "number", table, name).value; };
  CHECK(get("FirstOne") == 1);
  CHECK(get("UNO") == 1);
  CHECK(get("second") == 2);
  CHECK_THROWS_TEXT(ValueError, "[op] unknown number 'third', expected one of: first_one, second", get("third"));
  CHECK_THROWS_TEXT(ValueError, "[op] unknown number '', expected one of: first_one, second", get(""));
}
