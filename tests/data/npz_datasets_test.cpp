#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/data/boston_housing.hpp"
#include "xtape/data/mnist.hpp"
#include "xtape/io/npz.hpp"

using namespace xtape;
using namespace xtape::testing;
namespace boston_housing = datasets::boston_housing;
namespace mnist = datasets::mnist;

namespace {

/// Row i is 13 i ... 13 i + 12, its target i.
void write_boston(const TempDir& dir, int n) {
  io::save_npz(dir / "boston_housing.npz",
               {{"x", constant(arange(13.0 * n).to_vector<float>(), {n, 13})}, {"y", arange(1.0 * n)}});
}

io::NamedTensors digits() {
  return {{"x_train", full({3, 28, 28}, 51, uint8)},
          {"y_train", constant({5, 0, 4}, uint8)},
          {"x_test", zeros({1, 28, 28}, uint8)},
          {"y_test", constant({7}, uint8)}};
}

}  // namespace

TEST_CASE("boston_housing: parts of the shuffled rows") {
  const TempDir dir;
  write_boston(dir, 506);
  const auto [train, test] = boston_housing::load_data({.dir = dir.str()});
  CHECK(train.x.shape() == Shape{404, 13});  // as Keras's
  CHECK(test.x.shape() == Shape{102, 13});
  CHECK(train.x.dtype() == float32);
  std::vector<bool> seen(506);
  for (const auto* part : {&train, &test}) {
    for (std::int64_t i = 0; i < part->size(); ++i) {
      const float target = part->y.data<float>()[static_cast<std::size_t>(i)];
      CHECK(part->x.data<float>()[static_cast<std::size_t>(13 * i)] == 13 * target);
      seen[static_cast<std::size_t>(target)] = true;
    }
  }
  CHECK(seen == std::vector<bool>(506, true));
  CHECK_TENSOR_EQ(boston_housing::load_data({.dir = dir.str()}).test.y, test.y);
  CHECK(boston_housing::load_data({.seed = 1, .dir = dir.str()}).test.y.to_vector<float>() !=
        test.y.to_vector<float>());
  CHECK(boston_housing::load_data({.test_split = 0.5, .dir = dir.str()}).test.size() == 253);
}

TEST_CASE("boston_housing: what it cannot take") {
  const TempDir dir;
  CHECK_THROWS_TEXT(DataError, "[boston_housing.load_data] the data set was not found.",
                    boston_housing::load_data({.dir = dir.str()}));
  write_boston(dir, 4);
  for (const double split : {0.0, 1.0, -0.1, 0.9}) {
    CHECK_THROWS_TEXT(ValueError,
                      "[boston_housing.load_data] expected a test_split between 0 and 1 that leaves no part",
                      boston_housing::load_data({.test_split = split, .dir = dir.str()}));
  }
  io::save_npz(dir / "boston_housing.npz", {{"x", zeros({4, 12})}, {"y", zeros({4})}});
  CHECK_THROWS_TEXT(DataError,
                    "expected x (n, 13) and y (n,) of floating numbers, received (4, 12) of float32 and (4,)",
                    boston_housing::load_data({.dir = dir.str()}));
  io::save_npz(dir / "boston_housing.npz", {{"x", zeros({4, 13})}});
  CHECK_THROWS_TEXT(DataError, "boston_housing.npz: expected an array 'y', received 'x'",
                    boston_housing::load_data({.dir = dir.str()}));
}

TEST_CASE("mnist: the one file that Keras keeps") {
  const TempDir dir;
  io::save_npz(dir / "mnist.npz", digits());
  const auto [train, test] = mnist::load_data({.dir = dir.str()});
  CHECK_TENSOR_EQ(train.x, full({3, 28, 28, 1}, 51.0f / 255.0f));
  CHECK_TENSOR_EQ(train.y, constant({5, 0, 4}));
  CHECK(test.x.shape() == Shape{1, 28, 28, 1});
  CHECK_TENSOR_EQ(test.y, constant({7}));
  CHECK_TENSOR_EQ(mnist::load_data({.dir = dir.str(), .normalize = false}).train.x, full({3, 28, 28, 1}, 51, uint8));
  CHECK(mnist::find(dir.str()) == dir.str());
}

TEST_CASE("mnist: an npz file that does not hold what it should") {
  const TempDir dir;
  const auto says = [&](const std::string& text, std::size_t which, const Tensor& t) {
    auto arrays = digits();
    arrays[which].second = t;
    io::save_npz(dir / "mnist.npz", arrays);
    CHECK_THROWS_TEXT(DataError, "[mnist.load_data] " + (dir / "mnist.npz") + ": " + text,
                      mnist::load_data({.dir = dir.str()}));
  };
  says("'x_train': expected images (n, 28, 28) of uint8, received (3, 28, 27) of uint8", 0, zeros({3, 28, 27}, uint8));
  says("'y_train': expected a label for each of 3 images, received 2", 1, zeros({2}, uint8));
  says("'y_train': expected labels from 0 to 9, received 10 at index 2", 1, constant({1, 2, 10}, uint8));
  says("'y_test': expected labels (n,) of uint8, received (1,) of int32", 3, constant({7}));
  auto arrays = digits();
  arrays.pop_back();
  io::save_npz(dir / "mnist.npz", arrays);
  CHECK_THROWS_TEXT(DataError, "mnist.npz: expected an array 'y_test', received 'x_train', 'y_train', 'x_test'",
                    mnist::load_data({.dir = dir.str()}));
}
