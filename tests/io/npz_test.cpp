#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <string>

#include "support/check.hpp"
#include "support/file_limit.hpp"
#include "support/idx_bytes.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/io/npz.hpp"

using namespace xtape;
using namespace xtape::testing;
using io::load_npz;
using io::save_npz;

namespace {

/// numpy 1.24: savez_compressed(file, x=array([1, 2], dtype='i4'), y=zeros((10, 10))). Members with zip64 sizes.
const std::string numpy_file(
    "\x50\x4b\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x21\x00\x0b\xf9\xaa\x2d\x4b\x00\x00\x00\x88\x00\x00\x00\x05\x00"
    "\x14\x00\x78\x2e"
    "\x6e\x70\x79\x01\x00\x10\x00\x88\x00\x00\x00\x00\x00\x00\x00\x4b\x00\x00\x00\x00\x00\x00\x00\x9b\xec\x17\xea\x1b"
    "\x10\xc9\xc8\x50"
    "\xc6\x50\xad\x9e\x92\x5a\x9c\x5c\xa4\x6e\xa5\xa0\x6e\x93\x69\xa2\xae\xa3\xa0\x9e\x96\x5f\x54\x52\x94\x98\x17\x9f"
    "\x5f\x94\x92\x0a"
    "\x12\x77\x4b\xcc\x29\x4e\x05\x8a\x17\x67\x24\x16\xa4\x02\xf9\x1a\x46\x3a\x9a\x3a\x0a\xb5\x0a\x14\x00\x2e\x46\x06"
    "\x06\x06\x26\x20"
    "\x06\x00\x50\x4b\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x21\x00\x2c\xcd\x61\xd0\x50\x00\x00\x00\xa0\x03\x00\x00"
    "\x05\x00\x14\x00"
    "\x79\x2e\x6e\x70\x79\x01\x00\x10\x00\xa0\x03\x00\x00\x00\x00\x00\x00\x50\x00\x00\x00\x00\x00\x00\x00\x9b\xec\x17"
    "\xea\x1b\x10\xc9"
    "\xc8\x50\xc6\x50\xad\x9e\x92\x5a\x9c\x5c\xa4\x6e\xa5\xa0\x6e\x93\x66\xa1\xae\xa3\xa0\x9e\x96\x5f\x54\x52\x94\x98"
    "\x17\x9f\x5f\x94"
    "\x92\x0a\x12\x77\x4b\xcc\x29\x4e\x05\x8a\x17\x67\x24\x16\xa4\x02\xf9\x1a\x86\x06\x3a\x0a\x86\x06\x9a\x3a\x0a\xb5"
    "\x0a\x64\x02\x2e"
    "\x86\x51\x30\x0a\x46\x01\x4e\x00\x00\x50\x4b\x01\x02\x14\x03\x14\x00\x00\x00\x08\x00\x00\x00\x21\x00\x0b\xf9\xaa"
    "\x2d\x4b\x00\x00"
    "\x00\x88\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\x00\x00\x00\x00\x78\x2e\x6e\x70\x79"
    "\x50\x4b\x01\x02"
    "\x14\x03\x14\x00\x00\x00\x08\x00\x00\x00\x21\x00\x2c\xcd\x61\xd0\x50\x00\x00\x00\xa0\x03\x00\x00\x05\x00\x00\x00"
    "\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x80\x01\x82\x00\x00\x00\x79\x2e\x6e\x70\x79\x50\x4b\x05\x06\x00\x00\x00\x00\x02\x00\x02\x00\x66"
    "\x00\x00\x00\x09"
    "\x01\x00\x00\x00\x00",
    389);

io::NamedTensors load(const TempDir& dir, const std::string& bytes) { return load_npz(dir.write("file.npz", bytes)); }

}  // namespace

TEST_CASE("npz: a file that numpy.savez_compressed has written") {
  const TempDir dir;
  const auto arrays = load(dir, numpy_file);
  REQUIRE(arrays.size() == 2);
  CHECK(arrays[0].first == "x");
  CHECK_SAME_BITS(arrays[0].second, constant({1, 2}));
  CHECK(arrays[1].first == "y");
  CHECK_SAME_BITS(io::find(arrays, "y"), zeros({10, 10}, float64));
  CHECK_FALSE(io::find(arrays, "z").defined());
}

TEST_CASE("npz: what is saved is loaded, stored or compressed") {
  const TempDir dir;
  const io::NamedTensors saved = {
      {"b", zeros({100, 100})}, {"a/b", constant({1, 2, 3})}, {"", constant(true)}, {"none", zeros({0, 3}, int64)}};
  for (const bool compressed : {false, true}) {
    CAPTURE(compressed);
    const std::string path = dir / "file.npz";
    save_npz(path, saved, {.compressed = compressed});
    const auto loaded = load_npz(path);
    REQUIRE(loaded.size() == saved.size());
    for (std::size_t i = 0; i < saved.size(); ++i) {
      CHECK(loaded[i].first == saved[i].first);
      CHECK_SAME_BITS(loaded[i].second, saved[i].second);
    }
    CHECK((file_bytes(path).size() < 5000) == compressed);
  }
  save_npz(dir / "empty", {});
  CHECK(load_npz(dir / "empty").empty());
}

TEST_CASE("npz: what cannot be saved leaves the old file as it was") {
  const TempDir dir;
  const std::string path = dir.write("file", "old");
  const Tensor a = constant({1});
  CHECK_THROWS_TEXT(ValueError, "[save_npz] tensor 'a' is there twice", save_npz(path, {{"a", a}, {"a", a}}));
  CHECK_THROWS_TEXT(ValueError, "[save_npz] tensor 'b' is empty", save_npz(path, {{"a", a}, {"b", Tensor()}}));
  CHECK_THROWS_TEXT(TypeError, "[save_npz] expected a dtype that NumPy has",
                    save_npz(path, {{"a", zeros({1}, bfloat16)}}));
  CHECK_THROWS_TEXT(ValueError, "without a zero, received 2 bytes", save_npz(path, {{std::string("a\0", 2), a}}));
  CHECK(file_bytes(path) == "old");
  CHECK_THROWS_TEXT(DataError, "cannot be written: No such file", save_npz(dir / "none/file", {}));
}

TEST_CASE("npz: a full disk leaves the old file as it was") {
  const TempDir dir;
  const std::string path = dir.write("file", "old");
  for (const std::int64_t rows : {100, 10000, 1000000}) {
    CAPTURE(rows);
    const FileLimit limit(300);
    CHECK_THROWS_TEXT(DataError, "[save_npz] " + path + ": cannot be written: File too large",
                      save_npz(path, {{"a", zeros({rows}, uint8)}, {"b", zeros({100})}}));
  }
  CHECK(file_bytes(path) == "old");
  const std::filesystem::directory_iterator files(dir.str());
  CHECK(std::distance(begin(files), end(files)) == 1);
}

TEST_CASE("npz: what is no npz file") {
  const TempDir dir;
  const std::string path = "[load_npz] " + (dir / "file.npz") + ": ";
  CHECK_THROWS_TEXT(DataError, "[load_npz] " + (dir / "none") + ": no such file", load_npz(dir / "none"));
  CHECK_THROWS_TEXT(DataError, path + "expected a zip archive, which ends with a list of its members", load(dir, ""));
  CHECK_THROWS_TEXT(DataError, path + "expected a zip archive", load(dir, numpy_file.substr(0, 300)));
  std::string other = numpy_file;
  for (auto at = other.find("x.npy"); at != std::string::npos; at = other.find("x.npy")) other[at + 4] = 'z';
  CHECK_THROWS_TEXT(DataError, path + "expected the members of an npz file, which end with .npy: received 'x.npz'",
                    load(dir, other));
  std::string twice = numpy_file;
  for (auto at = twice.find("y.npy"); at != std::string::npos; at = twice.find("y.npy")) twice[at] = 'x';
  CHECK_THROWS_TEXT(DataError, path + "'x.npy' is there twice", load(dir, twice));
  save_npz(dir / "stored", {{"w", constant({1, 2})}});
  std::string stored = file_bytes(dir / "stored");
  stored[stored.find("\x93NUMPY") + 128] = 7;  // an element, which the checksum guards
  CHECK_THROWS_TEXT(DataError, path + "'w.npy': damaged zip archive: incorrect data check", load(dir, stored));
}

TEST_CASE("npz: damage gives arrays or a DataError") {
  const TempDir dir;
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string bytes = numpy_file;
    for (auto i = random() % 3; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    try {
      for (const auto& [name, t] : load(dir, bytes)) CHECK(t.size() <= 100);
    } catch (const DataError& e) {
      CHECK(e.message().find("[load_npz] " + (dir / "file.npz") + ": ") == 0);
      ++refused;
    }
  }
  CHECK(refused > 200);
}
