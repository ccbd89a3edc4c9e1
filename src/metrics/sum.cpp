#include "xtape/metrics/sum.hpp"

#include "metrics/metric_update.hpp"
#include "metrics/weighted_sum.hpp"

namespace xtape::metrics {

void Sum::update_state(const Tensor& values, const Tensor& given_weight) {
  const detail::MetricUpdate update(*this, values, given_weight);
  if (update.done) return;
  total_ += detail::weighted_sum(name().c_str(), values, update.sample_weight).values;
}

std::vector<double> Sum::state_numbers() const { return {total_}; }

bool Sum::set_state_numbers(std::span<const double> numbers) {
  if (numbers.size() != 1) return false;
  total_ = numbers[0];
  return true;
}

}  // namespace xtape::metrics
