#include <cmath>

#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gradient_clipping.hpp"
#include "xtape/core/indexed_slices.hpp"
#include "xtape/optimizers/optimizer.hpp"

// How the base of optimizers clips gradients: into tensors of its own, as the caller's must not change.
namespace xtape::optimizers {
namespace {

/// Of a sparse gradient's rows, which must not repeat.
double sum_of_squares(const Tensor& t) {
  if (const auto slices = indexed_slices(t)) return sum_of_squares(slices->values);
  return kernels::visit_floating(t.dtype(), [&]<class T>(kernels::Type<T>) {
    return kernels::sum_of_squares(t.size(), detail::host_read("Optimizer", t).data<T>());
  });
}

/// The factor that brings a norm down to `limit`; exactly 1 below, and NaN of NaN.
double scale_to(double limit, double norm) { return norm <= limit ? 1 : limit / norm; }

}  // namespace

/// Adds up the repeated rows of sparse gradients, whose norms and bounds are those of the sums.
void Optimizer::merge_slices(Tensors& merged) {
  merged.reserve(updates_.size());
  for (auto& update : updates_) {
    if (const auto slices = indexed_slices(*update.gradient)) {
      merged.push_back(to_tensor(combined(*slices)));
      update.gradient = &merged.back();
    }
  }
}

double Optimizer::global_scale() const {
  double sum = 0;
  for (const auto& update : updates_) sum += sum_of_squares(*update.gradient);
  const double norm = std::sqrt(sum);
  return std::isfinite(norm) ? scale_to(*global_clipnorm_, norm) : std::nan("");
}

Tensor Optimizer::clipped(const Tensor& gradient, double scale) const {
  if (clipnorm_) scale = scale_to(*clipnorm_, std::sqrt(sum_of_squares(gradient)));
  if (!clipvalue_ && scale == 1) return gradient;
  if (const auto slices = indexed_slices(gradient)) {
    return to_tensor({clipped(slices->values, scale), slices->indices, slices->dense_shape});
  }
  Tensor out = detail::make_tensor(gradient.shape(), gradient.dtype());
  kernels::visit_floating(gradient.dtype(), [&]<class T>(kernels::Type<T>) {
    const T* from = detail::host_read("Optimizer", gradient).data<T>();
    T* to = detail::host_write("Optimizer", out).data<T>();
    if (clipvalue_) {
      kernels::clip(gradient.size(), from, static_cast<T>(*clipvalue_), to);
    } else {
      kernels::scale(gradient.size(), from, static_cast<T>(scale), to);
    }
  });
  return out;
}

}  // namespace xtape::optimizers
