#include "kernels/sort.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

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

template <class U>
struct Item {
  U key;
  std::int64_t index;
  friend bool operator<(const Item& a, const Item& b) { return a.key != b.key ? a.key < b.key : a.index < b.index; }
};

template <class F>
void for_rows(std::int64_t rows, std::int64_t cost, const F& f) {
  parallel_rows(rows, std::max<std::int64_t>(1, elementwise_grain / 16 / std::max<std::int64_t>(1, cost)), f);
}

}  // namespace

void sort_rows(DType dtype, const void* in_, void* values_, std::int64_t* indices, std::int64_t rows, std::int64_t n,
               std::int64_t k, bool descending) {
  visit(dtype, [&]<class T>(Type<T>) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      using U = decltype(key_of(T{}));
      for_rows(rows, n, [&](std::int64_t begin, std::int64_t end) {
        detail::PoolVector<Item<U>> items(static_cast<std::size_t>(n));
        for (std::int64_t r = begin; r < end; ++r) {
          const T* in = static_cast<const T*>(in_) + r * n;
          for (std::int64_t i = 0; i < n; ++i) {
            const U key = key_of(in[i]);
            items[static_cast<std::size_t>(i)] = {static_cast<U>(descending ? static_cast<U>(~key) : key), i};
          }
          // All items are different, so no stable sort is needed, which would ask for memory. A few of many: a heap of
          // k.
          if (8 * k < n) {
            std::partial_sort(items.begin(), items.begin() + k, items.end());
          } else {
            if (k < n) std::nth_element(items.begin(), items.begin() + k, items.end());
            std::sort(items.begin(), items.begin() + k);
          }
          for (std::int64_t i = 0; i < k; ++i) {
            const std::int64_t from = items[static_cast<std::size_t>(i)].index;
            if (values_ != nullptr) static_cast<T*>(values_)[r * k + i] = in[from];
            if (indices != nullptr) indices[r * k + i] = from;
          }
        }
      });
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
