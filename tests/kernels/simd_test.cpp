#include "kernels/simd.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>

using namespace xtape::kernels;

TEST_CASE_TEMPLATE("simd: max_or_second and min_or_second give the second operand where either is NaN", T, float,
                   double) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  using V = Batch<T>;
  const auto first = [](const V& v) {
    std::array<T, V::size> lanes;
    v.store_unaligned(lanes.data());
    return lanes[0];
  };
  CHECK(first(max_or_second(V(T(1)), V(T(2)))) == 2);
  CHECK(first(min_or_second(V(T(1)), V(T(2)))) == 1);
#ifdef __SSE2__
  CHECK(first(max_or_second(V(nan), V(T(2)))) == 2);
  CHECK(first(min_or_second(V(nan), V(T(2)))) == 2);
#endif
  CHECK(first(max_or_second(V(T(2)), V(nan))) != first(max_or_second(V(T(2)), V(nan))));
  CHECK(first(min_or_second(V(T(2)), V(nan))) != first(min_or_second(V(T(2)), V(nan))));
}

TEST_CASE_TEMPLATE("simd: the sum of the lanes", T, float, double) {
  std::array<T, Batch<T>::size> lanes;
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = static_cast<T>(i + 1);
  const T n = static_cast<T>(lanes.size());
  CHECK(sum_of_lanes(Batch<T>::load_unaligned(lanes.data())) == n * (n + 1) / 2);
}
