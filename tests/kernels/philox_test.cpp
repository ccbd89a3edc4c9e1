#include "kernels/philox.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/quantile.hpp"
#include "support/check.hpp"

namespace {

using namespace xtape::kernels;
using Words = std::array<std::uint32_t, 4>;

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

/// normal_quantile of one probability below the median.
template <class T>
double quantile(double p) {
  T lanes[Batch<T>::size];
  normal_quantile<T>(Batch<T>(static_cast<T>(p)), Batch<T>(static_cast<T>(0.5 - p))).store_unaligned(lanes);
  return static_cast<double>(lanes[0]);
}

}  // namespace

TEST_CASE("philox: known answers published with Random123") {
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("philox: a fill takes the words of its blocks in the documented order") {
  // The block numbers run over the end of 32 bits, and the last group is not full.
  const PhiloxRange range{0x0123456789abcdef, 0xfffffff8};
  std::vector<float> narrow(150);
  fill_uniform(range, narrow.data(), 150, 0.0f, 1.0f, 1.0f);
  std::vector<std::int64_t> wide(75);
  fill_integers(range, wide.data(), 75, 0, 0);
  for (std::uint64_t i = 0; i < 150; ++i) {
    const std::uint64_t block = range.block + i / 64 * 16 + i % 16;
    const Words words = philox({low(block), high(block), 0, 0}, {low(range.key), high(range.key)});
    CAPTURE(i);
    CHECK(narrow[i] == static_cast<float>(words[i % 64 / 16] >> 8) * 0x1p-24f);
  }
  for (std::uint64_t i = 0; i < 75; ++i) {
    const std::uint64_t block = range.block + i / 32 * 16 + i % 16;
    const Words words = philox({low(block), high(block), 0, 0}, {low(range.key), high(range.key)});
    const std::size_t half = i % 32 / 16;
    CAPTURE(i);
    CHECK(static_cast<std::uint64_t>(wide[i]) == (words[half] | std::uint64_t{words[half + 2]} << 32));
  }
  CHECK(philox_blocks(150, false) == 48);
  CHECK(philox_blocks(75, true) == 48);
  CHECK(philox_blocks(0, true) == 0);
}

TEST_CASE("philox: quantiles of the normal distribution") {
  // From the distribution's table, and p = 2^-33, 2^-54 as the last ones asked for (by mpmath, 25 digits).
  const struct {
    double p, z;
  } rows[] = {{0.4, 0.2533471031357997},   {0.25, 0.6744897501960817},   {0.15865525393145707, 1.0},
              {0.075, 1.4395314709384563}, {0.07, 1.4757910281791713},   {0.025, 1.9599639845400545},
              {0.022750131948179207, 2.0}, {0.0013498980316300933, 3.0}, {2.866515718791939e-07, 5.0}};
  for (const auto& row : rows) {
    CAPTURE(row.p);
    CHECK_CLOSE(quantile<double>(row.p), row.z, 2e-15);
    CHECK_CLOSE(quantile<float>(row.p), row.z, 1e-6);
  }
  // Beyond r = 5, p = e^-25: the tail probability of 7 and 8 standard deviations.
  CHECK_CLOSE(quantile<double>(1.279812543885835e-12), 7.0, 2e-15);
  CHECK_CLOSE(quantile<double>(6.220960574271785e-16), 8.0, 2e-15);
  CHECK(quantile<double>(0x1p-54) > 8.2);
  CHECK(quantile<float>(0x1p-33) > 6.3);
  CHECK(std::abs(quantile<double>(0.5)) == 0);
}

TEST_CASE("philox: integers that would favour some numbers are drawn again") {
  // With 3/4 of all words as range, one number in three would come up twice as often as the others.
  const std::uint64_t bound = std::uint64_t{3} << 62;
  std::vector<std::int64_t> numbers(30000);
  fill_integers({5, 0}, numbers.data(), 30000, 0, bound);
  int counts[3] = {};
  std::uint64_t largest = 0;
  for (const auto number : numbers) {
    largest = std::max(largest, static_cast<std::uint64_t>(number));
    ++counts[static_cast<std::uint64_t>(number) % 3];
  }
  CHECK(largest < bound);
  for (const int count : counts) CHECK_CLOSE(count, 10000, 0.04);  // five standard deviations
}
