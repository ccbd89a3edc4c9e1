#include <memory>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/listed_names.hpp"
#include "support/temp_dir.hpp"
#include "support/warning_capture.hpp"
#include "xtape/xtape.hpp"

// Objects with state outside tensors and variables: random generators, metrics, optimizers, checks. A replay gives what
// calling the function again gives, or there is none and the obstacle says why.
using namespace xtape;
using testing::WarningCapture;

namespace {

/// Calls f and the function made of `g` five times with different inputs and compares the bits.
template <class F, class G>
void check_same_calls(F&& f, G&& g, const std::string& obstacle = "") {
  WarningCapture warnings;
  random::Generator numbers(12);
  auto replayed = function(g);
  for (int call = 0; call < 5; ++call) {
    CAPTURE(call);
    const Tensor x = numbers.normal({4, 3});
    CHECK_SAME_BITS(replayed(x), f(x));
  }
  CHECK_MESSAGE(replayed.obstacle().find(obstacle) != std::string::npos, replayed.obstacle());
  if (obstacle.empty()) CHECK(replayed.obstacle() == "");
}

template <class F>
void check_same_calls(F&& f) {
  check_same_calls(f, f);
}

}  // namespace

TEST_CASE("function: a variable that is read, written and read again, and views of it") {
  for (const Shape& shape : {Shape{}, Shape{4}}) {
    CAPTURE(shape);
    const auto body = [](Variable& v) {
      return [&v](const Tensor& x) {
        const Tensor before = v * 2, viewed = reshape(v, {v.shape().numel()}) + 1;
        const Tensor old = v;
        v.assign(before + x);
        const Tensor after = v * 3, late = old - v;
        v.assign_add(after);
        return TensorList{before, viewed, after, late, v + x, old * x};
      };
    };
    Variable called(ones(shape)), replayed_in(ones(shape));
    auto call = body(called);
    auto replay = function(body(replayed_in));
    for (int i = 0; i < 4; ++i) {
      CAPTURE(i);
      const Tensor x = full(shape, 0.25 * i - 1);
      const TensorList expected = call(x), received = replay(x);
      REQUIRE(received.size() == expected.size());
      for (std::size_t k = 0; k < expected.size(); ++k) CHECK_SAME_BITS(received[k], expected[k]);
      CHECK_SAME_BITS(replayed_in.peek(), called.peek());
    }
    CHECK(replay.obstacle().empty());
    CHECK(replay.trace_count() == 1);
  }
}

TEST_CASE("function: a random generator made inside gives the same numbers in every call") {
  check_same_calls([](const Tensor& x) {
    random::Generator own(7);
    return x + own.normal({4, 3}) * own.uniform({3}) + own.truncated_normal({}) +
           cast(gather(own.permutation(3), own.permutation(3)), float32) + static_cast<double>(own.below(100));
  });
}

TEST_CASE("function: dropout with a seed of its own gives the same mask in every call") {
  check_same_calls([](const Tensor& x) { return nn::dropout(x, 0.5, {.seed = 3}); });
}

TEST_CASE("function: random numbers for the host keep it from being replayed") {
  const auto check = [](const std::string& obstacle, auto use) {
    CAPTURE(obstacle);
    random::Generator one(5), other(5);
    check_same_calls([&](const Tensor& x) { return x * use(one); }, [&](const Tensor& x) { return x * use(other); },
                     obstacle);
  };
  check("Generator.below", [](random::Generator& g) { return static_cast<double>(g.below(1000)); });
  check("Generator.next_u64", [](random::Generator& g) { return static_cast<double>(g.next_u64() % 1000); });
  check("Generator.state", [](random::Generator& g) {
    (void)g.normal({8});
    return static_cast<double>(g.state().position);
  });
  check("Generator.state", [](random::Generator& g) {
    random::Generator copy = g;
    (void)g.normal({100});
    return reduce_sum(copy.normal({4}));
  });
  check("Generator.set_state", [](random::Generator& g) {
    const Tensor drawn = reduce_sum(g.normal({4}));
    g.set_state({3, 4});
    return drawn;
  });
}

TEST_CASE("function: random numbers inside recompute_grad are drawn anew in every replay, once for both runs") {
  const auto step = [](random::Generator& generator) {
    auto noisy = recompute_grad([&](const Tensor& t) { return tanh(t) * generator.normal({4, 3}); });
    return [noisy](const Tensor& x) mutable {
      GradientTape tape;
      tape.watch(x);
      const Tensor y = noisy(x);
      return concat({y, tape.gradient(reduce_sum(y * y), x)}, 0);
    };
  };
  random::Generator one(5), other(5);
  check_same_calls(step(one), step(other));
  CHECK(one.state() == other.state());
}

TEST_CASE("function: debug::check_numerics checks in every replay") {
  auto f = function([](const Tensor& x) { return debug::check_numerics(log(x), "the logarithm") * 2; });
  CHECK_CLOSE(f(constant({1.0})), {0.0});
  CHECK_CLOSE(f(constant({1.0})), {0.0});
  CHECK_THROWS_TEXT(RuntimeError, "[check_numerics] the logarithm: float32 (1,) has 1 NaN of 1 elements, first at (0,)",
                    f(constant({-1.0})));
  CHECK_CLOSE(f(constant({1.0})), {0.0});
  CHECK(f.obstacle() == "");
}

TEST_CASE("function: debug::CheckNumerics inside keeps it from being replayed") {
  WarningCapture warnings;
  auto f = function([](const Tensor& x) {
    const debug::CheckNumerics check;
    return log(x);
  });
  (void)f(constant({1.0}));
  CHECK_THROWS_AS(f(constant({-1.0})), RuntimeError);
  CHECK(f.obstacle().find("debug::CheckNumerics") != std::string::npos);
}

TEST_CASE("function: every metric is updated in every replay, and its result is the host's") {
  const auto names = testing::listed_names([] { (void)metrics::make_metric("no such metric"); });
  REQUIRE(names.size() >= 20);
  random::Generator generator(1);
  for (std::string name : names) {
    CAPTURE(name);
    if (name == "accuracy" || name == "acc") name = "categorical_accuracy";  // which one depends on shapes
    const bool sparse = name.find("parse") != std::string::npos;
    const auto eager = metrics::make_metric(name), traced = metrics::make_metric(name),
               read = metrics::make_metric(name);
    auto update = function([&](const Tensor& y, const Tensor& p, const Tensor& w) { traced->update_state(y, p, w); });
    WarningCapture warnings;
    auto result = function([&](const Tensor& y, const Tensor& p, const Tensor& w) {
      read->update_state(y, p, w);
      return Tensor(read->result()) + 0 * reduce_sum(p);
    });
    for (int call = 0; call < 4; ++call) {
      const Tensor p = nn::softmax(generator.normal({6, 3})) * 1;  // without its logits
      const Tensor y = sparse ? generator.uniform({6}, 0, 3, int32) : one_hot(generator.uniform({6}, 0, 3, int32), 3);
      const Tensor w = generator.uniform({6}, 0.5, 2);
      eager->update_state(y, p, w);
      update(y, p, w);
      CHECK(traced->result() == eager->result());
      CHECK_CLOSE(result(y, p, w), static_cast<float>(eager->result()));
    }
    CHECK(update.obstacle() == "");
    CHECK(result.obstacle() == "it uses metrics.result of '" + read->name() + "'");
  }
}

TEST_CASE("function: a metric that is made or reset inside keeps it from being replayed") {
  const auto mean = [](const Tensor& x) {
    metrics::Mean own("own");
    own.update_state(x);
    return x * own.result();
  };
  check_same_calls(mean, mean, "it makes the metric 'own'");
  metrics::Mean one("one");
  const auto reset = [&](const Tensor& x) {
    one.reset_state();
    one.update_state(x);
    return x * 1;
  };
  check_same_calls(reset, reset, "it uses metrics.reset_state of 'one'");
}

TEST_CASE("function: jacobians, products and hessians are replayed") {
  const auto f = [](const Tensor& x) { return tanh(x) * reduce_sum(x * x); };
  check_same_calls([&](const Tensor& x) {
    GradientTape tape;
    tape.watch(x);
    return tape.jacobian(f(x), x);
  });
  check_same_calls([&](const Tensor& x) {
    GradientTape tape;
    tape.watch(x);
    return tape.batch_jacobian(exp(x) * x, x);
  });
  check_same_calls([&](const Tensor& x) { return hessian([&](const Tensor& t) { return reduce_sum(f(t)); }, x); });
}

TEST_CASE("function: creation ops in the body") {
  check_same_calls([](const Tensor& x) {
    return matmul(x, eye(3)) + reshape(arange(12.0F), {4, 3}) + linspace(0, 1, 3) + zeros_like(x) + full({3}, 2) +
           one_hot(constant({0, 2, 1, 2}), 3);
  });
  check_same_calls([](const Tensor& x) { return one_hot(argmax(x, -1), 3, float32, 2, -1) * x; });
}

TEST_CASE("function: what is read or set of an optimizer on the host keeps it from being replayed") {
  const auto check = [](const std::string& obstacle, auto use) {
    CAPTURE(obstacle);
    optimizers::SGD one({.learning_rate = 0.5}), other({.learning_rate = 0.5});
    Variable v(ones({4, 3})), w(ones({4, 3}));
    const auto step = [&](optimizers::SGD& optimizer, const Variable& variable) {
      return [&optimizer, variable, use](const Tensor& x) {
        const double factor = use(optimizer);
        optimizer.apply_gradients(zip(Tensors{x}, std::vector<Variable>{variable}));
        return variable.value() * factor;
      };
    };
    check_same_calls(step(one, v), step(other, w), obstacle);
  };
  check("Optimizer", [](optimizers::SGD& o) { return static_cast<double>(o.iterations()); });
  check("Optimizer", [](optimizers::SGD& o) { return o.learning_rate(); });
  check("Optimizer changes a variable on the host", [](optimizers::SGD& o) {
    o.set_learning_rate(0.25);
    return 1.0;
  });
}

TEST_CASE("function: what takes elements of a dataset is not replayed, and says so") {
  const Tensor rows = reshape(arange(24.0F), {6, 4}), labels = arange(6);
  for (const bool in_background : {false, true}) {
    CAPTURE(in_background);
    data::AnyDataset plain = data::from_tensor_slices(rows);
    const data::AnyDataset dataset = in_background ? plain.prefetch(1) : plain;
    auto one = dataset.begin(), other = dataset.begin();
    const auto next = [](data::AnyDataset::Iterator& at) {
      return [&at](const Tensor& x) {
        const Tensor row = (*at)[0];
        ++at;
        return reduce_sum(x) * row;
      };
    };
    check_same_calls(next(one), next(other), "it takes elements of a Dataset");
  }
  data::RandomBatches one(data::TensorDataset(rows, labels), 2, 7), other(data::TensorDataset(rows, labels), 2, 7);
  const auto draw = [](data::RandomBatches& batches) {
    return [&batches](const Tensor& x) { return reduce_sum(x) * batches.next().x; };
  };
  check_same_calls(draw(one), draw(other), "(Dataset)");
}

TEST_CASE("function: a file that is read in the body is read in every call") {
  const testing::TempDir folder;
  const std::string path = folder / "x.npy";
  const auto f = [&](const Tensor& x) { return x * io::load_npy(path); };
  io::save_npy(path, full({3}, 2));
  testing::WarningCapture warnings;
  auto replayed = function(f);
  const Tensor x = ones({2, 3});
  CHECK_SAME_BITS(replayed(x), f(x));
  io::save_npy(path, full({3}, 5));
  CHECK_SAME_BITS(replayed(x), f(x));
  CHECK(replayed.obstacle().find("on the host") != std::string::npos);
}

TEST_CASE("function: a stateful recurrent layer goes on where the call before ended") {
  const auto make = [](const std::string& kind) -> AnyLayer {
    if (kind == "lstm") return layers::LSTM(3, {.stateful = true});
    if (kind == "gru") return layers::GRU(3, {.stateful = true});
    return layers::SimpleRNN(3, {.stateful = true});
  };
  for (const std::string kind : {"lstm", "gru", "rnn"}) {
    CAPTURE(kind);
    random::set_seed(3);
    AnyLayer one = make(kind), other = make(kind);
    const Tensor first = random::Generator(4).normal({4, 2, 3});
    (void)(*one)(first);
    (void)(*other)(first);
    other->set_weights(one->get_weights());
    dynamic_cast<layers::RNN&>(*one).reset_states();
    dynamic_cast<layers::RNN&>(*other).reset_states();
    const auto step = [](Layer& layer) {
      return [&layer](const Tensor& x) {
        GradientTape tape;
        tape.watch(x);
        const Tensor y = layer(stack({x, x * 2}, 1));
        return concat({y, tape.gradient(reduce_sum(y * y), x)}, 1);
      };
    };
    check_same_calls(step(*one), step(*other));
  }
}

TEST_CASE("function: parts of a variable are assigned in every replay") {
  const auto body = [](Variable& v) {
    return [&v](const Tensor& x) {
      const Tensor before = v[{all, 1}];
      v.assign_slice({0}, x);
      v.assign_slice({Slice(1, {}), -1}, reduce_sum(before));
      return v * 2;
    };
  };
  Variable called(ones({3, 2})), replayed_in(ones({3, 2}));
  auto call = body(called);
  auto replay = function(body(replayed_in));
  for (int i = 0; i < 4; ++i) {
    const Tensor x = constant({i, 2 * i}, float32);
    const Tensor expected = call(x);
    CHECK_SAME_BITS(replay(x), expected);
    CHECK_SAME_BITS(replayed_in.peek(), called.peek());
  }
  CHECK(replay.obstacle().empty());
  CHECK(replay.trace_count() == 1);
}
