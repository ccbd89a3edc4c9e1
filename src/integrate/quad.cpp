#include "xtape/integrate/quad.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::integrate {
namespace {

using detail::fail;
constexpr const char* op = "quad";
using Function = std::function<Tensor(const Tensor&)>;

// QUADPACK's dqk15: the positive points, from the outermost inwards, and the weights of Kronrod's rule and, at every
// second point, of Gauss's.
constexpr std::size_t half = 8, points = 15;
constexpr std::array<double, half> abscissas{0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
                                             0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
                                             0.586087235467691130294144691693310, 0.405845151377397166906606412076961,
                                             0.207784955007898467600689403773245, 0.0};
constexpr std::array<double, half> kronrod{0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
                                           0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
                                           0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
                                           0.204432940075298892414161999234649, 0.209482141084727828012999174891714};
constexpr std::array<double, half / 2> gauss{0.129484966168869693270611432679082, 0.279705391489276667901467771423780,
                                             0.381830050505118944950369775488975, 0.417959183673469387755102040816327};

/// The points of the rule on [-1, 1] and the weights.
struct Rule {
  Rule() {
    for (std::size_t i = 0; i < points; ++i) {
      const std::size_t k = std::min(i, points - 1 - i);
      x[i] = i < half ? -abscissas[k] : abscissas[k];
      fine[i] = kronrod[k];
      coarse[i] = k % 2 == 1 ? gauss[k / 2] : 0;
    }
  }
  std::array<double, points> x, fine, coarse;
};

/// A part of the unit range, with its integral for each component of f.
struct Interval {
  double begin = 0, end = 1;
  std::vector<double> integral = {};
  double error = 0;
};

/// How the unit range is mapped to the range of the integral: x(u), and dx/du as a factor of the weights.
class Range {
 public:
  Range(const Tensor& a, const Tensor& b, DType dtype) : a_(a), b_(b), dtype_(dtype) {
    a_infinite_ = std::isinf(a.item());
    b_infinite_ = std::isinf(b.item());
    sign_ = (a_infinite_ || b_infinite_) && a.item() > b.item() ? -1 : 1;
    if (sign_ < 0) std::swap(a_, b_), std::swap(a_infinite_, b_infinite_);
  }

  /// The points, as a function of a and b.
  Tensor points_at(const std::vector<double>& u) const {
    std::vector<double> mapped(u);
    for (double& v : mapped) v = a_infinite_ && b_infinite_ ? whole(v) : a_infinite_ || b_infinite_ ? v / (1 - v) : v;
    const Tensor x = tensor(mapped);
    if (a_infinite_ && b_infinite_) return x;
    if (a_infinite_) return b_ - x;
    return b_infinite_ ? a_ + x : a_ + (b_ - a_) * x;
  }
  /// dx/du, where it depends on u.
  double density(double u) const {
    if (a_infinite_ && b_infinite_) {
      const double v = 2 * u - 1, w = 1 - v * v;
      return 2 * (1 + v * v) / (w * w);
    }
    return a_infinite_ || b_infinite_ ? 1 / ((1 - u) * (1 - u)) : 1;
  }
  /// The rest of dx/du, and the sign.
  Tensor factor() const {
    if (a_infinite_ || b_infinite_) return tensor({static_cast<double>(sign_)});
    return reshape(b_ - a_, {1});
  }
  Tensor tensor(const std::vector<double>& values) const {
    return detail::from_doubles(values, {static_cast<std::int64_t>(values.size())}, dtype_);
  }

 private:
  static double whole(double u) {
    const double v = 2 * u - 1;
    return v / (1 - v * v);
  }
  Tensor a_, b_;
  DType dtype_;
  bool a_infinite_ = false, b_infinite_ = false;
  int sign_ = 1;
};

/// f at the points, [n, components].
Tensor values_at(const Function& f, const Tensor& x) {
  const Tensor y = f(x);
  if (!y.defined()) fail<ValueError>(op, "the function returned an empty tensor");
  if (y.dtype() != x.dtype()) fail<TypeError>(op, "the function turned {} into {}", x.dtype(), y.dtype());
  if (y.rank() == 0 || y.shape(0) != x.size()) {
    fail<ValueError>(op, "expected a function that gives a value for each of {} numbers, received shape {}", x.size(),
                     y.shape());
  }
  return y;
}

class Quadrature {
 public:
  Quadrature(const Function& f, const Range& range, const QuadOptions& options, double relative_tolerance)
      : f_(f), range_(range), options_(options), relative_(relative_tolerance) {}

  void run() {
    const detail::NoRecording unseen;
    factor_ = std::abs(range_.factor().item());
    intervals_ = evaluated({Interval{}});
    while (!converged() && static_cast<int>(intervals_.size()) < options_.max_intervals) divide();
  }
  bool converged() const { return error() <= tolerance(); }
  double error() const {
    double sum = 0;
    for (const auto& interval : intervals_) sum += interval.error;
    return factor_ * sum;
  }
  std::int64_t evaluations() const noexcept { return evaluations_; }

  /// The integral by the points of the last division.
  Tensor value() const {
    std::vector<double> u, weights;
    for (const auto& interval : intervals_) append_points(interval, u, weights);
    const Tensor y = values_at(f_, range_.points_at(u));
    const std::int64_t n = y.shape(0);
    const Tensor sum = matmul(range_.tensor(weights), reshape(y, {n, y.size() / n}));
    std::vector<std::int64_t> shape;
    for (int axis = 1; axis < y.rank(); ++axis) shape.push_back(y.shape(axis));
    return reshape(range_.factor() * sum, shape);
  }

 private:
  double tolerance() const {
    std::vector<double> sums(intervals_[0].integral.size(), 0);
    for (const auto& interval : intervals_) {
      for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += interval.integral[k];
    }
    double largest = 0;
    for (const double sum : sums) largest = std::max(largest, std::abs(sum));
    return std::max(options_.absolute_tolerance, relative_ * factor_ * largest);
  }
  /// Halves the intervals with the largest errors, so many that those of the others are small enough.
  void divide() {
    std::sort(intervals_.begin(), intervals_.end(),
              [](const Interval& a, const Interval& b) { return a.error < b.error; });
    const auto room = static_cast<std::size_t>(options_.max_intervals) - intervals_.size();
    double rest = 0;
    std::size_t kept = 0;
    while (kept + 1 < intervals_.size() && factor_ * (rest + intervals_[kept].error) <= 0.5 * tolerance()) {
      rest += intervals_[kept++].error;
    }
    kept = std::max(kept, intervals_.size() - std::min(room, intervals_.size()));
    std::vector<Interval> halves;
    for (std::size_t i = kept; i < intervals_.size(); ++i) {
      const double middle = (intervals_[i].begin + intervals_[i].end) / 2;
      halves.push_back({intervals_[i].begin, middle});
      halves.push_back({middle, intervals_[i].end});
    }
    intervals_.resize(kept);
    for (auto& interval : evaluated(std::move(halves))) intervals_.push_back(std::move(interval));
  }
  void append_points(const Interval& interval, std::vector<double>& u, std::vector<double>& weights) const {
    const double center = (interval.begin + interval.end) / 2, radius = (interval.end - interval.begin) / 2;
    for (std::size_t i = 0; i < points; ++i) {
      u.push_back(center + radius * rule_.x[i]);
      weights.push_back(radius * rule_.fine[i] * range_.density(u.back()));
    }
  }
  /// The intervals with their integrals and errors, by one call of f.
  std::vector<Interval> evaluated(std::vector<Interval> intervals) {
    std::vector<double> u, weights;
    for (const auto& interval : intervals) append_points(interval, u, weights);
    evaluations_ += static_cast<std::int64_t>(u.size());
    const Tensor y = cast(values_at(f_, range_.points_at(u)), float64);
    const std::span<const double> values = y.data<double>();
    const std::size_t components = values.size() / u.size();
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      intervals[i].integral.resize(components);
      for (std::size_t k = 0; k < components; ++k) {
        const double error = sum_up(values.subspan(i * points * components + k), components,
                                    weights.data() + i * points, intervals[i].integral[k]);
        if (!(error <= intervals[i].error)) intervals[i].error = error;
      }
    }
    return intervals;
  }
  /// The integral of one component over one interval, and QUADPACK's estimate of its error.
  double sum_up(std::span<const double> values, std::size_t stride, const double* weights, double& fine) const {
    double coarse = 0, size = 0;
    fine = 0;
    for (std::size_t i = 0; i < points; ++i) {
      const double value = values[i * stride];
      fine += weights[i] * value;
      coarse += weights[i] / rule_.fine[i] * rule_.coarse[i] * value;
      size += weights[i] * std::abs(value);
    }
    double total = 0;
    for (std::size_t i = 0; i < points; ++i) total += weights[i];
    double variation = 0;
    for (std::size_t i = 0; i < points; ++i) variation += weights[i] * std::abs(values[i * stride] - fine / total);
    double error = std::abs(fine - coarse);
    if (variation > 0 && error > 0) error = variation * std::min(1.0, std::pow(200 * error / variation, 1.5));
    if (!std::isfinite(error)) return std::numeric_limits<double>::infinity();
    return std::max(error, 50 * std::numeric_limits<double>::epsilon() * size);
  }

  const Function& f_;
  const Range& range_;
  const QuadOptions& options_;
  double relative_, factor_ = 1;
  const Rule rule_ = {};
  std::vector<Interval> intervals_;
  std::int64_t evaluations_ = 0;
};

void check_bound(const char* name, const Tensor& bound) {
  if (!bound.defined()) fail<TypeError>(op, "expected a number for {}, received an empty tensor", name);
  if (bound.size() != 1) fail<ValueError>(op, "expected a scalar for {}, received shape {}", name, bound.shape());
  if (std::isnan(bound.item())) fail<ValueError>(op, "expected a number for {}, received NaN", name);
}

DType common_dtype(const Tensor& a, const Tensor& b) {
  const Tensor& typed = a.impl()->weak ? b : a;
  const DType dtype = typed.impl()->weak ? float32 : typed.dtype();
  if (dtype != float32 && dtype != float64)
    fail<TypeError>(op, "expected float32 or float64 bounds, received {}", dtype);
  if (!b.impl()->weak && b.dtype() != dtype) {
    fail<TypeError>(op, "the bounds are {} and {}, expected the same dtype", dtype, b.dtype());
  }
  return dtype;
}

/// A bound as a scalar of the dtype.
Tensor bound_as(const Tensor& bound, DType dtype) {
  if (!bound.impl()->weak) return reshape(bound, {});
  const double value = detail::weak_value(bound);
  return detail::from_doubles({&value, 1}, {}, dtype);
}

}  // namespace

Integral quad(const std::function<Tensor(const Tensor&)>& f, const Tensor& a, const Tensor& b,
              const QuadOptions& options) {
  if (!f) fail<ValueError>(op, "expected a function, received an empty one");
  check_bound("a", a);
  check_bound("b", b);
  const DType dtype = common_dtype(a, b);
  const double resolution =
      dtype == float64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  const double relative = options.relative_tolerance.value_or(std::sqrt(resolution));
  if (!(relative >= 0)) fail<ValueError>(op, "expected relative_tolerance >= 0, received {}", relative);
  if (!(options.absolute_tolerance >= 0)) {
    fail<ValueError>(op, "expected absolute_tolerance >= 0, received {}", options.absolute_tolerance);
  }
  if (options.max_intervals < 1)
    fail<ValueError>(op, "expected max_intervals >= 1, received {}", options.max_intervals);
  const Range range(bound_as(a, dtype), bound_as(b, dtype), dtype);
  Quadrature quadrature(f, range, options, relative);
  quadrature.run();
  return {quadrature.value(), quadrature.error(), quadrature.evaluations(), quadrature.converged()};
}

}  // namespace xtape::integrate
