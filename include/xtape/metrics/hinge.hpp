#pragma once

#include "xtape/metrics/mean_metric_wrapper.hpp"

// Means of the losses of the same names, where the formulas, shapes and errors are described.
namespace xtape::metrics {

/// The mean of losses::hinge.
class Hinge : public MeanMetricWrapper {
 public:
  explicit Hinge(const std::string& name = "hinge");
};

/// The mean of losses::squared_hinge.
class SquaredHinge : public MeanMetricWrapper {
 public:
  explicit SquaredHinge(const std::string& name = "squared_hinge");
};

/// The mean of losses::categorical_hinge.
class CategoricalHinge : public MeanMetricWrapper {
 public:
  explicit CategoricalHinge(const std::string& name = "categorical_hinge");
};

}  // namespace xtape::metrics
