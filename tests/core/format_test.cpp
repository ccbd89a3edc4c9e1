#include "xtape/core/format.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Row {
  Tensor tensor;
  const char* expected;
};

}  // namespace

TEST_CASE("format: what NumPy 1.24 prints") {
  const Row rows[] = {
      {constant({1.0, 2.5, -3.25}), "[ 1.    2.5  -3.25]"},
      {constant({0.1, 0.2, 0.3}), "[0.1 0.2 0.3]"},
      {constant({0.1, 0.2, 0.3}, float64), "[0.1 0.2 0.3]"},
      {constant({1.0 / 3, 2.0 / 3}, float64), "[0.33333333 0.66666667]"},
      {constant({1.0 / 3, 2.0 / 3}), "[0.33333334 0.6666667 ]"},
      {constant({0.123456789123, 1.5}, float64), "[0.12345679 1.5       ]"},
      {constant({0.999999999, 1.0}, float64), "[1. 1.]"},
      {constant({{1.0, 20.0}, {300.0, 0.5}}),
       "[[  1.   20. ]\n"
       " [300.    0.5]]"},
      {constant({1.0, 1000.0}), "[   1. 1000.]"},
      {constant({1.0, 1000.5}), "[1.0000e+00 1.0005e+03]"},
      {constant({99999992.0}), "[99999992.]"},
      {constant({1e8, 1.0}), "[1.e+08 1.e+00]"},
      {constant({0.0001, 0.0002}, float64), "[0.0001 0.0002]"},
      {constant({0.0001, 0.0002}), "[1.e-04 2.e-04]"},
      {constant({0.00009, 0.5}), "[9.e-05 5.e-01]"},
      {constant({1e-5, 1.23456e-5}), "[1.00000e-05 1.23456e-05]"},
      {constant({1e-300, 1e100, -1.5, 0.0}, float64), "[ 1.0e-300  1.0e+100 -1.5e+000  0.0e+000]"},
      {constant({0.0, -0.0, 1.0}), "[ 0. -0.  1.]"},
      {constant({not_a_number, 1.0, 2.5}), "[nan 1.  2.5]"},
      {constant({infinity, -infinity, not_a_number}), "[ inf -inf  nan]"},
      {constant({-infinity, 1.0}), "[-inf   1.]"},
      {constant({1e10, not_a_number, -infinity}), "[1.e+10    nan   -inf]"},
      {constant({1e-45, 3.4e38}), "[1.4e-45 3.4e+38]"},
      {constant({1, -200, 3}), "[   1 -200    3]"},
      {constant({{1, 2}, {3, 400}}),
       "[[  1   2]\n"
       " [  3 400]]"},
      {constant({{true, false}, {false, true}}),
       "[[ True False]\n"
       " [False  True]]"},
      {constant({0, 255}, uint8), "[  0 255]"},
      {constant({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}),
       "[[[1 2]\n"
       "  [3 4]]\n"
       "\n"
       " [[5 6]\n"
       "  [7 8]]]"},
      {reshape(arange(16), {2, 2, 2, 2}),
       "[[[[ 0  1]\n"
       "   [ 2  3]]\n"
       "\n"
       "  [[ 4  5]\n"
       "   [ 6  7]]]\n"
       "\n"
       "\n"
       " [[[ 8  9]\n"
       "   [10 11]]\n"
       "\n"
       "  [[12 13]\n"
       "   [14 15]]]]"},
      {zeros({0}), "[]"},
      {zeros({3, 0}), "[]"},
      {zeros({2, 1}),
       "[[0.]\n"
       " [0.]]"},
      {arange(40),
       "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
       " 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39]"},
      {linspace(0, 1, 21),
       "[0.   0.05 0.1  0.15 0.2  0.25 0.3  0.35 0.4  0.45 0.5  0.55 0.6  0.65\n"
       " 0.7  0.75 0.8  0.85 0.9  0.95 1.  ]"},
      {arange(1000, 1030),
       "[1000 1001 1002 1003 1004 1005 1006 1007 1008 1009 1010 1011 1012 1013\n"
       " 1014 1015 1016 1017 1018 1019 1020 1021 1022 1023 1024 1025 1026 1027\n"
       " 1028 1029]"},
      {arange(1001), "[   0    1    2 ...  998  999 1000]"},
      {arange(1001.0), "[   0.    1.    2. ...  998.  999. 1000.]"},
      {reshape(arange(1200), {30, 40}),
       "[[   0    1    2 ...   37   38   39]\n"
       " [  40   41   42 ...   77   78   79]\n"
       " [  80   81   82 ...  117  118  119]\n"
       " ...\n"
       " [1080 1081 1082 ... 1117 1118 1119]\n"
       " [1120 1121 1122 ... 1157 1158 1159]\n"
       " [1160 1161 1162 ... 1197 1198 1199]]"},
      {reshape(arange(1400.0), {2, 7, 100}),
       "[[[0.000e+00 1.000e+00 2.000e+00 ... 9.700e+01 9.800e+01 9.900e+01]\n"
       "  [1.000e+02 1.010e+02 1.020e+02 ... 1.970e+02 1.980e+02 1.990e+02]\n"
       "  [2.000e+02 2.010e+02 2.020e+02 ... 2.970e+02 2.980e+02 2.990e+02]\n"
       "  ...\n"
       "  [4.000e+02 4.010e+02 4.020e+02 ... 4.970e+02 4.980e+02 4.990e+02]\n"
       "  [5.000e+02 5.010e+02 5.020e+02 ... 5.970e+02 5.980e+02 5.990e+02]\n"
       "  [6.000e+02 6.010e+02 6.020e+02 ... 6.970e+02 6.980e+02 6.990e+02]]\n"
       "\n"
       " [[7.000e+02 7.010e+02 7.020e+02 ... 7.970e+02 7.980e+02 7.990e+02]\n"
       "  [8.000e+02 8.010e+02 8.020e+02 ... 8.970e+02 8.980e+02 8.990e+02]\n"
       "  [9.000e+02 9.010e+02 9.020e+02 ... 9.970e+02 9.980e+02 9.990e+02]\n"
       "  ...\n"
       "  [1.100e+03 1.101e+03 1.102e+03 ... 1.197e+03 1.198e+03 1.199e+03]\n"
       "  [1.200e+03 1.201e+03 1.202e+03 ... 1.297e+03 1.298e+03 1.299e+03]\n"
       "  [1.300e+03 1.301e+03 1.302e+03 ... 1.397e+03 1.398e+03 1.399e+03]]]"},
      {reshape(arange(1024), {512, 2}),
       "[[   0    1]\n"
       " [   2    3]\n"
       " [   4    5]\n"
       " ...\n"
       " [1018 1019]\n"
       " [1020 1021]\n"
       " [1022 1023]]"},
      {constant(3.0), "3.0"},
      {constant(0.1), "0.1"},
      {constant(0.1, float64), "0.1"},
      {constant(1.0 / 3, float64), "0.3333333333333333"},
      {constant(1e-4), "1e-04"},
      {constant(1e-4, float64), "0.0001"},
      {constant(1.5e-5), "1.5e-05"},
      {constant(1e16), "1e+16"},
      {constant(123456789.0), "123456790.0"},
      {constant(-0.0), "-0.0"},
      {constant(not_a_number), "nan"},
      {constant(-infinity), "-inf"},
      {constant(-7), "-7"},
      {constant(true), "True"},
  };
  for (const auto& row : rows) CHECK(row.tensor.str() == row.expected);
}

TEST_CASE("format: bfloat16 prints as the float32 of the same value") {
  CHECK(constant({1.0, 0.5, -2.0}, bfloat16).str() == "[ 1.   0.5 -2. ]");
  CHECK(constant(0.1, bfloat16).str() == "0.100097656");
}

TEST_CASE("format: fmt and streams print the same") {
  const Tensor t = constant({{1.0, 2.0}, {3.0, 4.5}});
  const std::string expected = "[[1.  2. ]\n [3.  4.5]]";
  std::ostringstream stream;
  stream << t;
  CHECK(stream.str() == expected);
  CHECK(fmt::format("{}", t) == expected);
  CHECK(fmt::format("loss {}, {} of {}", constant(0.25), t.dtype(), t.shape()) == "loss 0.25, float32 of (2, 2)");
  std::ostringstream words;
  words << boolean << ' ' << Shape{3} << ' ' << Shape{} << ' ' << Shape{1, 2, 3};
  CHECK(words.str() == "bool (3,) () (1, 2, 3)");
  CHECK(fmt::format("[{:>8}|{:<9}]", int64, Shape{2, 3}) == "[   int64|(2, 3)   ]");
}

TEST_CASE("format: a specification applies to every element") {
  CHECK(fmt::format("{:.4f}", constant(0.86514)) == "0.8651");
  CHECK(fmt::format("{:.1f}", constant({{1.0, 20.0}, {-3.0, 0.25}})) == "[[ 1.0 20.0]\n [-3.0  0.2]]");
  CHECK(fmt::format("{:x}", constant({10, 255})) == "[ a ff]");
  CHECK_THROWS_TEXT(ValueError, "[format] '.3d' does not suit float32 elements: ", fmt::format("{:.3d}", ones({2})));
}

TEST_CASE("format: an empty tensor is None, and a variable prints its value unseen by tapes") {
  CHECK(fmt::format("{}", Tensor()) == "None");
  const Variable variable(constant({1.0, 2.0}));
  GradientTape tape;
  std::ostringstream stream;
  stream << variable;
  CHECK(stream.str() == "[1. 2.]");
  CHECK(fmt::format("{}", variable) == "[1. 2.]");
  CHECK(tape.watched_variables().empty());
}

TEST_CASE("format: lists of tensors and variables") {
  const Tensor a = constant({1.0, 2.5}), b = constant(3);
  const std::string expected = "[[1.  2.5], 3]";
  CHECK(fmt::format("{}", Tensors{a, b}) == expected);
  CHECK(fmt::format("{}", TensorList{a, b}) == expected);
  CHECK(fmt::format("{}", std::vector<Tensor>{a, b}) == expected);
  CHECK(fmt::format("{}", std::vector<Variable>{Variable(a), Variable(b)}) == expected);
  CHECK(fmt::format("{:.2f}", Tensors{a}) == "[[1.00 2.50]]");
  CHECK(fmt::format("{}", Tensors{}) == "[]");
  std::ostringstream stream;
  stream << Tensors{b} << TensorList{b} << std::vector<Tensor>{b} << std::vector<Variable>{Variable(b)};
  CHECK(stream.str() == "[3][3][3][3]");
}
