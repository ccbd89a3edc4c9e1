#include "xtape/data/fashion_mnist.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/idx_bytes.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/data/mnist.hpp"
#include "xtape/io/idx.hpp"

using namespace xtape;
using namespace xtape::testing;
using namespace std::string_literals;
namespace fashion_mnist = datasets::fashion_mnist;
namespace mnist = datasets::mnist;

namespace {

const std::string small_data = testing::source_dir() + "/data/fashion-mnist-small";
const std::vector<std::string> names = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                        "t10k-labels-idx1-ubyte"};

/// Sets an environment variable until the end of its life; null removes it.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) {
      was_set_ = true;
      before_ = before;
    }
    set(value);
  }
  ~Environment() { set(was_set_ ? before_.c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* value) { value != nullptr ? setenv(name_, value, 1) : unsetenv(name_); }

  const char* name_;
  bool was_set_ = false;
  std::string before_;
};

std::string images(std::uint32_t n, unsigned char grey = 0) {
  return idx_bytes(0x08, {n, 28, 28}, std::string(n * 784, static_cast<char>(grey)));
}
std::string labels(std::string_view values) {
  return idx_bytes(0x08, {static_cast<std::uint32_t>(values.size())}, values);
}

/// Two training images of grey 1 and a test image of grey 2, in a folder of its own.
struct Tiny {
  TempDir dir;
  Tiny(const std::string& folder = "", unsigned char grey = 1) { write(folder, grey); }
  void write(const std::string& folder, unsigned char grey = 1) const {
    dir.write(folder + names[0], images(2, grey));
    dir.write(folder + names[1], labels("\3\4"));
    dir.write(folder + names[2], images(1, grey));
    dir.write(folder + names[3], labels("\5"));
  }
};

/// The grey of the data set that load_data finds.
int grey_of(const datasets::TrainTest& data) { return static_cast<int>(data.train.x.data<std::uint8_t>()[0]); }

}  // namespace

TEST_CASE("fashion_mnist: shapes, dtypes and values") {
  auto [train, test] = fashion_mnist::load_data({.dir = small_data});
  CHECK(train.size() == 2000);
  CHECK(train.x.shape() == Shape{2000, 28, 28, 1});
  CHECK(train.x.dtype() == float32);
  CHECK(train.y.shape() == Shape{2000});
  CHECK(train.y.dtype() == int32);
  CHECK(test.x.shape() == Shape{500, 28, 28, 1});
  CHECK(test.y.shape() == Shape{500});
  auto [x_train, y_train] = train;
  const auto first = y_train.to_vector<std::int32_t>();
  CHECK(std::vector<int>(first.begin(), first.begin() + 10) == std::vector<int>{9, 0, 0, 3, 0, 2, 7, 2, 5, 5});

  auto [raw, raw_test] = fashion_mnist::load_data({.dir = small_data, .normalize = false});
  CHECK(raw.x.shape() == Shape{2000, 28, 28, 1});
  CHECK(raw.x.dtype() == uint8);
  CHECK_TENSOR_EQ(raw.y, train.y);
  const auto bytes = raw.x.to_vector<std::uint8_t>();
  // Row 14 of the first training image, the ankle boot.
  const std::vector<int> row(bytes.begin() + 14 * 28, bytes.begin() + 15 * 28);
  CHECK(row == std::vector<int>{0,   0,   1,   4,   6,   7,   2,   0,   0,   0,   0,   0,   237, 226,
                                217, 223, 222, 219, 222, 221, 216, 223, 229, 215, 218, 255, 77,  0});
  CHECK(bytes == io::read_idx(small_data + "/" + names[0] + ".gz").to_vector<std::uint8_t>());
  const auto units = train.x.to_vector<float>();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < units.size(); ++i) wrong += units[i] != static_cast<float>(bytes[i]) / 255.0f;
  CHECK(wrong == 0);
}

TEST_CASE("fashion_mnist: the stand-in is balanced") {
  auto [train, test] = fashion_mnist::load_data({.dir = small_data});
  std::vector<int> train_count(10), test_count(10);
  for (const auto label : train.y.to_vector<std::int32_t>()) ++train_count[static_cast<std::size_t>(label)];
  for (const auto label : test.y.to_vector<std::int32_t>()) ++test_count[static_cast<std::size_t>(label)];
  CHECK(train_count == std::vector<int>(10, 200));
  CHECK(test_count == std::vector<int>(10, 50));
}

TEST_CASE("fashion_mnist: the same with any number of threads") {
  const auto load = [](int threads) {
    const Threads set(threads);
    return fashion_mnist::load_data({.dir = small_data}).train.x;
  };
  const Tensor one = load(1);
  CHECK_SAME_BITS(load(2), one);
  CHECK_SAME_BITS(load(3), one);
}

TEST_CASE("fashion_mnist: the whole set, where it is installed") {
  const Environment none("XTAPE_DATA", nullptr);
  if (fashion_mnist::find().empty()) return;
  auto [train, test] = fashion_mnist::load_data();
  CHECK(train.size() == 60000);
  CHECK(test.size() == 10000);
  // The mean and standard deviation of the training images that are known of Fashion-MNIST.
  double sum = 0, squares = 0;
  for (const float value : train.x.data<float>()) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const double n = static_cast<double>(train.x.size()), mean = sum / n;
  CHECK(mean == doctest::Approx(0.2860).epsilon(0.0005));
  CHECK(std::sqrt(squares / n - mean * mean) == doctest::Approx(0.3530).epsilon(0.0005));
}

TEST_CASE("fashion_mnist: every image of a file that is read in pieces, and its checksum") {
  const Tiny tiny;
  const std::string all = gzip_bytes(images(3000, 51));
  tiny.dir.write(names[1], labels(std::string(3000, '\1')));
  std::filesystem::remove(tiny.dir / names[0]);
  tiny.dir.write(names[0] + ".gz", all);
  for (const float value : fashion_mnist::load_data({.dir = tiny.dir.str()}).train.x.to_vector<float>()) {
    if (value != 0.2f) FAIL_CHECK("received ", value);
  }
  const std::string path = tiny.dir.write(names[0] + ".gz", all.substr(0, all.size() - 8) + "checksum");
  for (const bool normalize : {false, true}) {
    CHECK_THROWS_TEXT(DataError, path + ": damaged gzip data: incorrect data check",
                      fashion_mnist::load_data({.dir = tiny.dir.str(), .normalize = normalize}));
  }
}

TEST_CASE("fashion_mnist: class names") {
  CHECK(fashion_mnist::class_names().size() == 10);
  CHECK(fashion_mnist::class_names()[0] == "T-shirt/top"s);
  CHECK(fashion_mnist::class_names()[9] == "Ankle boot"s);
}

TEST_CASE("fashion_mnist: file names with and without .gz, with '-' or '.' before idx") {
  for (const bool gzip : {false, true}) {
    for (const bool dot : {false, true}) {
      const TempDir dir;
      const auto write = [&](std::string name, const std::string& bytes) {
        if (dot) name[name.find("-idx")] = '.';
        dir.write(gzip ? name + ".gz" : name, gzip ? gzip_bytes(bytes) : bytes);
      };
      write(names[0], images(2, 51));
      write(names[1], labels("\3\4"));
      write(names[2], images(1));
      write(names[3], labels("\5"));
      CAPTURE(gzip);
      CAPTURE(dot);
      auto [train, test] = fashion_mnist::load_data({.dir = dir.str()});
      CHECK(train.x.data<float>()[0] == 0.2f);
      CHECK_TENSOR_EQ(train.y, constant({3, 4}));
      CHECK_TENSOR_EQ(test.y, constant({5}));
    }
  }
}

TEST_CASE("load_data: looks in the folder given, $XTAPE_DATA and Keras's folder, in this order") {
  const Tiny given("fashion-mnist/", 1), data("fashion-mnist/", 2), home(".keras/datasets/fashion-mnist/", 3);
  const Environment set_home("HOME", home.dir.str().c_str());
  {
    const Environment set_data("XTAPE_DATA", data.dir.str().c_str());
    CHECK(grey_of(fashion_mnist::load_data({.dir = given.dir.str(), .normalize = false})) == 1);
    CHECK(grey_of(fashion_mnist::load_data({.normalize = false})) == 2);
    CHECK(fashion_mnist::find(given.dir.str()) == given.dir / "fashion-mnist");
    CHECK(fashion_mnist::find() == data.dir / "fashion-mnist");
    data.write("", 4);
    CHECK(grey_of(fashion_mnist::load_data({.normalize = false})) == 2);
    std::filesystem::remove(data.dir / ("fashion-mnist/" + names[3]));
    CHECK(grey_of(fashion_mnist::load_data({.normalize = false})) == 4);
    std::filesystem::remove(data.dir / names[0]);
    CHECK(grey_of(fashion_mnist::load_data({.normalize = false})) == 3);
  }
  const Environment empty("XTAPE_DATA", "");
  CHECK(grey_of(fashion_mnist::load_data({.normalize = false})) == 3);
}

TEST_CASE("load_data: not found, with where it looked and how to get it") {
  const TempDir data, home;
  const Environment set_data("XTAPE_DATA", data.str().c_str()), set_home("HOME", home.str().c_str());
  data.write(names[0] + ".gz", "x");
  CHECK(mnist::find().empty());
  const auto text = [](auto load, const datasets::LoadOptions& options) -> std::string {
    try {
      load(options);
    } catch (const DataError& e) {
      return e.message();
    }
    return "";
  };
  CHECK(text(mnist::load_data, {}) ==
        "[mnist.load_data] the data set was not found. Looked in:\n"
        "  " +
            (data / "mnist") +
            ": no such folder\n"
            "  " +
            data.str() +
            ": no train-labels-idx1-ubyte.gz, no mnist.npz\n"
            "  " +
            (home / ".keras/datasets/mnist") +
            ": no such folder\n"
            "  " +
            (home / ".keras/datasets") +
            ": no such folder\n"
            "  /usr/share/datasets/mnist: no such folder\n"
            "  /usr/share/datasets: " +
            (std::filesystem::is_directory("/usr/share/datasets") ? "no train-images-idx3-ubyte.gz, no mnist.npz\n"
                                                                  : "no such folder\n") +
            "To get it, put the four files {train,t10k}-{images-idx3,labels-idx1}-ubyte.gz of "
            "https://storage.googleapis.com/cvdf-datasets/mnist into ~/.keras/datasets/mnist, or "
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz into ~/.keras/datasets.");
  CHECK(text(fashion_mnist::load_data, {.dir = data / "none"}) ==
        "[fashion_mnist.load_data] the data set was not found. Looked in:\n"
        "  " +
            (data / "none/fashion-mnist") +
            ": no such folder\n"
            "  " +
            (data / "none") +
            ": no such folder\n"
            "To get it, run `apt install dataset-fashion-mnist` on Debian, or put the four files *-ubyte.gz of "
            "https://github.com/zalandoresearch/fashion-mnist into ~/.keras/datasets/fashion-mnist.");
  const Environment unset("XTAPE_DATA", nullptr);
  CHECK(text(mnist::load_data, {}).find("Looked in:\n  $XTAPE_DATA: not set\n  ") != std::string::npos);
}

TEST_CASE("load_data: files that do not hold what they should") {
  const Tiny tiny;
  const datasets::LoadOptions options{.dir = tiny.dir.str()};
  const std::string op = "[fashion_mnist.load_data] ";
  const auto with = [&](int file, const std::string& bytes) -> std::string {
    tiny.write("");
    return tiny.dir.write(names[static_cast<std::size_t>(file)], bytes);
  };
  std::string path = with(0, images(3));
  CHECK_THROWS_TEXT(DataError, op + (tiny.dir / names[1]) + ": expected a label for each of 3 images, received 2",
                    fashion_mnist::load_data(options));
  path = with(3, labels("\5\6"));
  CHECK_THROWS_TEXT(DataError, op + path + ": expected a label for each of 1 images, received 2",
                    fashion_mnist::load_data(options));
  path = with(1, labels("\0\x0a"s));
  CHECK_THROWS_TEXT(DataError, op + path + ": expected labels from 0 to 9, received 10 at index 1",
                    fashion_mnist::load_data(options));
  path = with(0, idx_bytes(0x08, {2, 28, 27}, std::string(2 * 28 * 27, '\0')));
  CHECK_THROWS_TEXT(DataError, op + path + ": expected images (n, 28, 28) of uint8, received (2, 28, 27) of uint8",
                    fashion_mnist::load_data(options));
  path = with(0, idx_bytes(0x0c, {2, 28, 28}, std::string(4 * 2 * 784, '\0')));
  CHECK_THROWS_TEXT(DataError, op + path + ": expected images (n, 28, 28) of uint8, received (2, 28, 28) of int32",
                    fashion_mnist::load_data(options));
  path = with(1, images(2));
  CHECK_THROWS_TEXT(DataError, op + path + ": expected labels (n,) of uint8, received (2, 28, 28) of uint8",
                    fashion_mnist::load_data(options));
  path = with(2, labels("\1\2"));
  CHECK_THROWS_TEXT(DataError, op + path + ": expected images (n, 28, 28) of uint8, received (2,) of uint8",
                    fashion_mnist::load_data(options));
  with(0, images(0));
  tiny.dir.write(names[1], labels(""));
  CHECK_THROWS_TEXT(DataError, op + (tiny.dir / names[0]) + ": expected at least one image, received 0",
                    fashion_mnist::load_data(options));
  path = with(0, "damaged");
  CHECK_THROWS_TEXT(DataError, "[read_idx] " + path + ": expected an IDX file", fashion_mnist::load_data(options));
  with(0, images(2));
  CHECK_NOTHROW(fashion_mnist::load_data(options));
}

TEST_CASE("load_data: MNIST and Fashion-MNIST are not taken for each other") {
  const Tiny tiny;
  tiny.dir.write(names[0], images(10));
  const std::string digits = "\5\0\4\1\x09\2\1\3\1\4"s, clothes = "\x09\0\0\3\0\2\7\2\5\5"s;
  const std::string path = tiny.dir.write(names[1], labels(digits));
  CHECK(mnist::load_data({.dir = tiny.dir.str()}).train.size() == 10);
  CHECK_THROWS_TEXT(DataError,
                    "[fashion_mnist.load_data] " + path +
                        ": expected the labels of fashion-mnist, received those of mnist, which begin with 5 0 4 1 9",
                    fashion_mnist::load_data({.dir = tiny.dir.str()}));
  tiny.dir.write(names[1], labels(clothes));
  CHECK(fashion_mnist::load_data({.dir = tiny.dir.str()}).train.size() == 10);
  CHECK_THROWS_TEXT(DataError,
                    "[mnist.load_data] " + path + ": expected the labels of mnist, received those of fashion",
                    mnist::load_data({.dir = tiny.dir.str()}));
  CHECK_THROWS_TEXT(DataError, "[mnist.load_data] ", mnist::load_data({.dir = small_data}));
}
