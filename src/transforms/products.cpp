#include "xtape/transforms/products.hpp"

#include <memory>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "tape/gradients_of.hpp"
#include "tape/interleave.hpp"
#include "tape/tape_impl.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/no_recording.hpp"
#include "xtape/tape/record_forward.hpp"
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

ForwardAccumulator::ForwardAccumulator(std::initializer_list<Source> primals, std::initializer_list<Tensor> tangents) {
  start({primals.begin(), primals.size()}, {tangents.begin(), tangents.size()});
}
ForwardAccumulator::ForwardAccumulator(std::span<const Tensor> primals, std::span<const Tensor> tangents) {
  start(as_sources(primals), tangents);
}
ForwardAccumulator::ForwardAccumulator(std::span<const Variable> primals, std::span<const Tensor> tangents) {
  start(as_sources(primals), tangents);
}
ForwardAccumulator::ForwardAccumulator(ForwardAccumulator&&) noexcept = default;
ForwardAccumulator& ForwardAccumulator::operator=(ForwardAccumulator&& other) noexcept {
  if (this == &other) return *this;
  if (impl_ != nullptr) detail::TapeImpl::destroy(impl_.release());
  impl_ = std::move(other.impl_);
  return *this;
}
ForwardAccumulator::~ForwardAccumulator() {
  if (impl_ != nullptr) detail::TapeImpl::destroy(impl_.release());
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
  }
  // As for a persistent tape, branches and loops are traced up to the second order: their derivative in forward mode is
  // that of their gradient.
  impl_.reset(new detail::TapeImpl({.persistent = true, .watch_accessed_variables = false}));
  impl_->forward = std::make_unique<detail::Forward>();
  for (std::size_t i = 0; i < primals.size(); ++i) impl_->forward->watch(primals[i].peek(), tangents[i]);
  impl_->start();
}

detail::TapeImpl& ForwardAccumulator::impl() const {
  constexpr const char* op = "ForwardAccumulator";
  if (impl_ == nullptr) fail<RuntimeError>(op, "the accumulator has been moved from");
  if (!impl_->of_calling_thread()) {
    fail<RuntimeError>(op, "an accumulator belongs to the thread that made it, another thread can only destroy it");
  }
  return *impl_;
}

Tensor ForwardAccumulator::jvp(const Tensor& primal, UnconnectedGradients unconnected) {
  if (!primal.defined()) fail<TypeError>("ForwardAccumulator.jvp", "expected a tensor, received an empty one");
  Tensor tangent = impl().forward->tangent_of(primal.impl());
  if (!tangent.defined() && unconnected == UnconnectedGradients::zero) {
    tangent = detail::filled(primal.shape(), primal.dtype(), 0);
  }
  return tangent;
}

void ForwardAccumulator::stop() { impl().stop(); }

std::vector<std::string> ForwardAccumulator::ops_without_rule() const {
  const auto& names = impl().forward->without_rule();
  return {names.begin(), names.end()};
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
  ForwardAccumulator accumulator(own, vectors);
  Tensors gradients;
  {
    GradientTape tape({.watch_accessed_variables = false});
    tape.watch(own);
    const Tensor y = detail::check_scalar(op, f(own));
    gradients = tape.gradient(y, own, zeros_if_unconnected());
  }
  for (Tensor& gradient : gradients) gradient = accumulator.jvp(gradient, UnconnectedGradients::zero);
  return gradients;
}

Tensor jacfwd(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  constexpr const char* op = "jacfwd";
  check_direction(op, 0, x, x);
  Tensors columns;
  Tensor y;
  const std::vector<double> zeros(static_cast<std::size_t>(x.size()));
  for (std::int64_t i = 0; i < x.size(); ++i) {
    std::vector<double> unit = zeros;
    unit[static_cast<std::size_t>(i)] = 1;
    auto [value, column] = jvp(f, x, detail::convert(constant(unit, x.shape()), x.dtype()));
    y = std::move(value);
    columns.push_back(std::move(column));
  }
  if (columns.empty()) y = f(x);
  detail::PoolVector<std::int64_t> sizes(y.shape().begin(), y.shape().end());
  sizes.insert(sizes.end(), x.shape().begin(), x.shape().end());
  const Shape shape(sizes);
  if (shape.numel() == 0) return detail::filled(shape, y.dtype(), 0);
  return detail::interleaved(columns, y.size(), shape);
}

Tensor jacrev(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  check_direction("jacrev", 0, x, x);
  GradientTape tape({.watch_accessed_variables = false});
  const Tensor own = detail::identity(x);
  tape.watch(own);
  const Tensor y = f(own);
  return tape.jacobian(y, own, {.unconnected_gradients = UnconnectedGradients::zero});
}

namespace {

using FunctionOfMany = std::function<Tensor(const std::vector<Tensor>&)>;
using RuleOfMany = std::function<Tensor(const std::vector<Tensor>&, const std::vector<Tensor>&)>;

Tensor tangent_by(const RuleOfMany& rule, const char* name, const std::vector<Tensor>& xs,
                  const std::vector<Tensor>& tangents, const Shape& shape, DType dtype) {
  const Tensor tangent = rule(xs, tangents);
  if (!tangent.defined()) fail<ValueError>(name, "the rule returned an empty tensor");
  if (tangent.dtype() != dtype) fail<TypeError>(name, "the rule returned {}, the function {}", tangent.dtype(), dtype);
  if (tangent.shape() != shape) {
    fail<ValueError>(name, "the rule returned a tangent of shape {}, the function one of shape {}", tangent.shape(),
                     shape);
  }
  return tangent;
}

/// The gradient of <rule(xs, u), dy> for u, in which the rule is linear.
Grads transposed(const RuleOfMany& rule, const char* name, const std::vector<Tensor>& xs, const Tensor& dy) {
  GradientTape linear({.watch_accessed_variables = false});
  std::vector<Tensor> u;
  for (const Tensor& x : xs) u.push_back(detail::filled(x.shape(), x.dtype(), 0));
  for (const Tensor& each : u) {
    if (is_floating(each.dtype())) linear.watch(each);
  }
  const Tensor tangent = tangent_by(rule, name, xs, u, dy.shape(), dy.dtype());
  const detail::PoolVector<Source> sources(u.begin(), u.end());
  return detail::gradients_of_each(linear, {tangent}, sources, {dy});
}

}  // namespace

std::function<Tensor(const std::vector<Tensor>&)> custom_jvp(
    const std::function<Tensor(const std::vector<Tensor>&)>& f,
    const std::function<Tensor(const std::vector<Tensor>&, const std::vector<Tensor>&)>& rule, const char* name) {
  if (!f || !rule) fail<ValueError>("custom_jvp", "expected a function and a rule, received an empty one");
  return [f, rule, name](const std::vector<Tensor>& xs) {
    if (!is_recording()) return f(xs);
    Tensor y = [&] {
      const detail::NoRecording unseen;
      return f(xs);
    }();
    if (!y.defined()) fail<ValueError>(name, "the function returned an empty tensor");
    const Shape shape = y.shape();
    const DType dtype = y.dtype();
    Tensor alias = detail::make_alias(y);
    return detail::masked_like(
        y, record(
               name, xs, std::move(alias),
               [&] { return [rule, name, xs](const Tensor& dy) { return transposed(rule, name, xs, dy); }; },
               [&](Tangents tangents) {
                 std::vector<Tensor> moving(tangents.begin(), tangents.end());
                 for (std::size_t i = 0; i < moving.size(); ++i) {
                   if (!moving[i].defined()) moving[i] = detail::filled(xs[i].shape(), xs[i].dtype(), 0);
                 }
                 return tangent_by(rule, name, xs, moving, shape, dtype);
               }));
  };
}

std::function<Tensor(const Tensor&)> custom_jvp(const std::function<Tensor(const Tensor&)>& f,
                                                const std::function<Tensor(const Tensor&, const Tensor&)>& rule,
                                                const char* name) {
  if (!f || !rule) fail<ValueError>("custom_jvp", "expected a function and a rule, received an empty one");
  const FunctionOfMany many =
      custom_jvp(FunctionOfMany([f](const std::vector<Tensor>& xs) { return f(xs[0]); }),
                 RuleOfMany([rule](const std::vector<Tensor>& xs, const std::vector<Tensor>& tangents) {
                   return rule(xs[0], tangents[0]);
                 }),
                 name);
  return [many](const Tensor& x) { return many({x}); };
}

}  // namespace xtape
