#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <xtape/core/creation.hpp>
#include <xtape/core/random.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/math.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/tape/gradient_tape.hpp>
#include <xtape/transforms/products.hpp>

#include "groups/group.hpp"

// Derivatives along a direction: in forward mode, by two backward passes, and beside the function alone.
namespace bench {
namespace {

using xtape::GradientTape;
using xtape::Tensor;

/// Two layers with tanh, of one width, and random weights.
struct Mlp {
  Mlp(std::int64_t width, std::int64_t batch)
      : x(xtape::random::normal({batch, width})),
        direction(xtape::random::normal({batch, width})),
        scale(xtape::constant(1 / std::sqrt(static_cast<double>(width)), xtape::float32)) {
    for (int i = 0; i < 2; ++i) {
      weights.push_back(xtape::random::normal({width, width}) * scale);
      weights.push_back(xtape::zeros({width}));
    }
    for (const Tensor& w : weights) along.push_back(xtape::random::normal(w.shape()));
  }
  Tensor operator()(const Tensor& in, const std::vector<Tensor>& w) const {
    return xtape::linear(tanh(xtape::linear(in, w[0], w[1])), w[2], w[3]);
  }
  Tensor loss(const std::vector<Tensor>& w) const { return reduce_mean(square((*this)(x, w))); }

  Tensor x, direction, scale;
  std::vector<Tensor> weights, along;
};

/// The gradient of <g(u), direction> for u, where g(u) is the gradient of <u, y>.
void by_two_gradients(const Mlp& f) {
  GradientTape tape({.persistent = true, .watch_accessed_variables = false});
  tape.watch(f.x);
  const Tensor y = f(f.x, f.weights);
  tape.stop();
  const Tensor u = zeros_like(y);
  GradientTape linear({.watch_accessed_variables = false});
  linear.watch(u);
  const Tensor g = tape.gradient(y, f.x, {.output_gradients = {u}});
  linear.gradient(g, u, {.output_gradients = {f.direction}});
}

void gradient(const Mlp& f) {
  GradientTape tape({.watch_accessed_variables = false});
  tape.watch(f.weights);
  tape.gradient(f.loss(f.weights), f.weights);
}

void reverse_over_reverse(const Mlp& f) {
  GradientTape outer({.watch_accessed_variables = false});
  outer.watch(f.weights);
  std::vector<Tensor> first;
  {
    GradientTape inner({.watch_accessed_variables = false});
    inner.watch(f.weights);
    for (const Tensor& g : inner.gradient(f.loss(f.weights), f.weights)) first.push_back(g);
  }
  outer.gradient(first, f.weights, {.output_gradients = f.along});
}

Case one_thread(const std::string& name, std::vector<Contender> contenders) {
  return {name, [=](const Effort& effort) { return compare_on_one_thread(name, {}, {}, effort, contenders); }};
}

void add_mlp(std::vector<Case>& cases, std::int64_t width, std::int64_t batch) {
  const auto f = std::make_shared<const Mlp>(width, batch);
  const auto sizes = fmt::format("{0}-{0}-{0} b{1}", width, batch);
  const auto call = [f](const Tensor& in) { return (*f)(in, f->weights); };
  cases.push_back(one_thread("jvp " + sizes, {{[=] { xtape::jvp(call, f->x, f->direction); }, "xtape"},
                                              {[=] { call(f->x); }, "alone", Role::limit},
                                              {[=] { by_two_gradients(*f); }, "by gradients"}}));
  const auto loss = [f](const std::vector<Tensor>& w) { return f->loss(w); };
  cases.push_back(one_thread("Hessian product " + sizes,
                             {{[=] { xtape::hessian_vector_product(loss, f->weights, f->along); }, "xtape"},
                              {[=] { gradient(*f); }, "alone", Role::limit},
                              {[=] { reverse_over_reverse(*f); }, "by gradients"}}));
}

}  // namespace

Group forward_group() {
  Group group{"forward",
              "us: a derivative along a direction in forward mode, the function (or the gradient) alone, and the "
              "derivative by two backward passes",
              {"alone", "by gradients"},
              {}};
  add_mlp(group.cases, 100, 32);
  add_mlp(group.cases, 16, 8);
  return group;
}

}  // namespace bench
