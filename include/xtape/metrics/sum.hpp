#pragma once

#include "xtape/core/tensor.hpp"
#include "xtape/metrics/metric.hpp"

namespace xtape::metrics {

/// The weighted sum of all values, in double: sum(values weights).
class Sum : public Metric {
 public:
  explicit Sum(std::string name = "sum") : Metric(std::move(name)) {}

  /// Adds values of any dtype. `sample_weight` as for Mean: a number, or a tensor whose axes are the first axes of the
  /// values; otherwise a ValueError, and nothing is added.
  void update_state(const Tensor& values, const Tensor& sample_weight = {});
  /// Adds values and returns the sum of all (Keras's Metric.__call__).
  double operator()(const Tensor& values, const Tensor& sample_weight = {}) {
    update_state(values, sample_weight);
    return result();
  }
  void reset_state() override {
    use_state("reset_state");
    total_ = 0;
  }
  double result() const override {
    use_state("result");
    return total_;
  }
  std::vector<double> state_numbers() const override;
  bool set_state_numbers(std::span<const double> numbers) override;

 private:
  double total_ = 0;
};

}  // namespace xtape::metrics
