#include "xtape/metrics/correlation.hpp"

#include "losses/crossentropy.hpp"
#include "losses/shapes.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::metrics {
namespace {

struct Moments {
  Tensor means_apart, variance_true, variance_pred, covariance;  ///< without the axis
};

Moments moments(const char* op, const Tensor& y_true, const Tensor& y_pred, int axis) {
  const auto [t, p] = detail::paired(op, y_true, y_pred);
  const Tensor mean_t = reduce_mean(t, axis, true), mean_p = reduce_mean(p, axis, true);
  const Tensor dt = t - mean_t, dp = p - mean_p;
  return {reduce_mean(mean_t - mean_p, axis), reduce_mean(square(dt), axis), reduce_mean(square(dp), axis),
          reduce_mean(dt * dp, axis)};
}

}  // namespace

// cov(t, p) / (std(t) std(p)); two roots, since the product of the variances may overflow.
PearsonCorrelation::PearsonCorrelation(const PearsonCorrelationOptions& options)
    : MeanMetricWrapper(
          [axis = options.axis](const Tensor& y_true, const Tensor& y_pred) {
            const Moments m = moments("pearson_correlation", y_true, y_pred, axis);
            return m.covariance / (sqrt(m.variance_true) * sqrt(m.variance_pred));
          },
          options) {}

// 2 cov / (var(t) + var(p) + (mean(t) - mean(p))^2) (Lin, 1989).
ConcordanceCorrelation::ConcordanceCorrelation(const ConcordanceCorrelationOptions& options)
    : MeanMetricWrapper(
          [axis = options.axis](const Tensor& y_true, const Tensor& y_pred) {
            const Moments m = moments("concordance_correlation", y_true, y_pred, axis);
            return 2 * m.covariance / (m.variance_true + m.variance_pred + square(m.means_apart) + detail::epsilon);
          },
          options) {}

}  // namespace xtape::metrics
