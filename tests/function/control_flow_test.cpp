#include "xtape/function/control_flow.hpp"

#include <atomic>
#include <cmath>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/xtape.hpp"

using namespace xtape;
using testing::WarningCapture;

namespace {

using Function = std::function<TensorList(const TensorList&)>;

/// A function of tensors, run as plain C++, as a function() and as one that is replayed.
struct Row {
  std::string name;
  std::vector<Shape> shapes;
  Function f;
  bool second_order = true;
};

Variable& weights() {
  static Variable w(constant({{0.5, 0.1}, {-0.2, 0.9}}, float64));
  return w;
}

Tensor cell(const Tensor& h, const Tensor& x) { return tanh(matmul(reshape(h, {1, 2}), weights()) + x); }

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"scan of a cell with captured weights",
       {{2}, {5, 2}},
       [](const TensorList& t) -> TensorList {
         auto [h, ys] = scan(
             [](const Tensor& state, const Tensor& x) {
               const Tensor next = reshape(cell(state, x), {2});
               return std::pair(next, next * 2);
             },
             t[0], t[1]);
         return {h.only(), ys.only()};
       }},
      {"scan from the end, which captures a tensor that is computed outside",
       {{3}, {4, 3}},
       [](const TensorList& t) -> TensorList {
         const Tensor outside = exp(t[0]);
         const ScanResult r =
             scan([&](const Tensor& sum, const Tensor& x) { return std::pair(sum + x * outside, sum * sum); },
                  zeros({3}, float64), t[1], {.reverse = true});
         return {r.carry[0], r.ys[0]};
       }},
      {"several tensors in carry and xs, one of them an integer",
       {{2}, {3, 2}, {3}},
       [](const TensorList& t) -> TensorList {
         const ScanResult r = scan(
             [](const TensorList& carry, const TensorList& x) {
               const Tensor next = carry[0] * x[1] + x[0] * cast(carry[1], float64);
               return std::pair<TensorList, TensorList>({next, carry[1] + 1}, {next, x[1] * x[1], carry[1]});
             },
             {t[0], constant(3, int64)}, {t[1], t[2]});
         return {r.carry[0], r.ys[0], r.ys[1]};
       }},
      {"fori_loop with its index",
       {{2}},
       [](const TensorList& t) {
         return fori_loop(
             2, 9, [](const Tensor& i, const TensorList& x) -> TensorList { return sin(x[0]) * cast(i, float64); }, t);
       }},
      {"map_fn",
       {{4, 3}, {4}},
       [](const TensorList& t) {
         return map_fn([](const TensorList& x) -> TensorList { return {x[0] * x[1], reduce_sum(square(x[0]))}; }, t);
       }},
      {"cond that captures",
       {{3}, {3}},
       [](const TensorList& t) {
         const Tensor product = t[0] * t[1];
         return cond(
             reduce_sum(t[0]) > 0.0,
             [&]() -> TensorList {
               return {product * 2, exp(t[1])};
             },
             [&]() -> TensorList {
               return {reshape(matmul(reshape(t[0], {1, 3}), reshape(product, {3, 1})), {1}) + zeros({3}, float64),
                       t[1]};
             });
       }},
      {"cond inside of scan, another branch in each step",
       {{2}, {6, 2}},
       [](const TensorList& t) -> TensorList {
         const ScanResult r = scan(
             [&](const TensorList& h, const TensorList& x) {
               const TensorList next = cond(
                   reduce_sum(x[0]) > 0.0, [&]() -> TensorList { return h[0] * x[0]; },
                   [&]() -> TensorList { return h[0] + sin(x[0]); });
               return std::pair(next, next);
             },
             t[0], t[1]);
         return {r.carry[0], r.ys[0]};
       }},
      {"scan inside of scan",
       {{2}, {3, 4, 2}},
       [](const TensorList& t) -> TensorList {
         const ScanResult r = scan(
             [&](const TensorList& h, const TensorList& x) {
               const ScanResult inner = scan(
                   [&](const TensorList& g, const TensorList& y) {
                     const Tensor next = tanh(g[0] * y[0] + h[0]);
                     return std::pair<TensorList, TensorList>(next, next * t[0]);
                   },
                   h, x[0]);
               return std::pair<TensorList, TensorList>(inner.carry, reduce_sum(inner.ys[0], 0));
             },
             t[0], t[1]);
         return {r.carry[0], r.ys[0]};
       }},
      {"while_loop, as often as the elements say",
       {{2}},
       [](const TensorList& t) {
         return while_loop([](const TensorList& x) { return reduce_sum(abs(x[0])) < 50.0; },
                           [&](const TensorList& x) -> TensorList {
                             return x[0] * 1.5 + t[0] * reshape(slice(weights(), {0, 0}, {1, 1}), {});
                           },
                           t);
       },
       false},
      {"while_loop that ends at once, and one with a limit",
       {{2}},
       [](const TensorList& t) -> TensorList {
         const auto body = [](const TensorList& x) -> TensorList { return x[0] * x[0]; };
         const TensorList none = while_loop([](const TensorList& x) { return reduce_sum(x[0]) > 1e9; }, body, t);
         return {none[0] * 2,
                 while_loop([](const TensorList&) { return constant(true); }, body, t, {.maximum_iterations = 2})[0]};
       },
       false},
      {"a loop without steps",
       {{2}, {0, 2}},
       [](const TensorList& t) -> TensorList {
         const ScanResult r =
             scan([](const Tensor& h, const Tensor& x) { return std::pair(h + x, h * x); }, t[0], t[1]);
         return {r.carry[0], r.ys[0]};
       }},
      {"a loop of one step",
       {{2}, {1, 2}},
       [](const TensorList& t) -> TensorList {
         const ScanResult r =
             scan([](const Tensor& h, const Tensor& x) { return std::pair(h + x, h * x); }, t[0], t[1]);
         return {r.carry[0], r.ys[0]};
       }},
  };
  return all;
}

/// The results, their weighted sum's gradients for the inputs and the weights, and if asked those of the gradients.
TensorList with_gradients(const Row& row, const TensorList& inputs, bool second_order) {
  GradientTape outer({.persistent = true}), tape;
  for (GradientTape* each : {&outer, &tape}) {
    for (const Tensor& input : inputs) each->watch(input);
  }
  const TensorList results = row.f(inputs);
  Tensor loss = constant(0.0, float64);
  double weight = 1;
  for (const Tensor& result : results) loss = loss + reduce_sum(sin(result) * (weight += 0.5));
  std::vector<detail::Source> sources(inputs.begin(), inputs.end());
  sources.emplace_back(weights());
  const Tensors first = tape.gradient(loss, std::span<const detail::Source>(sources),
                                      {.unconnected_gradients = UnconnectedGradients::zero});
  TensorList all = results;
  all.insert(all.end(), first.begin(), first.end());
  if (second_order) {
    Tensor norm = constant(0.0, float64);
    for (const Tensor& gradient : first) norm = norm + reduce_sum(square(gradient));
    outer.stop();
    const Tensors second = outer.gradient(norm, std::span<const detail::Source>(sources),
                                          {.unconnected_gradients = UnconnectedGradients::zero});
    all.insert(all.end(), second.begin(), second.end());
  }
  return all;
}

TensorList some_inputs(const Row& row, std::int64_t seed) {
  random::Generator generator(seed);
  TensorList inputs;
  for (const Shape& shape : row.shapes) inputs.push_back(generator.normal(shape, 0, 1, float64));
  return inputs;
}

}  // namespace

TEST_CASE("control flow: in function() the values and gradients are those of plain C++, for other inputs too") {
  for (const Row& row : rows()) {
    for (const bool second_order : {false, true}) {
      if (second_order && !row.second_order) continue;
      CAPTURE(row.name);
      CAPTURE(second_order);
      auto replayed = function([&](const TensorList& inputs) { return with_gradients(row, inputs, second_order); });
      for (std::int64_t call = 0; call < 5; ++call) {
        CAPTURE(call);
        const TensorList inputs = some_inputs(row, call);
        const TensorList expected = with_gradients(row, inputs, second_order), received = replayed(inputs);
        REQUIRE(received.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
          CAPTURE(i);
          REQUIRE(received[i].shape() == expected[i].shape());
          CHECK_CLOSE(received[i], expected[i], 1e-12, 1e-12);
        }
      }
      CHECK_MESSAGE(replayed.obstacle().empty(), replayed.obstacle());
      CHECK(replayed.trace_count() == 1);
    }
  }
}

TEST_CASE("control flow: without a tape the bits are those of plain C++") {
  for (const Row& row : rows()) {
    CAPTURE(row.name);
    auto replayed = function(row.f);
    for (std::int64_t call = 0; call < 3; ++call) {
      const TensorList inputs = some_inputs(row, call), expected = row.f(inputs), received = replayed(inputs);
      REQUIRE(received.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) CHECK_SAME_BITS(received[i], expected[i]);
    }
    CHECK_MESSAGE(replayed.obstacle().empty(), replayed.obstacle());
  }
}

TEST_CASE("control flow: gradients against finite differences") {
  const Tensor xs = constant({{0.3, -0.2}, {0.1, 0.4}, {-0.5, 0.2}}, float64);
  const auto f = [](const Tensor& x) {
    const ScanResult r = scan(
        [](const Tensor& h, const Tensor& row) {
          const Tensor next = reshape(cell(h, row), {2});
          return std::pair(next, next * next);
        },
        zeros({2}, float64), x);
    return reduce_sum(r.carry[0]) + reduce_sum(r.ys[0]);
  };
  const GradientCheck check = check_gradients(f, xs);
  CHECK_MESSAGE(check, check.message);
  const auto g = [](const Tensor& x) {
    return reduce_sum(while_loop([](const TensorList& v) { return reduce_sum(v[0]) < 30.0; },
                                 [&](const TensorList& v) -> TensorList { return v[0] * 2 + x * x; }, abs(x))[0]);
  };
  const GradientCheck of_while = check_gradients(g, constant({0.7, 0.4}, float64));
  CHECK_MESSAGE(of_while, of_while.message);
}

TEST_CASE("control flow: the trace of a loop does not grow with its steps") {
  const auto steps_of = [](std::int64_t steps) {
    auto f = function([steps](const Tensor& x) {
      GradientTape tape;
      tape.watch(x);
      const auto body = [&](const Tensor&, const TensorList& y) -> TensorList { return sin(y[0]) * x; };
      return tape.gradient(reduce_sum(fori_loop(0, steps, body, x)[0]), x);
    });
    (void)f(ones({4}));
    const std::string text = f.str();  // "function(float32 (4,)): 3 steps, ..."
    return text.substr(text.find("): "), text.find(" steps") - text.find("): "));
  };
  CHECK(steps_of(10) == "): 3");
  CHECK(steps_of(1000) == "): 3");
}

TEST_CASE("control flow: only the branch that is chosen runs") {
  auto f = function([](const Tensor& x) {
    return cond(
        reduce_all(x >= 0.0), [&]() -> TensorList { return debug::check_numerics(sqrt(x), "roots"); },
        [&]() -> TensorList { return x * 0; });
  });
  CHECK_CLOSE(f(constant({-1.0, 4.0}, float64))[0], {0, 0});
  CHECK_CLOSE(f(constant({9.0, 4.0}, float64))[0], {3, 2});
  CHECK_CLOSE(f(constant({-1.0, 4.0}, float64))[0], {0, 0});
  CHECK_CLOSE(grad([](const Tensor& x) {
                return cond(
                    reduce_sum(x) > 0.0, [&]() -> TensorList { return reduce_sum(x * x); },
                    [&]() -> TensorList { return reduce_sum(x); })[0];
              })(constant({-1.0, 4.0}, float64)),
              {-2, 8});
}

TEST_CASE("control flow: a condition that does not depend on the arguments is decided in the trace") {
  auto f = function([](const Tensor& x) {
    return cond(
        constant(true), [&]() -> TensorList { return x; },
        [&]() -> TensorList { throw std::runtime_error("not this one"); });
  });
  CHECK_CLOSE(f(ones({2}))[0], {1, 1});
  CHECK(f.obstacle().empty());
}

TEST_CASE("control flow: variables are read anew in every replay") {
  Variable scale(constant(2.0, float64));
  auto f = function([&](const Tensor& x) {
    return fori_loop(
        0, 3, [&](const Tensor&, const TensorList& y) -> TensorList { return y[0] * scale; }, x);
  });
  const Tensor x = ones({2}, float64);
  CHECK_CLOSE(f(x)[0], {8, 8});
  scale.assign(constant(3.0, float64));
  CHECK_CLOSE(f(x)[0], {27, 27});
  CHECK(f.obstacle().empty());
}

TEST_CASE("control flow: layers inside are built once, outside of the trace") {
  random::set_seed(4);
  layers::Dense dense(2);
  const auto f = [&](const Tensor& x) {
    GradientTape tape;
    const TensorList y = fori_loop(
        0, 4, [&](const Tensor&, const TensorList& h) -> TensorList { return dense(h[0]); }, x);
    const Tensor loss = reduce_sum(y[0]);
    return TensorList{loss, tape.gradient(loss, dense.variables()[0])};
  };
  auto replayed = function(f);
  const Tensor x = ones({3, 2});
  for (int call = 0; call < 3; ++call) {
    const TensorList received = replayed(x), expected = f(x);
    for (std::size_t i = 0; i < 2; ++i) CHECK_CLOSE(received[i], expected[i], 1e-5, 1e-6);
  }
  CHECK(dense.variables().size() == 2);
  CHECK_MESSAGE(replayed.obstacle().empty(), replayed.obstacle());
}

TEST_CASE(
    "control flow: random numbers in a loop go on where they were, and gradients are those of the numbers drawn") {
  const auto make = [](bool with_gradient) {
    return [with_gradient, generator = random::Generator(3)](const Tensor& x) mutable {
      GradientTape tape;
      if (with_gradient) tape.watch(x);
      const auto body = [&](const Tensor&, const TensorList& y) -> TensorList { return y[0] * generator.normal({2}); };
      const Tensor y = fori_loop(0, 5, body, x)[0];
      return TensorList{y, with_gradient ? tape.gradient(reduce_sum(y), x) : y};
    };
  };
  for (const bool with_gradient : {false, true}) {
    CAPTURE(with_gradient);
    auto called = make(with_gradient);
    auto replayed = function(make(with_gradient));
    for (int call = 0; call < 3; ++call) {
      const Tensor x = ones({2});
      const TensorList expected = called(x), received = replayed(x);
      for (std::size_t i = 0; i < 2; ++i) CHECK_CLOSE(received[i], expected[i], 1e-6, 1e-6);
    }
    CHECK_MESSAGE(replayed.obstacle().empty(), replayed.obstacle());
  }
}

TEST_CASE("control flow: what cannot be traced runs in every call, and the reason is told") {
  WarningCapture warnings;
  auto f = function([](const Tensor& x) {
    return while_loop([](const TensorList& v) { return constant(v[0].item<double>() < 10); },
                      [](const TensorList& v) -> TensorList { return v[0] * 2; }, x);
  });
  for (const double start : {1.0, 3.0}) CHECK_CLOSE(f(constant(start, float64))[0], start == 1 ? 16 : 12);
  CHECK(f.obstacle().find("a while_loop() that cannot be traced: ") != std::string::npos);
  CHECK(f.obstacle().find("looks at the elements") != std::string::npos);

  Variable count(constant(0.0, float64));
  auto g = function([&](const Tensor& x) {
    return cond(
        reduce_sum(x) > 0.0,
        [&]() -> TensorList {
          count.assign_add(ones({}, float64));
          return count + x;
        },
        [&]() -> TensorList { return x; });
  });
  CHECK_CLOSE(g(constant(1.0, float64))[0], 2);
  CHECK_CLOSE(g(constant(1.0, float64))[0], 3);
  CHECK_CLOSE(g(constant(-1.0, float64))[0], -1);
  CHECK(g.obstacle().find("it assigns the variable") != std::string::npos);
  CHECK_CLOSE(count.value(), 2);
}

TEST_CASE("control flow: errors say what was expected, in function() too") {
  const Tensor x = ones({3, 2}, float64);
  const auto check = [&](const std::string& text, const std::function<TensorList(const TensorList&)>& f) {
    CHECK_THROWS_TEXT(ValueError, text, (void)f(x));
    auto replayed = function(f);
    CHECK_THROWS_TEXT(ValueError, text, (void)replayed(TensorList(x)));
  };
  check("[scan] tensor 0 of the loop: expected float64 (2,) as before, received float64 (4,) from the body",
        [](const TensorList& t) {
          const auto f = [](const Tensor& h, const Tensor&) { return std::pair(concat({h, h}, 0), h); };
          return scan(f, zeros({2}, float64), t[0]).carry;
        });
  check("[scan] expected f to return 1 tensors of carry, received 2", [](const TensorList& t) {
    const auto f = [](const TensorList& h, const TensorList&) {
      return std::pair<TensorList, TensorList>({h[0], h[0]}, {});
    };
    return scan(f, zeros({2}, float64), t[0]).carry;
  });
  check("[scan] expected 3 elements along the first axis of xs[1], received shape (2, 2)", [](const TensorList& t) {
    return map_fn([](const TensorList& v) { return v; }, {t[0], slice_axis(t[0], 0, 0, 2)});
  });
  check("[scan] xs[0]: expected a first axis to go along, received a scalar",
        [](const TensorList& t) { return map_fn([](const TensorList& v) { return v; }, reduce_sum(t[0])); });
  check("[scan] expected xs or a length, received neither", [](const TensorList& t) {
    return scan([](const TensorList& h, const TensorList&) { return std::pair(h, TensorList()); }, t, {}).carry;
  });
  check("[while_loop] tensor 0 of the loop: expected float64 (3, 2) as before, received float64 (2,) from the body",
        [](const TensorList& t) {
          return while_loop([](const TensorList&) { return constant(true); },
                            [](const TensorList& v) -> TensorList { return reduce_sum(v[0], 0); }, t);
        });
  check("[while_loop] expected a condition of one element, received shape (3, 2)", [](const TensorList& t) {
    return while_loop([](const TensorList& v) { return v[0] > 0.0; }, [](const TensorList& v) { return v; }, t);
  });
  check("[cond] expected a condition of one element, received shape (3, 2)", [](const TensorList& t) {
    return cond(
        t[0] > 0.0, [&] { return t; }, [&] { return t; });
  });
  auto differ = function([](const Tensor& t) {
    return cond(
        reduce_sum(t) > 0.0, [&]() -> TensorList { return t; }, [&]() -> TensorList { return reduce_sum(t); });
  });
  CHECK_THROWS_TEXT(ValueError,
                    "[cond] result 0: expected the same from both branches, received float64 (3, 2) and float64 ()",
                    (void)differ(x));
  CHECK_THROWS_TEXT(TypeError, "[cond] expected a bool as condition, received float64",
                    (void)cond(
                        constant(1.0, float64), [] { return TensorList(); }, [] { return TensorList(); }));
  // An error in a step of a replay, and the next call.
  auto checked = function([](const Tensor& t) {
    return fori_loop(
        0, 3,
        [](const Tensor&, const TensorList& v) -> TensorList {
          return debug::check_numerics(v[0] * v[0], "in the loop");
        },
        t);
  });
  (void)checked(x);
  CHECK_THROWS_TEXT(RuntimeError, "in the loop", (void)checked(x * 1e200));
  CHECK_CLOSE(reduce_sum(checked(x)[0]), 6);
}

TEST_CASE("control flow: a variable that is assigned between a loop and its gradient is told") {
  Variable scale(constant(2.0, float64));
  auto f = function([&](const Tensor& x) {
    GradientTape tape;
    tape.watch(x);
    const Tensor y = fori_loop(
        0, 3, [&](const Tensor&, const TensorList& v) -> TensorList { return v[0] * scale; }, x)[0];
    scale.assign(constant(5.0, float64));
    return tape.gradient(reduce_sum(y), x);
  });
  CHECK_THROWS_TEXT(RuntimeError, "which the body reads, was assigned before the gradient was asked for",
                    (void)f(ones({2}, float64)));
}

TEST_CASE("control flow: a function with a loop and a branch, called from several threads") {
  auto f = function([](const Tensor& x) {
    GradientTape tape;
    tape.watch(x);
    const Tensor y = fori_loop(
        0, 20, [&](const Tensor&, const TensorList& h) -> TensorList { return sin(h[0] + x); }, x)[0];
    const TensorList z = cond(
        reduce_sum(x) > 0.0, [&]() -> TensorList { return y * 2; }, [&]() -> TensorList { return y * x; });
    return tape.gradient(reduce_sum(z[0]), x);
  });
  const auto expected = [](double value) {  // d of 20 times h = sin(h + x), from h = x, and then the branch
    double h = value, dh = 1;
    for (int i = 0; i < 20; ++i) {
      dh = std::cos(h + value) * (dh + 1);
      h = std::sin(h + value);
    }
    return value > 0 ? 2 * dh : dh * value + h;
  };
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int call = 0; call < 50; ++call) {
        const double value = 0.1 * (call % 7) - 0.35 + 0.01 * t;
        if (std::abs(f(constant(value, float64)).item<double>() - expected(value)) > 1e-9) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}
