#pragma once

#include <string>

namespace xtape::metrics {

/// The base of metrics (keras.Metric): something that is updated batch by batch and has a result over all of them.
/// Updates are not recorded by tapes.
class Metric {
 public:
  virtual ~Metric() = default;

  const std::string& name() const noexcept { return name_; }
  /// Forgets all updates.
  virtual void reset_state() = 0;
  /// The value over all updates since the beginning or reset_state().
  virtual double result() const = 0;

 protected:
  explicit Metric(std::string name) : name_(std::move(name)) {}
  Metric(const Metric&) = default;
  Metric& operator=(const Metric&) = default;

 private:
  std::string name_;
};

}  // namespace xtape::metrics
