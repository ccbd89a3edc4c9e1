#include "xtape/io/limits.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>
#include <string>

#include "io/input_file.hpp"
#include "io/json_numbers.hpp"
#include "io/pickle.hpp"
#include "io/zip_reader.hpp"
#include "support/check.hpp"
#include "support/idx_bytes.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/io/csv.hpp"
#include "xtape/io/idx.hpp"
#include "xtape/io/npy.hpp"
#include "xtape/io/npz.hpp"
#include "xtape/io/safetensors.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// Limits for the time of a test.
class WithLimits {
 public:
  explicit WithLimits(const io::Limits& limits) : before_(io::limits()) { io::set_limits(limits); }
  ~WithLimits() { io::set_limits(before_); }

 private:
  io::Limits before_;
};

std::string deflated(std::string_view bytes, int window_bits) {
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string result(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}
std::string gzip(std::string_view bytes) { return deflated(bytes, 15 + 16); }

template <class U>
std::string little_endian(U value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

/// A zip archive all of whose members have the same bytes of the file, as a "zip bomb" has.
std::string overlapping_zip(const std::string& contents, int members) {
  const std::string data = deflated(contents, -15);
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(contents.data()), static_cast<uInt>(contents.size())));
  const auto entry = [&](const std::string& name) {
    return little_endian<std::uint16_t>(0) + little_endian<std::uint16_t>(8) + little_endian<std::uint32_t>(0) +
           little_endian(crc) + little_endian(static_cast<std::uint32_t>(data.size())) +
           little_endian(static_cast<std::uint32_t>(contents.size())) +
           little_endian(static_cast<std::uint16_t>(name.size())) + little_endian<std::uint16_t>(0);
  };
  std::string file = "PK\3\4" + little_endian<std::uint16_t>(20) + entry("a00.npy") + "a00.npy" + data, list;
  for (int i = 0; i < members; ++i) {
    const std::string name = fmt::format("a{:02}.npy", i);
    list += "PK\1\2" + little_endian<std::uint16_t>(20) + little_endian<std::uint16_t>(20) + entry(name) +
            std::string(14, '\0') + name;
  }
  const auto n = static_cast<std::uint16_t>(members);
  return file + list + "PK\5\6" + std::string(4, '\0') + little_endian(n) + little_endian(n) +
         little_endian(static_cast<std::uint32_t>(list.size())) +
         little_endian(static_cast<std::uint32_t>(file.size())) + little_endian<std::uint16_t>(0);
}

std::string npy_header(const std::string& type, const std::string& shape) {
  const std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}\n", type, shape);
  return std::string("\x93NUMPY\x01\0", 8) + little_endian(static_cast<std::uint16_t>(text.size())) + text;
}

}  // namespace

TEST_CASE("limits: a small gzip file that becomes large is refused by every reader, naming the file and the limit") {
  const TempDir dir;
  static constexpr std::size_t most = 1 << 20;
  const WithLimits limits({.inflated_bytes = most, .inflated_text_bytes = most, .inflation = 1});
  const auto says = [](const std::string& path, const char* limit) {
    return fmt::format("{}: expected compressed data of at most {} bytes when inflated (io::Limits::{}), received more",
                       path, most, limit);
  };
  std::string table;
  while (table.size() <= most) table += "1,2\n";
  const std::string csv = dir.write("a.csv", gzip(table));
  CHECK_THROWS_TEXT(DataError, "[load_csv] " + says(csv, "inflated_text_bytes"), io::load_csv(csv));
  const std::string line = dir.write("line.csv", gzip(std::string(2 * most, '1')));
  CHECK_THROWS_TEXT(DataError, says(line, "inflated_text_bytes"), io::load_csv(line));
  const std::string json = dir.write("a.json", gzip("{" + std::string(2 * most, ' ') + "}"));
  CHECK_THROWS_TEXT(DataError, says(json, "inflated_text_bytes"), detail::read_json_numbers("json", json));
  const std::string npy = dir.write("a.npy", gzip(npy_header("|u1", "(2000000,)") + std::string(2000000, 'x')));
  CHECK_THROWS_TEXT(DataError, "[load_npy] " + says(npy, "inflated_bytes"), io::load_npy(npy));
  const std::string idx = dir.write("a.idx", gzip(idx_bytes(0x08, {2000, 1000}, std::string(2000000, 'x'))));
  CHECK_THROWS_TEXT(DataError, "[read_idx] " + says(idx, "inflated_bytes"), io::read_idx(idx));
  const std::string npz = dir / "a.npz";
  io::save_npz(npz, {{"a", zeros({400, 400})}, {"b", zeros({400, 400})}}, {.compressed = true});
  CHECK_THROWS_TEXT(DataError, "[load_npz] " + says(npz, "inflated_bytes"), io::load_npz(npz));
}

TEST_CASE("limits: what stays below them is read, and they can be raised") {
  const TempDir dir;
  std::string table;
  for (int i = 0; i < 5000; ++i) table += "1,2\n";
  const std::string csv = dir.write("a.csv", gzip(table));
  {
    const WithLimits limits({.inflated_text_bytes = table.size(), .inflation = 1});
    CHECK(io::load_csv(csv).shape() == Shape{5000, 2});
  }
  {
    const WithLimits limits({.inflated_text_bytes = table.size() - 1, .inflation = 1});
    CHECK_THROWS_TEXT(DataError, "io::Limits::inflated_text_bytes", io::load_csv(csv));
  }
  {
    const WithLimits limits({.inflated_text_bytes = 1, .inflation = 1032});  // relative to the file
    CHECK(io::load_csv(csv).shape() == Shape{5000, 2});
  }
  const WithLimits none({.inflated_bytes = 0, .inflated_text_bytes = 0, .inflation = 0});
  const std::string plain = dir.write("plain.csv", table);  // not compressed: no limit but the file itself
  CHECK(io::load_csv(plain).shape() == Shape{5000, 2});
  io::save_safetensors(dir / "t", {{"a", ones({3000})}});
  CHECK(io::load_safetensors(dir / "t").tensors.size() == 1);
}

TEST_CASE("limits: by default a gzip text of 2 MB cannot take gigabytes") {
  const TempDir dir;
  const std::string path = dir / "bomb.csv";
  {
    gzFile file = gzopen(path.c_str(), "wb9");
    const std::string piece(1 << 20, '\n');
    for (int i = 0; i < 300; ++i) gzwrite(file, piece.data(), static_cast<unsigned>(piece.size()));
    gzclose(file);
  }
  CHECK_THROWS_TEXT(DataError, "of at most 268435456 bytes when inflated", io::load_csv(path));
}

TEST_CASE("limits: the stack, memo and lists of a pickle") {
  const TempDir dir;
  const WithLimits limits({.unpickled_bytes = 100000});
  const auto read = [&](const std::string& program) {
    const std::string path = dir.write("pickle", program);
    detail::InputFile file("unpickle", path);
    detail::read_pickled_lists(file);
  };
  const std::string text = "more than 100000 bytes of objects (io::Limits::unpickled_bytes)";
  CHECK_THROWS_TEXT(DataError, text, read("N" + std::string(100000, '\x94')));  // the memo
  CHECK_THROWS_TEXT(DataError, text, read(std::string(100000, 'N')));           // the stack
  CHECK_THROWS_TEXT(DataError, text, read(std::string(100000, ']')));           // lists
  CHECK_THROWS_TEXT(DataError, text, read(std::string(100000, ')')));           // tuples
  std::string recalled = "]q" + std::string(1, '\0');
  std::string numbers = "]";
  for (int i = 0; i < 50000; ++i) {
    recalled += std::string("h\0a", 3);
    numbers += "K\1a";
  }
  CHECK_THROWS_TEXT(DataError, text, read(recalled));  // the items of a list
  CHECK_THROWS_TEXT(DataError, text, read(numbers));
}

TEST_CASE("limits: zip members that share bytes are refused") {
  const TempDir dir;
  const std::string contents = npy_header("<f4", "(100,)") + std::string(400, '\0');
  const std::string one = dir.write("one.npz", overlapping_zip(contents, 1));
  CHECK(io::load_npz(one).size() == 1);
  const std::string many = dir.write("many.npz", overlapping_zip(contents, 50));
  CHECK_THROWS_TEXT(DataError, "[load_npz] " + many + ": damaged zip archive: '", io::load_npz(many));
  CHECK_THROWS_TEXT(DataError, "share bytes of the file", io::load_npz(many));
}

TEST_CASE("read_idx: sizes that no file can hold name the file") {
  const TempDir dir;
  for (const std::uint32_t size : {0xffffffffu, 0x80000000u}) {
    for (const bool zipped : {false, true}) {
      for (const unsigned char type : {0x08, 0x0e}) {
        for (std::size_t rank = 1; rank <= 4; ++rank) {
          const std::string bytes = idx_bytes(type, std::vector<std::uint32_t>(rank, size), "x");
          const std::string path = dir.write("absurd", zipped ? gzip(bytes) : bytes);
          CHECK_THROWS_TEXT(DataError, "[read_idx] " + path + ": ", io::read_idx(path));
        }
      }
    }
  }
  const std::string path = dir.write("zero", idx_bytes(0x0e, {0, 0xffffffffu, 0xffffffffu, 0xffffffffu}, ""));
  CHECK_THROWS_TEXT(DataError, "[read_idx] " + path + ": ", io::read_idx(path));
}
