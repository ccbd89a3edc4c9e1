#include "xtape/function/function.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/lambda.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/random.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_numerics.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/record.hpp"
#include "xtape/transforms/recompute_grad.hpp"

using namespace xtape;
using testing::WarningCapture;

TEST_CASE("function: the body runs once for a signature, and its side effects with it") {
  int runs = 0;
  auto twice = function([&](const Tensor& x) {
    ++runs;
    return x * 2;
  });
  CHECK_CLOSE(twice(constant({1.0, 2.0})), {2.0, 4.0});
  CHECK_CLOSE(twice(constant({3.0, 5.0})), {6.0, 10.0});
  CHECK_CLOSE(twice(constant({-1.0, 0.0})), {-2.0, 0.0});
  CHECK(runs == 1);
  CHECK(twice.trace_count() == 1);
}

TEST_CASE("function: texts are part of the signature, however they are written") {
  WarningCapture warnings;
  auto apply = function([](const Tensor& x, const std::string& how) { return how == "twice" ? x * 2 : -x; });
  const Tensor x = constant({1.0, 2.0});
  const std::string twice = "twice";
  CHECK_CLOSE(apply(x, "twice"), {2.0, 4.0});
  CHECK_CLOSE(apply(x, "minus"), {-1.0, -2.0});
  CHECK_CLOSE(apply(x, twice), {2.0, 4.0});
  CHECK_CLOSE(apply(x, twice.c_str()), {2.0, 4.0});
  CHECK(apply.trace_count() == 2);
}

TEST_CASE("function: another shape, dtype or number is another signature, and a warning says so") {
  WarningCapture warnings;
  auto power = function(
      [](const Tensor& x, int n) {
        Tensor y = x;
        for (int i = 1; i < n; ++i) y = y * x;
        return y;
      },
      {.name = "power"});
  CHECK_CLOSE(power(constant({2.0F}), 2), {4.0});
  CHECK(warnings.count() == 0);
  CHECK_CLOSE(power(constant({2.0F, 3.0F}), 2), {4.0, 9.0});
  CHECK(warnings.text() == "[function] 'power' is traced again, for arguments (float32 (2,)): 2 signatures by now\n");
  CHECK_CLOSE(power(constant({2.0F}), 3), {8.0});
  CHECK_CLOSE(power(cast(constant({2.0F}), float64), 3), {8.0});
  CHECK(power.trace_count() == 4);
  CHECK_CLOSE(power(constant({3.0F}), 2), {9.0});
  CHECK_CLOSE(power(constant({3.0F}), 3), {27.0});
  CHECK(power.trace_count() == 4);
}

TEST_CASE("function: structures of tensors go in and out") {
  using Named = std::map<std::string, Tensor>;
  auto f = function([](const std::vector<Tensor>& list, const std::pair<Tensor, Tensor>& pair, const Named& named) {
    return std::tuple{list[0] + list[1], Named{{"product", pair.first * pair.second}}, named.at("x") * 1};
  });
  for (double scale : {1.0, 10.0, 100.0}) {
    const Tensor a = constant({1.0 * scale}), b = constant({2.0 * scale});
    const auto [sum, products, x] = f(std::vector{a, b}, std::pair{a, b}, Named{{"x", b}});
    CHECK_CLOSE(sum, {3 * scale});
    CHECK_CLOSE(products.at("product"), {2 * scale * scale});
    CHECK_CLOSE(x, {2 * scale});
  }
  CHECK(f.trace_count() == 1);
}

TEST_CASE("function: arguments are told apart from each other and from captured tensors") {
  const Tensor captured = constant({1.0, 2.0});
  auto f = function([&](const Tensor& a, const Tensor& b) { return a - 2 * b + captured * 10; });
  CHECK_CLOSE(f(captured, captured), {9.0, 18.0});
  CHECK_CLOSE(f(constant({5.0, 5.0}), constant({1.0, 2.0})), {13.0, 21.0});
}

TEST_CASE("function: what it returns stays as it is in later calls") {
  auto f = function([](const Tensor& x) { return std::vector<Tensor>{x + 1, x, reshape(x * 2, {2, 1})}; });
  (void)f(constant({0.0, 0.0}));
  const Tensor x = constant({1.0, 2.0});
  const auto first = f(x);
  const auto second = f(constant({7.0, 8.0}));
  CHECK_CLOSE(first[0], {2.0, 3.0});
  CHECK(first[1].is_same(x));
  CHECK_CLOSE(first[2], constant({{2.0}, {4.0}}));
  CHECK_CLOSE(second[2], constant({{14.0}, {16.0}}));
}

TEST_CASE("function: a variable is read anew and assigned to in every call") {
  Variable v(constant({1.0, 2.0}));
  auto f = function([&](const Tensor& x) {
    const Tensor before = v.value();
    v.assign_add(x);
    const Tensor between = v.value() * 1;
    v.assign(v.value() * 10);
    return std::vector<Tensor>{before * 1, between, v.value() + 0};
  });
  const auto expect = [&](double a, double b, const Tensor& x) {
    const auto got = f(x);
    const auto dx = x.to_vector<double>();
    CHECK_CLOSE(got[0], {a, b});
    CHECK_CLOSE(got[1], {a + dx[0], b + dx[1]});
    CHECK_CLOSE(got[2], {10 * (a + dx[0]), 10 * (b + dx[1])});
    CHECK_CLOSE(v, {10 * (a + dx[0]), 10 * (b + dx[1])});
  };
  const Tensor one = cast(constant({1.0, 1.0}), float64), two = cast(constant({2.0, 0.0}), float64);
  v = Variable(cast(constant({1.0, 2.0}), float64));
  expect(1, 2, one);
  expect(20, 30, two);
  expect(220, 300, one);
  CHECK(f.obstacle().empty());
  v.assign(cast(constant({0.0, 0.0}), float64));
  expect(0, 0, one);
  CHECK(f.trace_count() == 1);
}

TEST_CASE("function: a call that makes variables is not kept") {
  Variable w;
  auto f = function([&](const Tensor& x) {
    if (!w.defined()) w = Variable(ones({2}));
    w.assign_add(x);
    return w * 2;
  });
  CHECK_CLOSE(f(constant({1.0F, 2.0F})), {4.0, 6.0});
  CHECK_CLOSE(f(constant({1.0F, 2.0F})), {6.0, 10.0});
  CHECK_CLOSE(f(constant({1.0F, 2.0F})), {8.0, 14.0});
  CHECK(f.trace_count() == 2);
  CHECK(f.obstacle().empty());

  WarningCapture warnings;
  auto always = function([](const Tensor& x) { return Variable(x * 2) * 2; });
  for (double i = 0; i < 12; ++i) CHECK_CLOSE(always(constant({i})), {4 * i});
  CHECK(always.obstacle() == "every call makes variables: make them once, outside of the function");
}

TEST_CASE("function: random numbers go on where they were") {
  random::Generator own(11), same(11);
  const auto noisy = [](random::Generator& generator, const Tensor& x) {
    return x + generator.normal({3}) + generator.uniform({3}, -1, 1);
  };
  auto f = function([&](const Tensor& x) { return noisy(own, x); });
  const Tensor x = constant({1.0F, 2.0F, 3.0F});
  for (int call = 0; call < 4; ++call) CHECK_SAME_BITS(f(x), noisy(same, x));
  CHECK(f.trace_count() == 1);
}

TEST_CASE("function: chains of elementwise ops are fused, and pass no memory between them") {
  const auto f = [](const Tensor& x, const Tensor& y) { return tanh(x * y + 1) - exp(x) * 0.5F; };
  auto fused = function(f, {.name = "chain"});
  random::Generator generator(1);
  const auto x = [&](std::int64_t n) { return generator.normal({n}); };
  for (std::int64_t n : {8192, 8192, 8192}) {
    const Tensor a = x(n), b = x(n);
    CHECK_SAME_BITS(fused(a, b), f(a, b));
  }
  CHECK(fused.str() == "chain(float32 (8192,), float32 (8192,)): 6 steps, 6 of them fused, 0 bytes\n");
  WarningCapture warnings;
  for (std::int64_t n : {1, 17, 8191, 8193, 100003}) {
    for (int call = 0; call < 2; ++call) {
      const Tensor a = x(n), b = x(n);
      CAPTURE(n);
      CHECK_SAME_BITS(fused(a, b), f(a, b));
    }
  }
}

TEST_CASE("function: tensors that do not live at the same time share memory") {
  auto f = function([](const Tensor& x) {
    Tensor y = x;
    for (int i = 0; i < 10; ++i) y = matmul(y, x) * 0.1F;
    return reduce_sum(y);
  });
  const Tensor x = random::Generator(2).normal({32, 32});
  CHECK_SAME_BITS(f(x), f(x));
  const std::string text = f.str();
  const std::int64_t bytes = std::stoll(text.substr(text.find("fused, ") + 7));
  CHECK(bytes >= 2 * 32 * 32 * 4);
  CHECK(bytes <= 3 * 32 * 32 * 4);
}

TEST_CASE("function: what looks at elements runs in every call, and a warning says why") {
  WarningCapture warnings;
  auto f = function([](const Tensor& x) { return reduce_sum(x).item() > 0 ? x : -x; }, {.name = "abs"});
  CHECK_CLOSE(f(constant({1.0, 2.0})), {1.0, 2.0});
  CHECK_CLOSE(f(constant({-1.0, -2.0})), {1.0, 2.0});
  CHECK(warnings.text() ==
        "[function] 'abs' is not replayed but runs in every call: it looks at the elements of a tensor (Tensor.item), "
        "which are others in every call\n");
  auto g = function([](const Tensor& x) { return x * x.data<float>()[0]; });
  CHECK_CLOSE(g(constant({2.0F})), {4.0});
  CHECK_CLOSE(g(constant({3.0F})), {9.0});
  CHECK_FALSE(g.obstacle().empty());
  // What is the same in every call may be looked at.
  const Tensor constants = constant({5.0F});
  auto h = function([&](const Tensor& x) { return x * constants.item() + full({1}, 2).item(); });
  CHECK_CLOSE(h(constant({2.0F})), {12.0});
  CHECK_CLOSE(h(constant({3.0F})), {17.0});
  CHECK(h.obstacle().empty());
}

TEST_CASE("function: what is checked in every call is checked in a replay") {
  auto quotient = function([](const Tensor& a, const Tensor& b) { return floordiv(a, b); });
  const Tensor a = constant({7, -7});
  CHECK_TENSOR_EQ(quotient(a, constant({2, 2})), constant({3, -4}));
  CHECK_TENSOR_EQ(quotient(a, constant({7, 1})), constant({1, -7}));
  CHECK_THROWS_TEXT(ValueError, "integer division by zero at position 1 of the divisor", quotient(a, constant({7, 0})));
  CHECK(quotient.obstacle().empty());
  WarningCapture warnings;
  auto chosen = function([](const Tensor& x) { return boolean_mask(x, x > 0) * 2; });
  CHECK_CLOSE(chosen(constant({1.0, -1.0, 2.0})), {2.0, 4.0});
  CHECK_CLOSE(chosen(constant({-1.0, -1.0, 3.0})), {6.0});
  CHECK_FALSE(chosen.obstacle().empty());
}

TEST_CASE("function: an exception of the body or of a replay leaves it usable") {
  bool fails = true;
  auto f = function([&](const Tensor& x) {
    const Tensor y = x * 2;
    if (fails) throw std::runtime_error("not yet");
    return y;
  });
  CHECK_THROWS_AS(f(constant({1.0})), std::runtime_error);
  fails = false;
  CHECK_CLOSE(f(constant({1.0})), {2.0});
  CHECK_CLOSE(f(constant({4.0})), {8.0});

  auto loss = function([](const Tensor& labels, const Tensor& logits) {
    return nn::sparse_softmax_cross_entropy_with_logits(labels, logits);
  });
  const Tensor logits = zeros({2, 4});
  CHECK_CLOSE(loss(constant({0, 3}), logits), {std::log(4.0), std::log(4.0)});
  CHECK_THROWS_TEXT(IndexError, "label 4 at position 1 is outside [0, 4)", loss(constant({0, 4}), logits));
  CHECK_CLOSE(loss(constant({2, 3}), logits), {std::log(4.0), std::log(4.0)});
  CHECK(loss.obstacle().empty());
}

namespace {

/// What an exception says.
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

/// x, whose gradient is gathered from dy: it refuses indices.
Tensor gathered_gradient(const Tensor& x, const Tensor& ids) {
  return record("halve", {x}, x * 1, [&] { return [ids](const Tensor& dy) { return Grads{gather(dy, ids)}; }; });
}

/// The same as a layer.
struct Refusing : LayerBase<Refusing> {
  TensorList call_list(const TensorList& inputs) override { return gathered_gradient(inputs[0], inputs[1]); }
};

}  // namespace

TEST_CASE("function: an error in a replay says where it happened, as that of a call does") {
  layers::Embedding embedding(4, 3);
  Sequential model{embedding, layers::Dense(2)};
  model.set_name("reader");
  Refusing refusing;
  const auto gradient = [](const auto& f, const Tensor& x, const Tensor& ids) {
    GradientTape tape;
    tape.watch(x);
    return tape.gradient(f(x, ids), x);
  };
  const auto squared = [](const Tensor& x, const Tensor& ids) { return square(gathered_gradient(x, ids)); };
  const auto twice = [&](const Tensor& x, const Tensor& ids) {
    return gradient([&](const Tensor& t, const Tensor& i) { return gradient(squared, square(t), i); }, x, ids);
  };
  struct Kind {
    std::function<Tensor(const Tensor& x, const Tensor& ids)> f;
    std::vector<std::string> contexts;  // in their order
  };
  const std::vector<Kind> kinds = {
      {[](const Tensor& t, const Tensor& ids) { return gather(t, ids); }, {"[gather]"}},
      {[&](const Tensor&, const Tensor& ids) { return model(ids); },
       {"[Embedding]", "in layer 'reader/embedding', called with an input of shape (4,)",
        "in layer 'reader', called with an input of shape (4,)"}},
      {[&](const Tensor& x, const Tensor& ids) { return gradient(gathered_gradient, x, ids); },
       {"[gather]", "in the gradient of 'halve'"}},
      {[&](const Tensor& x, const Tensor& ids) {
         return gradient([&](const Tensor& t, const Tensor& i) { return refusing(TensorList{t, i}).only(); }, x, ids);
       },
       {"[gather]", "in the gradient of 'halve'"}},
      {twice, {"[gather]", "in the gradient of 'halve'"}},
      {[&](const Tensor& x, const Tensor& ids) {
         // The inner tape's gradient is part of a layer's call, and recomputed for the outer one.
         layers::Lambda inner([&](const Tensor& t) { return gradient(squared, t * t, ids); }, {.name = "inner"});
         return gradient([&](const Tensor& t,
                             const Tensor&) { return recompute_grad([&](const Tensor& u) { return inner(u); })(t); },
                         x, ids);
       },
       {"[gather]", "in the gradient of 'halve'", "in layer 'inner', called with an input of shape (4,)"}},
      {[&](const Tensor& x, const Tensor& ids) {
         const Tensor checked = debug::check_numerics(log(cast(ids, float32)), "a logarithm");
         return gradient([](const Tensor& t, const Tensor& i) { return t * i; }, x, checked);
       },
       {"a logarithm"}},
      {[&](const Tensor& x, const Tensor& ids) {
         return gradient(
             [](const Tensor& t, const Tensor& i) {
               return record("checked", {t}, t * 1, [&] {
                 return [i](const Tensor& dy) {
                   return Grads{debug::check_numerics(dy * log(cast(i, float32)), "a gradient")};
                 };
               });
             },
             x, ids);
       },
       {"a gradient", "in the gradient of 'checked'"}},
  };
  const Tensor x = constant({1.0F, 2.0F, 3.0F, 4.0F}), good = constant({1, 2, 3, 1}), other = constant({3, 3, 2, 1}),
               bad = constant({1, 2, -7, 3});
  int number = 0;
  for (const Kind& kind : kinds) {
    CAPTURE(number);
    ++number;
    auto replayed = function(kind.f);
    for (int call = 0; call < 3; ++call) (void)replayed(x, good);
    CHECK_MESSAGE(replayed.obstacle().empty(), replayed.obstacle());
    const std::string error = error_of([&] { (void)kind.f(x, bad); });
    CHECK(error_of([&] { (void)replayed(x, bad); }) == error);
    std::size_t at = 0;
    for (const std::string& context : kind.contexts) {
      at = error.find(context, at);
      CHECK_MESSAGE(at != std::string::npos, error, " without ", context);
      if (at == std::string::npos) break;
    }
    CHECK_SAME_BITS(replayed(x, other), kind.f(x, other));
  }
}

TEST_CASE("function: one tensor given as two arguments is one in a replay, too") {
  WarningCapture warnings;
  for (const std::size_t count : {2, 40}) {
    const auto f = [](const std::vector<Tensor>& x) {
      GradientTape tape;
      tape.watch(x);
      Tensor y = square(x[0]);
      for (std::size_t i = 1; i < x.size(); ++i) y = y * (x[i] + static_cast<double>(i));
      const auto dx = tape.gradient(y, x);
      return std::vector<Tensor>(dx.begin(), dx.end());
    };
    auto replayed = function(f);
    std::vector<Tensor> x(count);
    for (int call = 0; call < 9; ++call) {
      CAPTURE(call);
      for (std::size_t i = 0; i < count; ++i) x[i] = constant({0.01F * static_cast<float>(i) - 0.3F * call, 0.5F});
      if (call % 3 == 1) x[count - 1] = x[0];
      if (call % 3 == 2) std::fill(x.begin(), x.end(), x[0]);
      const auto expected = f(x), received = replayed(x);
      for (std::size_t i = 0; i < count; ++i) CHECK_SAME_BITS(received[i], expected[i]);
    }
    CHECK(replayed.obstacle().empty());
    CHECK(replayed.trace_count() == (count == 2 ? 2 : 3));
  }
  auto product = function([](const Tensor& a, const Tensor& b) { return a * b; }, {.name = "product"});
  const Tensor two = constant({2.0F});
  warnings.clear();
  CHECK_CLOSE(product(two, constant({3.0F})), {6.0});
  CHECK_CLOSE(product(two, two), {4.0});
  CHECK(warnings.text().find("for arguments (float32 (1,), float32 (1,) (argument 1 again)): 2 signatures by now") !=
        std::string::npos);
}

TEST_CASE("function: a replay that fails keeps no memory") {
  auto f = function([](const Tensor& x, const Tensor& ids) { return gather(x * 2, ids) + 1; });
  const Tensor x = zeros({1000, 100}), good = constant({1, 2}), bad = constant({1, 1000});
  for (int call = 0; call < 3; ++call) (void)f(x, good);
  const auto before = memory_stats().bytes_in_use;
  CHECK_THROWS_AS(f(x, bad), IndexError);
  CHECK(memory_stats().bytes_in_use == before);
}

TEST_CASE("function: a tape outside sees what the body does") {
  auto cube = function([](const Tensor& x) { return x * x * x; });
  (void)cube(constant({1.0}));
  (void)cube(constant({1.0}));
  GradientTape tape;
  const Tensor x = constant({2.0});
  tape.watch(x);
  const Tensor y = cube(x);
  CHECK_CLOSE(tape.gradient(y, x), {12.0});
}

TEST_CASE("function: one inside of another becomes part of it") {
  int runs = 0;
  auto inner = function([&](const Tensor& x) {
    ++runs;
    return exp(x);
  });
  auto outer = function([&](const Tensor& x) { return inner(x) + inner(x * 2); });
  const auto expected = [](const Tensor& x) { return exp(x) + exp(x * 2); };
  for (float value : {0.5F, -1.0F, 2.0F}) CHECK_SAME_BITS(outer(constant({value})), expected(constant({value})));
  CHECK(runs == 2);
  CHECK(inner.trace_count() == 0);
}

TEST_CASE("function: nothing to give back, nothing given") {
  Variable count(zeros({}));
  auto f = function([&] { count.assign_add(1); });
  for (int call = 0; call < 4; ++call) f();
  CHECK(count.peek().item() == 4);
  CHECK(f.trace_count() == 1);
}

TEST_CASE("function: called from several threads at once") {
  auto f = function([](const Tensor& x) { return tanh(x) * x + 1; });
  const Tensor a = random::Generator(5).normal({100}), b = random::Generator(6).normal({100});
  const Tensor fa = f(a), fb = f(b);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int call = 0; call < 200; ++call) {
        const auto y = f(i % 2 == 0 ? a : b).to_vector<float>();
        if (y != (i % 2 == 0 ? fa : fb).to_vector<float>()) ++wrong[i];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}
