#include "xtape/losses/loss.hpp"

#include "base/check.hpp"
#include "losses/shapes.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::losses {

Loss::Loss(std::string name, const std::string& reduction) : name_(std::move(name)) {
  if (reduction == "sum_over_batch_size" || reduction == "mean") {
    reduction_ = Reduction::mean;
  } else if (reduction == "sum") {
    reduction_ = Reduction::sum;
  } else if (reduction == "mean_with_sample_weight") {
    reduction_ = Reduction::mean_with_sample_weight;
  } else if (reduction == "none") {
    reduction_ = Reduction::none;
  } else {
    detail::fail<ValueError>(name_.c_str(),
                             "unknown reduction '{}', expected one of: sum_over_batch_size, mean, sum, "
                             "mean_with_sample_weight, none",
                             reduction);
  }
}

Config Loss::config() const {
  // The text that the options have counts, as there are two names of the mean.
  const char* reduction = reduction_ == Reduction::mean   ? "sum_over_batch_size"
                          : reduction_ == Reduction::sum  ? "sum"
                          : reduction_ == Reduction::none ? "none"
                                                          : "mean_with_sample_weight";
  return described(typeid(*this), {{"name", name_}, {"reduction", reduction}});
}

// What a mask leaves out counts as 0 in sums and is not counted in means. There are two masks: of the predictions,
// unless call() has dealt with it, and of call()'s values.
Tensor Loss::operator()(const Tensor& given_labels, const Tensor& y_pred, const Tensor& sample_weight) const {
  const Tensor y_true = detail::labels_of_steps(given_labels, y_pred);
  Tensor values = call(y_true, y_pred), valid = mask(y_true, y_pred);
  for (const Tensor& carried : {handles_mask() ? Tensor() : get_mask(y_pred), get_mask(values)}) {
    if (!carried.defined() || values.rank() == 0) continue;
    const Tensor counted = reshape(carried, detail::mask_shape(name_.c_str(), carried.shape(), values.shape()));
    values = where(counted, values, 0);
    valid = valid.defined() ? logical_and(valid, counted) : counted;
  }
  if (!sample_weight.defined()) return reduce(values, {}, valid);
  const Shape shape = detail::weight_shape(name_.c_str(), sample_weight.shape(), values.shape());
  const Tensor weights = reshape(cast(sample_weight, values.dtype()), shape);
  return reduce(values * weights, weights, valid);
}

Tensor Loss::reduce(const Tensor& values, const Tensor& weights, const Tensor& valid) const {
  if (reduction_ == Reduction::none) return values;
  if (reduction_ == Reduction::sum) return reduce_sum(values);
  if (values.size() == 0) return zeros({}, values.dtype());
  if (reduction_ == Reduction::mean || !weights.defined()) {
    if (!valid.defined()) return reduce_mean(values);
    // In float64: float32 counts to 2^24.
    const Tensor count = reduce_sum(cast(broadcast_to(valid, values.shape()), float64));
    return reduce_sum(values) / cast(maximum(count, 1), values.dtype());
  }
  Tensor counted = broadcast_to(weights, values.shape());
  if (valid.defined()) counted = counted * cast(valid, values.dtype());
  const Tensor total = reduce_sum(counted);
  return where(total == 0, 0, reduce_sum(values) / where(total == 0, 1, total));
}

}  // namespace xtape::losses
