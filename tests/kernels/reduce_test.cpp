#include "kernels/reduce.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"

namespace {

using namespace xtape;
using namespace xtape::kernels;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

using Kernel = void (*)(DType, const void*, void*, std::int64_t, std::int64_t, std::int64_t);

struct Sizes {
  std::int64_t outer, count, inner;
};
/// Around the widths of vectors, of tiles and of blocks, and large enough for two threads.
const Sizes all_sizes[] = {{1, 1, 1},      {1, 7, 1},     {1, 31, 1},     {1, 33, 1},    {1, 4096, 1},   {1, 4097, 1},
                           {1, 100003, 1}, {5, 3, 1},     {7, 17, 1},     {3, 8195, 1},  {2001, 37, 1},  {1, 5, 3},
                           {1, 9, 17},     {1, 1025, 65}, {1, 2, 130},    {1, 70, 1003}, {3, 5, 7},      {1, 1500, 129},
                           {40, 70, 33},   {2, 1, 64},    {1001, 10, 10}, {2, 3000, 67}, {1, 300000, 2}, {1, 0, 5}};

template <class T>
std::vector<T> random_values(std::int64_t n, double low, double high) {
  static std::mt19937 generator(5);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<T> values(static_cast<std::size_t>(n));
  for (auto& value : values) value = static_cast<T>(uniform(generator));
  return values;
}

/// The reduction in double, in order.
template <class T, class F>
std::vector<double> naive(const std::vector<T>& in, const Sizes& s, double start, const F& f) {
  std::vector<double> out(static_cast<std::size_t>(s.outer * s.inner), start);
  for (std::int64_t o = 0; o < s.outer; ++o) {
    for (std::int64_t c = 0; c < s.count; ++c) {
      for (std::int64_t i = 0; i < s.inner; ++i) {
        double& to = out[static_cast<std::size_t>(o * s.inner + i)];
        to = f(to, static_cast<double>(in[static_cast<std::size_t>((o * s.count + c) * s.inner + i)]));
      }
    }
  }
  return out;
}

template <class T>
std::vector<T> run(Kernel kernel, const std::vector<T>& in, const Sizes& s) {
  std::vector<T> out(static_cast<std::size_t>(s.outer * s.inner));
  kernel(dtype_of<T>, in.data(), out.data(), s.outer, s.count, s.inner);
  return out;
}

std::vector<std::int64_t> run_index(decltype(&reduce_argmax) kernel, const std::vector<float>& in, const Sizes& s) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(s.outer * s.inner), -1);
  kernel(float32, in.data(), out.data(), s.outer, s.count, s.inner);
  return out;
}

const auto plus = [](double a, double b) { return a + b; };
const auto times = [](double a, double b) { return a * b; };
const auto larger = [](double a, double b) { return std::max(a, b); };
const auto smaller = [](double a, double b) { return std::min(a, b); };

}  // namespace

TEST_CASE("reduce: sums against float64, at every odd shape") {
  for (const auto& s : all_sizes) {
    INFO("sizes ", s.outer, " x ", s.count, " x ", s.inner);
    const auto x = random_values<float>(s.outer * s.count * s.inner, 0, 1);
    CHECK_CLOSE(run(&reduce_sum, x, s), naive(x, s, 0, plus), 2e-6);
    const auto d = random_values<double>(s.outer * s.count * s.inner, 0, 1);
    CHECK_CLOSE(run(&reduce_sum, d, s), naive(d, s, 0, plus), 1e-12);
    const auto i = random_values<std::int32_t>(s.outer * s.count * s.inner, -100, 100);
    CHECK_CLOSE(run(&reduce_sum, i, s), naive(i, s, 0, plus), 0);
  }
}

TEST_CASE("reduce: largest and smallest, exactly") {
  for (const auto& s : all_sizes) {
    if (s.count == 0) continue;
    INFO("sizes ", s.outer, " x ", s.count, " x ", s.inner);
    const double none = std::numeric_limits<double>::infinity();
    const auto x = random_values<float>(s.outer * s.count * s.inner, -1, 1);
    CHECK_CLOSE(run(&reduce_max, x, s), naive(x, s, -none, larger), 0);
    CHECK_CLOSE(run(&reduce_min, x, s), naive(x, s, none, smaller), 0);
    const auto l = random_values<std::int64_t>(s.outer * s.count * s.inner, -1e6, 1e6);
    CHECK_CLOSE(run(&reduce_max, l, s), naive(l, s, -none, larger), 0);
    CHECK_CLOSE(run(&reduce_min, l, s), naive(l, s, none, smaller), 0);
    const auto u = random_values<std::uint8_t>(s.outer * s.count * s.inner, 0, 255);
    CHECK_CLOSE(run(&reduce_max, u, s), naive(u, s, -none, larger), 0);
    CHECK_CLOSE(run(&reduce_min, u, s), naive(u, s, none, smaller), 0);
  }
}

TEST_CASE("reduce: products") {
  for (const auto& s : all_sizes) {
    INFO("sizes ", s.outer, " x ", s.count, " x ", s.inner);
    // Factors around 1, so that a long product stays in range.
    const double width = 1 / std::sqrt(static_cast<double>(s.count) + 1);
    const auto x = random_values<double>(s.outer * s.count * s.inner, 1 - width, 1 + width);
    CHECK_CLOSE(run(&reduce_prod, x, s), naive(x, s, 1, times), 1e-11);
  }
  CHECK(run(&reduce_prod, std::vector<std::int32_t>{2, -3, 5, 7}, {1, 4, 1})[0] == -210);
  CHECK(run(&reduce_prod, std::vector<float>{2, 0, 5, 7}, {1, 4, 1})[0] == 0);
}

TEST_CASE("reduce: bfloat16 sums in float32 and rounds once") {
  const std::vector<BFloat16> x(1000, BFloat16(1.0f));
  std::vector<BFloat16> out(1);
  reduce_sum(bfloat16, x.data(), out.data(), 1, 1000, 1);
  CHECK(static_cast<float>(out[0]) == 1000);
  const std::vector<BFloat16> y{BFloat16(3.0f), BFloat16(-2.0f), BFloat16(5.0f), BFloat16(4.0f)};
  std::vector<BFloat16> two(2);
  reduce_max(bfloat16, y.data(), two.data(), 1, 2, 2);
  CHECK(static_cast<float>(two[0]) == 5);
  CHECK(static_cast<float>(two[1]) == 4);
}

TEST_CASE("reduce: the largest and smallest of bools are any and all") {
  const bool x[] = {true, false, true, true};
  bool out[2];
  reduce_max(boolean, x, out, 2, 2, 1);
  CHECK((out[0] && out[1]));
  reduce_min(boolean, x, out, 2, 2, 1);
  CHECK((!out[0] && out[1]));
}

TEST_CASE("reduce: long float32 sums stay accurate") {
  // 0.1f added up one after another is off by 0.9 % at ten million.
  const double exact = static_cast<double>(0.1f);
  const std::vector<float> x(10000000, 0.1f);
  CHECK_CLOSE(run(&reduce_sum, x, {1, 10000000, 1})[0], exact * 1e7, 1e-6);
  CHECK_CLOSE(run(&reduce_sum, x, {1, 1000000, 10}), std::vector<double>(10, exact * 1e6), 3e-6);
  CHECK_CLOSE(run(&reduce_sum, x, {1, 100000, 100}), std::vector<double>(100, exact * 1e5), 3e-6);
  const auto random = random_values<float>(5000000, 0, 1);
  CHECK_CLOSE(run(&reduce_sum, random, {1, 5000000, 1}), naive(random, {1, 5000000, 1}, 0, plus), 2e-7);
  // What cancels leaves no more than the rounding of the largest partial sums.
  std::vector<float> cancels = random;
  for (std::size_t i = 0; i < cancels.size(); i += 2) cancels[i + 1] = -cancels[i];
  CHECK(run(&reduce_sum, cancels, {1, 5000000, 1})[0] == doctest::Approx(0).epsilon(0.01));
}

TEST_CASE("reduce: the same bits from one thread and from two") {
  for (const auto& s : all_sizes) {
    INFO("sizes ", s.outer, " x ", s.count, " x ", s.inner);
    const auto x = random_values<float>(s.outer * s.count * s.inner, -1, 1);
    const auto d = random_values<double>(s.outer * s.count * s.inner, -1, 1);
    const auto all = [&](int threads) {
      const testing::Threads guard(threads);
      auto sums = run(&reduce_sum, x, s);
      const auto products = run(&reduce_prod, x, s);
      sums.insert(sums.end(), products.begin(), products.end());
      std::vector<double> everything(sums.begin(), sums.end());
      const auto wide = run(&reduce_sum, d, s);
      everything.insert(everything.end(), wide.begin(), wide.end());
      return everything;
    };
    CHECK(all(1) == all(2));
  }
}

TEST_CASE("reduce: no elements give the neutral element") {
  CHECK(run(&reduce_sum, std::vector<float>{}, {2, 0, 1}) == std::vector<float>{0, 0});
  CHECK(run(&reduce_prod, std::vector<float>{}, {1, 0, 2}) == std::vector<float>{1, 1});
  CHECK(run(&reduce_sum, std::vector<float>{}, {0, 3, 1}).empty());
  CHECK(run(&reduce_prod, std::vector<std::int64_t>{}, {1, 0, 1}) == std::vector<std::int64_t>{1});
}

TEST_CASE("reduce: NaN is the result wherever it stands, infinities are numbers") {
  for (const std::int64_t n : {1, 5, 16, 40, 100, 5000}) {
    for (const std::int64_t at : {std::int64_t{0}, n / 2, n - 1}) {
      CAPTURE(n);
      CAPTURE(at);
      std::vector<float> x(static_cast<std::size_t>(n), 2.0f);
      x[static_cast<std::size_t>(at)] = not_a_number;
      for (const Kernel kernel : {&reduce_sum, &reduce_prod, &reduce_max, &reduce_min}) {
        CHECK(std::isnan(run(kernel, x, {1, n, 1})[0]));
      }
      // As one column of three.
      std::vector<float> columns(static_cast<std::size_t>(3 * n), 1.0f);
      columns[static_cast<std::size_t>(3 * at + 1)] = not_a_number;
      for (const Kernel kernel : {&reduce_max, &reduce_min}) {
        CHECK_CLOSE(run(kernel, columns, {1, n, 3}), {1.0, static_cast<double>(not_a_number), 1.0}, 0);
      }
      x[static_cast<std::size_t>(at)] = infinity;
      CHECK(run(&reduce_max, x, {1, n, 1})[0] == infinity);
      CHECK(run(&reduce_min, x, {1, n, 1})[0] == (n == 1 ? infinity : 2));
      x[static_cast<std::size_t>(at)] = -infinity;
      CHECK(run(&reduce_min, x, {1, n, 1})[0] == -infinity);
      CHECK(run(&reduce_sum, x, {1, n, 1})[0] == -infinity);
    }
  }
  CHECK(run(&reduce_max, std::vector<float>{-infinity, -infinity}, {1, 2, 1})[0] == -infinity);
  CHECK(run(&reduce_max, std::vector<std::int32_t>{INT32_MIN}, {1, 1, 1})[0] == INT32_MIN);
}

TEST_CASE("reduce: integer sums and products wrap around") {
  CHECK(run(&reduce_sum, std::vector<std::int32_t>{INT32_MAX, 1}, {1, 2, 1})[0] == INT32_MIN);
  CHECK(run(&reduce_sum, std::vector<std::int64_t>{INT64_MIN, -1}, {1, 2, 1})[0] == INT64_MAX);
  CHECK(run(&reduce_prod, std::vector<std::int32_t>{65536, 65537}, {1, 2, 1})[0] == 65536);
  CHECK(run(&reduce_sum, std::vector<std::uint8_t>{200, 100}, {1, 2, 1})[0] == 44);
}

TEST_CASE("reduce: the index of the first largest and smallest") {
  const std::vector<float> x{3, 9, 9, 1,  //
                             1, 0, 7, 0};
  CHECK(run_index(&reduce_argmax, x, {2, 4, 1}) == std::vector<std::int64_t>{1, 2});
  CHECK(run_index(&reduce_argmin, x, {2, 4, 1}) == std::vector<std::int64_t>{3, 1});
  CHECK(run_index(&reduce_argmax, x, {1, 2, 4}) == std::vector<std::int64_t>{0, 0, 0, 0});
  CHECK(run_index(&reduce_argmin, x, {1, 2, 4}) == std::vector<std::int64_t>{1, 1, 1, 1});
  CHECK(run_index(&reduce_argmax, x, {1, 8, 1}) == std::vector<std::int64_t>{1});
  CHECK(run_index(&reduce_argmax, {1, not_a_number, 5, not_a_number}, {1, 4, 1}) == std::vector<std::int64_t>{1});
  CHECK(run_index(&reduce_argmin, {1, not_a_number, -5, not_a_number}, {1, 4, 1}) == std::vector<std::int64_t>{1});
  CHECK(run_index(&reduce_argmin, {2, infinity, -infinity, 1}, {1, 4, 1}) == std::vector<std::int64_t>{2});
  std::int64_t at = -1;
  const bool flags[] = {false, true, true};
  reduce_argmax(boolean, flags, &at, 1, 3, 1);
  CHECK(at == 1);
  const BFloat16 half[] = {BFloat16(1.0f), BFloat16(3.0f), BFloat16(2.0f)};
  reduce_argmax(bfloat16, half, &at, 1, 3, 1);
  CHECK(at == 1);
  for (const auto& s : all_sizes) {
    if (s.count == 0) continue;
    INFO("sizes ", s.outer, " x ", s.count, " x ", s.inner);
    const auto values = random_values<float>(s.outer * s.count * s.inner, -1, 1);
    const auto index = run_index(&reduce_argmax, values, s);
    const auto largest = run(&reduce_max, values, s);
    bool right = true;
    for (std::int64_t o = 0; o < s.outer; ++o) {
      for (std::int64_t i = 0; i < s.inner; ++i) {
        const auto k = static_cast<std::size_t>(o * s.inner + i);
        right = right && values[static_cast<std::size_t>((o * s.count + index[k]) * s.inner + i)] == largest[k];
      }
    }
    CHECK(right);
  }
}

TEST_CASE("reduce: long rows ask nothing of the system once the cache is warm") {
  const testing::Threads one(1);  // which of the pool's helpers takes a piece, its cache still cold, is left to chance
  const std::vector<float> x(300000, 1.0f);
  std::vector<float> out(3);
  for (int i = 0; i < 2; ++i) reduce_sum(float32, x.data(), out.data(), 3, 100000, 1);
  const testing::AllocationCount count;
  reduce_sum(float32, x.data(), out.data(), 3, 100000, 1);
  const auto allocations = count.value();
  CHECK(allocations == 0);
  CHECK(out[2] == 100000);
}
