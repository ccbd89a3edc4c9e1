#include "kernels/reduce_columns.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/reduce.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"

namespace {

using namespace xtape;
using namespace xtape::kernels;

struct Sizes {
  std::int64_t outer, count, inner;
};
/// Rows of one element to several vectors, several rows in one, panels and pieces, and one more or less than each.
const Sizes all_sizes[] = {{33, 2, 1},     {33, 3, 1},     {33, 4, 1},    {37, 5, 1},   {16, 16, 1},   {17, 129, 1},
                           {3, 1, 5},      {2, 255, 3},    {1, 257, 3},   {2, 400, 15}, {1, 1031, 63}, {1, 1031, 64},
                           {1, 67, 2049},  {1, 300, 1025}, {1, 4097, 65}, {1, 5, 8192}, {1, 70, 8193}, {2, 4200, 3},
                           {1, 130000, 2}, {3, 6, 1030},   {1, 3, 1024},  {64, 70, 1}};

std::vector<float> values(std::int64_t n) {
  static std::mt19937 generator(11);
  std::uniform_int_distribution<int> whole(-50, 50);
  std::vector<float> x(static_cast<std::size_t>(n));
  for (auto& v : x) v = static_cast<float>(whole(generator));
  return x;
}

struct Naive {
  std::vector<float> sum, max;
  std::vector<std::int64_t> argmax;
};
Naive naive(const std::vector<float>& x, const Sizes& s) {
  Naive result;
  for (std::int64_t o = 0; o < s.outer; ++o) {
    for (std::int64_t i = 0; i < s.inner; ++i) {
      const auto at = [&](std::int64_t c) { return x[static_cast<std::size_t>((o * s.count + c) * s.inner + i)]; };
      float sum = 0, best = at(0);
      std::int64_t index = 0;
      for (std::int64_t c = 0; c < s.count; ++c) {
        sum += at(c);
        if (at(c) > best || (std::isnan(at(c)) && !std::isnan(best))) {
          best = at(c);
          index = c;
        }
      }
      result.sum.push_back(sum);
      result.max.push_back(best);
      result.argmax.push_back(index);
    }
  }
  return result;
}

void check_index(const std::vector<float>& x, const Sizes& s, const std::vector<std::int64_t>& expected) {
  std::vector<std::int64_t> index(expected.size(), -1);
  reduce_argmax(float32, x.data(), index.data(), s.outer, s.count, s.inner);
  CHECK(index == expected);
  const std::vector<double> wide(x.begin(), x.end());
  reduce_argmax(float64, wide.data(), index.data(), s.outer, s.count, s.inner);
  CHECK(index == expected);
  std::vector<float> negative;
  for (const float v : x) negative.push_back(-v);
  reduce_argmin(float32, negative.data(), index.data(), s.outer, s.count, s.inner);
  CHECK(index == expected);
}

}  // namespace

TEST_CASE("reduce: whole numbers come out exactly, the first of equals is chosen, on one thread and two") {
  for (const int threads : {1, 2}) {
    const testing::Threads with(threads);
    for (const auto& s : all_sizes) {
      INFO("sizes ", s.outer, " x ", s.count, " x ", s.inner, ", threads ", threads);
      const auto x = values(s.outer * s.count * s.inner);
      const Naive expected = naive(x, s);
      std::vector<float> out(expected.sum.size());
      reduce_sum(float32, x.data(), out.data(), s.outer, s.count, s.inner);
      CHECK(out == expected.sum);
      reduce_max(float32, x.data(), out.data(), s.outer, s.count, s.inner);
      CHECK(out == expected.max);
      check_index(x, s, expected.argmax);
      const std::vector<std::int32_t> whole(x.begin(), x.end());
      std::vector<std::int64_t> index(expected.argmax.size());
      reduce_argmax(int32, whole.data(), index.data(), s.outer, s.count, s.inner);
      CHECK(index == expected.argmax);
      std::vector<std::int32_t> sums(expected.sum.size());
      reduce_sum(int32, whole.data(), sums.data(), s.outer, s.count, s.inner);
      CHECK(std::equal(sums.begin(), sums.end(), expected.sum.begin()));
    }
  }
}

TEST_CASE("reduce: a NaN wherever it stands is the largest and the first of several is found") {
  constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
  for (const auto& s : all_sizes) {
    INFO("sizes ", s.outer, " x ", s.count, " x ", s.inner);
    auto x = values(s.outer * s.count * s.inner);
    for (std::size_t i = 2; i < x.size(); i += 1 + x.size() / 5) x[i] = not_a_number;
    const Naive expected = naive(x, s);
    check_index(x, s, expected.argmax);
    std::vector<float> largest(expected.max.size()), smallest(expected.max.size());
    reduce_max(float32, x.data(), largest.data(), s.outer, s.count, s.inner);
    reduce_min(float32, x.data(), smallest.data(), s.outer, s.count, s.inner);
    for (std::size_t i = 0; i < largest.size(); ++i) {
      CHECK(std::isnan(largest[i]) == std::isnan(expected.max[i]));
      CHECK(std::isnan(smallest[i]) == std::isnan(expected.max[i]));
    }
  }
}

TEST_CASE("reduce: float sums are the same bits on one thread and two") {
  std::mt19937 generator(3);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (const auto& s :
       {Sizes{1, 130000, 2}, Sizes{1, 1031, 300}, Sizes{1, 70, 8193}, Sizes{2000, 70, 1}, Sizes{40, 70, 33}}) {
    INFO("sizes ", s.outer, " x ", s.count, " x ", s.inner);
    std::vector<float> x(static_cast<std::size_t>(s.outer * s.count * s.inner));
    for (auto& v : x) v = uniform(generator);
    std::vector<float> one(static_cast<std::size_t>(s.outer * s.inner)), two(one.size());
    {
      const testing::Threads with(1);
      reduce_sum(float32, x.data(), one.data(), s.outer, s.count, s.inner);
    }
    const testing::Threads with(2);
    reduce_sum(float32, x.data(), two.data(), s.outer, s.count, s.inner);
    CHECK(one == two);
  }
}
