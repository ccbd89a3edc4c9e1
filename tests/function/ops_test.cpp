#include <functional>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/function/function.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/huber.hpp"
#include "xtape/losses/mean_absolute_error.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"
#include "xtape/ops/clip.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/ops/pool.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

using Op = std::function<Tensor(const Tensors&)>;

struct Row {
  const char* name;
  std::vector<Shape> shapes;
  Op f;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"add, subtract, multiply, divide",
       {{3, 5}, {5}},
       [](const Tensors& t) { return (t[0] + t[1]) * t[0] / (t[1] - 7); }},
      {"maximum, minimum",
       {{3, 5}, {3, 1}},
       [](const Tensors& t) { return maximum(t[0], t[1]) - minimum(t[0], t[1]); }},
      {"numbers", {{7}}, [](const Tensors& t) { return 2 * t[0] - 1 + t[0] / 3; }},
      {"exp, log, sqrt", {{33}}, [](const Tensors& t) { return log(exp(t[0]) + 1) + sqrt(square(t[0]) + 1); }},
      {"tanh, sigmoid, relu", {{2, 9}}, [](const Tensors& t) { return tanh(t[0]) * sigmoid(t[0]) + nn::relu(t[0]); }},
      {"gelu, elu, softplus",
       {{2, 9}},
       [](const Tensors& t) { return nn::gelu(t[0]) + nn::elu(t[0]) * nn::softplus(t[0]); }},
      {"leaky_relu, abs, sign", {{11}}, [](const Tensors& t) { return nn::leaky_relu(t[0]) + abs(t[0]) * sign(t[0]); }},
      {"where and a comparison", {{4, 4}, {4}}, [](const Tensors& t) { return where(t[0] > t[1], t[0] * 2, t[1]); }},
      {"clip_by_value", {{20}}, [](const Tensors& t) { return clip_by_value(t[0], -0.5, 0.5); }},
      {"cast", {{6}}, [](const Tensors& t) { return cast(cast(t[0] * 3, float64) * 2, float32); }},
      {"matmul", {{3, 4}, {4, 5}}, [](const Tensors& t) { return matmul(t[0], t[1]); }},
      {"matmul of batches",
       {{2, 3, 4}, {2, 5, 4}},
       [](const Tensors& t) { return matmul(t[0], t[1], {.transpose_b = true}); }},
      {"linear", {{3, 4}, {4, 5}, {5}}, [](const Tensors& t) { return linear(t[0], t[1], t[2]); }},
      {"reduce_sum",
       {{3, 4, 5}},
       [](const Tensors& t) {
         return reduce_sum(t[0], {0, 2});
       }},
      {"reduce_mean, reduce_max",
       {{3, 4}},
       [](const Tensors& t) { return reduce_mean(t[0], 1) + reduce_max(t[0], 1); }},
      {"softmax", {{3, 4}}, [](const Tensors& t) { return nn::softmax(t[0]); }},
      {"log_softmax along an axis", {{3, 4}}, [](const Tensors& t) { return nn::log_softmax(t[0], 0); }},
      {"softmax_cross_entropy_with_logits",
       {{3, 4}, {3, 4}},
       [](const Tensors& t) { return nn::softmax_cross_entropy_with_logits(t[0], t[1]); }},
      {"reshape, transpose",
       {{3, 4}},
       [](const Tensors& t) {
         return transpose(reshape(t[0], {2, 6})) * 2;
       }},
      {"concat, slice",
       {{3, 4}, {3, 2}},
       [](const Tensors& t) {
         return slice(concat({t[0], t[1]}, 1), {1, 1}, {2, 4});
       }},
      {"a view of an argument",
       {{6, 2}},
       [](const Tensors& t) {
         return reshape(slice(t[0], {2, 0}, {3, 2}), {6}) * 2;
       }},
      {"split, stack",
       {{4, 6}},
       [](const Tensors& t) {
         const auto parts = split(t[0], 2, 1);
         return stack({parts[1], parts[0]}, 0);
       }},
      {"broadcast_to",
       {{4, 1}},
       [](const Tensors& t) {
         return broadcast_to(t[0], {2, 4, 3}) * 2;
       }},
      {"gather",
       {{5, 3}},
       [](const Tensors& t) {
         return gather(t[0], constant({4, 0, 4}));
       }},
      {"conv2d and a pool",
       {{2, 6, 6, 3}, {3, 3, 3, 4}},
       [](const Tensors& t) { return nn::max_pool2d(nn::relu(nn::conv2d(t[0], t[1])), 2); }},
      {"avg_pool2d", {{2, 6, 6, 3}}, [](const Tensors& t) { return nn::avg_pool2d(t[0], 2); }},
      {"mean_squared_error", {{4, 3}, {4, 3}}, [](const Tensors& t) { return losses::mean_squared_error(t[0], t[1]); }},
      {"mean_absolute_error",
       {{4, 3}, {4, 3}},
       [](const Tensors& t) { return losses::mean_absolute_error(t[0], t[1]); }},
      {"huber", {{4, 3}, {4, 3}}, [](const Tensors& t) { return losses::huber(t[0], t[1]); }},
      {"categorical_crossentropy",
       {{4, 3}, {4, 3}},
       [](const Tensors& t) { return losses::categorical_crossentropy(nn::softmax(t[0]), nn::softmax(t[1])); }},
      {"binary_crossentropy",
       {{4, 3}, {4, 3}},
       [](const Tensors& t) { return losses::binary_crossentropy(sigmoid(t[0]), sigmoid(t[1])); }},
      {"sparse_categorical_crossentropy",
       {{4, 3}},
       [](const Tensors& t) {
         return losses::sparse_categorical_crossentropy(constant({0, 2, 1, 1}), nn::softmax(t[0]));
       }},
      {"a gradient used twice", {{5}}, [](const Tensors& t) { return t[0] * t[0] + t[0] * exp(t[0]); }},
  };
  return all;
}

/// What a row's op gives, and its gradients for all inputs.
Tensors with_gradients(const Op& f, const Tensors& inputs) {
  GradientTape tape;
  for (const auto& input : inputs) tape.watch(input);
  const Tensor y = f(inputs);
  Tensors all{y};
  const Tensors gradients = tape.gradient(y, std::vector<Tensor>(inputs.begin(), inputs.end()));
  for (const auto& gradient : gradients) all.push_back(gradient ? gradient : zeros({1}));
  return all;
}

}  // namespace

TEST_CASE("function: every op and its gradient is replayed with the same bits for other inputs") {
  random::Generator generator(7);
  for (const auto& row : rows()) {
    CAPTURE(row.name);
    auto replayed = function([&](const Tensors& inputs) { return with_gradients(row.f, inputs); });
    for (int call = 0; call < 3; ++call) {
      CAPTURE(call);
      Tensors inputs;
      for (const Shape& shape : row.shapes) inputs.push_back(generator.normal(shape));
      const Tensors expected = with_gradients(row.f, inputs), received = replayed(inputs);
      REQUIRE(received.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) CHECK_SAME_BITS(received[i], expected[i]);
    }
    CHECK_MESSAGE(replayed.obstacle().empty(), replayed.obstacle());
    CHECK(replayed.trace_count() == 1);
  }
}

TEST_CASE("function: second derivatives are replayed") {
  const auto f = [](const Tensor& x) {
    GradientTape outer;
    outer.watch(x);
    Tensor first;
    {
      GradientTape inner;
      inner.watch(x);
      first = inner.gradient(reduce_sum(tanh(x) * x), x);
    }
    return outer.gradient(reduce_sum(square(first)), x);
  };
  auto replayed = function(f);
  random::Generator generator(3);
  for (int call = 0; call < 3; ++call) {
    const Tensor x = generator.normal({9});
    CHECK_SAME_BITS(replayed(x), f(x));
  }
  CHECK(replayed.obstacle().empty());
}
