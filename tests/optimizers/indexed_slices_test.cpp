#include "xtape/core/indexed_slices.hpp"

#include <functional>
#include <memory>

#include "core/element_access.hpp"
#include "support/check.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/clip.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using optimizers::Adam;
using optimizers::Optimizer;
using optimizers::SGD;

namespace {

struct Case {
  std::string name;
  std::function<std::unique_ptr<Optimizer>()> make;
};

template <class O, class Options>
Case optimizer(const std::string& name, const Options& options) {
  return {name, [options] { return std::make_unique<O>(options); }};
}

const std::vector<Case> cases{
    optimizer<SGD>("SGD", optimizers::SGDOptions{.learning_rate = 0.1}),
    optimizer<SGD>("momentum", optimizers::SGDOptions{.learning_rate = 0.1, .momentum = 0.9}),
    optimizer<SGD>("nesterov", optimizers::SGDOptions{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}),
    optimizer<SGD>("decay", optimizers::SGDOptions{.learning_rate = 0.1, .weight_decay = 0.01}),
    optimizer<Adam>("Adam", optimizers::AdamOptions{.learning_rate = 0.01}),
    optimizer<Adam>("Adam clipnorm", optimizers::AdamOptions{.learning_rate = 0.01, .clipnorm = 0.5}),
    optimizer<Adam>("Adam clipvalue", optimizers::AdamOptions{.learning_rate = 0.01, .clipvalue = 0.2}),
    optimizer<SGD>("SGD global", optimizers::SGDOptions{.learning_rate = 0.1, .global_clipnorm = 0.5}),
};

const Tensor ids = constant(std::vector<std::int64_t>{5, 1, 5, 9, 1, 5, 2}, {7});

/// The gradient of a sum over rows of a table, each with a weight of its own.
Tensor gradient_of(const Variable& table, bool dense) {
  GradientTape tape;
  const Tensor rows = gather(table, ids);
  const Tensor loss = reduce_sum(square(rows) * reshape(arange(1, 8, 1, float32), {7, 1}));
  Tensor g = tape.gradient(loss, table);
  return dense ? g * 1 : g;
}

}  // namespace

TEST_CASE("indexed slices: the gradient of gather is made of them, with the dense one's numbers") {
  const Variable table(random::normal({10, 3}));
  const Tensor g = gradient_of(table, false);
  const auto slices = indexed_slices(g);
  REQUIRE(slices);
  CHECK_TENSOR_EQ(slices->indices, ids);
  CHECK(slices->values.shape() == Shape{7, 3});
  CHECK(slices->dense_shape == Shape{10, 3});
  Tensor expected = zeros({10, 3});
  for (std::int64_t i = 0; i < 7; ++i) {
    const std::int64_t row = ids.data<std::int64_t>()[static_cast<std::size_t>(i)];
    const Tensor own = gather(table.peek(), constant(std::vector<std::int64_t>{row}, {1})) * 2.0 * (i + 1);
    expected = expected + own * reshape(one_hot(constant(std::vector<std::int64_t>{row}, {1}), 10), {10, 1});
  }
  CHECK_CLOSE(g, expected, 1e-6, 1e-6);
}

TEST_CASE("indexed slices: several uses of a table are one list of slices, a dense use makes all dense") {
  const Variable table(random::Generator(3).uniform({10, 3}, 0.5, 1));  // positive: nothing cancels
  GradientTape tape({.persistent = true});
  const Tensor first = reduce_sum(gather(table, ids)),
               both = first + reduce_sum(square(gather(table, slice_axis(ids, 0, 0, 2)))),
               mixed = both + reduce_sum(square(table));
  tape.stop();
  const Tensor g = tape.gradient(both, table), h = tape.gradient(mixed, table);
  REQUIRE(indexed_slices(g));
  CHECK(indexed_slices(g)->indices.size() == 6);  // the rows of each use, once
  CHECK_FALSE(indexed_slices(h));
  Tensor counts = reshape(constant({0.f, 2.f, 1.f, 0.f, 0.f, 3.f, 0.f, 0.f, 0.f, 1.f}), {10, 1});
  Tensor twice = reshape(constant({0.f, 2.f, 0.f, 0.f, 0.f, 2.f, 0.f, 0.f, 0.f, 0.f}), {10, 1});
  const Tensor expected = counts + twice * table.peek();
  CHECK_CLOSE(g, expected, 1e-6);
  CHECK_CLOSE(h, expected + table.peek() * 2, 1e-6);
}

TEST_CASE("indexed slices: through other ops and to second order the gradient is an ordinary one") {
  const Variable table(random::normal({10, 3}, 0, 1, float64));
  GradientTape outer;
  Tensor g;
  {
    GradientTape inner;
    const Tensor loss = reduce_sum(square(gather(table.value() * 3, ids)));
    g = inner.gradient(loss, table);
  }
  CHECK_FALSE(indexed_slices(g));
  const Tensor counts = reshape(constant({0., 2., 1., 0., 0., 3., 0., 0., 0., 1.}, float64), {10, 1});
  CHECK_CLOSE(g, table.peek() * 18 * counts, 1e-12);
  CHECK_CLOSE(outer.gradient(g, table), broadcast_to(counts * 18, {10, 3}), 1e-12);
}

TEST_CASE("indexed slices: optimizers take them as they are, with the numbers of the dense gradient") {
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const Tensor start = random::normal({10, 3});
    const Variable sparse(start), dense(start);
    const auto with_slices = c.make(), without = c.make();
    for (int step = 0; step < 3; ++step) {
      const Tensor g = gradient_of(sparse, false);
      with_slices->apply_gradients(zip({g}, {sparse}));
      CHECK(detail::ElementAccess::of_dense(g) == nullptr);  // nobody asked for the zeros
      without->apply_gradients(zip({gradient_of(dense, true)}, {dense}));
      if (c.name.find("clip") == std::string::npos && c.name.find("global") == std::string::npos) {
        CHECK_SAME_BITS(sparse.peek(), dense.peek());
      } else {
        CHECK_CLOSE(sparse.peek(), dense.peek(), 1e-6);  // norms add up in another order
      }
    }
    const auto slots = with_slices->variables(), others = without->variables();
    for (std::size_t i = 2; i < slots.size(); ++i) CHECK_CLOSE(slots[i], others[i], 1e-5);
  }
}

TEST_CASE("indexed slices: large tables in chunks of zeros, rows of no elements, no rows") {
  for (const Shape& shape : {Shape{2000, 20}, Shape{3, 20000}, Shape{40000}, Shape{5, 0}}) {
    CAPTURE(shape.str());
    const Tensor start = random::normal(shape);
    const Variable sparse(start), dense(start);
    Adam one, other;
    for (int step = 0; step < 2; ++step) {
      const Tensor some =
          step == 0 ? constant(std::vector<std::int64_t>{0, 2, 1, 0}, {4}) : constant(std::vector<std::int64_t>{}, {0});
      const auto gradient = [&](const Variable& v) {
        GradientTape tape;
        return tape.gradient(reduce_sum(gather(v, some) * 2), v);
      };
      one.apply_gradients(zip({gradient(sparse)}, {sparse}));
      other.apply_gradients(zip({gradient(dense) * 1}, {dense}));
    }
    CHECK_SAME_BITS(sparse.peek(), dense.peek());
  }
}

TEST_CASE("indexed slices: a step on a large table asks for no memory of its size") {
  const Variable table(zeros({200'000, 16}));
  Adam adam;
  const auto step = [&] { adam.apply_gradients(zip({gradient_of(table, false)}, {table})); };
  step();  // makes the slots
  const std::int64_t before = memory_stats().system_bytes;
  step();
  CHECK(memory_stats().system_bytes - before < 1'000'000);
}

TEST_CASE("indexed slices: clipping by norm looks at the rows alone") {
  const Variable table(random::normal({10, 3}));
  const Tensor g = gradient_of(table, false), dense = gradient_of(table, true), other = random::normal({4});
  const Tensor clipped = clip_by_norm(g, 0.5);
  const auto [both, norm] = clip_by_global_norm({g, other, Tensor()}, 0.5);
  const auto [expected, expected_norm] = clip_by_global_norm({dense, other, Tensor()}, 0.5);
  CHECK(indexed_slices(clipped)->indices.size() == 4);
  CHECK(indexed_slices(both[0])->indices.size() == 4);
  CHECK(detail::ElementAccess::of_dense(g) == nullptr);
  CHECK_CLOSE(norm, expected_norm, 1e-6);
  CHECK_CLOSE(global_norm({g, other}), expected_norm, 1e-6);
  CHECK_CLOSE(both[0], expected[0], 1e-6);
  CHECK_CLOSE(both[1], expected[1], 1e-6);
  CHECK_CLOSE(clipped, clip_by_norm(dense, 0.5), 1e-6);
}
