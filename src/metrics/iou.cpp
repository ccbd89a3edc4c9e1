#include "xtape/metrics/iou.hpp"

#include <numeric>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "metrics/matches.hpp"
#include "metrics/metric_update.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::metrics {
namespace {

std::vector<std::int64_t> all_classes(std::int64_t n) {
  std::vector<std::int64_t> classes(n < 0 ? 0 : static_cast<std::size_t>(n));
  std::iota(classes.begin(), classes.end(), 0);
  return classes;
}

}  // namespace

IoU::IoU(const IoUOptions& options)
    : ConfusionMatrix({.num_classes = options.num_classes,
                       .ignore_class = options.ignore_class,
                       .sparse_y_true = options.sparse_y_true,
                       .sparse_y_pred = options.sparse_y_pred,
                       .name = options.name}),
      target_class_ids_(options.target_class_ids) {
  describe(options);
  if (target_class_ids_.empty()) detail::fail<ValueError>(name().c_str(), "expected one or more target classes");
  for (const std::int64_t id : target_class_ids_) {
    if (id < 0 || id >= num_classes()) {
      detail::fail<ValueError>(name().c_str(), "Target class id {} is out of range, which is [0, {})", id,
                               num_classes());
    }
  }
}

// How many have class c by label or prediction: the union, row plus column less what is in both.
double IoU::either(std::int64_t c) const {
  double sum = -count(c, c);
  for (std::int64_t i = 0; i < num_classes(); ++i) sum += count(c, i) + count(i, c);
  return sum;
}

Tensor IoU::results() const {
  use_state("results");
  std::vector<double> values;
  for (std::int64_t c = 0; c < num_classes(); ++c) values.push_back(occurs(c) ? count(c, c) / either(c) : 0);
  return constant(values);
}

double IoU::result() const {
  use_state("result");
  double sum = 0, classes = 0;
  for (const std::int64_t c : target_class_ids_) {
    if (!occurs(c)) continue;
    sum += count(c, c) / either(c);
    ++classes;
  }
  return classes == 0 ? 0 : sum / classes;
}

MeanIoU::MeanIoU(const MeanIoUOptions& options)
    : IoU({.num_classes = options.num_classes,
           .target_class_ids = all_classes(options.num_classes),
           .ignore_class = options.ignore_class,
           .sparse_y_true = options.sparse_y_true,
           .sparse_y_pred = options.sparse_y_pred,
           .name = options.name}) {
  describe(options);
}

OneHotIoU::OneHotIoU(const OneHotIoUOptions& options)
    : IoU({.num_classes = options.num_classes,
           .target_class_ids = options.target_class_ids,
           .ignore_class = options.ignore_class,
           .sparse_y_true = false,
           .sparse_y_pred = options.sparse_y_pred,
           .name = options.name}) {
  describe(options);
}

OneHotMeanIoU::OneHotMeanIoU(const OneHotMeanIoUOptions& options)
    : MeanIoU({.num_classes = options.num_classes,
               .ignore_class = options.ignore_class,
               .sparse_y_true = false,
               .sparse_y_pred = options.sparse_y_pred,
               .name = options.name}) {
  describe(options);
}

BinaryIoU::BinaryIoU(const BinaryIoUOptions& options)
    : IoU({.num_classes = 2, .target_class_ids = options.target_class_ids, .name = options.name}),
      threshold_(options.threshold) {
  describe(options);
}

void BinaryIoU::update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& given_weight) {
  const detail::MetricUpdate update(*this, y_true, y_pred, given_weight);
  if (update.done) return;
  Tensor classes = detail::make_tensor(y_pred.shape(), int64);
  auto* out = detail::host_write("Metric", classes).data<std::int64_t>();
  detail::visit_floating(y_pred, [&](const auto* p) {
    const auto threshold = static_cast<std::decay_t<decltype(*p)>>(threshold_);
    for (std::int64_t i = 0; i < classes.size(); ++i) out[i] = p[i] >= threshold ? 1 : 0;
  });
  IoU::update_state(y_true, classes, update.sample_weight);
}

}  // namespace xtape::metrics
