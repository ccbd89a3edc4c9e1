#include "xtape/ops/random.hpp"

#include <algorithm>

#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;
using random::Generator;

namespace {

const Table<Alone> random_alone{{"random::bernoulli"}, {"random::categorical"}, {"random::shuffle"}};

constexpr std::int64_t many = 200'000;

/// Five standard deviations of the number of successes among n, each of probability p.
double five_sigma(double n, double p) { return 5 * std::sqrt(n * p * (1 - p)); }

}  // namespace

TEST_CASE("random.bernoulli: as many ones as expected, none or all at the ends") {
  for (const double p : {0.001, 0.3, 0.5, 0.99}) {
    Generator generator(1);
    const Tensor x = random::bernoulli({many}, p, float64, generator);
    const double ones_found = reduce_sum(x).item();
    CHECK_CLOSE(ones_found, p * many, 0, five_sigma(many, p));
    CHECK_CLOSE(reduce_sum(x * x).item(), ones_found, 0);  // nothing but 0 and 1
    // Neighbours do not depend on each other.
    CHECK_CLOSE(reduce_sum(slice_axis(x, 0, 1, many - 1) * slice_axis(x, 0, 0, many - 1)).item(), p * p * many, 0,
                3 * five_sigma(many, p * p) + 1);
  }
  CHECK_TENSOR_EQ(random::bernoulli({1000}, 0), zeros({1000}));
  CHECK_TENSOR_EQ(random::bernoulli({1000}, 1, int32), ones({1000}, int32));
  CHECK(random::bernoulli({0, 2}, 0.5, boolean).dtype() == boolean);
}

TEST_CASE("random.bernoulli: a probability for each element") {
  Generator generator(2);
  const Tensor p = broadcast_to(tensor({0, 0.2, 0.7, 1}, {1, 4}), {many / 4, 4});
  const std::vector<double> sums = to_doubles(reduce_sum(random::bernoulli(p, generator), 0));
  const double n = many / 4;
  CHECK(sums[0] == 0);
  CHECK_CLOSE(sums[1], 0.2 * n, 0, five_sigma(n, 0.2));
  CHECK_CLOSE(sums[2], 0.7 * n, 0, five_sigma(n, 0.7));
  CHECK(sums[3] == n);
  CHECK(random::bernoulli(zeros({3}, bfloat16)).dtype() == bfloat16);
  GradientTape tape;
  tape.watch(p);
  CHECK_FALSE(tape.gradient(random::bernoulli(p), p).defined());
  CHECK_THROWS_TEXT(ValueError, "[random.bernoulli] expected 0 <= p <= 1, received 1.5", random::bernoulli({2}, 1.5));
  CHECK_THROWS_TEXT(ValueError, "[random.bernoulli] expected probabilities from 0 to 1, received nan at position 1",
                    random::bernoulli(tensor({0.5, NAN})));
  CHECK_THROWS_TEXT(TypeError, "[random.bernoulli] expected a floating tensor, received int32",
                    random::bernoulli(ones({2}, int32)));
}

TEST_CASE("random.categorical: classes come as often as softmax says") {
  Generator generator(3);
  const std::vector<std::vector<double>> probabilities{{0.1, 0.2, 0.3, 0.4}, {0, 0.5, 0, 0.5}, {0, 0, 1, 0}};
  std::vector<double> logits;
  for (const auto& row : probabilities) {
    for (const double p : row) logits.push_back(std::log(p) + 300);  // -inf for 0
  }
  for (const DType dtype : {float32, float64}) {
    const Tensor draws = random::categorical(tensor(logits, {3, 4}, dtype), many, generator);
    CHECK(draws.shape() == Shape{3, many});
    CHECK(draws.dtype() == int64);
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 4; ++c) {
        const double p = probabilities[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)];
        const Tensor hits = cast(slice_axis(draws, 0, r, 1) == c, float64);
        CHECK_CLOSE(reduce_sum(hits).item(), p * many, 0, five_sigma(many, p));
      }
    }
  }
  CHECK(random::categorical(zeros({2, 3}), 0).shape() == Shape{2, 0});
  CHECK(random::categorical(zeros({0, 3}), 4).shape() == Shape{0, 4});
  CHECK_THROWS_TEXT(ValueError,
                    "[random.categorical] expected logits [batch, classes] and a count of 0 or more: (3,) and 1",
                    random::categorical(zeros({3}), 1));
  CHECK_THROWS_TEXT(ValueError, "a count of 0 or more: (2, 0) and 1", random::categorical(zeros({2, 0}), 1));
  CHECK_THROWS_TEXT(ValueError, "a count of 0 or more: (2, 3) and -1", random::categorical(zeros({2, 3}), -1));
  CHECK_THROWS_TEXT(ValueError, "[random.categorical] the largest logit of row 1 is nan",
                    random::categorical(tensor({1, 2, NAN, 3}, {2, 2}), 1));
  CHECK_THROWS_TEXT(ValueError, "[random.categorical] the largest logit of row 0 is -inf",
                    random::categorical(full({1, 2}, -INFINITY), 1));
  CHECK_THROWS_TEXT(TypeError, "[random.categorical] expected floating logits, received int32",
                    random::categorical(ones({2, 2}, int32), 1));
}

TEST_CASE("random.shuffle: the same rows, every order equally often, gradients to where they came from") {
  Generator generator(4);
  const Tensor x = some({50, 3}), y = random::shuffle(x, generator);
  std::vector<double> before = to_doubles(slice_axis(x, 1, 0, 1)), after = to_doubles(slice_axis(y, 1, 0, 1));
  CHECK(before != after);
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  CHECK(before == after);
  int counts[6] = {};
  for (int i = 0; i < 6000; ++i) {
    const auto order = random::shuffle(constant({0, 1, 2}), generator).to_vector<std::int32_t>();
    ++counts[2 * order[0] + (order[1] > order[2] ? 1 : 0)];
  }
  for (const int count : counts) CHECK_CLOSE(count, 1000, 0, five_sigma(6000, 1.0 / 6));
  CHECK(random::shuffle(zeros({0, 3})).shape() == Shape{0, 3});
  CHECK_THROWS_TEXT(ValueError, "[random.shuffle] expected a tensor of rank 1 or more, received a scalar",
                    random::shuffle(ones({})));
  const Tensor weights = arange(5.0);
  GradientTape tape;
  const Tensor v = zeros({5});
  tape.watch(v);
  Generator first(5), again(5);
  const Tensor gradient = tape.gradient(random::shuffle(v, first) * weights, v);
  CHECK_CLOSE(random::shuffle(gradient, again), weights);
}

TEST_CASE("random ops: a seed gives the same numbers, whatever the threads") {
  const Tensor p = some({70'000}, float32, 0, 1), logits = some({3000, 30}, float32);
  const auto with_threads = [&](int count) {
    const Threads threads(count);
    Generator generator(6);
    return std::vector<Tensor>{random::bernoulli({70'000}, 0.3, float32, generator),
                               random::bernoulli(abs(p), generator), random::categorical(logits, 5, generator),
                               random::shuffle(p, generator)};
  };
  const auto one = with_threads(1), three = with_threads(3);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK_SAME_BITS(three[i], one[i]);
  random::set_seed(7);
  const Tensor first = random::bernoulli({100}, 0.5);
  CHECK_FALSE(reduce_all(random::bernoulli({100}, 0.5) == first).item<bool>());
  random::set_seed(7);
  CHECK_SAME_BITS(random::bernoulli({100}, 0.5), first);
}
