#include "xtape/tape/check_gradients.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

using Tensors64 = std::vector<Tensor>;  // float64, except inputs without a gradient
using Function = std::function<Tensors64(const Tensors64&)>;

constexpr const char* op = "check_gradients";

/// One order of the check: outputs = f(inputs).
struct Problem {
  Function f;
  Tensors64 inputs;
  std::vector<std::string> names;
};

bool has_gradient(const Tensor& t) { return is_floating(t.dtype()); }

Tensor random_like(const Tensor& t, std::mt19937_64& bits) {
  // Between 0.5 and 1.5 with a random sign: every element counts, and errors do not cancel as in a plain sum.
  Tensor out = detail::make_tensor(t.shape(), float64);
  double* values = detail::host_write("check_gradients", out).data<double>();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const std::uint64_t b = bits();
    values[i] = (0.5 + std::ldexp(static_cast<double>(b >> 11), -53)) * ((b & 1) != 0 ? 1 : -1);
  }
  return out;
}

/// The gradients of sum_k <dys[k], f(inputs)[k]> for the floating inputs, in their order; empty where unconnected.
Tensors64 gradients(const Function& f, const Tensors64& inputs, const Tensors64& dys) {
  GradientTape tape({.watch_accessed_variables = false});
  Tensors64 sources;
  for (const auto& input : inputs) {
    if (has_gradient(input)) sources.push_back(input);
  }
  tape.watch(sources);
  const Tensors64 outputs = f(inputs);
  const Tensors result = tape.gradient(outputs, sources, {.output_gradients = dys});
  return {result.begin(), result.end()};
}

/// The problem whose function is the gradient of `problem`, of the inputs and of the incoming gradients.
Problem derivative(const Problem& problem, const Tensors64& dys) {
  Problem next = problem;
  const std::size_t n = problem.inputs.size();
  next.f = [f = problem.f, n](const Tensors64& all) {
    const Tensors64 inputs(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
    Tensors64 result = gradients(f, inputs, Tensors64(all.begin() + static_cast<std::ptrdiff_t>(n), all.end()));
    std::size_t k = 0;
    for (const auto& input : inputs) {
      if (!has_gradient(input)) continue;
      if (!result[k].defined()) result[k] = detail::filled(input.shape(), float64, 0);
      ++k;
    }
    return result;
  };
  for (std::size_t k = 0; k < dys.size(); ++k) {
    next.inputs.push_back(dys[k]);
    next.names.push_back(fmt::format("output gradient {}", k));
  }
  return next;
}

class Checker {
 public:
  explicit Checker(const CheckGradientsOptions& options) : options_(options), bits_(options.seed) {}

  GradientCheck run(Problem problem) {
    for (int order = 1; order <= options_.order; ++order) {
      Tensors64 dys;
      for (const auto& y : problem.f(problem.inputs)) dys.push_back(random_like(y, bits_));
      const Tensors64 analytic = gradients(problem.f, problem.inputs, dys);
      std::size_t next = 0;
      for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
        if (!has_gradient(problem.inputs[i])) continue;
        const std::string difference = compare(problem, i, dys, analytic[next++]);
        if (!difference.empty()) {
          return {false, fmt::format("{} {}, {}", problem.names[i], difference, order_name(order))};
        }
      }
      if (order < options_.order) problem = derivative(problem, dys);
    }
    return {};
  }

 private:
  static std::string order_name(int order) {
    constexpr const char* names[] = {"first order", "second order", "third order"};
    return order <= 3 ? names[order - 1] : fmt::format("order {}", order);
  }

  /// A message about a wrong gradient for input i; empty if it is right.
  std::string compare(const Problem& problem, std::size_t i, const Tensors64& dys, const Tensor& analytic) {
    const Tensor& x = problem.inputs[i];
    const std::int64_t n = x.size();
    const bool by_element = n <= options_.max_elements;
    const std::int64_t count = by_element ? n : options_.directions;
    const double* exact = analytic.defined() ? detail::host_read("check_gradients", analytic).data<double>() : nullptr;
    std::string first;
    std::int64_t bad = 0;
    for (std::int64_t k = 0; k < count; ++k) {
      double found = 0, expected = 0;
      if (by_element) {
        found = exact != nullptr ? exact[k] : 0;
        const double at = detail::host_read("check_gradients", x).data<double>()[k],
                     h = options_.eps * std::max(1.0, std::abs(at));
        expected = difference(
            problem, i, dys, [&](double* values, double side) { values[k] = at + side * h; }, h);
      } else {
        const Tensor direction = random_like(x, bits_);
        const double* d = detail::host_read("check_gradients", direction).data<double>();
        for (std::int64_t j = 0; j < n; ++j) found += exact != nullptr ? exact[j] * d[j] : 0;
        expected = difference(
            problem, i, dys,
            [&](double* values, double side) {
              for (std::int64_t j = 0; j < n; ++j) values[j] += side * options_.eps * d[j];
            },
            options_.eps);
      }
      // In this form, NaN on either side fails.
      const double scale = std::max(std::abs(found), std::abs(expected));
      if (std::abs(found - expected) <= options_.atol + options_.rtol * scale) continue;
      if (bad++ == 0) {
        first = fmt::format("{}: analytic {:.10g}{}, numeric {:.10g}",
                            by_element ? "at " + index_of(k, x.shape()) : fmt::format("along random direction {}", k),
                            found, analytic.defined() ? "" : " (unconnected)", expected);
      }
    }
    if (bad > 1) first += fmt::format(" ({} of {} {} disagree)", bad, count, by_element ? "elements" : "directions");
    return first;
  }

  /// sum_k <dys[k], f_k(x + h d) - f_k(x - h d)> / (2 h); `move` sets x + side h d.
  template <class Move>
  static double difference(const Problem& problem, std::size_t i, const Tensors64& dys, const Move& move, double h) {
    const auto shifted = [&](double side) {
      Tensors64 inputs = problem.inputs;
      inputs[i] = detail::copy(inputs[i]);
      move(detail::host_write("check_gradients", inputs[i]).data<double>(), side);
      return problem.f(inputs);
    };
    const Tensors64 above = shifted(1), below = shifted(-1);
    double sum = 0;
    for (std::size_t k = 0; k < dys.size(); ++k) {
      const double *u = detail::host_read("check_gradients", dys[k]).data<double>(),
                   *p = detail::host_read("check_gradients", above[k]).data<double>(),
                   *q = detail::host_read("check_gradients", below[k]).data<double>();
      for (std::int64_t j = 0; j < dys[k].size(); ++j) sum += u[j] * (p[j] - q[j]);
    }
    return sum / (2 * h);
  }

  static std::string index_of(std::int64_t position, const Shape& shape) {
    Shape index = shape;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      index[axis] = position % shape[axis];
      position /= shape[axis];
    }
    return index.str();
  }

  CheckGradientsOptions options_;
  std::mt19937_64 bits_;
};

}  // namespace

GradientCheck check_gradients(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                              const std::vector<Tensor>& inputs, const CheckGradientsOptions& options) {
  if (options.order < 1) detail::fail<ValueError>(op, "expected an order of 1 or more, received {}", options.order);
  if (!(options.eps > 0)) detail::fail<ValueError>(op, "expected an eps above 0, received {}", options.eps);
  if (options.directions < 1) {
    detail::fail<ValueError>(op, "expected 1 direction or more, received {}", options.directions);
  }
  Problem problem;
  bool any = false;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    any = any || has_gradient(inputs[i]);
    // An alias even if there is nothing to convert: one tensor given twice counts as two inputs.
    problem.inputs.push_back(has_gradient(inputs[i]) ? detail::make_alias(detail::convert(inputs[i], float64))
                                                     : inputs[i]);
    problem.names.push_back(fmt::format("input {}", i));
  }
  if (!any) detail::fail<ValueError>(op, "expected a floating tensor among the {} inputs", inputs.size());
  problem.f = [&f](const Tensors64& all) {
    Tensor y = f(all);
    if (y.dtype() != float64) detail::fail<TypeError>(op, "f must return float64 for float64: received {}", y.dtype());
    return Tensors64{std::move(y)};
  };
  return Checker(options).run(std::move(problem));
}

}  // namespace xtape
