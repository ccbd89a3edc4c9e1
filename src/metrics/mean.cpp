#include "xtape/metrics/mean.hpp"

#include "metrics/metric_update.hpp"
#include "metrics/weighted_sum.hpp"

namespace xtape::metrics {

void Mean::update_state(const Tensor& values, const Tensor& given_weight) {
  const detail::MetricUpdate update(*this, values, given_weight);
  if (update.done) return;
  const std::int64_t samples = values.rank() == 0 ? 1 : values.shape()[0];
  const auto sum = detail::weighted_sum(name().c_str(), values, update.sample_weight);
  if (values.size() == 0) return;
  // As Keras: a sample's values are averaged first, so that the count is one of samples.
  const auto per_sample = static_cast<double>(values.size() / samples);
  total_ += sum.values / per_sample;
  count_ += sum.weights / per_sample;
}

void Mean::reset_state() {
  use_state("reset_state");
  total_ = count_ = 0;
}

double Mean::result() const {
  use_state("result");
  return count_ == 0 ? 0 : total_ / count_;
}

std::vector<double> Mean::state_numbers() const { return {total_, count_}; }

bool Mean::set_state_numbers(std::span<const double> numbers) {
  if (numbers.size() != 2) return false;
  total_ = numbers[0];
  count_ = numbers[1];
  return true;
}

}  // namespace xtape::metrics
