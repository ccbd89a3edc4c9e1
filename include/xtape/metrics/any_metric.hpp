#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/base/any_of.hpp"
#include "xtape/base/config.hpp"
#include "xtape/metrics/mean_metric_wrapper.hpp"

namespace xtape {
namespace metrics {

/// A new metric by one of Keras's names, which becomes its name: "mse", "mean_squared_error", "MeanSquaredError",
/// "auc", ... Throws a ValueError for a name that is not known, listing those that are; "accuracy" is not: see
/// resolve_accuracy.
std::shared_ptr<PredictionMetric> make_metric(const std::string& name);

/// What "accuracy" is for labels and predictions of these shapes, by Keras's rule: BinaryAccuracy where the last axis
/// of y_pred has size 1 (or y_pred has one axis), SparseCategoricalAccuracy where y_true has a lower rank or a last
/// axis of size 1, CategoricalAccuracy otherwise. It does not depend on the loss.
std::shared_ptr<PredictionMetric> resolve_accuracy(const Shape& y_true, const Shape& y_pred,
                                                   const std::string& name = "accuracy");

}  // namespace metrics

/// A metric as models take it: one of Keras's names, "accuracy" and "acc" among them, an object of namespace `metrics`
/// or of a user's own class derived from PredictionMetric, a shared pointer to one, or a function from labels and
/// predictions to one value per sample, whose mean is taken, with a name.
///
///     .metrics = {"accuracy", metrics::AUC({.curve = "PR"}), {losses::log_cosh, "log_cosh"}}
class AnyMetric : public detail::AnyOf<AnyMetric, metrics::PredictionMetric> {
 public:
  static constexpr const char* kind = "metric";

  /// None.
  AnyMetric() = default;
  /// Throws a ValueError for a name that is not known, listing those that are.
  AnyMetric(const char* name) : AnyMetric(std::string(name)) {}
  AnyMetric(const std::string& name);

  template <class M>
  requires std::derived_from<std::decay_t<M>, metrics::PredictionMetric> AnyMetric(M&& metric)
      : AnyMetric(std::make_shared<std::decay_t<M>>(std::forward<M>(metric))) {}
  /// Throws a ValueError for a null pointer.
  template <class M>
  requires std::derived_from<M, metrics::PredictionMetric> AnyMetric(std::shared_ptr<M> metric)
      : AnyMetric(Pointer(std::move(metric)), 0) {}
  template <class F>
  requires(!std::same_as<std::decay_t<F>, AnyMetric> &&
           !std::derived_from<std::decay_t<F>, metrics::PredictionMetric> &&
           std::is_invocable_r_v<Tensor, const std::decay_t<F>&, const Tensor&, const Tensor&>)
      AnyMetric(F&& function, std::string name)
      : AnyMetric(std::make_shared<metrics::MeanMetricWrapper>(std::forward<F>(function), std::move(name))) {}

  const std::string& name() const& noexcept { return name_; }
  std::string name() const&& { return name_; }
  explicit operator bool() const noexcept { return !name_.empty(); }
  /// Whether it was given by name: then there is nothing yet for `->`, `*` and get(), see metric().
  bool by_name() const noexcept { return !name_.empty() && get() == nullptr; }
  /// The metric, which copies of this object share. If it was given by name, a new one; "accuracy" depends on these
  /// shapes. Throws a ValueError where there is none.
  std::shared_ptr<metrics::PredictionMetric> metric(const Shape& y_true, const Shape& y_pred) const;

  /// The name if it was given by name, otherwise the Config of the metric (see metrics::Metric); none where there is
  /// none, and custom for a function.
  ConfigValue config() const;
  /// From a name, the Config of one of xtape's classes or of a class registered by register_serializable, or none. It
  /// reads what Keras 2 and 3 write, functions by their names among it. Throws a ValueError for anything else.
  static AnyMetric from_config(const ConfigValue& value);
  /// Users' classes.
  static detail::Registry<AnyMetric>& registry();

 private:
  using Pointer = std::shared_ptr<metrics::PredictionMetric>;
  AnyMetric(Pointer metric, int);

  std::string name_;  ///< empty: no metric
};

}  // namespace xtape
