#include "xtape/tape/mask.hpp"

#include <cmath>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/grad.hpp"
#include "xtape/transforms/recompute_grad.hpp"

namespace xtape {
namespace {

TEST_CASE("masks: a tensor carries one, and the handle that it was made of none") {
  const Tensor x = ones({2, 3, 4}), mask = constant({{true, false, true}, {true, true, false}});
  CHECK_FALSE(get_mask(x).defined());
  CHECK_FALSE(get_mask(Tensor()).defined());
  const Tensor y = with_mask(x, mask);
  CHECK(get_mask(y).is_same(mask));
  CHECK_FALSE(get_mask(x).defined());
  CHECK_SAME_BITS(y, x);
  CHECK(with_mask(y, mask).is_same(y));
  const Tensor other = ones({2}, boolean), z = with_mask(y, other);
  CHECK(get_mask(z).is_same(other));
  CHECK(get_mask(y).is_same(mask));
  const Tensor plain = with_mask(y, {});
  CHECK_FALSE(get_mask(plain).defined());
  CHECK(get_mask(y).is_same(mask));
  CHECK(with_mask(x, {}).is_same(x));
}

TEST_CASE("masks: ops do not look at them, and their results have none") {
  const Tensor x = with_mask(ones({2, 3}), ones({2}, boolean));
  for (const Tensor& y : {x + 1, -x, reshape(x, {2, 3}), cast(x, float64), matmul(x, ones({3, 3})), nn::relu(x),
                          stop_gradient(x), Variable(x).value()}) {
    CHECK_FALSE(get_mask(y).defined());
  }
  CHECK(get_mask(Tensor(x)).defined());
}

TEST_CASE("masks: gradients pass, of any order") {
  const Tensor x = constant({{1.0, 2.0}, {3.0, 4.0}}), mask = constant({true, false});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = with_mask(square(x), mask);
  CHECK_CLOSE(tape.gradient(reduce_sum(y * y), x), 4 * x * x * x);
  CHECK(get_mask(y).is_same(mask));
  // Of a function of a tensor with a mask, which it sees.
  const auto f = [&](const Tensor& t) {
    CHECK(get_mask(t).is_same(mask));
    return reduce_sum(square(t));
  };
  CHECK_CLOSE(grad(f)(with_mask(x, mask)), 2 * x);
  GradientTape outer;
  outer.watch(x);
  const auto g = recompute_grad([&](const Tensor& t) { return with_mask(square(t), mask); });
  const Tensor z = g(x);
  CHECK(get_mask(z).is_same(mask));
  CHECK_CLOSE(outer.gradient(reduce_sum(z), x), 2 * x);
}

TEST_CASE("masks: probabilities remember their logits with one, before and after") {
  const Tensor logits = constant({{200.0F, 0.0F}, {0.0F, 300.0F}}), mask = ones({2}, boolean);
  const Tensor labels = constant({1, 0});
  const std::vector<double> expected{200, 300};
  CHECK_CLOSE(losses::sparse_categorical_crossentropy(labels, with_mask(nn::softmax(logits), mask)), expected);
  CHECK_CLOSE(losses::sparse_categorical_crossentropy(labels, nn::softmax(with_mask(logits, mask))), expected);
  const Tensor twice = with_mask(nn::softmax(with_mask(logits, mask)), mask);
  CHECK_CLOSE(losses::sparse_categorical_crossentropy(labels, twice), expected);
  CHECK_CLOSE(losses::sparse_categorical_crossentropy(labels, with_mask(twice, {})), expected);
  CHECK_CLOSE(losses::binary_crossentropy(constant({{0.0F, 0.0F}, {1.0F, 1.0F}}),
                                          with_mask(nn::sigmoid(with_mask(logits, mask)), mask)),
              {100 + std::log(2.0) / 2, std::log(2.0) / 2});
}

TEST_CASE("masks: no chain of masks of masks") {
  Tensor mask = ones({2}, boolean);
  for (int i = 0; i < 100000; ++i) mask = with_mask(ones({2}, boolean), mask);
  CHECK(get_mask(mask).defined());
  CHECK_FALSE(get_mask(get_mask(mask)).defined());
}

TEST_CASE("masks: a tensor that nobody else holds is given its mask in place") {
  const Tensor mask = ones({2}, boolean);
  Tensor x = ones({2, 3});
  const auto* impl = x.impl();
  x = detail::masked(std::move(x), mask);
  CHECK(x.impl() == impl);
  CHECK_FALSE(detail::is_unique(x));  // or an op would reuse it, mask and all
  const Tensor held = x;
  CHECK_FALSE(detail::masked(std::move(x), {}).impl() == impl);
  CHECK(get_mask(held).is_same(mask));
}

TEST_CASE("masks: what does not suit") {
  const Tensor x = ones({2, 3, 4});
  for (const Shape& shape : {Shape{2}, Shape{2, 3}, Shape{2, 1}, Shape{1, 3}, Shape{2, 3, 4}, Shape{}}) {
    CHECK(get_mask(with_mask(x, ones(shape, boolean))).defined());
  }
  CHECK_THROWS_TEXT(TypeError, "[with_mask] expected a bool mask, received float32", with_mask(x, ones({2, 3})));
  CHECK_THROWS_TEXT(ValueError,
                    "[with_mask] expected a mask of the first axes of shape (2, 3, 4), received shape (3, 4)",
                    with_mask(x, ones({3, 4}, boolean)));
  CHECK_THROWS_TEXT(ValueError, "received shape (2, 3, 4, 1)", with_mask(x, ones({2, 3, 4, 1}, boolean)));
  CHECK_THROWS_TEXT(ValueError, "expected a tensor, received an empty one", with_mask({}, ones({2}, boolean)));
}

}  // namespace
}  // namespace xtape
