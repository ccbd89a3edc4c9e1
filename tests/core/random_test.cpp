#include "xtape/core/random.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "core/convert.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using random::Generator;

namespace {

std::vector<double> doubles(const Tensor& t) { return testing::Values(t).elements; }

/// The mean of (x - center)^power.
double moment(const std::vector<double>& x, double center, int power) {
  double sum = 0;
  for (const double value : x) sum += std::pow(value - center, power);
  return sum / static_cast<double>(x.size());
}

/// Kolmogorov and Smirnov's distance to a distribution, times sqrt(n): above 1.95 once in a thousand samples.
double distance(std::vector<double> x, const std::function<double(double)>& distribution) {
  std::sort(x.begin(), x.end());
  const auto n = static_cast<double>(x.size());
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double p = distribution(x[i]);
    largest = std::max({largest, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return largest * std::sqrt(n);
}

double normal_distribution(double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; }

double truncated_distribution(double z) {
  const double tail = normal_distribution(-2);
  return (normal_distribution(std::clamp(z, -2.0, 2.0)) - tail) / (1 - 2 * tail);
}

/// Pearson's correlation of neighbours `lag` apart.
double correlation(const std::vector<double>& x, std::size_t lag) {
  const double mean = moment(x, 0, 1), variance = moment(x, mean, 2);
  double sum = 0;
  for (std::size_t i = 0; i + lag < x.size(); ++i) sum += (x[i] - mean) * (x[i + lag] - mean);
  return sum / (static_cast<double>(x.size() - lag) * variance);
}

constexpr std::int64_t many = 200000;
constexpr double root_many = 447.2;

}  // namespace

TEST_CASE("random: uniform numbers are distributed evenly in [low, high)") {
  for (const DType dtype : {float32, float64}) {
    CAPTURE(name(dtype));
    const auto x = doubles(Generator(1).uniform({many}, -1, 3, dtype));
    const auto [least, largest] = std::minmax_element(x.begin(), x.end());
    CHECK(*least >= -1);
    CHECK(*largest < 3);
    CHECK_CLOSE(moment(x, 0, 1), 1.0, 0, 4 / root_many * 2);  // the standard deviation is 4 / sqrt(12)
    CHECK_CLOSE(moment(x, 1, 2), 16.0 / 12, 0.01);
    CHECK_CLOSE(moment(x, 1, 4), 256.0 / 80, 0.015);
    CHECK(distance(x, [](double v) { return (v + 1) / 4; }) < 1.95);
    for (const std::size_t lag : {1, 2, 16, 32, 64}) CHECK(std::abs(correlation(x, lag)) < 4 / root_many);
  }
}

TEST_CASE("random: normal numbers have the moments, the distribution and the tails") {
  for (const DType dtype : {float32, float64}) {
    CAPTURE(name(dtype));
    const auto x = doubles(Generator(2).normal({many}, 0, 1, dtype));
    CHECK_CLOSE(moment(x, 0, 1), 0.0, 0, 4 / root_many);
    CHECK_CLOSE(moment(x, 0, 2), 1.0, 0, 4 * std::sqrt(2.0) / root_many);
    CHECK_CLOSE(moment(x, 0, 3), 0.0, 0, 4 * std::sqrt(15.0) / root_many);
    CHECK_CLOSE(moment(x, 0, 4), 3.0, 0, 4 * std::sqrt(96.0) / root_many);
    CHECK(distance(x, normal_distribution) < 1.95);
    // 2 P(z > 4) = 6.3e-5: 12.7 expected.
    const auto beyond = std::count_if(x.begin(), x.end(), [](double z) { return std::abs(z) > 4; });
    CHECK(beyond >= 3);
    CHECK(beyond <= 27);
    for (const std::size_t lag : {1, 2, 16, 32, 64}) CHECK(std::abs(correlation(x, lag)) < 4 / root_many);
  }
  const auto shifted = doubles(Generator(2).normal({many}, 10, 0.5));
  CHECK(distance(shifted, [](double v) { return normal_distribution((v - 10) / 0.5); }) < 1.95);
  CHECK_TENSOR_EQ(Generator(2).normal({5}, 3, 0), full({5}, 3));
}

TEST_CASE("random: truncated normal numbers end at two standard deviations") {
  for (const DType dtype : {float32, float64}) {
    CAPTURE(name(dtype));
    const auto x = doubles(Generator(3).truncated_normal({many}, 0, 1, dtype));
    const auto [least, largest] = std::minmax_element(x.begin(), x.end());
    CHECK(*least >= -2);
    CHECK(*least < -1.999);
    CHECK(*largest <= 2);
    CHECK(*largest > 1.999);
    // The standard deviation that variance scaling divides by (Keras: 0.87962566103423978).
    CHECK_CLOSE(std::sqrt(moment(x, 0, 2)), 0.87962566103423978, 0.005);
    CHECK(distance(x, truncated_distribution) < 1.95);
  }
}

TEST_CASE("random: uniform stays below high where rounding would reach it") {
  // Between 1 and the next float32 there is no other; in bfloat16 the numbers near 1 are 2^-8 apart.
  const Tensor narrow = Generator(4).uniform({1000}, 1, std::nextafter(1.0f, 2.0f));
  CHECK_TENSOR_EQ(narrow, ones({1000}));
  const auto largest = [](const Tensor& t) {
    const auto x = doubles(t);
    return *std::max_element(x.begin(), x.end());
  };
  CHECK(largest(Generator(4).uniform({100000}, 0.5, 1, bfloat16)) == 1 - 0x1p-8);
  CHECK(largest(Generator(4).uniform({100000}, -1, 0, bfloat16)) < 0);
  CHECK(largest(Generator(4).uniform({100000}, 100000, 100000.1)) < 100000.1f);
  const auto coarse = doubles(Generator(4).uniform({many}, 0, 1, bfloat16));
  CHECK_CLOSE(moment(coarse, 0, 1), 0.5, 0.005);
}

TEST_CASE("random: integers, every one equally often, bounds included and excluded") {
  for (const DType dtype : {int32, int64, uint8}) {
    CAPTURE(name(dtype));
    const auto x = doubles(Generator(5).uniform({70000}, 3, 10, dtype));
    std::vector<int> counts(7);
    for (const double value : x) {
      REQUIRE(value >= 3);
      REQUIRE(value < 10);
      ++counts[static_cast<std::size_t>(value) - 3];
    }
    for (const int count : counts) CHECK_CLOSE(count, 10000, 0.05);  // five standard deviations
  }
  const auto bytes = Generator(5).uniform({10000}, 0, 256, uint8).to_vector<std::uint8_t>();
  CHECK(std::set<int>(bytes.begin(), bytes.end()).size() == 256);
  const auto negative = Generator(5).uniform({10000}, -2147483648.0, 2147483648.0, int32).to_vector<std::int32_t>();
  CHECK(*std::min_element(negative.begin(), negative.end()) < -2140000000);
  CHECK(*std::max_element(negative.begin(), negative.end()) > 2140000000);
  const auto all = Generator(5).uniform({10000}, -0x1p63, 0x1p63, int64).to_vector<std::int64_t>();
  CHECK(*std::min_element(all.begin(), all.end()) < -9200000000000000000);
  CHECK(*std::max_element(all.begin(), all.end()) > 9200000000000000000);
  CHECK_TENSOR_EQ(Generator(5).uniform({3}, 7, 8, int32), constant({7, 7, 7}));
}

TEST_CASE("random: a permutation holds every number once, and each order is equally likely") {
  auto order = Generator(6).permutation(1000).to_vector<std::int64_t>();
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::int64_t i = 0; i < 1000; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
  CHECK_TENSOR_EQ(Generator(6).permutation(0), zeros({0}, int64));
  CHECK_TENSOR_EQ(Generator(6).permutation(1), zeros({1}, int64));
  Generator generator(7);
  int counts[27] = {};
  for (int i = 0; i < 6000; ++i) {
    const auto p = generator.permutation(3).to_vector<std::int64_t>();
    ++counts[9 * p[0] + 3 * p[1] + p[2]];
  }
  for (const int code : {5, 7, 11, 15, 19, 21}) CHECK_CLOSE(counts[code], 1000, 0.15);  // 012 021 102 120 201 210
}

TEST_CASE("random: single numbers") {
  Generator generator(8);
  const Generator copy(generator);
  int counts[6] = {};
  for (int i = 0; i < 12000; ++i) ++counts[generator.below(6)];
  for (const int count : counts) CHECK_CLOSE(count, 2000, 0.12);
  CHECK(generator.below(1) == 0);
  std::set<std::uint64_t> words;
  for (int i = 0; i < 1000; ++i) words.insert(generator.next_u64());
  CHECK(words.size() == 1000);
  Generator again(copy), original(8);
  CHECK(again.next_u64() == original.next_u64());
}

TEST_CASE("random: the same numbers from one thread and from two") {
  const auto draw = [](int threads) {
    const testing::Threads guard(threads);
    Generator generator(9);
    return std::vector<Tensor>{generator.uniform({100003}),
                               generator.normal({100003}),
                               generator.normal({50001}, 0, 1, float64),
                               generator.truncated_normal({100003}),
                               generator.uniform({100003}, 0, 1000, int32),
                               generator.uniform({100003}, 0, 1, bfloat16),
                               generator.permutation(10007)};
  };
  const auto one = draw(1), two = draw(2);
  for (std::size_t i = 0; i < one.size(); ++i) {
    CAPTURE(i);
    CHECK_SAME_BITS(one[i], two[i]);
  }
}

TEST_CASE("random: a seed repeats, another seed and the next call do not") {
  Generator a(10), b(10), other(11), upper(10 + (std::uint64_t{1} << 32));
  const Tensor first = a.uniform({1000});
  CHECK_SAME_BITS(first, b.uniform({1000}));
  CHECK_SAME_BITS(a.normal({7}), b.normal({7}));
  const auto x = first.to_vector<float>();
  for (const Tensor& different : {a.uniform({1000}), other.uniform({1000}), upper.uniform({1000})}) {
    const auto y = different.to_vector<float>();
    int equal = 0;
    double product = 0;
    for (std::size_t i = 0; i < 1000; ++i) {
      equal += x[i] == y[i] ? 1 : 0;
      product += (x[i] - 0.5) * (y[i] - 0.5) * 12;
    }
    CHECK(equal <= 1);
    CHECK(std::abs(product / 1000) < 4 / std::sqrt(1000.0));
  }
}

TEST_CASE("random: the state continues a sequence where it was") {
  Generator generator(12);
  static_cast<void>(generator.uniform({33}));
  const random::GeneratorState state = generator.state();
  const Tensor expected = generator.normal({100});
  CHECK(generator.state() != state);
  Generator resumed(0);
  resumed.set_state(state);
  CHECK_SAME_BITS(resumed.normal({100}), expected);
  CHECK(resumed.state() == generator.state());
}

TEST_CASE("random: set_seed starts the default generator over") {
  const random::GeneratorState before = random::default_generator().state();
  const auto draw = [] {
    random::set_seed(13);
    return std::vector<Tensor>{random::uniform({9}), random::normal({9}), random::truncated_normal({9}),
                               random::permutation(9)};
  };
  const auto first = draw(), second = draw();
  for (std::size_t i = 0; i < first.size(); ++i) CHECK_SAME_BITS(first[i], second[i]);
  CHECK_SAME_BITS(first[0], Generator(13).uniform({9}));
  random::default_generator().set_state(before);
}

TEST_CASE("random: threads that share a generator never get the same numbers") {
  Generator generator(14);
  std::vector<std::uint64_t> words[2];
  std::thread first([&] {
    for (int i = 0; i < 5000; ++i) words[0].push_back(generator.next_u64());
  });
  std::thread second([&] {
    for (int i = 0; i < 5000; ++i) words[1].push_back(generator.next_u64());
  });
  first.join();
  second.join();
  std::set<std::uint64_t> all(words[0].begin(), words[0].end());
  all.insert(words[1].begin(), words[1].end());
  CHECK(all.size() == 10000);
  CHECK(generator.state().position == 10000);
}

TEST_CASE("random: errors name what was wrong and take no numbers") {
  Generator g(15);
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::nan("");
  CHECK_THROWS_TEXT(ValueError, "[random.uniform] expected low < high in float32: 1 and 1", g.uniform({2}, 1, 1));
  CHECK_THROWS_TEXT(ValueError, "expected low < high", g.uniform({2}, 2, 1, float64));
  CHECK_THROWS_TEXT(ValueError, "expected low < high", g.uniform({2}, nan, 1));
  CHECK_THROWS_TEXT(ValueError, "expected low < high in float32: 1 and 1.00000", g.uniform({2}, 1, 1 + 1e-9));
  CHECK_THROWS_TEXT(ValueError, "high - low does not fit into float32", g.uniform({2}, -3e38, 3e38));
  CHECK_THROWS_TEXT(ValueError, "high - low does not fit into float64", g.uniform({2}, 0, infinity, float64));
  CHECK_THROWS_TEXT(ValueError, "expected low < high: 4 and 4", g.uniform({2}, 4, 4, int32));
  CHECK_THROWS_TEXT(ValueError, "expected whole numbers from 0 to 256 for uint8: 0 and 257",
                    g.uniform({2}, 0, 257, uint8));
  CHECK_THROWS_TEXT(ValueError, "for uint8: -1 and 2", g.uniform({2}, -1, 2, uint8));
  CHECK_THROWS_TEXT(ValueError, "expected whole numbers", g.uniform({2}, 0.5, 3, int64));
  CHECK_THROWS_TEXT(ValueError, "expected whole numbers", g.uniform({2}, 0, infinity, int64));
  CHECK_THROWS_TEXT(TypeError, "[random.uniform] expected a floating or integer dtype, received bool",
                    g.uniform({2}, 0, 1, boolean));
  CHECK_THROWS_TEXT(ValueError, "[random.normal] expected a finite mean and a finite stddev >= 0: 0 and -1",
                    g.normal({2}, 0, -1));
  CHECK_THROWS_TEXT(ValueError, "0 and nan", g.normal({2}, 0, nan));
  CHECK_THROWS_TEXT(ValueError, "inf and 1", g.truncated_normal({2}, infinity));
  CHECK_THROWS_TEXT(TypeError, "[random.normal] expected a floating dtype, received int32", g.normal({2}, 0, 1, int32));
  CHECK_THROWS_TEXT(TypeError, "[random.truncated_normal] expected a floating dtype, received bool",
                    g.truncated_normal({2}, 0, 1, boolean));
  CHECK_THROWS_TEXT(ValueError, "[random.permutation] expected n >= 0, received -1", g.permutation(-1));
  CHECK_THROWS_TEXT(ValueError, "[random.below] expected n >= 1, received 0", g.below(0));
  CHECK_THROWS_TEXT(ValueError, "sizes must not be negative", g.uniform({-1}));
  CHECK(g.state().position == 0);
  CHECK(g.uniform({0, 3}).size() == 0);
}
