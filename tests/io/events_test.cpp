#include "io/events.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "io/crc32c.hpp"
#include "io/png.hpp"
#include "io/tf_record.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace std::string_literals;

namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Six doubles as they are in a message.
std::string doubles(const std::vector<double>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double)};
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

struct Picture {
  std::uint32_t width = 0, height = 0;
  int depth = 0, color = 0;  // 0 gray, 4 gray and alpha, 2 RGB, 6 RGBA
  std::vector<int> pixels;
};

// By the PNG specification, third edition: chunks, zlib stream, filters (sections 5.3, 10, 9).
Picture decode_png(const std::string& bytes) {
  REQUIRE(bytes.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  Picture picture;
  std::string packed;
  for (std::size_t at = 8; at < bytes.size();) {
    const std::uint32_t size = big_endian(bytes, at);
    const std::string type = bytes.substr(at + 4, 4), data = bytes.substr(at + 8, size);
    const auto* crc_of = reinterpret_cast<const Bytef*>(bytes.data() + at + 4);
    REQUIRE(crc32(0, crc_of, size + 4) == big_endian(bytes, at + 8 + size));
    if (type == "IHDR") {
      picture = {big_endian(data, 0), big_endian(data, 4), data[8], data[9], {}};
    } else if (type == "IDAT") {
      packed += data;
    }
    at += 12 + size;
  }
  const std::uint32_t channels = picture.color == 0 ? 1 : picture.color == 4 ? 2 : picture.color == 2 ? 3 : 4;
  const std::uint32_t row = picture.width * channels;
  std::vector<Bytef> raw((row + 1) * picture.height);
  uLongf size = raw.size();
  REQUIRE(uncompress(raw.data(), &size, reinterpret_cast<const Bytef*>(packed.data()), packed.size()) == Z_OK);
  REQUIRE(size == raw.size());
  picture.pixels.resize(row * picture.height);
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    for (std::uint32_t x = 0; x < row; ++x) {
      const auto at = [&](bool left, bool up) {
        if ((left && x < channels) || (up && y == 0)) return 0;
        return picture.pixels[(y - up) * row + x - (left ? channels : 0)];
      };
      const int a = at(true, false), b = at(false, true), c = at(true, true), p = a + b - c;
      const int pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
      const int paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
      const int from[] = {0, a, b, (a + b) / 2, paeth};
      picture.pixels[y * row + x] = (raw[y * (row + 1) + 1 + x] + from[raw[y * (row + 1)]]) & 0xff;
    }
  }
  return picture;
}

}  // namespace

TEST_CASE("crc32c: the values of RFC 3720, appendix B.4") {
  CHECK(detail::crc32c("") == 0);
  CHECK(detail::crc32c("123456789") == 0xe3069283u);  // the check value of every catalogue of CRCs
  CHECK(detail::crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(detail::crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  CHECK(detail::crc32c(rising) == 0x46dd794eu);
  CHECK(detail::crc32c(std::string(rising.rbegin(), rising.rend())) == 0x113fdb5cu);
}

// The bytes below are what python3-protobuf makes of TensorBoard's own .proto files, the masked CRCs python3-crc32c's.
TEST_CASE("events: a scalar, and its record") {
  const std::string event = detail::scalar_event({1234.5, 7}, "epoch_loss", 0.25f);
  CHECK(hex(event) ==
        "0900000000004a934010072a290a270a0a65706f63685f6c6f7373420a080112"
        "0022040000803e4a0d0a090a077363616c6172732001");
  std::string record = "before";
  detail::append_tf_record(record, event);
  CHECK(hex(record.substr(6)) ==
        "36000000000000004f578cef0900000000004a934010072a290a270a0a65706f"
        "63685f6c6f7373420a0801120022040000803e4a0d0a090a077363616c617273"
        "20018064ff69");
}

TEST_CASE("events: the version, a text, a graph") {
  CHECK(hex(detail::version_event(1)) ==
        "09000000000000f03f1a0d627261696e2e4576656e743a32520f0a0d78746170"
        "652e73756d6d617279");
  CHECK(hex(detail::text_event({1, -1}, "t", "a\xc3\xa9")) ==
        "09000000000000f03f10ffffffffffffffffff012a1c0a1a0a01744209080712"
        "00420361c3a94a0a0a060a04746578742002");
  const std::vector<summary::GraphNode> nodes = {{"x", "Placeholder", {}, {{-1, 3}}},
                                                 {"m/y", "Relu", {"x:0", "^x"}, {}, {{"b", "2"}, {"a", "1"}}}};
  CHECK(hex(detail::graph_event(1, nodes)) ==
        "09000000000000f03f22690a390a0178120b506c616365686f6c6465722a270a"
        "0e5f6f75747075745f73686170657312150a133a11120b08ffffffffffffffff"
        "ff01120208030a280a036d2f79120452656c751a03783a301a025e782a080a01"
        "6112031201312a080a0162120312013222020816");
}

TEST_CASE("events: a node's attributes in the order of their names") {
  summary::GraphNode node{"x"};
  std::string names;
  for (char c = 'a'; c <= 'z'; ++c) node.attributes[std::string("attribute_") + c] = "value";
  const std::string event = detail::graph_event(1, {node});
  for (std::size_t at = 0; (at = event.find("attribute_", at)) != std::string::npos; ++at) names += event[at + 10];
  CHECK(names == "abcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("events: a histogram") {
  CHECK(hex(detail::histogram_event({1, 2}, "h", constant({1.0, 2.0, 2.5, 3.0, 4.0}), 2)) ==
        "09000000000000f03f10022a570a550a0168423e080212081202080212020803"
        "2230000000000000f03f00000000000004400000000000000040000000000000"
        "0440000000000000104000000000000008404a100a0c0a0a686973746f677261"
        "6d732002");
  // tensorboard.plugins.histogram.summary_v2.histogram_pb: equal values all count in the last bucket, no values are
  // zeros
  const auto rows = [](const Tensor& values) { return detail::histogram_event({1, 2}, "h", values, 2); };
  CHECK(contains(rows(constant({3, 3})), doubles({3, 3, 0, 3, 3, 2})));
  CHECK(contains(rows(zeros({0})), doubles({0, 0, 0, 0, 0, 0})));
  const float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  CHECK(contains(rows(constant({nan, 1.0f, inf, 2.0f, -inf})), doubles({1, 1.5, 1, 1.5, 2, 1})));
  CHECK(contains(rows(constant({nan})), doubles({0, 0, 0, 0, 0, 0})));
  CHECK(contains(rows(constant({-1.5e308, 1.5e308}, float64)), doubles({-1.5e308, 0, 1, 0, 1.5e308, 1})));
  CHECK(contains(rows(constant({true, false, true})), doubles({0, 0.5, 1, 0.5, 1, 2})));
}

TEST_CASE("events: images") {
  CHECK(hex(detail::image_event({1, 0}, "i", zeros({4, 2, 3}), 0)) ==
        "09000000000000f03f2a230a210a0169420e0807120412020802420133420132"
        "4a0c0a080a06696d616765732003");
  const auto first_png = [](const Tensor& images) {
    const std::string event = detail::image_event({1, 0}, "i", images, 1);
    const auto begin = event.find("\x89PNG"), end = event.find("IEND");
    REQUIRE(begin != std::string::npos);
    CHECK(event.find("\x89PNG", begin + 1) == std::string::npos);
    return decode_png(event.substr(begin, end + 8 - begin));
  };
  // tf.image.convert_image_dtype(x, tf.uint8, saturate=True) scales by 255.5 and cuts off
  const float nan = std::nanf("");
  const auto gray =
      first_png(constant({{{0.0f, 0.5f, 1.0f}, {-1.0f, 7.0f, nan}}, {{1.0f, 1.0f, 1.0f}, {1.0f, 1.0f, 1.0f}}}));
  CHECK(gray.width == 3);
  CHECK(gray.height == 2);
  CHECK(gray.depth == 8);
  CHECK(gray.color == 0);
  CHECK(gray.pixels == std::vector<int>{0, 127, 255, 0, 255, 0});
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 48; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 37));
  const int colors[] = {0, 4, 2, 6};
  for (int channels = 1; channels <= 4; ++channels) {
    CAPTURE(channels);
    const auto picture = first_png(constant(bytes, {12 / channels, 2, 2, channels}));
    CHECK(picture.color == colors[channels - 1]);
    CHECK(picture.pixels == std::vector<int>(bytes.begin(), bytes.begin() + 4 * channels));
  }
}

TEST_CASE("events: what they refuse") {
  const detail::EventTime time{1, 0};
  CHECK_THROWS_TEXT(ValueError, "[FileWriter.scalar] expected a tag, received an empty string",
                    detail::scalar_event(time, "", 0));
  CHECK_THROWS_TEXT(ValueError, "[FileWriter.scalar] expected a tag in UTF-8, received \"\xff\"",
                    detail::scalar_event(time, "\xff", 0));
  CHECK_THROWS_TEXT(ValueError, "[FileWriter.text] expected a text in UTF-8", detail::text_event(time, "t", "\xc3"));
  CHECK_THROWS_TEXT(ValueError, "[FileWriter.histogram] expected buckets >= 1, received 0",
                    detail::histogram_event(time, "h", zeros({1}), 0));
  const std::string image = "[FileWriter.image] expected ";
  CHECK_THROWS_TEXT(ValueError, image + "images [n, h, w, c] with 1 to 4 channels or [n, h, w], received (2, 2)",
                    detail::image_event(time, "i", zeros({2, 2}), 3));
  CHECK_THROWS_TEXT(ValueError, "received (1, 2, 2, 5)", detail::image_event(time, "i", zeros({1, 2, 2, 5}), 3));
  CHECK_THROWS_TEXT(ValueError, "received (1, 0, 2)", detail::image_event(time, "i", zeros({1, 0, 2}), 3));
  CHECK_THROWS_TEXT(TypeError, image + "floating or uint8 images, received int64",
                    detail::image_event(time, "i", zeros({1, 2, 2}, int64), 3));
  CHECK_THROWS_TEXT(ValueError, image + "max_outputs >= 0, received -1",
                    detail::image_event(time, "i", zeros({1, 2, 2}), -1));
  CHECK_THROWS_TEXT(ValueError, image + "images that PNG can hold, received 1 x 65537",
                    detail::image_event(time, "i", zeros({1, 1, 65537}), 1));
  const std::string graph = "[FileWriter.graph] expected ";
  CHECK_THROWS_TEXT(ValueError, graph + "a name of a node, received an empty string",
                    detail::graph_event(1, {{"", "Relu"}}));
  CHECK_THROWS_TEXT(ValueError, graph + "every node to have a name of its own, received \"x\" twice",
                    detail::graph_event(1, {{"x"}, {"x"}}));
  CHECK_THROWS_TEXT(ValueError, graph + "the inputs of \"y\" to be nodes, received \"^z:1\"",
                    detail::graph_event(1, {{"y", "Relu", {"^z:1"}}}));
}
