#include "xtape/optimize/root.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/named.hpp"
#include "optimize/residuals.hpp"
#include "optimize/run.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/optimize/custom_root.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {
namespace optimize {
namespace {

constexpr const char* root_op = "root";
/// No shorter part of a direction is tried, even where x is 0.
constexpr double shortest_part = 1e-30;

/// The search for a root: the best point so far and the value there.
class Search {
 public:
  Search(Residuals& its_f, const RootOptions& options)
      : f(its_f),
        run(root_op, options.method, {options.max_iterations, options.max_evaluations, options.callback}),
        x(its_f.unknowns().values()),
        value(its_f.at(x)),
        tolerance_(options.residual_tolerance.value_or(std::sqrt(its_f.resolution()))) {
    if (!is_finite(value)) {
      run.end(Status::not_finite, "the function is not finite at x0");
    } else if (!converged() && options.max_iterations == 0) {
      run.end(Status::max_iterations, "max_iterations is 0");
    }
  }

  /// Goes along the direction, by no less than a part of it, until |f|^2 has decreased; false if it does not before the
  /// step is too short to be seen.
  bool step(const Vector& direction, double shortest) {
    if (!is_finite(direction)) return false;
    const double before = dot(value, value), least = f.resolution() * norm(x) / norm(direction);
    for (double length = 1; length >= std::max(shortest, least);) {
      Vector to = x;
      add_scaled(to, length, direction);
      to = f.unknowns().rounded(std::move(to));
      Vector there = f.at(to);
      const double after = dot(there, there);
      if (after <= (1 - 2e-4 * length) * before && after < before) {
        x = std::move(to);
        value = std::move(there);
        run.count(f.unknowns(), x, f.evaluations(), max_norm(value), 0);
        converged();
        return true;
      }
      // The minimum of the parabola through the values and the slope -2 |f|^2 of a Newton step.
      const double shorter = before * length * length / (after - before + 2 * before * length);
      length = std::isfinite(shorter) ? std::clamp(shorter, 0.1 * length, 0.5 * length) : 0.1 * length;
    }
    return false;
  }
  void give_up() {
    run.end(Status::line_search_failed,
            fmt::format("no step decreases the function, whose largest element is {:.3g}", max_norm(value)));
  }

  Residuals& f;
  Run run;
  Vector x, value;

 private:
  bool converged() {
    const double largest = max_norm(value);
    if (!(largest <= tolerance_)) return false;
    run.end(Status::converged_residual,
            fmt::format("the largest element of the function, {:.3g}, is within residual_tolerance {:.3g}", largest,
                        tolerance_));
    return true;
  }
  double tolerance_;
};

/// The Jacobian at x; ends the run if it is not finite.
Matrix jacobian_at(Search& search) {
  Matrix jacobian = search.f.linearized(search.x).jacobian;
  if (!is_finite(jacobian.elements)) search.run.end(Status::not_finite, "the Jacobian is not finite");
  return jacobian;
}

/// The solution of a x = b, or where a is singular, of the regularized least squares problem.
Tensor solve_or_regularize(const Matrix& a, const Tensor& b) {
  try {
    return linalg::solve(a.tensor(), b);
  } catch (const ValueError&) {
    const double size = max_norm(a.elements);
    return linalg::lstsq(a.tensor(), b, {.l2_regularizer = size == 0 ? 1 : 1e-12 * size * size});
  }
}

void newton(Search& search) {
  while (!search.run.ended()) {
    const Matrix jacobian = jacobian_at(search);
    if (search.run.ended()) return;
    const Tensor direction = solve_or_regularize(jacobian, constant(scaled(-1, search.value)));
    if (!search.step(direction.to_vector<double>(), shortest_part)) search.give_up();
  }
}

/// The inverse Jacobian as Broyden's method knows it.
class Inverse {
 public:
  explicit Inverse(const Matrix& jacobian)
      : elements_{jacobian.rows, jacobian.columns,
                  solve_or_regularize(jacobian, eye(static_cast<std::int64_t>(jacobian.rows), -1, float64))
                      .to_vector<double>()} {}

  Vector newton_step(const Vector& value) const { return scaled(-1, elements_.times(value)); }
  /// The change s of x changed the value by y (Nocedal and Wright, equation 11.22, by the formula of Sherman and
  /// Morrison).
  void update(const Vector& s, const Vector& y) {
    const Vector hy = elements_.times(y), sh = elements_.transposed_times(s);
    const double denominator = dot(s, hy);
    if (!(std::abs(denominator) > 1e-12 * norm(s) * norm(hy))) return;
    for (std::size_t i = 0; i < s.size(); ++i) {
      for (std::size_t k = 0; k < s.size(); ++k) elements_(i, k) += (s[i] - hy[i]) / denominator * sh[k];
    }
  }

 private:
  Matrix elements_;
};

void broyden(Search& search) {
  while (!search.run.ended()) {
    const Matrix jacobian = jacobian_at(search);
    if (search.run.ended()) return;
    Inverse inverse(jacobian);
    bool fresh = true;
    while (!search.run.ended()) {
      const Vector x = search.x, value = search.value;
      if (!search.step(inverse.newton_step(value), fresh ? shortest_part : 0.1)) break;
      inverse.update(difference(search.x, x), difference(search.value, value));
      fresh = false;
    }
    if (fresh && !search.run.ended()) search.give_up();
  }
}

using RootMethod = void (*)(Search&);
constexpr detail::Named<RootMethod> root_methods[] = {{"newton", newton}, {"broyden", broyden}};

/// f(x), of as many elements as x.
Tensor checked_value(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  const Tensor y = f(x);
  if (y.defined() && y.size() != x.size()) {
    detail::fail<ValueError>(root_op, "expected a function that returns as many elements as it takes, {}, received {}",
                             x.size(), y.size());
  }
  return y;
}

void check_root_options(const RootOptions& options) {
  check_limits(root_op, {options.max_iterations, options.max_evaluations, {}});
  check_not_negative(root_op, "residual_tolerance", options.residual_tolerance.value_or(0));
}

}  // namespace

Root root(const std::function<Tensor(const Tensor&)>& f, const Tensor& x0, const RootOptions& options) {
  check_root_options(options);
  if (!f) detail::fail<ValueError>(root_op, "expected a function, received an empty one");
  const RootMethod method = detail::get_named(root_op, "method", root_methods, options.method).value;
  Unknowns unknowns(root_op, std::vector<Tensor>{x0});
  Root found;
  {
    const detail::NoRecording unseen;
    Residuals residuals(
        root_op, [&](std::span<const Tensor> x) { return checked_value(f, x[0]); }, unknowns);
    Search search(residuals, options);
    method(search);
    unknowns.move_to(search.x);
    static_cast<Report&>(found) = search.run.report(residuals.evaluations());
    found.residual_norm = max_norm(search.value);
  }
  const auto in_shape = [f](const Tensor& x) { return reshape(f(x), x.shape()); };
  found.x = custom_root(in_shape, unknowns.tensors()[0]);
  return found;
}

}  // namespace optimize
}  // namespace xtape
