#include "io/hdf5.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "io/zip_reader.hpp"
#include "support/check.hpp"
#include "support/file_limit.hpp"
#include "support/idx_bytes.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;
using detail::Hdf5Reader;
using detail::Hdf5Writer;
using Kind = Hdf5Reader::Kind;

namespace {

/// Files that h5py 3.7 and Keras 3.16 have written: tests/data/fixtures/README.md.
std::string fixture(const std::string& name) { return source_dir() + "/tests/data/fixtures/hdf5/" + name; }

struct Weights {
  std::string path;
  Shape shape;
  double sum, first;
};

double sum_of(const Tensor& t) {
  double sum = 0;
  for (std::int64_t i = 0; i < t.size(); ++i) sum += static_cast<double>(t.data<float>()[i]);
  return sum;
}

void check_weights(const Hdf5Reader& file, const std::vector<Weights>& all) {
  for (const auto& weights : all) {
    CAPTURE(weights.path);
    const Tensor t = file.read(weights.path);
    CHECK(t.dtype() == float32);
    CHECK(t.shape() == weights.shape);
    CHECK(sum_of(t) == doctest::Approx(weights.sum).epsilon(1e-12));
    CHECK(static_cast<double>(t.data<float>()[0]) == doctest::Approx(weights.first).epsilon(1e-12));
  }
}

std::vector<std::string> names_of(const std::vector<Hdf5Reader::Child>& children) {
  std::vector<std::string> names;
  for (const auto& child : children) names.push_back(child.name);
  return names;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("hdf5: weights that Keras 3.16 wrote have the sums that it gives") {
  Hdf5Reader file("load", fixture("dense_adam.weights.h5"));
  check_weights(file, {{"layers/dense/vars/0", {4, 8}, 1.170304924249649, -0.9530232548713684},
                       {"layers/dense/vars/1", {8}, -0.007484361529350281, -0.6251149773597717},
                       {"/layers/dense_1/vars/0", {8, 3}, -1.6034008674323559, -0.04666108265519142},
                       {"layers/dense_1/vars/1", {3}, -0.783703900873661, -0.6717933416366577}});
  CHECK(file.text_attribute("layers/dense/vars", "name") == "dense");
  CHECK(names_of(file.children("layers")) == Texts{"dense", "dense_1"});
  CHECK(file.children("layers/dense/vars")[1].kind == Kind::dataset);
  CHECK(file.children("")[0].kind == Kind::group);
  CHECK(file.is_group("layers"));
  CHECK(file.is_group("/"));
  CHECK(file.is_group(""));
  CHECK_FALSE(file.is_dataset("layers"));
  CHECK(file.is_dataset("layers/dense/vars/0"));
  CHECK_FALSE(file.exists("layers/none"));
  CHECK_FALSE(file.exists("none/none"));
  CHECK_FALSE(file.exists("layers/dense/vars/0/below"));
  CHECK(file.spec("optimizer/vars/0").dtype == int32);
  CHECK(file.spec("layers/dense/vars/0").shape == Shape{4, 8});
}

TEST_CASE("hdf5: a whole model in the layout of Keras 2, with names of fixed length") {
  Hdf5Reader file("load", fixture("keras2_sequential.h5"));
  CHECK(file.text_attribute("/", "keras_version") == "2.6.0");
  CHECK(file.text_attribute("", "model_config")->starts_with("{"));
  CHECK(file.text_list_attribute("model_weights", "layer_names") == Texts{"dense", "batch_normalization", "dense_1"});
  CHECK(file.text_list_attribute("model_weights/dense", "weight_names") == Texts{"dense/kernel:0", "dense/bias:0"});
  CHECK(file.text_list_attribute("model_weights/top_level_model_weights", "weight_names") == Texts{});
  CHECK(file.datasets_below("model_weights") ==
        Texts{"model_weights/batch_normalization/batch_normalization/beta:0",
              "model_weights/batch_normalization/batch_normalization/gamma:0",
              "model_weights/batch_normalization/batch_normalization/moving_mean:0",
              "model_weights/batch_normalization/batch_normalization/moving_variance:0",
              "model_weights/dense/dense/bias:0", "model_weights/dense/dense/kernel:0",
              "model_weights/dense_1/dense_1/bias:0", "model_weights/dense_1/dense_1/kernel:0"});
  check_weights(file, {{"model_weights/dense/dense/kernel:0", {4, 5}, 3.688555578904925, 1.0482661724090576},
                       {"model_weights/batch_normalization/batch_normalization/moving_variance:0",
                        {5},
                        5.443595886230469,
                        0.7450168132781982}});
}

TEST_CASE("hdf5: a stored member of a zip archive is read where it is") {
  detail::ZipReader zip("load_model", fixture("lstm.keras"));
  const auto* member = zip.find("model.weights.h5");
  REQUIRE(member != nullptr);
  CHECK(member->stored);
  CHECK(zip.find("none") == nullptr);
  Hdf5Reader file("load_model", zip.bytes(*member));
  CHECK(file.is_dataset("layers/lstm/cell/vars/2"));
  CHECK_THROWS_TEXT(DataError, "[load_model] " + fixture("lstm.keras") + ": 'model.weights.h5': 'x': there is no such",
                    file.read("x"));
  CHECK(read_all(*zip.bytes(*zip.find("config.json"))).starts_with("{\"module\""));
  // The same bytes in memory.
  Hdf5Reader copy("load", detail::memory_bytes("load", "copy", read_all(*zip.bytes(*member))));
  for (const auto& path : file.datasets_below("")) CHECK_SAME_BITS(copy.read(path), file.read(path));
}

TEST_CASE("hdf5: every type of elements that h5py writes") {
  Hdf5Reader file("load", fixture("types.h5"));
  CHECK_TENSOR_EQ(file.read("f2"), constant({1.5f, -2.0f, 65504.0f, 0x1p-24f}));
  CHECK_TENSOR_EQ(file.read("f4"), constant({{1.5f, -2.25f}, {3.0f, 1e-30f}}));
  CHECK_TENSOR_EQ(file.read("f8"), constant(0.1, float64));
  CHECK_TENSOR_EQ(file.read("f4_big"), constant({1.5f, -2.25f}));
  CHECK_TENSOR_EQ(file.read("i1"), constant({-128, 127}));
  CHECK_TENSOR_EQ(file.read("i2"), constant({-32768, 32767}));
  CHECK_TENSOR_EQ(file.read("i4"), constant({std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}));
  CHECK_TENSOR_EQ(file.read("i8"), constant({std::numeric_limits<std::int64_t>::min(), INT64_MAX}, int64));
  CHECK_TENSOR_EQ(file.read("i8_big"), constant({std::int64_t{-2}, std::int64_t{1} << 40}, int64));
  CHECK_TENSOR_EQ(file.read("u1"), constant({0, 255}, uint8));
  CHECK_TENSOR_EQ(file.read("u2"), constant({0, 65535}));
  CHECK_TENSOR_EQ(file.read("u4"), constant({std::int64_t{0}, std::int64_t{4294967295}}, int64));
  CHECK_TENSOR_EQ(file.read("u8"), constant({std::int64_t{0}, INT64_MAX}, int64));
  CHECK_THROWS_TEXT(DataError,
                    "'u8_large': elements: expected uint64 numbers that int64 can hold, received 9223372036854775808",
                    file.read("u8_large"));
  CHECK_TENSOR_EQ(file.read("bool"), constant({true, false, true}));
  CHECK_TENSOR_EQ(file.read("bf16"), constant({1.5, -3.0}, bfloat16));
  CHECK_TENSOR_EQ(file.read("bf16_uint"), constant({1.5, -3.0}, bfloat16));
  CHECK(file.spec("bf16").dtype == bfloat16);
  CHECK(file.read("empty").shape() == Shape{0, 3});
  CHECK_TENSOR_EQ(file.read("unwritten"), constant({7.0f, 7.0f, 7.0f, 7.0f}));
  const Tensor chunks = file.read("gzip");
  CHECK(chunks.shape() == Shape{20, 15});
  for (int i = 0; i < 300; ++i) REQUIRE(chunks.data<std::int64_t>()[i] == i);
  CHECK(file.spec("gzip").dtype == int64);

  const auto says = [&](const std::string& object, const std::string& text) {
    CHECK_THROWS_TEXT(DataError, "[load] " + fixture("types.h5") + ": '" + object + "': " + text, file.read(object));
  };
  says("opaque", "expected numbers or bools, received opaque elements of 2 bytes");
  says("complex", "expected numbers or bools, received structures");
  says("texts", "expected numbers or bools, received texts");
  says("lzf", "expected elements that are compressed with gzip if at all: received filter 32000 (lzf)");
  says("deep", "expected a dataset");
  says("none/x", "there is no such object");
  CHECK_THROWS_TEXT(DataError, "'f4': expected a group", file.children("f4"));
}

TEST_CASE("hdf5: links within the file are followed, those out of it are not") {
  Hdf5Reader file("load", fixture("types.h5"));
  CHECK_TENSOR_EQ(file.read("soft/w"), constant(2.0f));
  CHECK_FALSE(file.exists("soft_nowhere"));
  CHECK_FALSE(file.exists("soft_circle"));
  const std::string refused = "it is a link to another file, which is not followed";
  CHECK_THROWS_TEXT(DataError, "'links/external': " + refused, file.exists("links/external"));
  CHECK_THROWS_TEXT(DataError, "'links/external': " + refused, file.read("/links/external/x"));
  CHECK_FALSE(file.exists("links/soft_external"));
  CHECK_SAME_BITS(file.read("links/soft"), file.read("f4"));
  CHECK(names_of(file.children("links")) == Texts{"external", "hard", "soft", "soft_external"});
  CHECK(file.children("links")[0].kind == Kind::other);
  CHECK(file.children("links")[2].kind == Kind::dataset);
  CHECK_THROWS_TEXT(DataError, "'stored_outside': its elements are in another file, which is not read",
                    file.read("stored_outside"));
  CHECK_THROWS_TEXT(DataError, "'virtual': it is a virtual dataset",
                    Hdf5Reader("load", fixture("virtual.h5")).read("virtual"));
  CHECK(file.datasets_below("deep") == Texts{"deep/er/w"});  // deep/circle is deep
  CHECK(file.exists("deep/circle/circle/er/w"));
  for (const auto& child : file.children("")) {
    if (child.name == "soft_nowhere") CHECK(child.kind == Kind::other);
    if (child.name == "soft") CHECK(child.kind == Kind::group);
  }
}

TEST_CASE("hdf5: groups are listed as they were made if the file knows that, else by name") {
  Hdf5Reader file("load", fixture("types.h5"));
  CHECK(names_of(file.children("made_in_order")) == Texts{"z", "a", "b"});
  CHECK(names_of(file.children("by_name")) == Texts{"10", "2", "a", "z"});
  Hdf5Reader newer("load", fixture("virtual.h5"));  // the newest format
  CHECK(newer.text_attribute("/", "text") == "new format");
  CHECK_TENSOR_EQ(newer.read("x"), constant(3.0f));
  CHECK_TENSOR_EQ(newer.read("g/y"), constant({0, 1, 2}, int64));
}

TEST_CASE("hdf5: attributes") {
  Hdf5Reader file("load", fixture("types.h5"));
  CHECK(file.text_attribute("", "text") == "vari\xc3\xa9");
  CHECK(file.text_attribute("", "fixed") == "abc");
  CHECK(file.text_attribute("", "blanks") == "ab");
  CHECK(file.text_attribute("", "empty_text") == "");
  CHECK_FALSE(file.text_attribute("", "absent").has_value());
  CHECK(file.text_list_attribute("", "list") == Texts{"a", "bcd", ""});
  CHECK(file.text_list_attribute("", "fixed_list") == Texts{"a", "bcd"});
  CHECK(file.text_list_attribute("", "text") == Texts{"vari\xc3\xa9"});
  CHECK(file.text_list_attribute("", "none") == Texts{});
  CHECK(file.text_list_attribute("", "split") == Texts{"a", "b", "c"});
  CHECK_FALSE(file.text_list_attribute("", "absent").has_value());
  CHECK(file.integer_attribute("", "n") == 5);
  CHECK(file.integer_attribute("", "n8") == -7);
  CHECK(file.integer_attribute("", "big") == 9);
  CHECK_FALSE(file.integer_attribute("", "absent").has_value());
  CHECK(file.has_attribute("", "n"));
  CHECK_FALSE(file.has_attribute("f4", "n"));
  CHECK(file.attributes("").size() == 14);
  CHECK(file.attributes("bf16") == Texts{"dtype"});
  CHECK_THROWS_TEXT(DataError, "'/': attribute 'n': expected texts, received integers of 4 bytes",
                    file.text_attribute("/", "n"));
  CHECK_THROWS_TEXT(DataError, "attribute 'list': expected one text, received 3", file.text_attribute("/", "list"));
  CHECK_THROWS_TEXT(DataError, "attribute 'text': expected one integer, received [] texts",
                    file.integer_attribute("/", "text"));
  CHECK_THROWS_TEXT(DataError, "attribute 'numbers': expected one integer, received [3] integers of 8 bytes",
                    file.integer_attribute("/", "numbers"));
  CHECK_THROWS_TEXT(DataError, "'none': there is no such object", file.text_attribute("none", "n"));
}

TEST_CASE("hdf5: what is written is read") {
  const TempDir dir;
  const std::vector<std::pair<std::string, Tensor>> tensors = {
      {"layers/a/vars/0", constant({{1.5f, 2.0f}, {3.0f, -0.0f}})},
      {"layers/a/vars/1", constant({0.1, -2.5}, float64)},
      {"i32", constant({-1, 7})},
      {"i64", constant({std::int64_t{1} << 40}, int64)},
      {"u8", constant({1, 255}, uint8)},
      {"bool", constant({true, false})},
      {"bf16", constant({1.5, -3.0}, bfloat16)},
      {"scalar", constant(3.0f)},
      {"none", zeros({0, 5})},
      {"long", arange(100000)}};
  Texts many;
  for (int i = 0; i < 9000; ++i) many.push_back(fmt::format("layer_{}", i));
  const auto write = [&](Hdf5Writer& out) {
    for (const auto& [path, tensor] : tensors) out.dataset(path, tensor);
    out.group("layers/empty/vars");
    out.group("layers/a");
    out.text_attribute("layers/a/vars", "name", "caf\xc3\xa9");
    out.text_attribute("", "long", std::string(100000, 'x'));
    out.text_list_attribute("/layers", "names", {"one", "", "three"});
    out.text_list_attribute("layers", "nothing", {});
    out.text_list_attribute("layers", "many", many);
    out.integer_attribute("i32", "n", -5);
  };
  Hdf5Writer out("save", dir / "a.h5");
  write(out);
  CHECK_FALSE(std::filesystem::exists(dir / "a.h5"));
  out.commit();
  Hdf5Writer memory("save");
  write(memory);
  const std::string bytes = memory.take();
  CHECK(bytes == file_bytes(dir / "a.h5"));                            // without times, so the same each time
  CHECK(bytes.substr(0, 9) == std::string("\x89HDF\r\n\x1a\n\0", 9));  // superblock 0

  for (const bool from_memory : {false, true}) {
    Hdf5Reader in = from_memory ? Hdf5Reader("load", detail::memory_bytes("load", "memory", bytes))
                                : Hdf5Reader("load", dir / "a.h5");
    for (const auto& [path, tensor] : tensors) CHECK_SAME_BITS(in.read(path), tensor);
    CHECK(in.children("layers/empty/vars").empty());
    CHECK(in.text_attribute("layers/a/vars", "name") == "caf\xc3\xa9");
    CHECK(in.text_attribute("", "long") == std::string(100000, 'x'));
    CHECK(in.text_list_attribute("layers", "names") == Texts{"one", "", "three"});
    CHECK(in.text_list_attribute("layers", "nothing") == Texts{});
    CHECK(in.text_list_attribute("layers", "many") == many);
    CHECK(in.has_attribute("layers", "many2"));
    CHECK(in.integer_attribute("i32", "n") == -5);
  }
}

TEST_CASE("hdf5: what cannot be written leaves the old file as it was") {
  const TempDir dir;
  const std::string path = dir.write("file", "old");
  {
    Hdf5Writer out("save", path);
    out.dataset("a", constant({1}));
    CHECK_THROWS_TEXT(ValueError, "'/a' is there already", out.dataset("a", constant({1})));
    CHECK_THROWS_TEXT(ValueError, "'/a': expected a group, received a dataset", out.dataset("a/b", constant({1})));
    CHECK_THROWS_TEXT(ValueError, "tensor 'c' is empty", out.dataset("c", Tensor()));
    CHECK_THROWS_TEXT(ValueError, "expected a name without a zero byte", out.group(std::string("x\0y", 3)));
    CHECK_THROWS_TEXT(DataError, "[save] " + path + ": '/none': cannot be written",
                      out.text_attribute("none", "a", ""));
  }
  CHECK(file_bytes(path) == "old");
  {
    Hdf5Writer out("save", path);
    const FileLimit limit(300);
    CHECK_THROWS_TEXT(DataError, "[save] " + path + ": cannot be written: File too large",
                      (out.dataset("a", zeros({1000})), out.commit()));
  }
  CHECK(file_bytes(path) == "old");
  CHECK_THROWS_TEXT(DataError, "cannot be written: No such file", Hdf5Writer("save", dir / "none/file"));
}

TEST_CASE("hdf5: what is no HDF5 file") {
  const TempDir dir;
  CHECK_THROWS_TEXT(DataError, "[load] " + (dir / "none") + ": no such file", Hdf5Reader("load", dir / "none"));
  CHECK_THROWS_TEXT(DataError, ": expected a file, received a directory", Hdf5Reader("load", dir.str()));
  for (const std::string text : {"", "abc", "PK\3\4 and much more text than that, which is still not HDF5 at all"}) {
    const std::string path = dir.write("text", text);
    CHECK_THROWS_TEXT(DataError, "[load] " + path + ": expected an HDF5 file: ", Hdf5Reader("load", path));
  }
}

namespace {

/// Reads everything there is.
void read_whole(const std::string& bytes) {
  Hdf5Reader file("load", detail::memory_bytes("load", "damaged", bytes));
  for (const auto& path : file.datasets_below("")) {
    (void)file.spec(path);
    (void)file.read(path);
  }
  (void)file.attributes("");
}

}  // namespace

TEST_CASE("hdf5: a file that is cut off anywhere is a DataError") {
  const std::string whole = file_bytes(fixture("dense_adam.weights.h5"));
  read_whole(whole);
  for (std::size_t size = 0; size < whole.size(); size += 61) {
    CHECK_THROWS_AS(read_whole(whole.substr(0, size)), DataError);
  }
  CHECK_THROWS_AS(read_whole(whole.substr(0, whole.size() - 1)), DataError);
}

TEST_CASE("hdf5: a file with changed bytes gives tensors or a DataError") {
  const std::string whole = file_bytes(fixture("dense_adam.weights.h5"));
  int refused = 0;
  for (std::size_t i = 0; i < whole.size(); i += 5) {
    for (const unsigned bit : {0u, 6u}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ 1u << bit);
      try {
        read_whole(bytes);
      } catch (const DataError& error) {
        CHECK(error.message().starts_with("[load] damaged: "));
        ++refused;
      }
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("hdf5: shapes that no file can hold are refused before memory is asked for") {
  const auto number = [](std::uint64_t value) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
  };
  Hdf5Writer out("save");
  out.dataset("g/w", zeros({77777}));
  const std::string whole = out.take();
  const auto with = [&](std::uint64_t size) {
    std::string bytes = whole;
    const auto at = bytes.find(number(77777));
    REQUIRE(at != std::string::npos);
    return Hdf5Reader("load", detail::memory_bytes("load", "file", bytes.replace(at, 8, number(size))));
  };
  CHECK(with(77777).read("g/w").shape() == Shape{77777});
  CHECK(with(5).read("g/w").shape() == Shape{5});
  CHECK_THROWS_TEXT(DataError, "[load] file: 'g/w': no file holds the shape [9223372036854775808]",
                    with(UINT64_C(1) << 63).read("g/w"));
  CHECK_THROWS_TEXT(DataError, "[load] file: 'g/w': no file holds the shape [9223372036854775808]",
                    with(UINT64_C(1) << 63).spec("g/w"));
  CHECK_THROWS_TEXT(DataError,
                    "[load] file: 'g/w': expected [1099511627776] elements, 4398046511104 bytes: received 311108 bytes",
                    with(UINT64_C(1) << 40).read("g/w"));
  CHECK_THROWS_TEXT(DataError, "expected [77778] elements, 311112 bytes: received 311108", with(77778).read("g/w"));
}

TEST_CASE("hdf5: readers and writers in several threads") {
  std::vector<std::thread> threads;
  std::vector<double> sums(4);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        Hdf5Writer out("save");
        out.dataset("a/b", full({100}, static_cast<float>(i)));
        Hdf5Reader in("load", detail::memory_bytes("load", "memory", out.take()));
        sums[i] += sum_of(in.read("a/b"));
        Hdf5Reader file("load", fixture("dense_adam.weights.h5"));
        sums[i] += sum_of(file.read("layers/dense/vars/0"));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    CHECK(sums[i] == doctest::Approx(20 * (100.0 * static_cast<double>(i) + 1.170304924249649)));
  }
}
