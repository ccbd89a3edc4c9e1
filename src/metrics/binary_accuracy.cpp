#include "xtape/metrics/binary_accuracy.hpp"

#include "base/check.hpp"
#include "core/launch.hpp"
#include "losses/shapes.hpp"
#include "metrics/matches.hpp"

namespace xtape::metrics {
namespace {

Tensor hits_of(const char* op, const Tensor& y_true, const Tensor& y_pred, double limit) {
  Shape true_shape = y_true.shape(), shape = y_pred.shape();
  detail::make_same_rank(true_shape, shape);
  if (true_shape != shape) {
    detail::fail<ValueError>(op, "y_true and y_pred must have the same shape: {} and {}", y_true.shape(),
                             y_pred.shape());
  }
  Tensor hits = detail::make_tensor(shape, float64);
  double* out = detail::host_write("Metric", hits).data<double>();
  detail::visit_floating(y_true, [&](const auto* label) {
    detail::visit_floating(y_pred, [&](const auto* p) {
      const auto threshold = static_cast<std::decay_t<decltype(*p)>>(limit);
      for (std::int64_t i = 0; i < hits.size(); ++i) out[i] = label[i] == (p[i] > threshold ? 1 : 0) ? 1 : 0;
    });
  });
  return hits;
}

}  // namespace

Tensor binary_accuracy(const Tensor& y_true, const Tensor& y_pred, double threshold) {
  return detail::convert(hits_of("binary_accuracy", y_true, y_pred, threshold), float32);
}

Tensor BinaryAccuracy::call(const Tensor& y_true, const Tensor& y_pred) const {
  return hits_of(name().c_str(), y_true, y_pred, threshold_);
}

}  // namespace xtape::metrics
