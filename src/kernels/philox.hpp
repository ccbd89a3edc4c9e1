#pragma once

#include <array>
#include <cstdint>

// Random numbers by Philox4x32-10 (Salmon et al., 2011): a function from a key and a counter to a block of four words.
// In a fill each element has its own words, the same for any instruction set and number of threads: groups of 16
// consecutive blocks hold 64 words of 32 bits (word 0 of each block, then word 1, ...) or, from two of them each, 32
// words of 64 bits.
namespace xtape::kernels {

/// The function itself.
std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4>& counter,
                                    const std::array<std::uint32_t, 2>& key);

/// A sequence: the blocks of `key` from number `block` on.
struct PhiloxRange {
  std::uint64_t key = 0;
  std::uint64_t block = 0;
};

/// How many blocks a fill of n elements takes, with words of 32 bits (float) or of 64 (`wide`: everything else).
std::uint64_t philox_blocks(std::int64_t n, bool wide);

/// low + (high - low) u with u in [0, 1), but at most `last`. T is float or double.
template <class T>
void fill_uniform(PhiloxRange range, T* out, std::int64_t n, T low, T high, T last);

/// Normally distributed numbers, by the inverse of the distribution function (quantile.hpp). tail > 0 cuts off the
/// numbers below the quantile `tail` and above 1 - tail, which are `limit` standard deviations from the mean. T is
/// float or double.
template <class T>
void fill_normal(PhiloxRange range, T* out, std::int64_t n, T mean, T stddev, double tail, double limit);

/// low + an integer in [0, bound), all equally likely; a bound of 0 stands for 2^64. T is int32, int64 or uint8.
template <class T>
void fill_integers(PhiloxRange range, T* out, std::int64_t n, std::int64_t low, std::uint64_t bound);

/// 0 ... n - 1 in random order.
void fill_permutation(PhiloxRange range, std::int64_t* out, std::int64_t n);

/// 64 bits of one block, and an integer in [0, bound) from it.
std::uint64_t random_word(PhiloxRange range);
std::uint64_t random_below(PhiloxRange range, std::uint64_t bound);

}  // namespace xtape::kernels
