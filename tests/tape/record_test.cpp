#include "xtape/tape/record.hpp"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

/// The gradient for x of an op of x and y whose rule is given.
template <class Rule>
Tensor gradient_with(const Tensor& x, const Tensor& y, const Rule& rule) {
  GradientTape tape;
  tape.watch({x, y});
  const Tensor out = record("my_op", {x, y}, stop_gradient(x) * stop_gradient(y), rule);
  return tape.gradient(out, x);
}

/// Halves of x along axis 0 by an op of two outputs.
std::vector<Tensor> halves(const Tensor& x, int* calls = nullptr) {
  const std::int64_t n = x.shape(0) / 2;
  std::vector<Tensor> parts{stop_gradient(slice_axis(x, 0, 0, n)) + 0, stop_gradient(slice_axis(x, 0, n, n)) + 0};
  record("halves", {x}, parts, [n, calls, rest = x.shape()](std::span<const Tensor> dys) {
    if (calls != nullptr) ++*calls;
    const Tensor zero = zeros({n});
    return Grads{concat({dys[0].defined() ? dys[0] : zero, dys[1].defined() ? dys[1] : zero}, 0)};
  });
  return parts;
}

}  // namespace

TEST_CASE("record: a rule's mistakes are reported under the op's name") {
  const Tensor x = ones({2, 3}), y = ones({3});
  CHECK_THROWS_TEXT(ValueError, "[my_op] its rule returned 1 gradients, expected one for each of 2 inputs",
                    gradient_with(x, y, [](const Tensor& dy) { return Grads{dy}; }));
  CHECK_THROWS_TEXT(ValueError, "[my_op] its rule returned 3 gradients, expected one for each of 2 inputs",
                    gradient_with(x, y, [](const Tensor& dy) {
                      return Grads{dy, dy, dy};
                    }));
  CHECK_THROWS_TEXT(ValueError, "[my_op] its rule returned a gradient of shape (3, 2) for input 0 of shape (2, 3)",
                    gradient_with(x, y, [](const Tensor& dy) {
                      return Grads{transpose(dy), dy};
                    }));
  CHECK_THROWS_TEXT(ValueError, "[my_op] its rule returned a gradient of shape () for input 0 of shape (2, 3)",
                    gradient_with(x, y, [](const Tensor& dy) {
                      return Grads{reduce_sum(dy), dy};
                    }));
  CHECK_THROWS_TEXT(ValueError, "[my_op] its rule returned a gradient of dtype float64 for input 0 of dtype float32",
                    gradient_with(x, y, [](const Tensor& dy) {
                      return Grads{cast(dy, float64), dy};
                    }));
  CHECK_THROWS_TEXT(ValueError, "[my_op] its rule returned a gradient of dtype int32 for input 0 of dtype float32",
                    gradient_with(x, y, [](const Tensor&) {
                      return Grads{ones({2, 3}, int32), Tensor()};
                    }));
}

TEST_CASE("record: the gradient of a broadcast input is summed for the rule") {
  const Tensor x = ones({3}), y = ones({2, 3});
  CHECK_TENSOR_EQ(gradient_with(x, y, [](const Tensor& dy) { return Grads{dy * 5, dy}; }), full({3}, 10));
  const Tensor a = constant(1.0), b = constant(2.0);  // a plain number takes the input's dtype
  CHECK_TENSOR_EQ(gradient_with(a, b, [](const Tensor&) { return Grads{7, 8}; }), constant(7.0));
}

TEST_CASE("record: an empty gradient leaves the input unconnected") {
  const Tensor x = ones({3}), y = ones({3});
  CHECK_FALSE(gradient_with(x, y, [](const Tensor& dy) { return Grads{Tensor(), dy}; }));
}

TEST_CASE("record: every form of rule, and Needs tells which gradients are wanted") {
  const Tensor x = constant(2.0), y = constant(3.0);
  CHECK_CLOSE(gradient_with(x, y, [](const Tensor& dy) { return Grads{dy * 2, dy}; }), 2.0);
  CHECK_CLOSE(gradient_with(x, y, [](std::span<const Tensor> dys) { return Grads{dys[0] * 3, dys[0]}; }), 3.0);
  CHECK_CLOSE(gradient_with(x, y,
                            [](const Tensor& dy, Needs need) {
                              CHECK(need[0]);
                              CHECK_FALSE(need[1]);  // watched, but not asked for
                              return Grads{dy * 4, Tensor()};
                            }),
              4.0);
  CHECK_CLOSE(gradient_with(x, y,
                            [](std::span<const Tensor> dys, Needs need) {
                              CHECK_FALSE(need[1]);
                              return Grads{dys[0] * 5, Tensor()};
                            }),
              5.0);
}

TEST_CASE("record: many inputs, more than any small buffer holds") {
  std::vector<Tensor> inputs;
  for (int i = 0; i < 40; ++i) inputs.push_back(constant({static_cast<double>(i)}));
  GradientTape tape;
  tape.watch(inputs);
  const Tensor y = record("many", inputs, ones({1}), [](const Tensor& dy, Needs need) {
    Grads grads;
    for (int i = 0; i < 40; ++i) {
      CHECK(need[static_cast<std::size_t>(i)] == (i % 2 == 1));
      grads.push_back(dy * i);
    }
    return grads;
  });
  std::vector<Tensor> odd;
  for (std::size_t i = 1; i < 40; i += 2) odd.push_back(inputs[i]);
  const Tensors grads = tape.gradient(y, odd);
  for (std::size_t i = 0; i < odd.size(); ++i) CHECK_CLOSE(grads[i], {static_cast<double>(2 * i + 1)});
}

TEST_CASE("record: a rule of any alignment, or whose move may throw") {
  struct alignas(64) Aligned {
    Tensor factor;
    std::array<double, 5> more{1, 2, 3, 4, 5};
    Grads operator()(const Tensor& dy) const {
      const Aligned* volatile self = this;  // so that the compiler does not take the answer for granted
      CHECK(reinterpret_cast<std::uintptr_t>(self) % 64 == 0);
      return Grads{dy * factor * more[4]};
    }
  };
  struct Hesitant {
    Tensor factor;
    explicit Hesitant(Tensor f) : factor(std::move(f)) {}
    Hesitant(const Hesitant&) = default;
    Hesitant(Hesitant&& other) noexcept(false) : factor(std::move(other.factor)) {
      if (factor.item() < 0) throw std::runtime_error("not moved");
    }
    Grads operator()(const Tensor& dy) const { return Grads{dy * factor}; }
  };
  const Tensor x = constant(2.0);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = record("aligned", {record("byte", {x}, x + 0, [](const Tensor& dy) { return Grads{dy}; })}, x * 1,
                          Aligned{constant(3.0)});
  const Tensor z = record("hesitant", {x}, x * 1, Hesitant(constant(7.0)));
  CHECK_THROWS_AS(record("hesitant", {x}, x * 1, Hesitant(constant(-1.0))), std::runtime_error);
  const Tensor after = x * x;
  tape.stop();
  CHECK_CLOSE(tape.gradient(y, x), 15.0);
  CHECK_CLOSE(tape.gradient(z, x), 7.0);
  CHECK_CLOSE(tape.gradient(after, x), 4.0);
}

TEST_CASE("record: the rule is made for what is tracked, and not at all where nothing is") {
  const Tensor x = constant(2.0), c = constant(5.0);
  int made = 0;
  const auto product = [&](const Tensor& a, const Tensor& b) {
    return record("product", {a, b}, stop_gradient(a) * stop_gradient(b), [&](Tracked tracked) {
      ++made;
      return [a = tracked.if_for(1, a), b = tracked.if_for(0, b)](const Tensor& dy, Needs need) {
        CHECK(a.defined() >= need[1]);
        CHECK(b.defined() >= need[0]);
        return Grads{need[0] ? dy * b : Tensor(), need[1] ? dy * a : Tensor()};
      };
    });
  };
  CHECK_CLOSE(product(x, c), 10.0);
  CHECK(made == 0);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  static_cast<void>(product(c, c));
  CHECK(made == 0);
  const Tensor y = product(product(x, c), x);  // 5 x^2
  CHECK(made == 2);
  Tensor inner_gradient;
  {
    GradientTape inner;
    inner.watch(x);
    const Tensor z = product(c, x);
    CHECK(made == 3);
    inner_gradient = inner.gradient(product(z, x), x);  // 10 x, which the outer tape follows
  }
  tape.stop();
  CHECK_CLOSE(tape.gradient(y, x), 20.0);
  CHECK_CLOSE(inner_gradient, 20.0);
  CHECK_CLOSE(tape.gradient(inner_gradient, x), 10.0);
}

TEST_CASE("record: a rule that is made is never copied or moved on its way to the only tape") {
  struct Counted {
    int* copies;
    explicit Counted(int* c) : copies(c) {}
    Counted(const Counted& other) : copies(other.copies) { ++*copies; }
    Grads operator()(const Tensor& dy) const { return Grads{dy * 3}; }
  };
  const Tensor x = constant(2.0);
  int copies = 0;
  GradientTape tape;
  tape.watch(x);
  Tensor y = x * 1;  // a tape's first op gets it the memory for others
  for (int i = 0; i < 3; ++i) y = record("counted", {y}, constant(1.0), [&] { return Counted(&copies); });
  CHECK_CLOSE(tape.gradient(y, x), 27.0);
  CHECK(copies == 0);
}

TEST_CASE("record: a rule that cannot be made leaves an op without a gradient, on one tape and on two") {
  const Tensor x = constant(2.0);
  const auto fails = [&] {
    record("fails", {x}, x * 1, [&](Tracked) {
      throw std::runtime_error("not made");
      return [](const Tensor& dy) { return Grads{dy}; };
    });
  };
  GradientTape outer;
  outer.watch(x);
  const Tensor before = x * x;
  CHECK_THROWS_TEXT(std::runtime_error, "not made", fails());
  {
    GradientTape inner;
    inner.watch(x);
    CHECK_THROWS_TEXT(std::runtime_error, "not made", fails());
    CHECK_CLOSE(inner.gradient(x * x, x), 4.0);
  }
  const std::size_t with_gradient = outer.num_records();
  CHECK_THROWS_TEXT(std::runtime_error, "not made", fails());
  CHECK(outer.num_records() == with_gradient + 1);  // x * 1
  CHECK_CLOSE(outer.gradient(before * x, x), 12.0);
}

TEST_CASE("Grads: any number of gradients, copied, moved and assigned") {
  for (const std::size_t n : {0u, 1u, 4u, 5u, 9u}) {
    CAPTURE(n);
    Grads grads;
    for (std::size_t i = 0; i < n; ++i) grads.push_back(constant(static_cast<double>(i)));
    const auto check = [&](Grads& g) {
      REQUIRE(g.size() == n);
      for (std::size_t i = 0; i < n; ++i) CHECK_CLOSE(g[i], static_cast<double>(i));
    };
    Grads copy(grads), assigned{constant(-1.0), Tensor()};
    check(copy);
    assigned = copy;
    check(assigned);
    Grads moved(std::move(copy));
    check(moved);
    assigned = Grads{constant(-1.0)};
    CHECK(assigned.size() == 1);
    assigned = std::move(moved);
    check(assigned);
    check(grads);
  }
  Grads five{constant(0.0), Tensor(), constant(2.0), 3.0, constant(4.0)};
  CHECK(five.size() == 5);
  CHECK_FALSE(five[1].defined());
  CHECK_CLOSE(five[4], 4.0);
}

TEST_CASE("record: an op of several outputs, of which one or all are used") {
  const Tensor x = constant({1.0, 2.0, 3.0, 4.0});
  int calls = 0;
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const auto parts = halves(x * x, &calls);
  const Tensor first = parts[0] * 10, both = parts[0] * parts[1], unrelated = x * 2;
  tape.stop();
  CHECK_CLOSE(tape.gradient(first, x), {20.0, 40.0, 0.0, 0.0});
  CHECK(calls == 1);
  // x0^2 x2^2 and x1^2 x3^2
  CHECK_CLOSE(tape.gradient(both, x), {2 * 9.0, 4 * 16.0, 6 * 1.0, 8 * 4.0});
  CHECK(calls == 2);
  CHECK_CLOSE(tape.gradient(unrelated, x), {2.0, 2.0, 2.0, 2.0});
  CHECK(calls == 2);  // no output had a gradient
  CHECK_CLOSE(tape.gradient(parts[1], parts[1]), {1.0, 1.0});
}

TEST_CASE("record: rules run only on the way to a source") {
  const Tensor x = constant(2.0), y = constant(3.0);
  int calls = 0;
  const auto counted = [&calls](const Tensor& t) {
    return record("counted", {t}, stop_gradient(t) * 1, [&calls](const Tensor& dy) {
      ++calls;
      return Grads{dy};
    });
  };
  GradientTape tape({.persistent = true});
  tape.watch({x, y});
  const Tensor direct = counted(x), sum = counted(x) + y;
  tape.stop();
  CHECK_FALSE(tape.gradient(direct, y));
  CHECK_CLOSE(tape.gradient(sum, y), 1.0);
  CHECK(calls == 0);
  CHECK_CLOSE(tape.gradient(sum, x), 1.0);
  CHECK(calls == 1);
}

TEST_CASE("record: an op that returns its own input") {
  const Tensor x = constant({1.0, 2.0}), c = constant({3.0, 4.0});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const auto twice = [](const Tensor& t) {
    return record("twice", {t}, t, [](const Tensor& dy) { return Grads{dy * 2}; });
  };
  const Tensor y = twice(x), z = twice(y);
  const Tensor chosen = record("second", {x, c}, c, [](const Tensor& dy) { return Grads{dy * 9, dy}; });
  tape.stop();
  CHECK_CLOSE(tape.gradient(y, x), {2.0, 2.0});
  CHECK_CLOSE(tape.gradient(z, x), {4.0, 4.0});
  CHECK_CLOSE(tape.gradient(x, x), {1.0, 1.0});
  CHECK_CLOSE(tape.gradient(chosen, x), {9.0, 9.0});
  CHECK_FALSE(tape.gradient(c, x));  // the input itself was not computed from x
}

TEST_CASE("record: an integer output ends the path, its floating sibling does not") {
  const Tensor x = constant({1.5, 2.5});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  std::vector<Tensor> outputs{stop_gradient(x) * 2, cast(x, int32)};
  record("both", {x}, outputs, [](std::span<const Tensor> dys) { return Grads{dys[0] * 2}; });
  const Tensor product = outputs[1] * outputs[1];
  tape.stop();
  CHECK_CLOSE(tape.gradient(outputs[0], x), {2.0, 2.0});
  CHECK_FALSE(tape.gradient(outputs[1], x));
  CHECK_FALSE(tape.gradient(product, x));
  CHECK(tape.num_records() == 1);
}

TEST_CASE("record: variables as inputs") {
  const Variable v(constant(3.0));
  GradientTape tape;
  const Tensor y = record("triple", {v}, v.peek() * 3, [](const Tensor& dy) { return Grads{dy * 3}; });
  CHECK_CLOSE(tape.gradient(y, v), 3.0);
}

TEST_CASE("record: without a tape, or untracked, it returns the output and keeps nothing") {
  const Tensor x = constant(1.0);
  struct Counted {
    int* copies;
    explicit Counted(int* c) : copies(c) {}
    Counted(const Counted& other) : copies(other.copies) { ++*copies; }
    Grads operator()(const Tensor& dy) const { return Grads{dy}; }
  };
  int copies = 0;
  const Counted rule(&copies);
  CHECK(record("op", {x}, x, rule).is_same(x));
  CHECK(copies == 0);
  CHECK_FALSE(is_tracked({x}));
  GradientTape tape;
  CHECK(record("op", {x}, x, rule).is_same(x));
  CHECK_FALSE(is_tracked({x}));
  CHECK(tape.num_records() == 0);
  tape.watch(x);
  CHECK(is_tracked({x}));
}

TEST_CASE("record: an exception inside a rule reaches the caller and leaves the tape clean") {
  const Tensor x = constant(2.0);
  const auto throwing = [](const Tensor& t) {
    return record("throwing", {t}, t * 1, [](const Tensor&) -> Grads { throw std::runtime_error("from the rule"); });
  };
  GradientTape tape;
  tape.watch(x);
  const Tensor y = throwing(x * x) * x;
  CHECK_THROWS_TEXT(std::runtime_error, "from the rule", tape.gradient(y, x));
  CHECK_FALSE(is_recording());
  CHECK(tape.num_records() == 0);
  CHECK_THROWS_TEXT(RuntimeError, "A non-persistent GradientTape can only be used", tape.gradient(y, x));
  {
    const auto scope = tape.scope();
    tape.watch(x);
    const Tensor z = x * x;
    CHECK_CLOSE(tape.gradient(z, x), 4.0);
  }
  CHECK_FALSE(is_recording());

  GradientTape persistent({.persistent = true});
  persistent.watch(x);
  const Tensor a = x * x, b = throwing(a);
  persistent.stop();
  CHECK_THROWS_TEXT(std::runtime_error, "from the rule", persistent.gradient(b, x));
  CHECK_CLOSE(persistent.gradient(a, x), 4.0);  // what does not meet the rule still works
}

TEST_CASE("record: an exception while an outer tape records leaves the outer one recording") {
  const Tensor x = constant(2.0);
  GradientTape outer;
  outer.watch(x);
  const Tensor before = x * x;
  {
    GradientTape inner;
    inner.watch(x);
    const Tensor y = record("bad", {x}, x * 1, [](const Tensor& dy) { return Grads{dy, dy}; });
    CHECK_THROWS_TEXT(ValueError, "[bad] its rule returned 2 gradients", inner.gradient(y, x));
  }
  CHECK(outer.is_recording());
  const Tensor after = before * x;
  CHECK_CLOSE(outer.gradient(after, x), 12.0);
}
