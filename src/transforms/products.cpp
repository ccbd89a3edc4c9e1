#include "xtape/transforms/products.hpp"

#include <memory>

#include "base/check.hpp"
#include "core/fill.hpp"
#include "xtape/transforms/grad.hpp"

namespace xtape {
namespace {

using detail::fail;
using detail::Source;

/// A direction must have the shape and dtype of its primal.
void check_direction(const char* op, std::size_t i, const Tensor& primal, const Tensor& direction) {
  if (!primal.defined()) fail<ValueError>(op, "primals[{}] is an empty tensor", i);
  if (!direction.defined()) fail<ValueError>(op, "tangents[{}] is an empty tensor", i);
  if (!is_floating(primal.dtype()))
    fail<TypeError>(op, "primals[{}] is {}, expected a floating one", i, primal.dtype());
  if (primal.dtype() != direction.dtype()) {
    fail<TypeError>(op, "tangents[{}] is {}, its primal {}", i, direction.dtype(), primal.dtype());
  }
  if (primal.shape() != direction.shape()) {
    fail<ValueError>(op, "tangents[{}] has shape {}, its primal {}", i, direction.shape(), primal.shape());
  }
}

void check_counts(const char* op, std::size_t primals, std::size_t tangents) {
  if (primals != tangents) {
    fail<ValueError>(op, "expected one tangent for each of {} primals, received {}", primals, tangents);
  }
}

std::vector<Source> as_sources(auto primals) { return {primals.begin(), primals.end()}; }

GradientOptions zeros_if_unconnected() { return {.unconnected_gradients = UnconnectedGradients::zero}; }

}  // namespace

ForwardAccumulator::ForwardAccumulator(std::initializer_list<Source> primals, std::initializer_list<Tensor> tangents)
    : tape_({.persistent = true, .watch_accessed_variables = false}) {
  start({primals.begin(), primals.size()}, {tangents.begin(), tangents.size()});
}
ForwardAccumulator::ForwardAccumulator(std::span<const Tensor> primals, std::span<const Tensor> tangents)
    : tape_({.persistent = true, .watch_accessed_variables = false}) {
  start(as_sources(primals), tangents);
}
ForwardAccumulator::ForwardAccumulator(std::span<const Variable> primals, std::span<const Tensor> tangents)
    : tape_({.persistent = true, .watch_accessed_variables = false}) {
  start(as_sources(primals), tangents);
}

void ForwardAccumulator::start(std::span<const Source> primals, std::span<const Tensor> tangents) {
  constexpr const char* op = "ForwardAccumulator";
  check_counts(op, primals.size(), tangents.size());
  for (std::size_t i = 0; i < primals.size(); ++i) {
    check_direction(op, i, primals[i].peek(), tangents[i]);
    for (std::size_t k = 0; k < i; ++k) {
      const bool same = primals[i].variable != nullptr && primals[k].variable != nullptr
                            ? primals[i].variable->is_same(*primals[k].variable)
                            : primals[i].peek().is_same(primals[k].peek());
      if (same) fail<ValueError>(op, "primals[{}] and primals[{}] are the same: name each once", k, i);
    }
    if (primals[i].tensor != nullptr) {
      tensors_.push_back(*primals[i].tensor);
      tensor_tangents_.push_back(tangents[i]);
      tape_.watch(*primals[i].tensor);
    } else {
      variables_.push_back(*primals[i].variable);
      variable_tangents_.push_back(tangents[i]);
      tape_.watch(*primals[i].variable);
    }
  }
}

Tensor ForwardAccumulator::jvp(const Tensor& primal, UnconnectedGradients unconnected) {
  if (!primal.defined()) fail<TypeError>("ForwardAccumulator.jvp", "expected a tensor, received an empty one");
  Tensor result;
  if (is_floating(primal.dtype())) {
    std::vector<GradientTape::Pause> pause;
    if (tape_.is_recording()) pause.push_back(tape_.stop_recording());
    // g(u), the gradient of <u, primal> for the sources, is linear in u. The gradient of <g(u), tangents> for u is the
    // jvp.
    const Tensor u = detail::filled(primal.shape(), primal.dtype(), 0);
    GradientTape linear({.watch_accessed_variables = false});
    linear.watch(u);
    const GradientOptions from_u{.output_gradients = {u}};
    const std::vector<Tensor> targets = {primal};
    std::vector<Tensor> gradients, directions;
    const auto add = [&](const auto& sources, const std::vector<Tensor>& tangents) {
      if (sources.empty()) return;
      const Tensors own = tape_.gradient(targets, sources, from_u);
      for (std::size_t i = 0; i < own.size(); ++i) {
        if (!own[i].defined()) continue;
        gradients.push_back(own[i]);
        directions.push_back(tangents[i]);
      }
    };
    add(tensors_, tensor_tangents_);
    add(variables_, variable_tangents_);
    if (!gradients.empty()) {
      result = linear.gradient(gradients, std::vector<Tensor>{u}, {.output_gradients = directions})[0];
    }
  }
  if (!result.defined() && unconnected == UnconnectedGradients::zero) {
    result = detail::filled(primal.shape(), primal.dtype(), 0);
  }
  return result;
}

std::pair<Tensor, Tensor> jvp(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& tangent) {
  return jvp([&](const std::vector<Tensor>& xs) { return f(xs[0]); }, std::vector<Tensor>{x},
             std::vector<Tensor>{tangent});
}

std::pair<Tensor, Tensor> jvp(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& xs,
                              const std::vector<Tensor>& tangents) {
  check_counts("jvp", xs.size(), tangents.size());
  std::vector<Tensor> own;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    check_direction("jvp", i, xs[i], tangents[i]);
    own.push_back(detail::identity(xs[i]));
  }
  ForwardAccumulator accumulator(own, tangents);
  Tensor y = f(own);
  Tensor dy = accumulator.jvp(y, UnconnectedGradients::zero);
  return {std::move(y), std::move(dy)};
}

std::pair<Tensor, std::function<Tensor(const Tensor&)>> vjp(const std::function<Tensor(const Tensor&)>& f,
                                                            const Tensor& x) {
  auto tape =
      std::make_shared<GradientTape>(GradientTapeOptions{.persistent = true, .watch_accessed_variables = false});
  const Tensor own = detail::identity(x);
  tape->watch(own);
  Tensor y = f(own);
  tape->stop();
  return {y, [tape, own, y](const Tensor& dy) {
            GradientOptions options = zeros_if_unconnected();
            options.output_gradients = {dy};
            return tape->gradient(y, own, options);
          }};
}

Tensor hessian(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  return detail::hessian_blocks([&](const std::vector<Tensor>& xs) { return f(xs[0]); }, {x})[0][0];
}

std::vector<Tensors> detail::hessian_blocks(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                                            const std::vector<Tensor>& xs) {
  GradientTape outer({.persistent = true, .watch_accessed_variables = false});
  std::vector<Tensor> own;
  for (const Tensor& x : xs) own.push_back(detail::identity(x));
  outer.watch(own);
  Tensors gradients;
  {
    GradientTape inner({.watch_accessed_variables = false});
    inner.watch(own);
    const Tensor y = detail::check_scalar("hessian", f(own));
    gradients = inner.gradient(y, own, zeros_if_unconnected());
  }
  outer.stop();
  std::vector<Tensors> blocks;
  for (const Tensor& g : gradients) {
    blocks.push_back(outer.jacobian(g, own, {.unconnected_gradients = UnconnectedGradients::zero}));
  }
  return blocks;
}

Tensor hessian_vector_product(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& vector) {
  return hessian_vector_product([&](const std::vector<Tensor>& xs) { return f(xs[0]); }, std::vector<Tensor>{x},
                                std::vector<Tensor>{vector})[0];
}

Tensors hessian_vector_product(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                               const std::vector<Tensor>& xs, const std::vector<Tensor>& vectors) {
  constexpr const char* op = "hessian_vector_product";
  check_counts(op, xs.size(), vectors.size());
  std::vector<Tensor> own;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    check_direction(op, i, xs[i], vectors[i]);
    own.push_back(detail::identity(xs[i]));
  }
  // The Hessian is symmetric: its product with v is the gradient of <gradient, v>.
  GradientTape outer({.watch_accessed_variables = false});
  outer.watch(own);
  Tensors gradients;
  {
    GradientTape inner({.watch_accessed_variables = false});
    inner.watch(own);
    const Tensor y = detail::check_scalar(op, f(own));
    gradients = inner.gradient(y, own, zeros_if_unconnected());
  }
  GradientOptions options = zeros_if_unconnected();
  options.output_gradients = vectors;
  return outer.gradient(std::vector<Tensor>(gradients.begin(), gradients.end()), own, options);
}

}  // namespace xtape
