#include "kernels/elementwise.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/elementwise_loop.hpp"
#include "kernels/stream.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"

namespace {

using namespace xtape;
using namespace xtape::kernels;

/// Not symmetric, exact in every type.
struct Difference {
  template <class V>
  auto operator()(V a, V b) const {
    return static_cast<V>(a + a - b);
  }
};
struct Less {
  template <class V>
  auto operator()(V a, V b) const {
    return a < b;
  }
};

/// The element of an array of shape `from` at a place, counted row by row, of an array of shape `to`.
std::int64_t source(const Shape& from, const Shape& to, std::int64_t place) {
  std::int64_t index = 0, stride = 1;
  for (int axis = to.rank() - 1; axis >= 0; --axis) {
    const int own = axis - (to.rank() - from.rank());
    if (own >= 0) {
      if (from[own] != 1) index += place % to[axis] * stride;
      stride *= from[own];
    }
    place /= to[axis];
  }
  return index;
}

template <class T>
std::vector<T> some(std::int64_t n) {
  std::vector<T> values(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = static_cast<T>(i * 7 % 61);
  return values;
}

struct Case {
  Shape a, b, to;
};
/// Around the sizes of vectors and blocks; each way in which the last axes may be there or not, for either operand.
const std::vector<Case> cases = {
    {{1}, {1}, {1}},
    {{17}, {17}, {17}},
    {{17}, {}, {17}},
    {{}, {65}, {65}},
    {{1, 1}, {3}, {1, 3}},
    {{4099}, {1}, {4099}},
    {{5, 3}, {3}, {5, 3}},
    {{5, 3}, {5, 1}, {5, 3}},
    {{3}, {5, 1}, {5, 3}},
    {{1025, 3}, {3}, {1025, 3}},
    {{1025, 3}, {1025, 1}, {1025, 3}},
    {{1025, 1}, {7}, {1025, 7}},
    {{40, 255}, {40, 1}, {40, 255}},
    {{40, 256}, {256}, {40, 256}},
    {{40, 257}, {40, 1}, {40, 257}},
    {{3, 1500}, {3, 1}, {3, 1500}},
    {{1500}, {3, 1500}, {3, 1500}},
    {{7, 5, 9}, {5, 1}, {7, 5, 9}},
    {{7, 1, 9}, {1, 5, 1}, {7, 5, 9}},
    {{7, 1, 9}, {5, 9}, {7, 5, 9}},
    {{7, 5, 1}, {1, 9}, {7, 5, 9}},
    {{7, 5, 9}, {7, 1, 1}, {7, 5, 9}},
    {{7, 5, 9}, {7, 1, 9}, {7, 5, 9}},
    {{2, 3, 1, 4, 1}, {3, 2, 1, 5}, {2, 3, 2, 4, 5}},
    {{2, 1, 3, 1, 2, 1, 2}, {2, 1, 2, 1, 3, 1}, {2, 2, 3, 2, 2, 3, 2}},
    {{300, 1, 33}, {1, 20, 1}, {300, 20, 33}},
    {{0, 3}, {3}, {0, 3}},
    {{4, 0}, {4, 1}, {4, 0}},
};

template <class T, class Out, class F>
void check(const Case& c, const F& f, std::int64_t stream_from) {
  const auto a = some<T>(c.a.numel() + 1), b = some<T>(c.b.numel() + 1);
  const std::int64_t n = c.to.numel();
  constexpr auto size = static_cast<std::uint8_t>(sizeof(T));
  // The operands begin in the middle of a vector, and the bytes around the result must stay.
  const auto out = std::make_unique<Out[]>(static_cast<std::size_t>(n + 2));  // a vector of bools has no array
  std::fill_n(out.get(), n + 2, Out(1));
  Elementwise op{&elementwise_loop<T, Out, 2, F>, &f, sizeof(Out), {size, size}};
  op.stream_from = stream_from;
  op.grain = 64;
  run_elementwise(op, c.to, n, out.get() + 1, {{{a.data() + 1, &c.a}, {b.data() + 1, &c.b}}});
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const T p = a[static_cast<std::size_t>(1 + source(c.a, c.to, i))];
    const T q = b[static_cast<std::size_t>(1 + source(c.b, c.to, i))];
    if (out[static_cast<std::size_t>(1 + i)] != static_cast<Out>(f(p, q))) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(out[0] == Out(1));
  CHECK(out[static_cast<std::size_t>(n + 1)] == Out(1));
}

}  // namespace

TEST_CASE("elementwise: broadcasts of every kind, every type, on one thread and two, through the cache and past it") {
  for (const int threads : {1, 2}) {
    const testing::Threads with(threads);
    for (const auto& c : cases) {
      INFO("shapes ", c.a.str(), " and ", c.b.str(), ", threads ", threads);
      for (const std::int64_t stream_from : {-1, 0}) {
        check<float, float>(c, Difference{}, stream_from);
        check<std::uint8_t, std::uint8_t>(c, Difference{}, stream_from);
        check<double, bool>(c, Less{}, stream_from);
      }
      check<double, double>(c, Difference{}, -1);
      check<std::int32_t, std::int32_t>(c, Difference{}, -1);
      check<std::int64_t, std::int64_t>(c, Difference{}, 0);
      check<float, bool>(c, Less{}, -1);
      check<std::uint8_t, bool>(c, Less{}, -1);
    }
  }
}

TEST_CASE("elementwise: comparisons at every length give bools of 0 and 1") {
  for (std::int64_t n = 0; n < 70; ++n) {
    const Shape shape{n};
    check<float, bool>({shape, shape, shape}, Less{}, -1);
    check<double, bool>({shape, shape, shape}, Less{}, -1);
    check<std::int32_t, bool>({shape, shape, shape}, Less{}, -1);
  }
}

TEST_CASE("elementwise: splats of every size") {
  const std::uint8_t element[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (const std::size_t bytes : {1, 2, 4, 8}) {
    std::uint8_t splat[splat_bytes];
    make_splat(splat, element, bytes);
    bool right = true;
    for (std::size_t i = 0; i < splat_bytes; ++i) right = right && splat[i] == element[i % bytes];
    CHECK(right);
  }
}

TEST_CASE("stream: copies of every length and place, and no byte beyond") {
  std::vector<std::uint8_t> from = some<std::uint8_t>(600);
  for (const std::int64_t offset : {0, 1, 31, 63, 64}) {
    for (const std::int64_t n : {0, 1, 15, 63, 64, 65, 127, 128, 129, 300}) {
      std::vector<std::uint8_t> to(600, 99);
      stream_copy(to.data() + offset, from.data() + 3, n);
      stream_fence();
      bool right = true;
      for (std::int64_t i = 0; i < 600; ++i) {
        const bool inside = i >= offset && i < offset + n;
        right = right && to[static_cast<std::size_t>(i)] ==
                             (inside ? from[static_cast<std::size_t>(i - offset + 3)] : std::uint8_t{99});
      }
      CHECK(right);
    }
  }
}

TEST_CASE("stream: large copies and fills on two threads") {
  const testing::Threads with(2);
  const std::int64_t n = 3'000'001;
  const auto from = some<std::uint8_t>(n);
  std::vector<std::uint8_t> to(from.size() + 1, 99);
  copy_bytes(to.data(), from.data(), n);
  CHECK(std::equal(from.begin(), from.end(), to.begin()));
  CHECK(to.back() == 99);
  fill_bytes(to.data(), 7, n);
  CHECK(std::count(to.begin(), to.end(), 7) == n);
  CHECK(to.back() == 99);
}
