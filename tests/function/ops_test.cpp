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
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

using Op = std::function<Tensor(const Tensors&)>;

/// What ops are put together to; the ops themselves are replayed by tests/ops/function_rows_test.cpp.
struct Row {
  const char* name;
  std::vector<Shape> shapes;
  Op f;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"numbers", {{7}}, [](const Tensors& t) { return 2 * t[0] - 1 + t[0] / 3; }},
      {"a view of an argument",
       {{6, 2}},
       [](const Tensors& t) {
         return reshape(slice(t[0], {2, 0}, {3, 2}), {6}) * 2;
       }},
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
      {"numbers that are computed, beside few elements",
       {{}, {5}, {1, 3}},
       [](const Tensors& t) {
         const Tensor number = t[0] * 3 + 1;
         return reduce_sum(t[1] * number) - reduce_sum(number - t[2]) * (number / t[0]) + exp(t[0]);
       }},
      {"views of results and of arguments",
       {{2, 3}, {6}},
       [](const Tensors& t) {
         const Tensor product = t[0] * reshape(t[1], {2, 3});
         return reshape(product, {6}) + slice(t[1] * 2, {2}, {1}) * slice(t[1], {5}, {1});
       }},
      {"many steps on few elements",
       {{3}, {}},
       [](const Tensors& t) {
         Tensor y = t[0];
         for (int i = 0; i < 1500; ++i) y = (y * 0.5f + t[0]) - t[1] / (i + 1);
         return y * t[1];
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
  for (const auto& gradient : gradients) all.push_back(gradient.defined() ? gradient : zeros({1}));
  return all;
}

}  // namespace

TEST_CASE("function: what is made of ops is replayed with the same bits for other inputs") {
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
