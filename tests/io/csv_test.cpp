#include "xtape/io/csv.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "support/check.hpp"
#include "support/idx_bytes.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;
using io::load_csv;

TEST_CASE("load_csv: numbers, spaces, line ends, headings") {
  const TempDir dir;
  const auto load = [&](const std::string& text, const io::CsvOptions& options = {}) {
    return load_csv(dir.write("file.csv", text), options);
  };
  const Tensor expected = constant({{1.0, -2.5}, {300.0, 4.0}});
  CHECK_TENSOR_EQ(load("1,-2.5\n3e2,+4\n"), expected);
  CHECK_TENSOR_EQ(load("1, -2.5\r\n\r\n 3e2 ,\t4"), expected);
  CHECK_TENSOR_EQ(load("a,b\n1,-2.5\n3e2,4", {.skip_rows = 1}), expected);
  CHECK_TENSOR_EQ(load("1;-2.5\n300;4", {.delimiter = ';'}), expected);
  CHECK_TENSOR_EQ(load(gzip_bytes("1,-2.5\n300,4")), expected);
  CHECK_TENSOR_EQ(load("7"), constant({{7.0}}));
  CHECK_TENSOR_EQ(load("0.1\n", {.dtype = float64}), constant({{0.1}}, float64));
  CHECK_TENSOR_EQ(load("-9223372036854775808,9223372036854775807", {.dtype = int64}),
                  constant({{INT64_MIN, INT64_MAX}}, int64));
  CHECK_TENSOR_EQ(load("0,255", {.dtype = uint8}), constant({{0, 255}}, uint8));
  CHECK_TENSOR_EQ(load("-2147483648", {.dtype = int32}), constant({{std::int64_t{INT32_MIN}}}, int32));
  const auto special = load("nan,inf,-inf").to_vector<float>();
  CHECK(std::isnan(special[0]));
  CHECK(special[1] == std::numeric_limits<float>::infinity());
  CHECK(special[2] == -special[1]);
  CHECK(load("").shape() == Shape{0, 0});
}

TEST_CASE("load_csv: what is not right, with line and column") {
  const TempDir dir;
  const auto says = [&](const std::string& text, const std::string& content, const io::CsvOptions& options = {}) {
    const std::string path = dir.write("file.csv", content);
    CHECK_THROWS_TEXT(DataError, "[load_csv] " + path + ": " + text, load_csv(path, options));
  };
  says("line 3, column 2: expected a number of float32, received \"x\"", "1,2\n\n3,x\n");
  says("line 1, column 2: expected a number of float32, received \"\"", "1,,2");
  says("line 1, column 1: expected a number of float32, received \"1.5e\"", "1.5e,2");
  says("line 1, column 1: expected a number of int32, received \"1.5\"", "1.5", {.dtype = int32});
  says("line 1, column 1: expected a number of int32, received \"2147483648\"", "2147483648", {.dtype = int32});
  says("line 1, column 1: expected a number of uint8, received \"-1\"", "-1", {.dtype = uint8});
  says("line 1, column 1: expected a number of int64, received \"9223372036854775808\"", "9223372036854775808",
       {.dtype = int64});
  says("line 2: expected 2 numbers, as in the lines before, received 3", "1,2\n3,4,5");
  CHECK_THROWS_TEXT(DataError, ": no such file", load_csv(dir / "none"));
  CHECK_THROWS_TEXT(TypeError, "[load_csv] expected a dtype of numbers, received bool",
                    load_csv(dir / "none", {.dtype = boolean}));
}
