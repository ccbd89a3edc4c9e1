#include "xtape/metrics/regression.hpp"

#include <cmath>

#include "losses/shapes.hpp"
#include "xtape/losses/cosine_similarity.hpp"
#include "xtape/losses/log_cosh.hpp"
#include "xtape/losses/mean_absolute_error.hpp"
#include "xtape/losses/mean_absolute_percentage_error.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/losses/mean_squared_logarithmic_error.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::metrics {

MeanSquaredError::MeanSquaredError(const std::string& name) : MeanMetricWrapper(losses::mean_squared_error, name) {}

RootMeanSquaredError::RootMeanSquaredError(const std::string& name)
    : MeanMetricWrapper(
          [](const Tensor& y_true, const Tensor& y_pred) {
            const auto [target, prediction] = detail::paired("root_mean_squared_error", y_true, y_pred);
            return squared_difference(target, prediction);  // not a mean of each row: of one axis it would be all
          },
          name) {}

double RootMeanSquaredError::result() const { return std::sqrt(MeanMetricWrapper::result()); }

MeanAbsoluteError::MeanAbsoluteError(const std::string& name) : MeanMetricWrapper(losses::mean_absolute_error, name) {}

MeanAbsolutePercentageError::MeanAbsolutePercentageError(const std::string& name)
    : MeanMetricWrapper(losses::mean_absolute_percentage_error, name) {}

MeanSquaredLogarithmicError::MeanSquaredLogarithmicError(const std::string& name)
    : MeanMetricWrapper(losses::mean_squared_logarithmic_error, name) {}

LogCoshError::LogCoshError(const std::string& name) : MeanMetricWrapper(losses::log_cosh, name) {}

CosineSimilarity::CosineSimilarity(const CosineSimilarityOptions& options)
    : MeanMetricWrapper(
          [axis = options.axis](const Tensor& y_true, const Tensor& y_pred) {
            return -losses::cosine_similarity(y_true, y_pred, axis);
          },
          options) {}

}  // namespace xtape::metrics
