#pragma once

#include <concepts>
#include <initializer_list>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/metrics/any_metric.hpp"

// Options of compile for a model with several outputs: one for all outputs, one for each by position, or by name.
namespace xtape {

namespace detail {

/// How the values for a model's outputs were given.
enum class PerOutput { nothing, all, by_position, by_name };

/// Values for a model's outputs. An output of a functional model has the name of the layer that computes it (made
/// unique: "dense", "dense_1"); outputs of other models are "output_1", "output_2", ...
template <class T>
struct PerOutputValues {
  PerOutput given = PerOutput::nothing;
  std::vector<std::pair<std::string, T>> values = {};  ///< the names are empty unless given by name

  /// The value of each output; `missing` for outputs that were not named. Throws a ValueError if the number of values
  /// differs from that of the outputs, and for a name that is unknown or given twice; the text calls the values `what`.
  std::vector<T> for_outputs(const char* what, const std::vector<std::string>& outputs, const T& missing) const;
  /// As they were given: none, one value, a list, or a dictionary.
  ConfigValue config() const;
};

extern template struct PerOutputValues<AnyLoss>;
extern template struct PerOutputValues<double>;
extern template struct PerOutputValues<std::vector<AnyMetric>>;

}  // namespace detail

/// The loss of a model. For a model with several outputs: one for all of them, or one for each, in their order or by
/// the outputs' names. An output whose loss is AnyLoss(), or that is not named, has none.
///
///     .loss = "mse"    .loss = {"mse", "mae"}    .loss = {{"price", "mse"}, {"kind", "categorical_crossentropy"}}
class Losses : public detail::PerOutputValues<AnyLoss> {
 public:
  Losses() = default;
  template <class L>
  requires(std::constructible_from<AnyLoss, L> && !std::derived_from<std::decay_t<L>, Losses>) Losses(L&& loss) {
    values.emplace_back("", std::forward<L>(loss));
    if (values.front().second) given = detail::PerOutput::all;
  }
  Losses(std::initializer_list<AnyLoss> losses);
  Losses(const std::vector<AnyLoss>& losses);
  Losses(std::initializer_list<std::pair<std::string, AnyLoss>> losses);
  Losses(const std::map<std::string, AnyLoss>& losses);
};

/// The factor of each loss in the total loss: one number for all outputs, or one for each, in their order or by the
/// outputs' names; 1 for outputs that are not named.
class LossWeights : public detail::PerOutputValues<double> {
 public:
  LossWeights() = default;
  LossWeights(double weight);
  LossWeights(std::initializer_list<double> weights);
  LossWeights(const std::vector<double>& weights);
  LossWeights(std::initializer_list<std::pair<std::string, double>> weights);
  LossWeights(const std::map<std::string, double>& weights);
};

/// The metrics of a model. For a model with several outputs:
///
///     .metrics = {"mae", "mse"}                                    names alone: each output gets all of them
///     .metrics = {{"mae", "mse"}, {"accuracy"}}                    one list for each output
///     .metrics = {"mae", metrics::AUC()}                           objects: one for each output
///     .metrics = {{"price", "mae"}, {"kind", {"accuracy", "auc"}}}  by the outputs' names
///
/// If all lists begin with the name of an output, they are by name, even if a metric has the same name.
class Metrics {
 public:
  /// One metric, the name of one or of an output, or a list of them.
  class Entry {
   public:
    Entry(const char* name) : Entry(std::string(name)) {}
    Entry(std::string name);
    template <class M>
    requires(std::constructible_from<AnyMetric, M> && !std::convertible_to<M, std::string> &&
             !std::same_as<std::decay_t<M>, Entry>) Entry(M&& metric)
        : Entry(AnyMetric(std::forward<M>(metric)), 0) {}
    template <class F>
    requires std::constructible_from<AnyMetric, F, std::string> Entry(F&& function, std::string name)
        : Entry(AnyMetric(std::forward<F>(function), std::move(name)), 0) {}
    Entry(std::initializer_list<Entry> entries);

   private:
    friend class Metrics;
    enum class Kind { name, metric, list };
    Entry(AnyMetric metric, int);
    const std::string* name() const { return kind_ == Kind::name ? &name_ : nullptr; }
    const std::vector<Entry>* list() const { return kind_ == Kind::list ? &list_ : nullptr; }
    ConfigValue config() const;
    /// Throws a ValueError for a name that no metric has.
    void add_to(std::vector<AnyMetric>& metrics) const;

    Kind kind_;
    std::string name_;
    AnyMetric metric_;
    std::vector<Entry> list_;
  };

  Metrics() = default;
  Metrics(std::initializer_list<Entry> entries);
  Metrics(const std::vector<AnyMetric>& metrics);
  Metrics(const std::map<std::string, std::vector<AnyMetric>>& metrics);

  /// Throws a ValueError for a name that is no metric, as far as it is certain before the outputs are known.
  void check() const;
  /// The metrics of each output. Throws a ValueError, as PerOutputValues::for_outputs, and for unknown names of
  /// metrics.
  std::vector<std::vector<AnyMetric>> for_outputs(const char* what, const std::vector<std::string>& outputs) const;
  /// As they were given for these outputs: none, a list, or a dictionary.
  ConfigValue config(const std::vector<std::string>& outputs) const;

 private:
  bool flat() const;
  bool by_name(const std::vector<std::string>& outputs) const;

  std::vector<Entry> entries_;
};

}  // namespace xtape
