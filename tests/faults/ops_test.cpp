#include "faults/faults.hpp"

#include <functional>
#include <stdexcept>

#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/ops/map.hpp"
#include "xtape/xtape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

using Op = std::function<Tensor(const Tensor&)>;

struct Row {
  const char* name;
  Op op;
  bool differentiable = true;
};

/// Of a matrix [64, 64], well conditioned.
const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"add", [](const Tensor& x) { return x + x; }},
      {"broadcast",
       [](const Tensor& x) {
         return x * slice(x, {0, 0}, {1, 64});
       }},
      {"exp", [](const Tensor& x) { return exp(x); }},
      {"softmax", [](const Tensor& x) { return nn::softmax(x); }},
      {"matmul", [](const Tensor& x) { return matmul(x, x); }},
      {"batched matmul",
       [](const Tensor& x) {
         return matmul(reshape(x, {4, 16, 64}), reshape(x, {4, 64, 16}));
       }},
      {"bfloat16 matmul", [](const Tensor& x) { return cast(matmul(cast(x, bfloat16), cast(x, bfloat16)), float32); }},
      {"transpose", [](const Tensor& x) { return transpose(x); }},
      {"concat",
       [](const Tensor& x) {
         return concat({x, x}, 1);
       }},
      {"pad",
       [](const Tensor& x) {
         return pad(x, {{1, 1}, {2, 0}});
       }},
      {"gather",
       [](const Tensor& x) {
         return gather(x, constant({3, 1, 1}));
       }},
      {"reduce_sum", [](const Tensor& x) { return reduce_sum(x, 0); }},
      {"reduce_max", [](const Tensor& x) { return reduce_max(x, 1); }},
      {"reduce_logsumexp", [](const Tensor& x) { return reduce_logsumexp(x, 1); }},
      {"cumsum", [](const Tensor& x) { return cumsum(x, 0); }},
      {"sort", [](const Tensor& x) { return sort(x); }},
      {"argsort", [](const Tensor& x) { return argsort(x); }, false},
      {"top_k", [](const Tensor& x) { return top_k(x, 5).values; }},
      {"argmax", [](const Tensor& x) { return argmax(x, 1); }, false},
      {"inv", [](const Tensor& x) { return linalg::inv(x); }},
      {"solve", [](const Tensor& x) { return linalg::solve(x, x); }},
      {"qr", [](const Tensor& x) { return linalg::qr(x).r; }},
      {"svd", [](const Tensor& x) { return linalg::svd(x).s; }},
      {"eigh", [](const Tensor& x) { return linalg::eigh(x + transpose(x)).w; }},
      {"cholesky", [](const Tensor& x) { return linalg::cholesky(matmul(x, x, {.transpose_b = true})); }},
      {"one_hot", [](const Tensor& x) { return one_hot(argmax(x, 1), 64); }, false},
      {"where", [](const Tensor& x) { return where(x > 0, x, -x); }},
      {"conv2d",
       [](const Tensor& x) {
         return nn::conv2d(reshape(x, {1, 16, 16, 16}), reshape(slice(x, {0, 0}, {9, 64}), {3, 3, 16, 4}));
       }},
      {"max_pool2d",
       [](const Tensor& x) {
         return nn::max_pool2d(reshape(x, {1, 16, 16, 16}), 2);
       }},
  };
  return all;
}

Tensor matrix() { return random::Generator(1).normal({64, 64}) * 0.1 + eye(64) * 3; }

}  // namespace

TEST_CASE("faults: any allocation of an op and of its gradient may fail") {
  const Tensor x = matrix();
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    const Threads set(threads);
    for (const Row& row : rows()) {
      check_each_allocation_may_fail({row.name, [&] {
                                        std::vector<Tensor> results;
                                        if (!row.differentiable) {
                                          results.push_back(row.op(x));
                                          return results;
                                        }
                                        GradientTape tape;
                                        tape.watch(x);
                                        const Tensor y = row.op(x);
                                        results.push_back(y);
                                        results.push_back(tape.gradient(y, x));
                                        return results;
                                      }});
    }
  }
}

TEST_CASE("faults: an allocation on several threads may fail") {
  const Threads set(2);
  const Tensor wide = random::Generator(1).normal({64, 4096});
  const Tensor batch = random::Generator(1).normal({64, 24, 24}) * 0.1 + eye(24) * 3;
  const Tensor q = random::Generator(1).normal({8, 64, 2, 64});
  const auto check = [&](const char* name, const Op& op, const Tensor& x) {
    check_each_allocation_may_fail({name, [&] { return std::vector<Tensor>{op(x)}; }});
  };
  check(
      "sort", [](const Tensor& x) { return sort(x); }, wide);
  check(
      "argsort", [](const Tensor& x) { return argsort(x); }, wide);
  check(
      "top_k", [](const Tensor& x) { return top_k(x, 3).values; }, wide);
  check(
      "inv", [](const Tensor& x) { return linalg::inv(x); }, batch);
  check(
      "svd", [](const Tensor& x) { return linalg::svd(x).s; }, batch);
  check(
      "qr", [](const Tensor& x) { return linalg::qr(x).r; }, batch);
  check(
      "eigh",
      [](const Tensor& x) {
        return linalg::eigh(x + transpose(x, {0, 2, 1})).w;
      },
      batch);
  check(
      "attention and its gradient",
      [](const Tensor& x) {
        GradientTape tape;
        tape.watch(x);
        const Tensor y = nn::scaled_dot_product_attention(x, x, x);
        return tape.gradient(y, x);
      },
      q);
}

TEST_CASE("faults: a formula of map that throws on a large tensor") {
  for (const int threads : {1, 2}) {
    const Threads set(threads);
    const Tensor x = linspace(0, 1, 1 << 20);
    bool armed = true;
    const auto formula = [&](auto v) {
      if (armed) throw std::range_error("no");
      return v * 2;
    };
    CHECK_THROWS_WITH_AS(map(formula, x), "no", std::range_error);
    armed = false;
    CHECK_CLOSE(map(formula, x), x * 2, 0);
  }
}
