#pragma once

#include "xtape/losses/log_cosh.hpp"
#include "xtape/losses/mean_absolute_error.hpp"
#include "xtape/losses/mean_absolute_percentage_error.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/losses/mean_squared_logarithmic_error.hpp"
#include "xtape/metrics/mean_metric_wrapper.hpp"

// Family: means of the losses of the same names that measure errors, where the formulas, shapes and errors are
// described.
namespace xtape::metrics {

/// The losses as functions, which Keras has here too.
using losses::log_cosh;
using losses::mae;
using losses::mape;
using losses::mean_absolute_error;
using losses::mean_absolute_percentage_error;
using losses::mean_squared_error;
using losses::mean_squared_logarithmic_error;
using losses::mse;
using losses::msle;

/// The mean of losses::mean_squared_error.
class MeanSquaredError : public MeanMetricWrapper {
 public:
  explicit MeanSquaredError(const std::string& name = "mean_squared_error");
};

/// The square root of the weighted mean of (y_true - y_pred)^2 over all elements; batches may differ in size. Shapes
/// as those of losses::mean_squared_error, weights as in Mean.
class RootMeanSquaredError : public MeanMetricWrapper {
 public:
  explicit RootMeanSquaredError(const std::string& name = "root_mean_squared_error");
  double result() const override;
};

/// The mean of losses::mean_absolute_error.
class MeanAbsoluteError : public MeanMetricWrapper {
 public:
  explicit MeanAbsoluteError(const std::string& name = "mean_absolute_error");
};

/// The mean of losses::mean_absolute_percentage_error.
class MeanAbsolutePercentageError : public MeanMetricWrapper {
 public:
  explicit MeanAbsolutePercentageError(const std::string& name = "mean_absolute_percentage_error");
};

/// The mean of losses::mean_squared_logarithmic_error.
class MeanSquaredLogarithmicError : public MeanMetricWrapper {
 public:
  explicit MeanSquaredLogarithmicError(const std::string& name = "mean_squared_logarithmic_error");
};

/// The mean of losses::log_cosh.
class LogCoshError : public MeanMetricWrapper {
 public:
  explicit LogCoshError(const std::string& name = "logcosh");
};

/// Keyword arguments of CosineSimilarity.
struct CosineSimilarityOptions {
  std::string name = "cosine_similarity";
  int axis = -1;

  XTAPE_FIELDS(name, axis)
};

/// The mean of the cosine of the angle between y_true and y_pred along an axis: 1 for equal directions. It is
/// losses::cosine_similarity with the opposite sign, as in Keras.
class CosineSimilarity : public MeanMetricWrapper {
 public:
  explicit CosineSimilarity(const CosineSimilarityOptions& options = {});
};

}  // namespace xtape::metrics
