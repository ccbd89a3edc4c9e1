#include "optimizers/gradient_clipper.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gradient_clipping.hpp"
#include "optimizers/check_options.hpp"
#include "xtape/core/indexed_slices.hpp"

namespace xtape::detail {
namespace {

std::string set_or_not(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : "unset"; }

/// The values of a gradient, of a sparse one those of its rows, which must not repeat.
Tensor values_of(const Tensor& t) {
  const auto slices = indexed_slices(t);
  return slices ? slices->values : t;
}

template <class F>
auto visit_values(const Tensor& gradient, const F& f) {
  const Tensor t = values_of(gradient);
  return kernels::visit_floating(
      t.dtype(), [&]<class T>(kernels::Type<T>) { return f(t.size(), host_read("Optimizer", t).data<T>()); });
}

/// The 2-norm of gradients, unit sqrt(sum).
struct Norm {
  double unit, sum;
  double value() const { return unit * std::sqrt(sum); }
};

/// `visit_each(f)` calls f with each of the gradients. Where squares of float64 overflow or vanish, the norm is that of
/// parts of the largest element.
template <class F>
Norm norm_of(const F& visit_each) {
  double sum = 0;
  visit_each([&](const Tensor& t) {
    sum += visit_values(t, [](std::int64_t n, const auto* x) { return kernels::sum_of_squares(n, x); });
  });
  constexpr double least = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  if ((sum >= least && sum <= std::numeric_limits<double>::max()) || std::isnan(sum)) return {1, sum};
  double largest = 0;
  visit_each([&](const Tensor& t) {
    visit_values(t, [&](std::int64_t n, const auto* x) {
      for (std::int64_t i = 0; i < n; ++i) largest = std::max<double>(largest, std::abs(x[i]));
    });
  });
  if (largest == 0 || std::isinf(largest)) return {1, largest};
  sum = 0;
  visit_each([&](const Tensor& t) {
    visit_values(t, [&](std::int64_t n, const auto* x) {
      for (std::int64_t i = 0; i < n; ++i) sum += x[i] / largest * (x[i] / largest);
    });
  });
  return {largest, sum};
}

/// The factor that brings a norm down to `limit`; exactly 1 below, and NaN of NaN.
double scale_to(double limit, const Norm& norm) {
  return norm.value() <= limit ? 1 : limit / norm.unit / std::sqrt(norm.sum);
}

/// to = scale from, in two steps where T has few digits left for the factor.
template <class T>
void scale_values(std::int64_t n, const T* from, double scale, T* to) {
  constexpr double least = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
  if (scale < least) {
    constexpr T step = T(1) / (std::uint64_t{1} << 63);
    kernels::scale(n, from, step, to);
    from = to;
    scale /= step;
  }
  kernels::scale(n, from, static_cast<T>(scale), to);
}

}  // namespace

std::unique_ptr<GradientClipper> GradientClipper::make(const optimizers::OptimizerOptions& options) {
  const char* name = options.name.c_str();
  optimizers::check_positive(name, "clipnorm", options.clipnorm);
  optimizers::check_positive(name, "clipvalue", options.clipvalue);
  optimizers::check_positive(name, "global_clipnorm", options.global_clipnorm);
  const int set = options.clipnorm.has_value() + options.clipvalue.has_value() + options.global_clipnorm.has_value();
  if (set > 1) {
    fail<ValueError>(name,
                     "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set: clipnorm={}, "
                     "clipvalue={}, global_clipnorm={}",
                     set_or_not(options.clipnorm), set_or_not(options.clipvalue), set_or_not(options.global_clipnorm));
  }
  if (set == 0) return nullptr;
  return std::unique_ptr<GradientClipper>(new GradientClipper(options));
}

GradientClipper::GradientClipper(const optimizers::OptimizerOptions& options)
    : clipvalue_(options.clipvalue), clipnorm_(options.clipnorm), global_clipnorm_(options.global_clipnorm) {}

void GradientClipper::begin_step(std::span<VariableUpdate> updates, Tensors& merged) {
  merged.reserve(updates.size());
  for (auto& update : updates) {
    if (const auto slices = indexed_slices(*update.gradient)) {
      merged.push_back(to_tensor(combined(*slices)));
      update.gradient = &merged.back();
    }
  }
  if (!global_clipnorm_) return;
  const Norm norm = norm_of([&](const auto& f) {
    for (const auto& update : updates) f(*update.gradient);
  });
  const bool finite = std::isfinite(norm.unit) && std::isfinite(norm.sum);
  global_scale_ = finite ? scale_to(*global_clipnorm_, norm) : std::nan("");
}

Tensor GradientClipper::clipped(const Tensor& gradient) const {
  return scaled(gradient,
                clipnorm_ ? scale_to(*clipnorm_, norm_of([&](const auto& f) { f(gradient); })) : global_scale_);
}

/// The gradient times `scale`, or limited to clipvalue.
Tensor GradientClipper::scaled(const Tensor& gradient, double scale) const {
  if (!clipvalue_ && scale == 1) return gradient;
  if (const auto slices = indexed_slices(gradient)) {
    return to_tensor({scaled(slices->values, scale), slices->indices, slices->dense_shape});
  }
  Tensor out = make_tensor(gradient.shape(), gradient.dtype());
  kernels::visit_floating(gradient.dtype(), [&]<class T>(kernels::Type<T>) {
    const T* from = host_read("Optimizer", gradient).data<T>();
    T* to = host_write("Optimizer", out).data<T>();
    if (clipvalue_) {
      kernels::clip(gradient.size(), from, static_cast<T>(*clipvalue_), to);
    } else {
      scale_values(gradient.size(), from, scale, to);
    }
  });
  return out;
}

}  // namespace xtape::detail
