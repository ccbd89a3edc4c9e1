#include "kernels/sort.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "kernels/dispatch.hpp"
#include "kernels/parallel.hpp"
#include "xtape/base/memory.hpp"

// Sorting by keys: unsigned integers in the elements' order, together with the elements' places. A comparison of keys
// needs no case for NaN or -0, and equal elements are ordered by their places, so that the sort need not be stable.
namespace xtape::kernels {
namespace {

/// An unsigned integer whose order is the elements': every NaN the largest, -0 equal to 0. The bits of positive floats
/// are in order already and get the highest bit; those of negative floats are in the opposite order and are inverted.
template <class T>
auto key_of(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    using U = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr U sign = U{1} << (8 * sizeof(T) - 1);
    if (value != value) return static_cast<U>(~U{0});
    const U bits = std::bit_cast<U>(value == 0 ? T(0) : value);
    return static_cast<U>((bits & sign) != 0 ? ~bits : bits | sign);
  } else {
    using U = std::make_unsigned_t<T>;
    if constexpr (std::is_signed_v<T>) {
      return static_cast<U>(static_cast<U>(value) ^ (U{1} << (8 * sizeof(T) - 1)));
    } else {
      return static_cast<U>(value);
    }
  }
}

/// A key of up to 32 bits and a place below 2^32, in one number.
class PackedItem {
 public:
  static constexpr int key_bits = 32;
  PackedItem() = default;
  PackedItem(std::uint64_t key, std::int64_t index) : bits_(key << 32 | static_cast<std::uint64_t>(index)) {}
  std::uint64_t key() const { return bits_ >> 32; }
  std::int64_t index() const { return static_cast<std::int64_t>(bits_ & 0xffffffffu); }
  friend bool operator<(PackedItem a, PackedItem b) { return a.bits_ < b.bits_; }

 private:
  std::uint64_t bits_;
};

class Item {
 public:
  static constexpr int key_bits = 64;
  Item() = default;
  Item(std::uint64_t key, std::int64_t index) : key_(key), index_(index) {}
  std::uint64_t key() const { return key_; }
  std::int64_t index() const { return index_; }
  friend bool operator<(const Item& a, const Item& b) {
    return a.key_ != b.key_ ? a.key_ < b.key_ : a.index_ < b.index_;
  }

 private:
  std::uint64_t key_;
  std::int64_t index_;
};

constexpr int digit_bits = 11;
constexpr std::size_t digits = std::size_t{1} << digit_bits;
/// From this number of items on a pass over the counts of all digits costs less than comparisons.
constexpr std::size_t worth_radix = 1024;

/// Sorts items that are in the order of their places by the digits of their keys, the last digit first; each pass keeps
/// the order of the one before (Knuth, The Art of Computer Programming 3, 5.2.5). A digit that all keys share needs no
/// pass. `other` is memory for as many items. Returns where the sorted ones are: in `items` or in `other`.
template <class I>
std::span<I> radix_sort(std::span<I> items, std::span<I> other) {
  constexpr int passes = (I::key_bits + digit_bits - 1) / digit_bits;
  const auto digit = [](const I& item, int pass) {
    return static_cast<std::size_t>(item.key() >> (pass * digit_bits)) & (digits - 1);
  };
  detail::PoolVector<std::array<std::uint32_t, digits>> counts(passes);
  for (auto& count : counts) count.fill(0);
  for (const I& item : items) {
    for (int pass = 0; pass < passes; ++pass) ++counts[static_cast<std::size_t>(pass)][digit(item, pass)];
  }
  for (int pass = 0; pass < passes; ++pass) {
    auto& count = counts[static_cast<std::size_t>(pass)];
    if (count[digit(items[0], pass)] == items.size()) continue;
    std::exclusive_scan(count.begin(), count.end(), count.begin(), std::uint32_t{0});
    for (const I& item : items) other[count[digit(item, pass)]++] = item;
    std::swap(items, other);
  }
  return items;
}

/// Puts the first k of all items in order. They are all different, so no stable sort is needed, which would ask for
/// memory. Returns where they are: in `items` or in `other`, which may be empty if there are few items.
template <class I>
std::span<I> sort_first(std::span<I> items, std::span<I> other, std::size_t k) {
  const auto at = [&](std::size_t i) { return items.begin() + static_cast<std::ptrdiff_t>(i); };
  if (8 * k < items.size()) {  // a heap of k
    std::partial_sort(items.begin(), at(k), items.end());
    return items;
  }
  if (!other.empty()) return radix_sort(items, other);
  if (k < items.size()) std::nth_element(items.begin(), at(k), items.end());
  std::sort(items.begin(), at(k));
  return items;
}

template <class F>
void for_rows(std::int64_t rows, std::int64_t cost, const F& f) {
  parallel_rows(rows, std::max<std::int64_t>(1, elementwise_grain / 16 / std::max<std::int64_t>(1, cost)), f);
}

}  // namespace

namespace {

template <class I, class T>
void sort_rows_by(const T* in_all, T* values, std::int64_t* indices, std::int64_t rows, std::int64_t n, std::int64_t k,
                  bool descending) {
  using U = decltype(key_of(T{}));
  const auto all = static_cast<std::size_t>(n);
  for_rows(rows, n, [&](std::int64_t begin, std::int64_t end) {
    const bool by_digits = all >= worth_radix && all <= std::numeric_limits<std::uint32_t>::max() && 8 * k >= n;
    detail::PoolVector<I> items(all), other(by_digits ? all : 0);
    for (std::int64_t r = begin; r < end; ++r) {
      const T* in = in_all + r * n;
      for (std::int64_t i = 0; i < n; ++i) {
        const U key = key_of(in[i]);
        items[static_cast<std::size_t>(i)] = {descending ? static_cast<U>(~key) : key, i};
      }
      const auto sorted = sort_first(std::span<I>(items), std::span<I>(other), static_cast<std::size_t>(k));
      for (std::int64_t i = 0; i < k; ++i) {
        const std::int64_t from = sorted[static_cast<std::size_t>(i)].index();
        if (values != nullptr) values[r * k + i] = in[from];
        if (indices != nullptr) indices[r * k + i] = from;
      }
    }
  });
}

}  // namespace

void sort_rows(DType dtype, const void* in, void* values, std::int64_t* indices, std::int64_t rows, std::int64_t n,
               std::int64_t k, bool descending) {
  visit(dtype, [&]<class T>(Type<T>) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      const auto sort = [&]<class I>(Type<I>) {
        sort_rows_by<I>(static_cast<const T*>(in), static_cast<T*>(values), indices, rows, n, k, descending);
      };
      if (sizeof(T) <= 4 && n <= std::numeric_limits<std::uint32_t>::max()) {
        sort(Type<PackedItem>());
      } else {
        sort(Type<Item>());
      }
    }
  });
}

void take_in_rows(DType dtype, const void* in, const std::int64_t* index, void* out, std::int64_t rows, std::int64_t n,
                  std::int64_t k) {
  visit_size(dtype, [&]<class T>(Type<T>) {
    for_rows(rows, k, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const T* from = static_cast<const T*>(in) + r * n;
        for (std::int64_t i = r * k; i < (r + 1) * k; ++i) static_cast<T*>(out)[i] = from[index[i]];
      }
    });
  });
}

void put_in_rows(DType dtype, const void* in, const std::int64_t* index, void* out, std::int64_t rows, std::int64_t n,
                 std::int64_t k) {
  visit_size(dtype, [&]<class T>(Type<T>) {
    for_rows(rows, n, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        T* to = static_cast<T*>(out) + r * n;
        std::memset(to, 0, static_cast<std::size_t>(n) * sizeof(T));
        for (std::int64_t i = r * k; i < (r + 1) * k; ++i) to[index[i]] = static_cast<const T*>(in)[i];
      }
    });
  });
}

}  // namespace xtape::kernels
