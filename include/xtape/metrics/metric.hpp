#pragma once

#include <string>

#include "xtape/base/compiler.hpp"

namespace xtape::metrics {

/// The base of metrics (keras.Metric): something that is updated batch by batch and has a result over all of them.
/// Updates are not recorded by tapes. Replays of a function() repeat updates. A function that makes a metric, reads its
/// result or resets it is not replayed but runs in every call.
class Metric {
 public:
  virtual ~Metric() = default;

  const std::string& name() const& noexcept { return name_; }
  std::string name() const&& { return name_; }
  /// Forgets all updates.
  virtual void reset_state() = 0;
  /// The value over all updates since the beginning or reset_state().
  virtual double result() const = 0;

 protected:
  explicit Metric(std::string name);
  Metric(const Metric&) = default;
  Metric& operator=(const Metric&) = default;

  /// A metric that keeps numbers calls it in its function `what` ("result") before it reads or writes them: a function
  /// that is being traced cannot be replayed then.
  void use_state(const char* what) const;

 private:
  std::string name_;
};

}  // namespace xtape::metrics
