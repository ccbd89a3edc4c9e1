#include "kernels/scatter_rows.hpp"

#include <numeric>
#include <vector>

#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/base/dtype.hpp"

using namespace xtape;
using kernels::scatter_add_rows;

TEST_CASE("scatter_rows: rows of one number are added up, of every kind") {
  const std::vector<std::int64_t> index{2, 0, 2};
  double d[3] = {1, 2, 3};
  scatter_add_rows(float64, d, 3, std::vector<double>{10, 20, 30}.data(), index.data(), 3, 1);
  CHECK_CLOSE(std::vector<double>(d, d + 3), {21, 2, 43});
  std::uint8_t u[3] = {250, 0, 0};
  scatter_add_rows(uint8, u, 3, std::vector<std::uint8_t>{1, 10, 2}.data(), index.data(), 3, 1);
  CHECK_CLOSE(std::vector<int>(u, u + 3), {4, 0, 3});  // wraps around
  std::int32_t i[3] = {0, 0, INT32_MAX};
  scatter_add_rows(int32, i, 3, std::vector<std::int32_t>{1, 0, 0}.data(), index.data(), 3, 1);
  CHECK(i[2] == INT32_MIN);
  BFloat16 b[3] = {BFloat16(1), BFloat16(2), BFloat16(3)};
  const BFloat16 half[3] = {BFloat16(0.5), BFloat16(0.25), BFloat16(0.5)};
  scatter_add_rows(bfloat16, b, 3, half, index.data(), 3, 1);
  CHECK(static_cast<float>(b[0]) == 1.25f);
  CHECK(static_cast<float>(b[2]) == 4.0f);
  bool flags[3] = {false, false, false};
  const bool some[3] = {false, false, true};
  scatter_add_rows(boolean, flags, 3, some, index.data(), 3, 1);
  CHECK(!flags[0]);
  CHECK(flags[2]);
}

TEST_CASE("scatter_rows: the sums do not depend on threads, whatever the width") {
  for (const std::int64_t width : {1, 3, 16, 37}) {
    const std::int64_t rows = 97, n = 5000;
    std::vector<float> from(static_cast<std::size_t>(n * width));
    std::vector<std::int64_t> index(static_cast<std::size_t>(n));
    for (std::size_t k = 0; k < from.size(); ++k) from[k] = static_cast<float>(k % 101) * 0.37f - 11;
    for (std::size_t k = 0; k < index.size(); ++k) index[k] = static_cast<std::int64_t>(k * k * 31 % 97);
    std::vector<float> expected(static_cast<std::size_t>(rows * width), 0.5f);
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < width; ++j) {
        expected[static_cast<std::size_t>(index[static_cast<std::size_t>(i)] * width + j)] +=
            from[static_cast<std::size_t>(i * width + j)];
      }
    }
    for (const int threads : {1, 2, 3}) {
      const testing::Threads set(threads);
      std::vector<float> to(static_cast<std::size_t>(rows * width), 0.5f);
      scatter_add_rows(float32, to.data(), rows, from.data(), index.data(), n, width);
      CHECK(to == expected);
    }
  }
}

TEST_CASE("scatter_rows: nothing to add") {
  float to[2] = {1, 2};
  scatter_add_rows(float32, to, 2, nullptr, nullptr, 0, 1);
  const std::int64_t index[1] = {0};
  scatter_add_rows(float32, to, 2, nullptr, index, 1, 0);
  CHECK(to[0] == 1);
  CHECK(to[1] == 2);
}
