#include "optimizers/gradient_clipper.hpp"

#include <cmath>

#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gradient_clipping.hpp"
#include "optimizers/check_options.hpp"
#include "xtape/core/indexed_slices.hpp"

namespace xtape::detail {
namespace {

std::string set_or_not(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : "unset"; }

/// Of a sparse gradient's rows, which must not repeat.
double sum_of_squares(const Tensor& t) {
  if (const auto slices = indexed_slices(t)) return sum_of_squares(slices->values);
  return kernels::visit_floating(t.dtype(), [&]<class T>(kernels::Type<T>) {
    return kernels::sum_of_squares(t.size(), host_read("Optimizer", t).data<T>());
  });
}

/// The factor that reduces a norm to `limit`; exactly 1 where it is not larger, and NaN for NaN.
double scale_to(double limit, double norm) { return norm <= limit ? 1 : limit / norm; }

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
  double sum = 0;
  for (const auto& update : updates) sum += sum_of_squares(*update.gradient);
  const double norm = std::sqrt(sum);
  global_scale_ = std::isfinite(norm) ? scale_to(*global_clipnorm_, norm) : std::nan("");
}

Tensor GradientClipper::clipped(const Tensor& gradient) const {
  return scaled(gradient, clipnorm_ ? scale_to(*clipnorm_, std::sqrt(sum_of_squares(gradient))) : global_scale_);
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
      kernels::scale(gradient.size(), from, static_cast<T>(scale), to);
    }
  });
  return out;
}

}  // namespace xtape::detail
