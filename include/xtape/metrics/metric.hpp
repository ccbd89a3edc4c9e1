#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::metrics {

/// The base of metrics (keras.Metric): something that is updated batch by batch and has a result over all of them.
/// Updates are not recorded by tapes. Replays of a function() repeat updates. A function that makes a metric, reads its
/// result or resets it is not replayed but runs in every call.
class Metric : public detail::Described {
 public:
  virtual ~Metric() = default;

  const std::string& name() const& noexcept { return name_; }
  std::string name() const&& { return name_; }
  /// The class, name and options under Keras's names, from which AnyMetric::from_config makes the metric again, without
  /// its state. Where options say nothing by an empty list or by "none", it is none, as in Keras. A user's class has
  /// its options if it passes them to the constructor of Metric or to describe(), or if it overrides this function.
  ///
  ///     metrics::AUC({.curve = "PR"}).config()["curve"]    // "PR"
  virtual Config config() const;
  /// Keras's name for config().
  Config get_config() const { return config(); }
  /// Forgets all updates.
  virtual void reset_state() = 0;
  /// The value over all updates since the beginning or reset_state().
  virtual double result() const = 0;

  /// What the updates have added up to: a float64 tensor [n], with n = 0 where nothing was kept yet. Checkpoint saves
  /// it. Throws a RuntimeError for a user's class that does not override state_numbers().
  Tensor state() const;
  /// Continues from state() of a metric that was made with the same options. Throws a ValueError for a state of another
  /// kind; nothing has changed then.
  void set_state(const Tensor& state);
  /// All numbers that update_state() changes, for state(). A user's class with a state overrides this function and the
  /// next one; one that keeps its numbers in other metrics has theirs, one after the other.
  virtual std::vector<double> state_numbers() const;
  /// Takes back what state_numbers() gave; false, and nothing changes, if it cannot be such a state.
  virtual bool set_state_numbers(std::span<const double> numbers);

 protected:
  explicit Metric(std::string name);
  /// For a metric with options: a struct with a `name` and XTAPE_FIELDS. config() includes its fields, and `arguments`,
  /// those of the constructor before the options.
  template <detail::HasFields Options>
  explicit Metric(const Options& options, std::vector<Config::Entry> arguments = {}) : Metric(options.name) {
    describe(options, std::move(arguments));
  }
  Metric(const Metric&) = default;
  Metric& operator=(const Metric&) = default;

  /// A metric that keeps numbers calls it in its function `what` ("result") before it reads or writes them: a function
  /// that is being traced cannot be replayed then.
  void use_state(const char* what) const;

 private:
  std::string name_;
};

}  // namespace xtape::metrics
