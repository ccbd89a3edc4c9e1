#pragma once

#include "xtape/core/tensor.hpp"
#include "xtape/metrics/metric.hpp"

namespace xtape::metrics {

/// The weighted mean of all values, summed in double: sum(values weights) / sum(weights), 0 when there were none.
class Mean : public Metric {
 public:
  explicit Mean(std::string name = "mean") : Metric(std::move(name)) {}

  /// Adds values of any dtype. Each element along the first axis is one sample, whose value is the mean over its other
  /// axes; a scalar is one sample, as in Keras. `sample_weight` is a number, or a tensor whose axes are the first axes
  /// of the values ([batch], [batch, 1], [batch, time], ...; sizes of 1 repeat): otherwise a ValueError, and nothing
  /// is added.
  void update_state(const Tensor& values, const Tensor& sample_weight = {});
  /// Adds values and returns the mean of all (Keras's Metric.__call__).
  double operator()(const Tensor& values, const Tensor& sample_weight = {}) {
    update_state(values, sample_weight);
    return result();
  }
  void reset_state() override;
  double result() const override;
  std::vector<double> state_numbers() const override;
  bool set_state_numbers(std::span<const double> numbers) override;

 private:
  double total_ = 0;
  double count_ = 0;
};

}  // namespace xtape::metrics
