#include "xtape/io/npy.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "support/check.hpp"
#include "support/idx_bytes.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;
using namespace std::string_literals;
using io::load_npy;
using io::save_npy;

namespace {

/// A file of version 1.0.
std::string npy(const std::string& dictionary, const std::string& elements) {
  std::string bytes("\x93NUMPY\x01\0", 8);
  bytes += static_cast<char>(dictionary.size());
  bytes += static_cast<char>(dictionary.size() >> 8);
  return bytes + dictionary + elements;
}
std::string array(const std::string& descr, const std::string& shape, const std::string& elements,
                  const std::string& fortran = "False") {
  return npy(fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr, fortran, shape), elements);
}
Tensor load(const TempDir& dir, const std::string& bytes) { return load_npy(dir.write("file.npy", bytes)); }

}  // namespace

TEST_CASE("npy: files that numpy.save has written") {
  // numpy 1.24: arange(6, dtype='<f4').reshape(2, 3); array(7); the transposed order, most significant byte first;
  // float16 in version 2.0; no rows in version 3.0.
  const TempDir dir;
  const std::string floats = "\x93NUMPY\x01\x00v\x00"s + "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" +
                             std::string(58, ' ') + "\n" +
                             "\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@"s;
  const Tensor expected = constant({{0.0, 1.0, 2.0}, {3.0, 4.0, 5.0}});
  CHECK_SAME_BITS(load(dir, floats), expected);
  save_npy(dir / "floats", expected);
  CHECK(file_bytes(dir / "floats") == floats);

  const std::string seven = "\x93NUMPY\x01\x00v\x00"s + "{'descr': '<i8', 'fortran_order': False, 'shape': (), }" +
                            std::string(62, ' ') + "\n" + "\x07\x00\x00\x00\x00\x00\x00\x00"s;
  CHECK_SAME_BITS(load(dir, seven), constant(7, int64));
  save_npy(dir / "seven", constant(7, int64));
  CHECK(file_bytes(dir / "seven") == seven);

  const std::string columns = "\x93NUMPY\x01\x00v\x00"s + "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }" +
                              std::string(59, ' ') + "\n" + "\x00\x00\x00\x03\x00\x01\x00\x04\x00\x02\x00\x05"s;
  CHECK_SAME_BITS(load(dir, columns), constant({{0, 1, 2}, {3, 4, 5}}));

  const std::string halves = "\x93NUMPY\x02\x00t\x00\x00\x00"s +
                             "{'descr': '<f2', 'fortran_order': False, 'shape': (5,), }" + std::string(58, ' ') + "\n" +
                             "\x00\x38\x00\xc0\xff{\x01\x00\x00|"s;
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_SAME_BITS(load(dir, halves), constant({0.5, -2.0, 65504.0, std::ldexp(1.0, -24), infinity}));

  const std::string none = "\x93NUMPY\x03\x00t\x00\x00\x00"s +
                           "{'descr': '|b1', 'fortran_order': False, 'shape': (0, 4), }" + std::string(56, ' ') + "\n";
  CHECK_SAME_BITS(load(dir, none), zeros({0, 4}, boolean));
}

TEST_CASE("npy: every element type") {
  const TempDir dir;
  const std::string two(8, '\xfe');
  CHECK_SAME_BITS(load(dir, array("|i1", "(2,)", "\xfe\x7f")), constant({-2, 127}));
  CHECK_SAME_BITS(load(dir, array("<i2", "(1,)", "\xfe\xff")), constant({-2}));
  CHECK_SAME_BITS(load(dir, array("<u2", "(1,)", "\xfe\xff")), constant({65534}));
  CHECK_SAME_BITS(load(dir, array("<i4", "(1,)", "\xfe\xff\xff\xff")), constant({-2}));
  CHECK_SAME_BITS(load(dir, array("<u4", "(1,)", "\xfe\xff\xff\xff")), constant({4294967294}, int64));
  CHECK_SAME_BITS(load(dir, array(">u4", "(1,)", "\xff\xff\xff\xfe")), constant({4294967294}, int64));
  CHECK_SAME_BITS(load(dir, array("<u8", "(1,)", "\x01\0\0\0\0\0\0\x7f"s)), constant({0x7f00000000000001}, int64));
  CHECK_SAME_BITS(load(dir, array(">i8", "(1,)", "\xff\xff\xff\xff\xff\xff\xff\xfe")), constant({-2}, int64));
  CHECK_SAME_BITS(load(dir, array("|u1", "(2,)", "\xfe\x01")), constant({254, 1}, uint8));
  CHECK_SAME_BITS(load(dir, array("|b1", "(3,)", "\0\1\2"s)), constant({false, true, true}));
  CHECK_SAME_BITS(load(dir, array(">f4", "(1,)", "\xc0\x20\0\0"s)), constant({-2.5}));
  CHECK_SAME_BITS(load(dir, array(">f8", "(1,)", "\xc0\x04\0\0\0\0\0\0"s)), constant({-2.5}, float64));
  CHECK_SAME_BITS(load(dir, array("=f4", "(1,)", "\0\0\x20\xc0"s)), constant({-2.5}));
  const Tensor halves = load(dir, array("<f2", "(4,)", "\x00\x80\xff\x03\x00\x04\x00\x7e"s));
  const auto half = halves.to_vector<float>();
  CHECK(std::signbit(half[0]));
  CHECK(half[1] == std::ldexp(1023.0f, -24));  // the largest subnormal, then the smallest normal number
  CHECK(half[2] == std::ldexp(1.0f, -14));
  CHECK(std::isnan(half[3]));
}

TEST_CASE("npy: what is saved is loaded") {
  const TempDir dir;
  for (const Tensor& t : {constant({{1.5, -2.5}}), constant({0.1}, float64), constant({{{7}}}, int64), constant({-7}),
                          constant({0, 255}, uint8), constant(true), zeros({3, 0, 2}), ones({1, 2, 1, 2, 1, 2, 1})}) {
    save_npy(dir / "t.npy", t);
    CHECK_SAME_BITS(load_npy(dir / "t.npy"), t);
    CHECK((file_bytes(dir / "t.npy").size() - static_cast<std::size_t>(t.size()) * itemsize(t.dtype())) % 64 == 0);
  }
  CHECK_THROWS_TEXT(TypeError, "[save_npy] expected a dtype that NumPy has, received bfloat16",
                    save_npy(dir / "b", zeros({1}, bfloat16)));
  CHECK_THROWS_TEXT(ValueError, "[save_npy] expected a tensor, received an empty one", save_npy(dir / "b", Tensor()));
  CHECK_THROWS_TEXT(DataError, "[save_npy] " + (dir / "none/b") + ": cannot be written: No such file",
                    save_npy(dir / "none/b", zeros({1})));
}

TEST_CASE("npy: a large array in pieces, in column order, and compressed by gzip") {
  const TempDir dir;
  std::string elements, reversed;
  for (int i = 0; i < 40000; ++i) (elements += static_cast<char>(i)) += static_cast<char>(i >> 8);
  const Tensor t = load(dir, array("<u2", "(200, 200)", elements));
  CHECK_TENSOR_EQ(t, constant(arange(40000).to_vector<std::int32_t>(), {200, 200}));
  const auto columns = load(dir, array("<u2", "(200, 200)", elements, "True")).to_vector<std::int32_t>();
  int wrong = 0;
  for (int i = 0; i < 200; ++i) {
    for (int j = 0; j < 200; ++j) wrong += columns[static_cast<std::size_t>(200 * i + j)] != i + 200 * j;
  }
  CHECK(wrong == 0);
  CHECK_TENSOR_EQ(load(dir, gzip_bytes(array("<u2", "(200, 200)", elements))), t);
}

TEST_CASE("npy: what is not read") {
  const TempDir dir;
  const std::string path = "[load_npy] " + (dir / "file.npy") + ": ";
  const auto says = [&](const std::string& text, const std::string& bytes) {
    CHECK_THROWS_TEXT(DataError, path + text, load(dir, bytes));
  };
  CHECK_THROWS_TEXT(DataError, ": no such file", load_npy(dir / "none"));
  says("expected an npy file, which begins with 93 4e 55 4d 50 59, version, length: received an empty file", "");
  says("expected an npy file, which begins with 93 4e 55 4d 50 59, version, length: received 50 4b 03 04 00 00",
       "PK\3\4\0\0\0\0\0\0\0"s);
  says("expected version 1.0, 2.0 or 3.0 of the npy format, received 4.0", "\x93NUMPY\4\0\0\0\0\0\0\0"s);
  says("expected a header of at most 12 bytes, received a length of 255", "\x93NUMPY\1\0\xff\0{}"s);
  says("expected a header of at most 13 bytes, received a length of 4294967295", "\x93NUMPY\2\0\xff\xff\xff\xff{"s);
  const std::string damaged = "expected a header with descr, fortran_order and shape: damaged at \"";
  says(damaged + "\"", npy("{}", ""));
  says(damaged + "1}\"", npy("{'descr': 1}", ""));
  says(damaged + "Maybe,", npy("{'fortran_order': Maybe,", ""));
  says(damaged + "-1,)", npy("{'shape': (-1,)", ""));
  says(damaged + " 2}\"", npy("{'shape': (), 'x': 2}", ""));
  says(damaged + "x\"", npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}x", ""));
  says("arrays of structures are not supported", npy("{'descr': [('a', '<f4')]", ""));
  says("expected numbers or bools, received Python objects ('|O'), which are not read", array("|O", "(1,)", "x"));
  says("expected numbers or bools, received elements of type '<U3'", array("<U3", "(1,)", std::string(12, 'x')));
  says("expected numbers or bools, received elements of type '<c8'", array("<c8", "(1,)", std::string(8, 'x')));
  says("expected numbers or bools, received elements of type '<f16'", array("<f16", "(1,)", std::string(16, 'x')));
  says("expected numbers or bools, received elements of type '<b8'", array("<b8", "(1,)", std::string(8, 'x')));
  says("expected numbers or bools, received elements of type '<M8[ns]'", array("<M8[ns]", "(1,)", std::string(8, 'x')));
  says("expected uint64 numbers that int64 can hold, received 9223372036854775808",
       array("<u8", "(1,)", "\0\0\0\0\0\0\0\x80"s));
  says("expected [2] elements of '<f4', 8 bytes: received more", array("<f4", "(2,)", std::string(9, 'x')));
  says("expected [40] elements of '<f4': 76 bytes cannot hold them", array("<f4", "(40,)", std::string(7, 'x')));
  says("expected [20] elements of '<i2', 40 bytes: received 7 bytes", array("<i2", "(20,)", std::string(7, 'x')));
  says("expected [1000000, 1000000] elements of '<f4': ", array("<f4", "(1000000, 1000000)", "x"));
  says("expected [4294967296, 4294967296, 0] elements of '<f4': ", array("<f4", "(4294967296, 4294967296, 0)", ""));
}

TEST_CASE("npy: damage gives an array of the right size or a DataError") {
  const TempDir dir;
  const std::string good = array("<f4", "(3, 4)", std::string(48, 'x'));
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    for (auto i = random() % 3; i < 3; ++i) bytes[random() % (bytes.size() - 48)] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    try {
      const Tensor t = load(dir, bytes);
      CHECK(static_cast<std::size_t>(t.size()) <= 48);
    } catch (const DataError& e) {
      CHECK(e.message().find("[load_npy] " + (dir / "file.npy") + ": ") == 0);
      ++refused;
    }
  }
  CHECK(refused > 300);
}
