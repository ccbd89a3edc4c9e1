#include "kernels/philox.hpp"

#include <numeric>
#include <utility>

#include "kernels/parallel.hpp"
#include "kernels/quantile.hpp"
#include "kernels/simd.hpp"

namespace xtape::kernels {
namespace {

// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, 2011): ten rounds of two
// multiplications whose upper halves are mixed with the key, which moves on by Weyl's sequence.
constexpr std::uint32_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
constexpr std::uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;
constexpr int rounds = 10;
/// Blocks of a group: as many as a vector of 512 bits has words, whatever the processor, so that the order of the
/// numbers does not depend on it.
constexpr std::int64_t lanes = 16;

using Lanes = xsimd::batch<std::uint64_t>;

// The product of the lower halves, 32 x 32 bits. xsimd has only the product of 64 bits, which costs up to ten times as
// much.
Lanes multiply(const Lanes& a, const Lanes& b) {
#if defined(__AVX512F__)
  return _mm512_mul_epu32(a, b);
#elif defined(__AVX2__)
  return _mm256_mul_epu32(a, b);
#elif defined(__SSE2__)
  return _mm_mul_epu32(a, b);
#else
  return a * b;
#endif
}

/// The words of 16 blocks: word 0 of each, then word 1, ... A wide one is made of words 0 and 2, or 1 and 3, of a
/// block.
struct alignas(64) Group {
  std::uint32_t words[4 * lanes];
  std::uint64_t wide(std::int64_t i) const { return words[i] | static_cast<std::uint64_t>(words[i + 2 * lanes]) << 32; }
};

/// The group's words, each counter in a lane of 64 bits so that the products fit.
void generate(const PhiloxRange& range, std::int64_t group, Group& out) {
  alignas(64) std::uint64_t counter[lanes], words[4 * lanes];
  const std::uint64_t first = range.block + static_cast<std::uint64_t>(group * lanes);
  for (std::uint64_t i = 0; i < lanes; ++i) counter[i] = first + i;
  const Lanes low(std::uint64_t{0xffffffff}), m0(std::uint64_t{multiplier0}), m1(std::uint64_t{multiplier1});
  for (std::int64_t i = 0; i < lanes; i += static_cast<std::int64_t>(Lanes::size)) {
    const Lanes blocks = Lanes::load_aligned(counter + i);
    Lanes x0 = blocks & low, x1 = blocks >> 32, x2(std::uint64_t{0}), x3(std::uint64_t{0});
    auto k0 = static_cast<std::uint32_t>(range.key), k1 = static_cast<std::uint32_t>(range.key >> 32);
    for (int round = 0; round < rounds; ++round) {
      const Lanes p0 = multiply(x0, m0), p1 = multiply(x2, m1);
      x0 = (p1 >> 32) ^ x1 ^ Lanes(std::uint64_t{k0});
      x1 = p1 & low;
      x2 = (p0 >> 32) ^ x3 ^ Lanes(std::uint64_t{k1});
      x3 = p0 & low;
      k0 += weyl0;
      k1 += weyl1;
    }
    x0.store_aligned(words + i);
    x1.store_aligned(words + lanes + i);
    x2.store_aligned(words + 2 * lanes + i);
    x3.store_aligned(words + 3 * lanes + i);
  }
  for (std::int64_t i = 0; i < 4 * lanes; ++i) out.words[i] = static_cast<std::uint32_t>(words[i]);
}

/// A number costs some ten times as much as one of an elementwise loop.
constexpr std::int64_t grain = elementwise_grain / 4;

/// Calls transform(words, first, out) for each group of `size` elements, out having room for all of them.
template <std::int64_t size, class T, class F>
void fill(const PhiloxRange& range, T* out, std::int64_t n, const F& transform) {
  parallel_rows((n + size - 1) / size, grain / size, [&](std::int64_t begin, std::int64_t end) {
    Group words;
    for (std::int64_t group = begin; group < end; ++group) {
      generate(range, group, words);
      const std::int64_t first = group * size;
      if (n - first >= size) {
        transform(words, first, out + first);
      } else {
        T rest[size];
        transform(words, first, rest);
        std::copy_n(rest, n - first, out + first);
      }
    }
  });
}

template <class T>
constexpr std::int64_t group_size = sizeof(T) == sizeof(float) ? 4 * lanes : 2 * lanes;

/// An integer in [0, bound) from the word of an element, by multiplication (Lemire: Fast random integer generation in
/// an interval, 2019). A word that would favour some integers is replaced by the one at the next counter beyond all
/// blocks.
std::uint64_t bounded(const PhiloxRange& range, std::int64_t element, std::uint64_t word, std::uint64_t bound) {
  __extension__ using Product = unsigned __int128;
  if (bound == 0) return word;
  auto product = static_cast<Product>(word) * bound;
  if (static_cast<std::uint64_t>(product) < bound) [[unlikely]] {
    const std::uint64_t favoured = (0 - bound) % bound;
    const std::int64_t group = element / (2 * lanes), lane = element % lanes;
    const auto half = static_cast<std::size_t>(element / lanes % 2);
    const std::uint64_t block = range.block + static_cast<std::uint64_t>(group * lanes + lane);
    for (std::uint32_t attempt = 1; static_cast<std::uint64_t>(product) < favoured; ++attempt) {
      const auto words =
          philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), attempt, 0},
                 {static_cast<std::uint32_t>(range.key), static_cast<std::uint32_t>(range.key >> 32)});
      product = static_cast<Product>(words[half] | static_cast<std::uint64_t>(words[half + 2]) << 32) * bound;
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4>& counter,
                                    const std::array<std::uint32_t, 2>& key) {
  auto [x0, x1, x2, x3] = counter;
  auto [k0, k1] = key;
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{multiplier0} * x0, p1 = std::uint64_t{multiplier1} * x2;
    x0 = static_cast<std::uint32_t>(p1 >> 32) ^ x1 ^ k0;
    x1 = static_cast<std::uint32_t>(p1);
    x2 = static_cast<std::uint32_t>(p0 >> 32) ^ x3 ^ k1;
    x3 = static_cast<std::uint32_t>(p0);
    k0 += weyl0;
    k1 += weyl1;
  }
  return {x0, x1, x2, x3};
}

std::uint64_t philox_blocks(std::int64_t n, bool wide) {
  const std::int64_t size = wide ? 2 * lanes : 4 * lanes;
  return static_cast<std::uint64_t>((n + size - 1) / size * lanes);
}

template <class T>
void fill_uniform(PhiloxRange range, T* out, std::int64_t n, T low, T high, T last) {
  // The upper 24 (53) bits as a fraction: every one of these numbers is exact. Rounding low + scale u may give `high`.
  const T scale = high - low;
  fill<group_size<T>>(range, out, n, [=](const Group& group, std::int64_t, T* to) {
    for (std::int64_t i = 0; i < group_size<T>; ++i) {
      T u;
      if constexpr (std::is_same_v<T, float>) {
        u = static_cast<float>(static_cast<std::int32_t>(group.words[i] >> 8)) * 0x1p-24f;
      } else {
        u = static_cast<double>(static_cast<std::int64_t>(group.wide(i) >> 11)) * 0x1p-53;
      }
      to[i] = std::min(last, low + scale * u);
    }
  });
}

template <class T>
void fill_normal(PhiloxRange range, T* out, std::int64_t n, T mean, T stddev, double tail, double limit) {
  const auto kept = static_cast<T>(1 - 2 * tail), lost = static_cast<T>(tail);
  fill<group_size<T>>(range, out, n, [=](const Group& group, std::int64_t, T* to) {
    // One bit is the sign, the others are the place p in the half below the median, at q from it. Both are made of the
    // integer, so that neither end loses digits.
    constexpr std::int64_t size = group_size<T>;
    alignas(64) T p[size], q[size], sign[size];
    for (std::int64_t i = 0; i < size; ++i) {
      if constexpr (std::is_same_v<T, float>) {
        const auto place = static_cast<std::int32_t>(group.words[i] >> 1);
        p[i] = (static_cast<float>(place) + 0.5f) * 0x1p-32f;
        q[i] = (static_cast<float>(0x7fffffff - place) + 0.5f) * 0x1p-32f;
        sign[i] = (group.words[i] & 1) != 0 ? -stddev : stddev;
      } else {
        const auto place = static_cast<std::int64_t>(group.wide(i) >> 12);
        p[i] = (static_cast<double>(place) + 0.5) * 0x1p-53;
        q[i] = (static_cast<double>(0xfffffffffffff - place) + 0.5) * 0x1p-53;
        sign[i] = (group.words[i] & 1) != 0 ? -stddev : stddev;
      }
    }
    using V = Batch<T>;
    for (std::int64_t i = 0; i < size; i += static_cast<std::int64_t>(V::size)) {
      const V distance =
          normal_quantile<T>(V(lost) + V(kept) * V::load_aligned(p + i), V(kept) * V::load_aligned(q + i));
      const V z = min_or_second(V(static_cast<T>(limit)), distance);
      xsimd::fma(V::load_aligned(sign + i), z, V(mean)).store_unaligned(to + i);
    }
  });
}

template <class T>
void fill_integers(PhiloxRange range, T* out, std::int64_t n, std::int64_t low, std::uint64_t bound) {
  fill<2 * lanes>(range, out, n, [=](const Group& group, std::int64_t first, T* to) {
    for (std::int64_t i = 0; i < 2 * lanes; ++i) {
      to[i] = static_cast<T>(static_cast<std::uint64_t>(low) + bounded(range, first + i, group.wide(i), bound));
    }
  });
}

void fill_permutation(PhiloxRange range, std::int64_t* out, std::int64_t n) {
  std::iota(out, out + n, 0);
  // Each place in turn takes one of what is left (Fisher and Yates).
  Group group;
  for (std::int64_t i = 0; i < n; ++i) {
    if (i % (2 * lanes) == 0) generate(range, i / (2 * lanes), group);
    const std::uint64_t left = static_cast<std::uint64_t>(n - i);
    std::swap(out[i], out[i + static_cast<std::int64_t>(bounded(range, i, group.wide(i % (2 * lanes)), left))]);
  }
}

std::uint64_t random_word(PhiloxRange range) {
  const auto words =
      philox({static_cast<std::uint32_t>(range.block), static_cast<std::uint32_t>(range.block >> 32), 0, 0},
             {static_cast<std::uint32_t>(range.key), static_cast<std::uint32_t>(range.key >> 32)});
  return words[0] | static_cast<std::uint64_t>(words[2]) << 32;
}

std::uint64_t random_below(PhiloxRange range, std::uint64_t bound) {
  return bounded(range, 0, random_word(range), bound);
}

template void fill_uniform(PhiloxRange, float*, std::int64_t, float, float, float);
template void fill_uniform(PhiloxRange, double*, std::int64_t, double, double, double);
template void fill_normal(PhiloxRange, float*, std::int64_t, float, float, double, double);
template void fill_normal(PhiloxRange, double*, std::int64_t, double, double, double, double);
template void fill_integers(PhiloxRange, std::int32_t*, std::int64_t, std::int64_t, std::uint64_t);
template void fill_integers(PhiloxRange, std::int64_t*, std::int64_t, std::int64_t, std::uint64_t);
template void fill_integers(PhiloxRange, std::uint8_t*, std::int64_t, std::int64_t, std::uint64_t);

}  // namespace xtape::kernels
