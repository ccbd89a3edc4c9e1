// Programs beside plain training: transformed and traced functions, functional models, files.
#include "faults/faults.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/xtape.hpp"

namespace xtape::testing {
namespace {

Tensor inputs() { return random::Generator(1).normal({6, 4}); }

/// Two layers with weights that do not depend on the default generator.
struct Net : Model {
  layers::Dense first = track(layers::Dense(3, {.activation = "tanh", .kernel_initializer = "ones"}));
  layers::Dense second = track(layers::Dense(2, {.kernel_initializer = "ones"}));
  Tensor call(const Tensor& x) override { return second(first(x)); }
};

void check(std::string name, std::function<std::vector<Tensor>()> run) {
  check_each_allocation_may_fail({std::move(name), std::move(run)});
}

TEST_CASE("faults: any allocation of a derivative of a transformed function may fail") {
  const Tensor x = inputs() * 0.1, direction = ones({6, 4});
  const auto f = [](const Tensor& t) { return reduce_sum(tanh(t) * nn::softmax(t)); };
  check("grad of grad",
        [&] { return std::vector<Tensor>{grad([&](const Tensor& t) { return reduce_sum(square(grad(f)(t))); })(x)}; });
  check("hessian", [&] { return std::vector<Tensor>{hessian(f, slice(x, {0, 0}, {1, 3}))}; });
  check("jvp", [&] {
    const auto [y, dy] = jvp([](const Tensor& t) { return tanh(t); }, x, direction);
    return std::vector<Tensor>{y, dy};
  });
  check("vjp", [&] {
    const auto [y, back] = vjp([](const Tensor& t) { return nn::softmax(t); }, x);
    return std::vector<Tensor>{y, back(direction)};
  });
  check("jacobian", [&] {
    GradientTape tape;
    tape.watch(x);
    return std::vector<Tensor>{tape.batch_jacobian(nn::softmax(x), x)};
  });
  check("recompute_grad", [&] {
    GradientTape tape;
    tape.watch(x);
    return std::vector<Tensor>{
        tape.gradient(reduce_sum(recompute_grad([](const Tensor& t) { return exp(tanh(t)); })(x)), x)};
  });
  check("custom_gradient", [&] {
    GradientTape tape;
    tape.watch(x);
    const auto own = custom_gradient(
        [](const Tensor& t) { return std::pair(exp(t), [t](const Tensor& dy) { return dy * exp(t) * 2; }); });
    return std::vector<Tensor>{tape.gradient(reduce_sum(own(x)), x)};
  });
  check("nested tapes", [&] {
    GradientTape outer;
    outer.watch(x);
    Tensor g;
    {
      GradientTape inner;
      inner.watch(x);
      g = inner.gradient(f(x), x);
    }
    return std::vector<Tensor>{g, outer.gradient(reduce_sum(square(g)), x)};
  });
}

TEST_CASE("faults: any allocation of a trace and of its replays may fail") {
  const Tensor x = inputs();
  check("function", [&] {
    auto f = function([](const Tensor& t) {
      GradientTape tape;
      tape.watch(t);
      const Tensor y = reduce_sum(nn::softmax(matmul(t, t, {.transpose_b = true})));
      return std::pair(y, tape.gradient(y, t));
    });
    std::vector<Tensor> results;
    for (int call = 0; call < 4; ++call) {
      const auto [y, dy] = f(x * (1.0 + call));
      results.push_back(y);
      results.push_back(dy);
    }
    return results;
  });
  // One that lives on: after a failure it gives the right results, replayed or not.
  Net net;
  (void)net(x);
  auto step = function([&](const Tensor& t) {
    GradientTape tape;
    const Tensor loss = reduce_mean(square(net(t)));
    return std::pair(loss, tape.gradient(loss, net.trainable_variables())[0]);
  });
  check("function of a model", [&] {
    const auto [loss, gradient] = step(x);
    return std::vector<Tensor>{loss, gradient};
  });
  CHECK(step.obstacle() == "");
}

TEST_CASE("faults: any allocation of a model's definition, clone, files and evaluation may fail") {
  const Tensor x = inputs(), y = ones({6, 2});
  const TempDir folder;
  check("functional", [&] {
    random::set_seed(2);
    const auto in = Input({4});
    const auto h = layers::Dense(3, {.activation = "relu"})(in);
    Model model(in, layers::concatenate({layers::Dense(2)(h), h * 2}));
    Model copy = clone(model);
    (void)copy(x);
    copy.set_weights(model.get_weights());
    return std::vector<Tensor>{model(x), copy.predict(x, {.batch_size = 4})};
  });
  check("weights in a file", [&] {
    Net net;
    (void)net(x);
    net.save_weights(folder / "net.safetensors");
    return std::vector<Tensor>{net(x)};
  });
  check("evaluate and fit on a dataset", [&] {
    Net net;
    net.compile({.optimizer = "adam", .loss = "mse", .metrics = {"mae"}, .weighted_metrics = {"mse"}});
    const auto data = data::from_tensor_slices(x, y, linspace(1, 2, 6)).batch(4);
    const auto history =
        net.fit(data, {.epochs = 2, .verbose = 0, .validation_data = data, .class_weight = {{0, 2.0}}});
    return std::vector<Tensor>{Tensor(history["loss"][1]), Tensor(history["val_mae"][1]),
                               Tensor(net.evaluate(data, {.verbose = 0})["mse"])};
  });
  check("summary", [&] {
    Net net;
    net.build_for({-1, 4});
    return std::vector<Tensor>{Tensor(static_cast<std::int64_t>(net.summary_text().size()))};
  });
}

}  // namespace
}  // namespace xtape::testing
