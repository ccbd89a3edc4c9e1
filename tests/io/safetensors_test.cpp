#include "xtape/io/safetensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/file_limit.hpp"
#include "support/idx_bytes.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;
using namespace std::string_literals;
using io::load_safetensors;
using io::NamedTensors;
using io::SafeTensors;
using io::save_safetensors;

namespace {

/// A file of the format, written here once more.
std::string file_of(std::string header, const std::string& elements) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + elements;
}

SafeTensors load_bytes(const TempDir& dir, const std::string& bytes) {
  return load_safetensors(dir.write("file", bytes));
}
SafeTensors load_text(const TempDir& dir, const std::string& header, std::size_t elements = 4) {
  return load_bytes(dir, file_of(header, std::string(elements, '\0')));
}

NamedTensors all_dtypes() {
  return {{"u8", constant({1, 2, 255}, uint8)},
          {"f64", constant({{0.1, -2.5}}, float64)},
          {"bool", constant({true, false})},
          {"f32", constant({{1.5, 2.5}, {-0.0, 1e-45}})},
          {"bf16", constant({1.5, -3.0}, bfloat16)},
          {"i32", constant({-2147483647, 7})},
          {"i64", constant({std::int64_t{-1} << 62}, int64)},
          {"scalar", constant(3.0f)},
          {"none", zeros({0, 5})}};
}

}  // namespace

TEST_CASE("safetensors: the bytes that the reference implementation writes") {
  // From the tests of huggingface/safetensors: test_serialization, test_serialization_forced_alignment, test_empty.
  const TempDir dir;
  const std::string elements("\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40", 24);
  const Tensor attn = constant({{{0.0, 1.0, 2.0}, {3.0, 4.0, 5.0}}});
  save_safetensors(dir / "a", {{"attn.0", attn}});
  CHECK(file_bytes(dir / "a") ==
        "\x40\0\0\0\0\0\0\0"s + R"({"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}})" + elements);
  save_safetensors(dir / "b", {{"attn0", constant({{{{0.0, 1.0, 2.0}, {3.0, 4.0, 5.0}}}})}});
  CHECK(file_bytes(dir / "b") == "\x48\0\0\0\0\0\0\0"s +
                                     R"({"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       )" +
                                     elements);
  save_safetensors(dir / "c", {});
  CHECK(file_bytes(dir / "c") == "\x08\0\0\0\0\0\0\0{}      "s);
  save_safetensors(dir / "d", {}, {{"framework", "pt"}});
  CHECK(file_bytes(dir / "d") == "\x28\0\0\0\0\0\0\0"s + R"({"__metadata__":{"framework":"pt"}}     )");

  CHECK_TENSOR_EQ(load_safetensors(dir / "a").find("attn.0"), attn);
  CHECK(load_safetensors(dir / "c").tensors.empty());
  CHECK(load_safetensors(dir / "d").metadata == std::map<std::string, std::string>{{"framework", "pt"}});
  // test_deserialization, test_deserialization_empty_shapes_allowed, test_zero_sized_tensor
  const auto four =
      load_bytes(dir, "<\0\0\0\0\0\0\0{\"test\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}"s +
                          std::string(16, '\0'));
  CHECK_TENSOR_EQ(four.find("test"), zeros({2, 2}, int32));
  const auto scalar =
      load_bytes(dir, "8\0\0\0\0\0\0\0{\"test\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]}}\0\0\0\0"s);
  CHECK_TENSOR_EQ(scalar.find("test"), constant(0));
  const auto none =
      load_bytes(dir, "<\0\0\0\0\0\0\0{\"test\":{\"dtype\":\"I32\",\"shape\":[2,0],\"data_offsets\":[0, 0]}}"s);
  CHECK(none.find("test").shape() == Shape{2, 0});
}

TEST_CASE("safetensors: every dtype, in the order given, aligned to its size") {
  const TempDir dir;
  const NamedTensors saved = all_dtypes();
  save_safetensors(dir / "file", saved, {{"epoch", "3"}, {"quote", "\"\\\n\x01 \xc3\xa9"}});
  const SafeTensors loaded = load_safetensors(dir / "file");
  CHECK(loaded.metadata == std::map<std::string, std::string>{{"epoch", "3"}, {"quote", "\"\\\n\x01 \xc3\xa9"}});
  REQUIRE(loaded.tensors.size() == saved.size());
  for (std::size_t i = 0; i < saved.size(); ++i) {
    CAPTURE(saved[i].first);
    CHECK(loaded.tensors[i].first == saved[i].first);
    CHECK_SAME_BITS(loaded.tensors[i].second, saved[i].second);
  }
  CHECK_FALSE(loaded.find("absent").defined());
  const std::string bytes = file_bytes(dir / "file");
  const std::size_t header = 8 + static_cast<unsigned char>(bytes[0]) + 256u * static_cast<unsigned char>(bytes[1]);
  CHECK(header % 8 == 0);
  // The 8-byte elements stand first, 24 of their bytes: f64, i64; then f32, i32, the scalar.
  CHECK(bytes.find(R"("f64":{"dtype":"F64","shape":[1,2],"data_offsets":[0,16]})") != std::string::npos);
  CHECK(bytes.find(R"("i64":{"dtype":"I64","shape":[1],"data_offsets":[16,24]})") != std::string::npos);
  CHECK(bytes.find(R"("f32":{"dtype":"F32","shape":[2,2],"data_offsets":[24,40]})") != std::string::npos);
  CHECK(bytes.size() == header + 24 + 16 + 8 + 4 + 4 + 3 + 2);
}

TEST_CASE("safetensors: dtypes that tensors do not have become the next one that holds all their numbers") {
  const TempDir dir;
  const auto load = [&](const std::string& type, int count, const std::string& elements) {
    return load_bytes(dir, file_of(fmt::format(R"({{"w":{{"dtype":"{}","shape":[{}],"data_offsets":[0,{}]}}}})", type,
                                               count, elements.size()),
                                   elements))
        .find("w");
  };
  // 1.5, -2, 65504, the smallest, -0, infinity
  CHECK_SAME_BITS(load("F16", 6, "\0\x3e\0\xc0\xff\x7b\1\0\0\x80\0\x7c"s),
                  constant({1.5f, -2.0f, 65504.0f, 0x1p-24f, -0.0f, std::numeric_limits<float>::infinity()}));
  CHECK_TENSOR_EQ(load("I8", 3, "\x80\x7f\xff"), constant({-128, 127, -1}));
  CHECK_TENSOR_EQ(load("I16", 2, "\0\x80\xff\x7f"s), constant({-32768, 32767}));
  CHECK_TENSOR_EQ(load("U16", 2, "\0\x80\xff\xff"s), constant({32768, 65535}));
  CHECK_TENSOR_EQ(load("U32", 1, "\xff\xff\xff\xff"), constant({std::int64_t{4294967295}}, int64));
  CHECK_TENSOR_EQ(load("U64", 1, "\xff\xff\xff\xff\xff\xff\xff\x7f"), constant({INT64_MAX}, int64));
  CHECK_THROWS_TEXT(DataError, "tensor 'w': expected uint64 numbers that int64 can hold, received 9223372036854775808",
                    load("U64", 1, "\0\0\0\0\0\0\0\x80"s));
  std::string many;
  for (int i = 0; i < 40000; ++i) many += std::string{static_cast<char>(i), static_cast<char>(i >> 8)};
  const Tensor long_one = load("U16", 40000, many);  // converted in several pieces
  for (int i = 0; i < 40000; ++i) REQUIRE(long_one.data<std::int32_t>()[i] == i);
}

TEST_CASE("safetensors: a model in several files, by its index") {
  const TempDir dir;
  const Tensor a = constant({1.0f, 2.0f}), b = constant({3}), c = constant({4.0f});
  save_safetensors(dir / "model-00001-of-00002.safetensors", {{"a", a}, {"c", c}, {"not in the index", c}},
                   {{"format", "pt"}});
  save_safetensors(dir / "model-00002-of-00002.safetensors", {{"b", b}});
  const auto index = [&](const std::string& text) {
    return load_safetensors(dir.write("model.safetensors.index.json", text));
  };
  const std::string map = R"({"c": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors",
                              "a": "model-00001-of-00002.safetensors"})";
  const SafeTensors loaded =
      index(R"({"metadata": {"total_size": 16, "weight_map": [{}]}, "weight_map": )" + map + "}");
  REQUIRE(loaded.tensors.size() == 3);
  CHECK(loaded.tensors[0].first == "c");
  CHECK_SAME_BITS(loaded.tensors[0].second, c);
  CHECK_SAME_BITS(loaded.tensors[1].second, b);
  CHECK_SAME_BITS(loaded.tensors[2].second, a);
  CHECK(loaded.metadata == std::map<std::string, std::string>{{"format", "pt"}});

  const std::string path = "[load_safetensors] " + (dir / "model.safetensors.index.json") + ": ";
  const auto says = [&](const std::string& text, const std::string& json) {
    CHECK_THROWS_TEXT(DataError, path + text, index(json));
  };
  says("tensor 'x': expected it in " + (dir / "model-00002-of-00002.safetensors") + ", which does not have it",
       R"({"weight_map": {"x": "model-00002-of-00002.safetensors"}})");
  for (const std::string name : {"../a", "/etc/passwd", "a/b", "..", "", "a\\u0000"}) {
    says("tensor 'x': expected the name of a file beside the index, received '",
         R"({"weight_map": {"x": ")" + name + "\"}}");
  }
  says("expected the index of a model in several files, with a \"weight_map\"", "{}");
  says("expected the index of a model in several files, received 3", "3");
  says("expected the index of a model in several files, received a list", "[]");
  says("weight_map: expected an object, received a list", R"({"weight_map": []})");
  says("tensor 'x': expected the name of a file, received 3", R"({"weight_map": {"x": 3}})");
  says("tensor 'x': expected the name of a file, received an object", R"({"weight_map": {"x": {}}})");
  says("tensor 'x' is there twice", R"({"weight_map": {"x": "a", "x": "a"}})");
  says("weight_map is there twice", R"({"weight_map": {}, "weight_map": {}})");
  says("expected JSON, which is damaged at its byte", R"({"weight_map": {)");
  CHECK_THROWS_TEXT(DataError, (dir / "none") + ": no such file", index(R"({"weight_map": {"x": "none"}})"));
}

TEST_CASE("safetensors: tensors larger than the reader's buffer, between small ones") {
  const TempDir dir;
  const NamedTensors saved = {{"a", arange(7)}, {"b", arange(200000)}, {"c", arange(5)}, {"d", arange(65536)}};
  save_safetensors(dir / "file", saved);
  const SafeTensors loaded = load_safetensors(dir / "file");
  for (const auto& [name, tensor] : saved) CHECK_SAME_BITS(loaded.find(name), tensor);
  std::string bytes = file_bytes(dir / "file");
  bytes.resize(bytes.size() - 1);
  CHECK_THROWS_TEXT(DataError, "tensor 'd': expected the bytes ", load_bytes(dir, bytes));
}

TEST_CASE("safetensors: a header whose length begins as gzip data does") {
  const TempDir dir;
  std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  header.resize(0x8b1f, ' ');
  CHECK_TENSOR_EQ(load_bytes(dir, file_of(header, "\7")).find("a"), constant({7}, uint8));
}

TEST_CASE("safetensors: what cannot be saved leaves the old file as it was") {
  const TempDir dir;
  const std::string path = dir.write("file", "old");
  const Tensor a = constant({1});
  CHECK_THROWS_TEXT(ValueError, "[save_safetensors] tensor 'a' is there twice",
                    save_safetensors(path, {{"a", a}, {"b", a}, {"a", a}}));
  CHECK_THROWS_TEXT(ValueError, "[save_safetensors] tensor 'b' is empty", save_safetensors(path, {{"b", Tensor()}}));
  CHECK_THROWS_TEXT(ValueError, "[save_safetensors] a tensor cannot have the name __metadata__",
                    save_safetensors(path, {{"__metadata__", a}}));
  CHECK_THROWS_TEXT(ValueError, "[save_safetensors] expected text in UTF-8, received 'x?'",
                    save_safetensors(path, {{"x\xff", a}}));
  CHECK_THROWS_TEXT(ValueError, "[save_safetensors] expected text in UTF-8",
                    save_safetensors(path, {}, {{"key", "\xc3"}}));
  {
    const FileLimit limit(300);
    CHECK_THROWS_TEXT(DataError, "[save_safetensors] " + path + ": cannot be written: File too large",
                      save_safetensors(path, {{"a", zeros({100})}}));
  }
  CHECK(file_bytes(path) == "old");
  CHECK_THROWS_TEXT(DataError, "[save_safetensors] " + (dir / "none/file") + ": cannot be written: No such file",
                    save_safetensors(dir / "none/file", {{"a", a}}));
}

TEST_CASE("safetensors: what is no safetensors file") {
  const TempDir dir;
  CHECK_THROWS_TEXT(DataError, "[load_safetensors] " + (dir / "none") + ": no such file",
                    load_safetensors(dir / "none"));
  CHECK_THROWS_TEXT(DataError, "which begins with the length of its header in 8 bytes: received 3 bytes",
                    load_bytes(dir, "abc"));
  CHECK_THROWS_TEXT(DataError, "with a header of at most 8 bytes: received a length of 727905341903489161",
                    load_bytes(dir, "\x89HDF\r\n\x1a\n12345678"));
  CHECK_THROWS_TEXT(DataError, "with a header of at most 2 bytes: received a length of 3",
                    load_bytes(dir, "\3\0\0\0\0\0\0\0{}"s));
  CHECK_THROWS_TEXT(DataError, "which begins with '{': received a byte 5b", load_text(dir, "[]"));
  CHECK_THROWS_TEXT(DataError, "which begins with '{': received a byte 20", load_text(dir, " {}"));
  CHECK_THROWS_TEXT(DataError, "which begins with '{': received an empty one", load_text(dir, ""));
  CHECK_THROWS_TEXT(DataError, "expected a header in JSON, which is damaged at its byte 2", load_text(dir, "{x}"));
  CHECK_THROWS_TEXT(DataError, "which is damaged at its byte", load_text(dir, "{} x"));
  CHECK_THROWS_TEXT(DataError, "which is damaged at its byte", load_text(dir, "{\"\xff\":1}"));
  CHECK_THROWS_TEXT(DataError, "'a': expected an object, received 1", load_text(dir, R"({"a":1})"));
  CHECK_THROWS_TEXT(DataError, "'a': expected an object, received a list", load_text(dir, R"({"a":[]})"));
  CHECK_THROWS_TEXT(DataError, "metadata 'k': expected a text, received -1",
                    load_text(dir, R"({"__metadata__":{"k":-1}})"));
}

TEST_CASE("safetensors: headers that are not right") {
  const TempDir dir;
  const auto header_of = [](const std::string& fields) { return fmt::format(R"({{"w":{{{}}}}})", fields); };
  const std::string path = "[load_safetensors] " + (dir / "file") + ": ";
  const auto says = [&](const std::string& text, const std::string& fields, std::size_t elements = 4) {
    CHECK_THROWS_TEXT(DataError, path + text, load_text(dir, header_of(fields), elements));
  };
  CHECK(load_text(dir, header_of(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])")).tensors.size() == 1);
  says(
      "tensor 'w': expected a dtype of F32, F64, F16, BF16, I8, I16, I32, I64, U8, U16, U32, U64, BOOL, received "
      "F8_E4M3",
      R"("dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4])");
  says("dtype of tensor 'w': expected a text, received 3", R"("dtype":3,"shape":[1],"data_offsets":[0,4])");
  says("tensor 'w' has no shape", R"("dtype":"F32","data_offsets":[0,4])");
  says("tensor 'w' has no dtype", "");
  says("tensor 'w': shape is there twice", R"("dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4])");
  says("tensor 'w': expected dtype, shape and data_offsets, received 'size'", R"("size":3)");
  says("tensor 'w': expected two data_offsets, received 1", R"("dtype":"F32","shape":[1],"data_offsets":[4])");
  says("shape of tensor 'w': expected a list of numbers of at least 0, received -1",
       R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])");
  says("shape of tensor 'w': expected a list of numbers of at least 0, received 1.0",
       R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])");
  says("shape of tensor 'w': expected a list of numbers of at least 0, received a list",
       R"("dtype":"F32","shape":[[1]],"data_offsets":[0,4])");
  says("tensor 'w': expected 8 bytes for [2] elements of F32, received bytes 0 to 4",
       R"("dtype":"F32","shape":[2],"data_offsets":[0,4])");
  says("tensor 'w': expected 4 bytes for [1] elements of F32, received bytes 4 to 0",
       R"("dtype":"F32","shape":[1],"data_offsets":[4,0])");
  says("tensor 'w': no file holds the shape [4294967296, 4294967296, 0]",
       R"("dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0])");
  says("tensor 'w': no file holds the shape [18446744073709551615]",
       R"("dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4])");
  says("tensor 'w': expected the bytes 0 to 4000000000 of the elements, received 4 bytes in all",
       R"("dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000])");
  says("tensor 'w': expected its elements from byte 0 on, behind those before: received bytes 4 to 8",
       R"("dtype":"F32","shape":[1],"data_offsets":[4,8])", 8);
  says("expected 4 bytes of elements, received 5", R"("dtype":"F32","shape":[1],"data_offsets":[0,4])", 5);
  says("expected at most 32 numbers in shape of tensor 'w', received more",
       fmt::format(R"("dtype":"F32","shape":[{}],"data_offsets":[0,4])", fmt::join(std::vector<int>(33, 1), ",")));
  CHECK_THROWS_TEXT(DataError, path + "expected 0 bytes of elements, received 4", load_text(dir, "{}"));
  const std::string one = R"({"dtype":"U8","shape":[2],"data_offsets":)";
  CHECK_THROWS_TEXT(DataError, path + "tensor 'a' is there twice",
                    load_text(dir, R"({"a":)" + one + R"([0,2]},"a":)" + one + "[2,4]}}"));
  CHECK_THROWS_TEXT(DataError, path + "tensor 'b': expected its elements from byte 2 on",
                    load_text(dir, R"({"a":)" + one + R"([0,2]},"b":)" + one + "[1,3]}}"));
  CHECK(load_text(dir, R"({"a":)" + one + R"([2,4]},"b":)" + one + "[0,2]}}").tensors[0].first == "a");
  CHECK_THROWS_TEXT(DataError, path + "tensor 'b': expected bools, which are 0 or 1: received 2",
                    load_bytes(dir, file_of(R"({"b":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})", "\1\2")));
}

TEST_CASE("safetensors: damage gives tensors of the right size or a DataError") {
  const TempDir dir;
  save_safetensors(dir / "good", all_dtypes(), {{"a", "b"}});
  const std::string good = file_bytes(dir / "good");
  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string bytes = good;
    for (auto i = random() % 3; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    try {
      const auto loaded = load_bytes(dir, bytes);
      CHECK(loaded.tensors.size() == 9);
    } catch (const DataError& e) {
      CHECK(e.message().find("[load_safetensors] " + (dir / "file") + ": ") == 0);
      ++refused;
    }
  }
  CHECK(refused > 200);
  for (std::size_t n = 0; n < good.size(); n += 3) CHECK_THROWS_AS(load_bytes(dir, good.substr(0, n)), DataError);
}
