#include "xtape/data/cifar.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;
using namespace std::string_literals;
namespace cifar10 = datasets::cifar10;
namespace cifar100 = datasets::cifar100;

namespace {

/// An image whose red, green and blue planes count up from 0, 85 and 170, with its labels before it.
std::string image(const std::string& labels) {
  std::string bytes = labels;
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < 1024; ++i) bytes += static_cast<char>(85 * c + i % 80);
  }
  return bytes;
}

void write_cifar10(const TempDir& dir, const std::string& folder) {
  for (int i = 1; i <= 5; ++i) {
    const std::string label(1, static_cast<char>(i));
    dir.write(folder + "data_batch_" + std::to_string(i) + ".bin", image(label) + image("\0"s));
  }
  dir.write(folder + "test_batch.bin", image("\x09"));
}

}  // namespace

TEST_CASE("cifar10: planes become channels, batches follow one another") {
  const TempDir dir;
  write_cifar10(dir, "cifar-10-batches-bin/");
  const auto [train, test] = cifar10::load_data({.dir = dir.str(), .normalize = false});
  CHECK(train.x.shape() == Shape{10, 32, 32, 3});
  CHECK(train.x.dtype() == uint8);
  CHECK_TENSOR_EQ(train.y, constant({1, 0, 2, 0, 3, 0, 4, 0, 5, 0}));
  CHECK_TENSOR_EQ(test.y, constant({9}));
  const auto pixels = test.x.data<std::uint8_t>();
  int wrong = 0;
  for (std::size_t i = 0; i < 1024; ++i) {
    for (std::size_t c = 0; c < 3; ++c) wrong += pixels[3 * i + c] != 85 * c + i % 80;
  }
  CHECK(wrong == 0);
  const auto scaled = cifar10::load_data({.dir = dir / "cifar-10-batches-bin"}).test.x;
  CHECK(scaled.dtype() == float32);
  CHECK(scaled.data<float>()[4] == 86.0f / 255.0f);
  CHECK(cifar10::class_names()[9] == "truck"s);
}

TEST_CASE("cifar100: fine and coarse labels") {
  const TempDir dir;
  dir.write("cifar-100-binary/train.bin", image("\x13\x63") + image("\x01\x02"));
  dir.write("cifar-100-binary/test.bin", image("\0\0"s));
  const auto fine = cifar100::load_data({.dir = dir.str()});
  CHECK_TENSOR_EQ(fine.train.y, constant({99, 2}));
  CHECK(fine.train.x.data<float>()[0] == 0);
  CHECK(fine.train.x.data<float>()[1] == 85.0f / 255.0f);
  CHECK_TENSOR_EQ(cifar100::load_data({.label_mode = "coarse", .dir = dir.str()}).train.y, constant({19, 1}));
  CHECK_THROWS_TEXT(
      ValueError,
      "[cifar100.load_data] `label_mode` must be one of `\"fine\"`, `\"coarse\"`. Received: label_mode=both.",
      cifar100::load_data({.label_mode = "both", .dir = dir.str()}));
  const std::string path = dir.write("cifar-100-binary/test.bin", image("\x14\x00"s));
  CHECK_THROWS_TEXT(DataError, "[cifar100.load_data] " + path + ": expected labels from 0 to 19, received 20",
                    cifar100::load_data({.label_mode = "coarse", .dir = dir.str()}));
}

TEST_CASE("cifar10: not found, or there as Keras or the archive has it") {
  const TempDir dir;
  CHECK_THROWS_TEXT(DataError,
                    "[cifar10.load_data] the data set was not found. Looked in:\n  " + (dir / "cifar-10-batches-bin") +
                        ": no such folder\n  " + dir.str() +
                        ": no data_batch_1.bin\nTo get it, unpack "
                        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz in ~/.keras/datasets (tar xzf "
                        "cifar-10-binary.tar.gz).",
                    cifar10::load_data({.dir = dir.str()}));
  dir.write("cifar-10-batches-py/data_batch_1", "pickle");
  CHECK_THROWS_TEXT(DataError,
                    ": no data_batch_1.bin, but cifar-10-batches-py, the Python version, whose pickles are not read",
                    cifar10::load_data({.dir = dir.str()}));
  const std::string archive = dir.write("cifar-10-binary.tar.gz", "tar");
  CHECK_THROWS_TEXT(DataError, "but cifar-10-binary.tar.gz: unpack it (tar xzf " + archive + ")",
                    cifar10::load_data({.dir = dir.str()}));
  write_cifar10(dir, "");
  CHECK_NOTHROW(cifar10::load_data({.dir = dir.str()}));
}

TEST_CASE("cifar10: files that are cut off, empty or damaged") {
  const TempDir dir;
  write_cifar10(dir, "");
  const auto says = [&](const std::string& text, const std::string& bytes) {
    const std::string path = dir.write("data_batch_3.bin", bytes);
    CHECK_THROWS_TEXT(DataError, "[cifar10.load_data] " + path + text, cifar10::load_data({.dir = dir.str()}));
  };
  says(": expected images of 3073 bytes each, received 0 bytes", "");
  says(": expected images of 3073 bytes each, received 3072 bytes", image("\1").substr(1));
  says(": expected images of 3073 bytes each, received 3074 bytes", image("\1\1"));
  says(": expected labels from 0 to 9, received 10", image("\1") + image("\x0a"));
  for (int byte = 0; byte < 256; ++byte) {
    dir.write("data_batch_3.bin", image(std::string(1, static_cast<char>(byte))));
    if (byte < 10) {
      CHECK(cifar10::load_data({.dir = dir.str()}).train.y.to_vector<std::int32_t>()[4] == byte);
    } else {
      CHECK_THROWS_AS(cifar10::load_data({.dir = dir.str()}), DataError);
    }
  }
}
