#include "xtape/io/idx.hpp"

#include <fmt/format.h>

#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/idx_bytes.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;
using namespace std::string_literals;

namespace {

const std::string small_data = testing::source_dir() + "/data/fashion-mnist-small/";
constexpr unsigned char u8 = 0x08, i8 = 0x09, i16 = 0x0b, i32 = 0x0c, f32 = 0x0d, f64 = 0x0e;

Tensor read_bytes(const TempDir& dir, const std::string& bytes) { return io::read_idx(dir.write("file", bytes)); }

/// What read_idx makes of the bytes: the tensor, or an empty one after a DataError. Any other exception passes.
Tensor read_or_refuse(const std::string& path) {
  try {
    return io::read_idx(path);
  } catch (const DataError& e) {
    CHECK(e.message().find("[read_idx] " + path + ": ") == 0);
    return {};
  }
}

bool same_elements(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && a.to_vector<std::uint8_t>() == b.to_vector<std::uint8_t>();
}

}  // namespace

TEST_CASE("read_idx: each element type, most significant byte first") {
  const TempDir dir;
  CHECK_TENSOR_EQ(read_bytes(dir, idx_bytes(u8, {3}, "\x00\x7f\xff"s)), constant({0, 127, 255}, uint8));
  CHECK_TENSOR_EQ(read_bytes(dir, idx_bytes(i32, {2}, "\x01\x02\x03\x04\xff\xff\xff\xfe"s)), constant({16909060, -2}));
  // IEEE 754: 1.0 is 3f800000 and 3ff00000 00000000, -2.5 is c0200000 and c0040000 00000000.
  CHECK_TENSOR_EQ(read_bytes(dir, idx_bytes(f32, {1, 2}, "\x3f\x80\x00\x00\xc0\x20\x00\x00"s)),
                  constant({{1.0, -2.5}}));
  CHECK_TENSOR_EQ(read_bytes(dir, idx_bytes(f64, {2, 1}, "\x3f\xf0\0\0\0\0\0\0\xc0\x04\0\0\0\0\0\0"s)),
                  constant({{1.0}, {-2.5}}, float64));
}

TEST_CASE("read_idx: one to four axes, and sizes of zero") {
  const TempDir dir;
  const std::string payload(24, '\7');
  CHECK(read_bytes(dir, idx_bytes(u8, {24}, payload)).shape() == Shape{24});
  CHECK(read_bytes(dir, idx_bytes(u8, {4, 6}, payload)).shape() == Shape{4, 6});
  CHECK(read_bytes(dir, idx_bytes(u8, {4, 3, 2}, payload)).shape() == Shape{4, 3, 2});
  CHECK(read_bytes(dir, idx_bytes(u8, {4, 1, 3, 2}, payload)).shape() == Shape{4, 1, 3, 2});
  CHECK(read_bytes(dir, idx_bytes(u8, {0, 28, 28}, "")).shape() == Shape{0, 28, 28});
  CHECK(read_bytes(dir, gzip_bytes(idx_bytes(f32, {0xffffffff, 0}, ""))).shape() == Shape{0xffffffff, 0});
}

TEST_CASE("read_idx: gzip by its first bytes, whatever the name, in one member or several") {
  const TempDir dir;
  const std::string idx = idx_bytes(u8, {5}, "\1\2\3\4\5");
  const Tensor expected = constant({1, 2, 3, 4, 5}, uint8);
  CHECK_TENSOR_EQ(io::read_idx(dir.write("plain.gz", idx)), expected);
  CHECK_TENSOR_EQ(io::read_idx(dir.write("compressed", gzip_bytes(idx))), expected);
  for (std::size_t cut = 0; cut <= idx.size(); ++cut) {
    CAPTURE(cut);
    CHECK_TENSOR_EQ(read_bytes(dir, gzip_bytes(idx.substr(0, cut)) + gzip_bytes(idx.substr(cut))), expected);
  }
}

TEST_CASE("read_idx: a member of gzip data that ends where the reader's buffer ends") {
  const TempDir dir;
  std::string payload(300000, '\0');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i % 251);
  const std::string idx = idx_bytes(u8, {300000}, payload);
  const Tensor expected = read_bytes(dir, idx);
  for (std::size_t cut = 262144 - 38 - 2; cut <= 262144 - 38 + 2; ++cut) {  // 38 bytes: header, four blocks, trailer
    const std::string first = gzip_bytes(idx.substr(0, cut));
    CAPTURE(first.size());
    const std::string second = gzip_bytes(idx.substr(cut));
    CHECK(same_elements(read_bytes(dir, first + second), expected));
    CHECK_THROWS_TEXT(DataError, "the gzip data, received more", read_bytes(dir, first + 'x' + second.substr(1)));
  }
}

TEST_CASE("read_idx: a file of gzip(1), larger than any buffer") {
  const Tensor images = io::read_idx(small_data + "train-images-idx3-ubyte.gz");
  CHECK(images.dtype() == uint8);
  CHECK(images.shape() == Shape{2000, 28, 28});
  const Tensor labels = io::read_idx(small_data + "t10k-labels-idx1-ubyte.gz");
  // The first test labels of Fashion-MNIST, and 50 of each class.
  const auto label = labels.to_vector<std::uint8_t>();
  CHECK(std::vector<int>(label.begin(), label.begin() + 10) == std::vector<int>{9, 2, 1, 1, 6, 1, 4, 6, 5, 7});
  CHECK(std::accumulate(label.begin(), label.end(), 0) == 50 * 45);
}

TEST_CASE("read_idx: what is no file") {
  const TempDir dir;
  CHECK_THROWS_TEXT(DataError, "[read_idx] " + (dir / "none.gz") + ": no such file", io::read_idx(dir / "none.gz"));
  CHECK_THROWS_TEXT(DataError, ": expected a file, received a directory", io::read_idx(dir.str()));
  CHECK_THROWS_TEXT(DataError, ": expected a regular file", io::read_idx("/dev/null"));
  const std::string path = dir.write("file", "x");
  CHECK_THROWS_TEXT(DataError, "[read_idx] " + path + "/below: no such file", io::read_idx(path + "/below"));
}

TEST_CASE("read_idx: another format, type or number of axes") {
  const TempDir dir;
  const std::string magic = "expected an IDX file, which begins with the bytes 00 00, type, axes: received ";
  CHECK_THROWS_TEXT(DataError, magic + "3c 21 44 4f", read_bytes(dir, "<!DOCTYPE html>"));
  CHECK_THROWS_TEXT(DataError, magic + "3c 21 44 4f", read_bytes(dir, gzip_bytes("<!DOCTYPE html>")));
  CHECK_THROWS_TEXT(DataError, magic + "an empty file", read_bytes(dir, ""));
  CHECK_THROWS_TEXT(DataError, magic + "00 00 08", read_bytes(dir, "\0\0\x08"s));
  const std::string type = "expected elements of type 08 (uint8), 0c (int32), 0d (float32) or 0e (float64): received ";
  CHECK_THROWS_TEXT(DataError, type + "09 (int8)", read_bytes(dir, idx_bytes(i8, {1}, "a")));
  CHECK_THROWS_TEXT(DataError, type + "0b (int16)", read_bytes(dir, idx_bytes(i16, {1}, "ab")));
  CHECK_THROWS_TEXT(DataError, type + "42", read_bytes(dir, idx_bytes(0x42, {1}, "a")));
  CHECK_THROWS_TEXT(DataError, "expected 1 to 4 axes: received 0", read_bytes(dir, idx_bytes(u8, {}, "a")));
  CHECK_THROWS_TEXT(DataError, "expected 1 to 4 axes: received 5",
                    read_bytes(dir, idx_bytes(u8, {1, 1, 1, 1, 1}, "a")));
  CHECK_THROWS_TEXT(DataError, "expected the sizes of 3 axes, 12 bytes: received 5 bytes",
                    read_bytes(dir, idx_bytes(u8, {1, 1, 1}, "").substr(0, 9)));
}

TEST_CASE("read_idx: shorter or longer than the header says") {
  const TempDir dir;
  const std::string idx = idx_bytes(i32, {2, 3}, std::string(24, '\1'));
  const std::string expected = "expected (2, 3) elements of int32, 24 bytes: received ";
  CHECK_THROWS_TEXT(DataError, expected + "23 bytes", read_bytes(dir, idx.substr(0, idx.size() - 1)));
  CHECK_THROWS_TEXT(DataError, expected + "25 bytes", read_bytes(dir, idx + "x"));
  CHECK_THROWS_TEXT(DataError, expected + "23 bytes", read_bytes(dir, gzip_bytes(idx.substr(0, idx.size() - 1))));
  CHECK_THROWS_TEXT(DataError, expected + "more", read_bytes(dir, gzip_bytes(idx + "x")));
  CHECK_THROWS_TEXT(DataError, expected + "more", read_bytes(dir, gzip_bytes(idx) + gzip_bytes("x")));
  const std::string empty = gzip_bytes(idx_bytes(u8, {0}, "x"));
  CHECK_THROWS_TEXT(DataError, "expected (0,) elements of uint8, 0 bytes: received more", read_bytes(dir, empty));
}

TEST_CASE("read_idx: a size that no memory holds is refused before it is asked for") {
  const TempDir dir;
  const std::vector<std::uint32_t> absurd = {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
  CHECK_THROWS_TEXT(DataError, "expected (4294967295, 4294967295, 4294967295, 4294967295) elements of float64",
                    read_bytes(dir, idx_bytes(f64, absurd, "x")));
  const std::string zipped = gzip_bytes(idx_bytes(u8, {1u << 31, 1u << 10}, "x"));
  CHECK_THROWS_TEXT(DataError,
                    fmt::format("(2147483648, 1024) elements of uint8, 2199023255552 bytes: {} compressed bytes cannot "
                                "hold them",
                                zipped.size()),
                    read_bytes(dir, zipped));
  // 2^64 elements, 0 in 64 bits.
  CHECK_THROWS_TEXT(DataError, "(2147483648, 2147483648, 4) elements of uint8",
                    read_bytes(dir, idx_bytes(u8, {1u << 31, 1u << 31, 4}, "")));
  CHECK_THROWS_TEXT(DataError, "compressed bytes cannot hold them",
                    read_bytes(dir, gzip_bytes(idx_bytes(f64, absurd, "x"))));
}

TEST_CASE("read_idx: gzip data cut off, damaged, or followed by something") {
  const TempDir dir;
  const std::string zipped = gzip_bytes(idx_bytes(u8, {5}, "\1\2\3\4\5"));
  CHECK_THROWS_TEXT(
      DataError,
      fmt::format("expected the rest of the gzip data, received the end of the file after {} bytes", zipped.size() - 1),
      read_bytes(dir, zipped.substr(0, zipped.size() - 1)));
  std::string damaged = zipped;
  damaged[damaged.size() - 10] ^= 1;  // an element
  CHECK_THROWS_TEXT(DataError, "damaged gzip data: incorrect data check", read_bytes(dir, damaged));
  damaged = zipped;
  damaged.back() ^= 1;
  CHECK_THROWS_TEXT(DataError, "damaged gzip data: incorrect length check", read_bytes(dir, damaged));
  for (const std::string& garbage : {"x"s, "\0"s, "\x1f"s, "garbage"s}) {
    CHECK_THROWS_TEXT(DataError, "expected the end of the file after the gzip data, received more bytes",
                      read_bytes(dir, zipped + garbage));
  }
}

TEST_CASE("read_idx: every bit flipped and every truncation gives the right data or a DataError") {
  const TempDir dir;
  const std::string name = "t10k-labels-idx1-ubyte.gz", good = file_bytes(small_data + name);
  const Tensor expected = io::read_idx(small_data + name);
  int accepted = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    CHECK_FALSE(read_or_refuse(dir.write("cut", good.substr(0, i))).defined());
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] ^= static_cast<char>(1 << bit);
      const Tensor t = read_or_refuse(dir.write("flipped", bad));
      if (!t.defined()) continue;
      CAPTURE(i);
      CHECK(same_elements(t, expected));
      if (i != good.size() - 9) ++accepted;  // there stand the bits between the compressed data and the checksum
    }
  }
  // Of the header's ten bytes, the time, the extra flags and the system (six bytes, 48 bits) mean nothing to the data,
  // nor does the flag "text".
  CHECK(accepted == 49);
}

TEST_CASE("read_idx: random damage gives the right data or a DataError") {
  const TempDir dir;
  const std::string plain = idx_bytes(f32, {3, 4, 5}, std::string(240, '\x3f'));
  const std::string zipped = gzip_bytes(plain);
  const Tensor expected = read_bytes(dir, plain);
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    const bool gzip = round % 2 == 0;
    std::string bytes = gzip ? zipped : plain;
    const std::size_t header = gzip ? bytes.size() : 16;  // nothing guards the elements of a plain file
    for (int i = static_cast<int>(random() % 4); i >= 0; --i) bytes[random() % header] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    const Tensor t = read_or_refuse(dir.write("file", bytes));
    if (!t.defined()) {
      ++refused;
    } else if (gzip) {
      CHECK_SAME_BITS(t, expected);
    } else {
      CHECK(static_cast<std::size_t>(t.size()) * itemsize(t.dtype()) == 240);
    }
  }
  CHECK(refused > 1000);
}
