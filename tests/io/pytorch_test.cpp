#include "xtape/io/pytorch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "io/zip_writer.hpp"
#include "support/check.hpp"
#include "support/idx_bytes.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/io/limits.hpp"

using namespace xtape;
using namespace xtape::testing;
using namespace std::string_literals;
using io::load_pytorch;
using io::NamedTensors;

namespace {

/// Files that tests/data/fixtures/pytorch/make_files.py wrote, and one that libtorch wrote (libtorch.pt).
std::string fixture(const std::string& name) { return source_dir() + "/tests/data/fixtures/pytorch/" + name; }

std::vector<std::string> names_of(const NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

/// An archive with this pickle, and a storage "0" of four floats 1, 2, 3, 4.
std::string archive(const TempDir& dir, const std::string& pickle, const std::string& order = "little") {
  const std::string path = dir / "file.pt";
  const float values[] = {1, 2, 3, 4};
  detail::ZipWriter zip("test", path);
  zip.add("x/data.pkl", pickle, "", false);
  zip.add("x/byteorder", order, "", false);
  zip.add("x/data/0", {reinterpret_cast<const char*>(values), sizeof values}, "", false);
  zip.commit();
  return path;
}

std::string text(const std::string& value) { return "X"s + static_cast<char>(value.size()) + "\0\0\0"s + value; }
std::string number(std::uint64_t value) {  // LONG1 of nine bytes at most
  std::string bytes = "\x8a"s + '\x09';
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i));
  return value >> 63 != 0 ? bytes + '\0' : "\x8a\x08" + bytes.substr(2);
}
std::string numbers(const std::vector<std::uint64_t>& values) {
  std::string code = "(";
  for (const auto value : values) code += number(value);
  return code + "t";
}
std::string tensor(const std::vector<std::uint64_t>& sizes, const std::vector<std::uint64_t>& strides,
                   std::uint64_t offset = 0, std::uint64_t count = 4, const std::string& storage = "FloatStorage") {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + storage + "\n" + text("0") +
         text("cpu") + number(count) + "tQ" + number(offset) + numbers(sizes) + numbers(strides) +
         "\x89"
         "ccollections\nOrderedDict\n)RtR";
}

}  // namespace

TEST_CASE("pytorch: a state dict with shared, transposed, partial and expanded tensors") {
  const NamedTensors loaded = load_pytorch(fixture("state_dict.pt"));
  CHECK(names_of(loaded) == std::vector<std::string>{"fc.weight", "transposed", "part", "expanded", "scalar", "none"});
  CHECK_TENSOR_EQ(io::find(loaded, "fc.weight"),
                  constant({{0.0f, 1.0f, 2.0f, 3.0f}, {4.0f, 5.0f, 6.0f, 7.0f}, {8.0f, 9.0f, 10.0f, 11.0f}}));
  CHECK_TENSOR_EQ(io::find(loaded, "transposed"),
                  constant({{0.0f, 4.0f, 8.0f}, {1.0f, 5.0f, 9.0f}, {2.0f, 6.0f, 10.0f}, {3.0f, 7.0f, 11.0f}}));
  CHECK_TENSOR_EQ(io::find(loaded, "part"), constant({{5.0f, 7.0f}, {9.0f, 11.0f}}));
  CHECK_TENSOR_EQ(io::find(loaded, "expanded"), constant({{9.0f, 10.0f, 11.0f}, {9.0f, 10.0f, 11.0f}}));
  CHECK_TENSOR_EQ(io::find(loaded, "scalar"), constant(7.0f));
  CHECK_TENSOR_EQ(io::find(loaded, "none"), zeros({0, 3}));
}

TEST_CASE("pytorch: containers in each other, whatever the protocol, the folder and the compression") {
  const std::vector<std::string> expected = {
      "model.fc.weight",        "model.transposed",       "model.part", "model.expanded", "model.scalar", "model.none",
      "optimizer.state.0.step", "optimizer.state.1.step", "list.0",     "list.1.0",       "list.1.1"};
  for (const std::string file : {"everything.pt", "protocol4.pt", "compressed.pt"}) {
    CAPTURE(file);
    const NamedTensors loaded = load_pytorch(fixture(file));
    CHECK(names_of(loaded) == expected);
    CHECK_TENSOR_EQ(io::find(loaded, "model.part"), constant({{5.0f, 7.0f}, {9.0f, 11.0f}}));
    CHECK_TENSOR_EQ(io::find(loaded, "optimizer.state.1.step"), constant({2.0f}));
    CHECK_TENSOR_EQ(io::find(loaded, "list.1.1"), constant({3}));
  }
  const NamedTensors one = load_pytorch(fixture("tensor.pt"));
  CHECK(names_of(one) == std::vector<std::string>{""});
  CHECK_TENSOR_EQ(one[0].second, constant({1.0f, 2.0f}));
}

TEST_CASE("pytorch: every type, of either byte order") {
  for (const std::string file : {"types.pt", "big_endian.pt"}) {
    CAPTURE(file);
    const NamedTensors loaded = load_pytorch(fixture(file));
    CHECK(loaded.size() == 10);
    CHECK_TENSOR_EQ(io::find(loaded, "f64"), constant({0.1, -2.5}, float64));
    CHECK_TENSOR_EQ(io::find(loaded, "f16"), constant({1.5f, -65504.0f}));
    CHECK_TENSOR_EQ(io::find(loaded, "bf16"), constant({1.5, -3.0}, bfloat16));
    CHECK_TENSOR_EQ(io::find(loaded, "i8"), constant({-128, 127}));
    CHECK_TENSOR_EQ(io::find(loaded, "i16"), constant({-32768, 32767}));
    CHECK_TENSOR_EQ(io::find(loaded, "i32"), constant({std::numeric_limits<int>::min(), 7}));
    CHECK_TENSOR_EQ(io::find(loaded, "i64"),
                    constant({std::numeric_limits<std::int64_t>::min(), INT64_C(1) << 40}, int64));
    CHECK_TENSOR_EQ(io::find(loaded, "u8"), constant({0, 255}, uint8));
    CHECK_TENSOR_EQ(io::find(loaded, "bool"), constant({true, false}));
    CHECK_TENSOR_EQ(io::find(loaded, "u16"), constant({1, 65535}));
  }
}

TEST_CASE("pytorch: a dict that libtorch itself has written") {
  const NamedTensors loaded = load_pytorch(fixture("libtorch.pt"));
  CHECK(names_of(loaded) == std::vector<std::string>{"w", "t", "part", "half", "bf", "i64", "b", "s"});
  CHECK_TENSOR_EQ(io::find(loaded, "t"),
                  constant({{0.0f, 4.0f, 8.0f}, {1.0f, 5.0f, 9.0f}, {2.0f, 6.0f, 10.0f}, {3.0f, 7.0f, 11.0f}}));
  CHECK_TENSOR_EQ(io::find(loaded, "part"), constant({{4.0f, 6.0f}, {8.0f, 10.0f}}));
  CHECK_TENSOR_EQ(io::find(loaded, "half"), constant({1.5f, -2.0f}));
  CHECK_TENSOR_EQ(io::find(loaded, "bf"), constant({1.5, -3.0}, bfloat16));
  CHECK_TENSOR_EQ(io::find(loaded, "i64"), constant({std::int64_t{1}, std::int64_t{-2}}, int64));
  CHECK_TENSOR_EQ(io::find(loaded, "b"), constant({true, false}));
  CHECK_TENSOR_EQ(io::find(loaded, "s"), constant(7.0f));
}

TEST_CASE("pytorch: what is no tensor or plain container is refused by name") {
  const auto says = [](const std::string& path, const std::string& what) {
    CHECK_THROWS_TEXT(
        DataError,
        "[load_pytorch] " + path + ": expected the tensors and plain containers that torch.save writes: " + what,
        load_pytorch(path.substr(0, path.find(": '"))));
  };
  says(fixture("module.pt") + ": 'archive/data.pkl'", "it holds torch.nn.Linear, which is not read");
  says(fixture("complex.pt") + ": 'archive/data.pkl'", "it holds torch.ComplexFloatStorage, which is not read");
  says(fixture("float8.pt") + ": 'archive/data.pkl'", "it holds torch.float8_e4m3fn, which is not read");
  const TempDir dir;
  const auto pickle_says = [&](const std::string& what, const std::string& pickle) {
    CAPTURE(pickle);
    says(archive(dir, pickle) + ": 'x/data.pkl'", what);
  };
  pickle_says("it holds os.system, which is not read", "\x80\2cos\nsystem\n" + text("touch /tmp/x") + "\x85R.");
  pickle_says("it holds builtins.eval, which is not read", "\x80\2cbuiltins\neval\n.");
  pickle_says("it holds a.b?, which is not read",
              "\x80\2"
              "ca\nb\xff\n)\x81.");
  pickle_says("it holds x.y, which is not read", "\x80\2}" + text("a") + "cx\ny\ns.");
  pickle_says("the instruction 69", "\x80\2iabc\n.");
  pickle_says("it ends too early", "\x80\2}");
  pickle_says("bytes follow it", "\x80\2}..");
  pickle_says("values are left over", "\x80\2}}.");
  pickle_says("a value is missing", "\x80\2.");
  pickle_says("a mark is missing", "\x80\2u.");
  pickle_says("a container is missing", "\x80\2]K\1K\2s.");
  pickle_says("a value of a dict is missing", "\x80\2}(K\1u.");
  pickle_says("a value that was never kept", "\x80\2h\1.");
  pickle_says("a later protocol", "\x80\6N.");
  pickle_says("more than 100 containers in each other", "\x80\2]q\1h\1a.");  // a list that contains itself
  pickle_says("tensor 'a.b' is there twice", "\x80\2}" + text("a.b") + tensor({1}, {1}) + "s" + text("a") + "}" +
                                                 text("b") + tensor({1}, {1}) + "ss.");
  pickle_says("a dict whose keys are no texts or numbers",
              "\x80\2})N"
              "s.");
  pickle_says("it holds a storage without a tensor, which is not read",
              "\x80\2(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\4tQ.");
  pickle_says("a reference to something that is no storage", "\x80\2)Q.");
  pickle_says("a tensor of too many axes",
              "\x80\2" + tensor(std::vector<std::uint64_t>(33, 1), std::vector<std::uint64_t>(33, 1)) + ".");
  pickle_says("a tensor with more or fewer strides than axes", "\x80\2" + tensor({1}, {}) + ".");
}

TEST_CASE("pytorch: tensors that their storages cannot hold") {
  const TempDir dir;
  const auto says = [&](const std::string& what, const std::string& code) {
    CHECK_THROWS_TEXT(DataError, "[load_pytorch] " + (dir / "file.pt") + ": tensor '': " + what,
                      load_pytorch(archive(dir, "\x80\2" + code + ".")));
  };
  CHECK_TENSOR_EQ(load_pytorch(archive(dir, "\x80\2" + tensor({2, 2}, {2, 1}) + "."))[0].second,
                  constant({{1.0f, 2.0f}, {3.0f, 4.0f}}));
  CHECK_TENSOR_EQ(load_pytorch(archive(dir, "\x80\2" + tensor({1, 2}, {UINT64_C(1) << 62, 1}, 2) + "."))[0].second,
                  constant({{3.0f, 4.0f}}));
  says("[2, 2] elements with the strides [2, 1] from element 1 on: 'x/data/0' has 4", tensor({2, 2}, {2, 1}, 1));
  says("[2] elements with the strides [4] from element 0 on: 'x/data/0' has 4", tensor({2}, {4}));
  says("[3] elements with the strides [4611686018427387904] from element 0", tensor({3}, {UINT64_C(1) << 62}));
  says("expected a storage of 5 elements, received 16 bytes in 'x/data/0'", tensor({1}, {1}, 0, 5));
  says("expected a storage of 4 elements, received 16 bytes", tensor({1}, {1}, 0, 4, "LongStorage"));
  says("no file holds the shape [4611686018427387904, 4611686018427387904]",
       tensor({UINT64_C(1) << 62, UINT64_C(1) << 62}, {0, 0}));
  says("expected tensors of at most 4294967296 bytes together (io::Limits::inflated_bytes)",
       tensor({UINT64_C(1) << 40}, {0}));
  const io::Limits before = io::limits();
  io::set_limits({.inflated_bytes = 100, .inflation = 1});
  CHECK_THROWS_TEXT(DataError, "tensor '1': expected tensors of at most",
                    load_pytorch(archive(dir, "\x80\2(" + tensor({1}, {1}) + tensor({1000}, {0}) + "t.")));
  io::set_limits(before);
  CHECK_THROWS_TEXT(DataError, "tensor 'a': [3, 4] elements with the strides [4, 1] from element 1 on",
                    load_pytorch(fixture("outside.pt")));
}

TEST_CASE("pytorch: archives that are none") {
  const TempDir dir;
  CHECK_THROWS_TEXT(DataError, "[load_pytorch] " + (dir / "none") + ": no such file", load_pytorch(dir / "none"));
  const std::string old =
      dir.write("old", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03."s);
  CHECK_THROWS_TEXT(
      DataError,
      "[load_pytorch] " + old +
          ": expected the zip archive that torch.save writes since PyTorch 1.6, received the format before "
          "that: save it again in PyTorch, with torch.save(torch.load(path, map_location=\"cpu\", "
          "weights_only=True), path)",
      load_pytorch(old));
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  CHECK_THROWS_TEXT(DataError, "received the format before that", load_pytorch(dir.write("tar", tar)));
  CHECK_THROWS_TEXT(DataError, "expected a zip archive", load_pytorch(dir.write("text", "text")));
  const std::string path = dir / "other.pt";
  const auto members = [&](const std::vector<std::pair<std::string, std::string>>& all) {
    detail::ZipWriter zip("test", path);
    for (const auto& [name, bytes] : all) zip.add(name, bytes, "", false);
    zip.commit();
    return path;
  };
  CHECK_THROWS_TEXT(DataError, "expected a PyTorch file, a zip archive with a data.pkl",
                    load_pytorch(members({{"a.npy", "x"}})));
  CHECK_THROWS_TEXT(DataError, "expected one data.pkl, received 'b/data.pkl' too",
                    load_pytorch(members({{"a/data.pkl", "x"}, {"b/data.pkl", "x"}})));
  CHECK_THROWS_TEXT(DataError, "expected a state dict, received a TorchScript archive",
                    load_pytorch(members({{"a/data.pkl", "x"}, {"a/constants.pkl", "x"}})));
  CHECK_THROWS_TEXT(DataError, "byteorder: expected little or big, received 'middle'",
                    load_pytorch(archive(dir, "\x80\2}.", "middle")));
  CHECK_THROWS_TEXT(DataError, "expected its elements in 'a/data/0', which is not there",
                    load_pytorch(members({{"a/data.pkl", "\x80\2" + tensor({1}, {1}) + "."}})));
  CHECK(load_pytorch(members({{"data.pkl", "\x80\2}."}})).empty());
}

TEST_CASE("pytorch: a pickle that makes more objects than it is long") {
  const TempDir dir;
  const io::Limits before = io::limits();
  io::set_limits({.unpickled_bytes = 100000});
  std::string bomb = "\x80\2)";  // tuples of the tuple before, twice
  for (int i = 0; i < 40; ++i) bomb += "q\1h\1\x86"s;
  CHECK_THROWS_TEXT(DataError, "more than 100000 bytes of objects (io::Limits::unpickled_bytes)",
                    load_pytorch(archive(dir, bomb + ".")));
  CHECK_THROWS_TEXT(DataError, "more than 100000 bytes of objects",
                    load_pytorch(archive(dir, "\x80\2" + std::string(90000, ']') + ".")));
  io::set_limits(before);
}

TEST_CASE("pytorch: a file that is cut off, or whose bytes are changed, gives tensors or a DataError") {
  const TempDir dir;
  const std::string whole = file_bytes(fixture("state_dict.pt"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(load_pytorch(dir.write("cut", whole.substr(0, size))), DataError);
  }
  int refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int bit : {0, 4, 7}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      try {
        (void)load_pytorch(dir.write("flipped", bytes));
      } catch (const DataError& error) {
        CHECK(error.message().starts_with("[load_pytorch] " + (dir / "flipped")));
        ++refused;
      }
    }
  }
  CHECK(refused > 1000);
}
