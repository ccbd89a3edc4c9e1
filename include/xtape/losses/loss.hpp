#pragma once

#include <string>
#include <utility>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::losses {

/// The base of losses as objects (keras.Loss): a function of labels and predictions with one value per sample, and how
/// these become one number. A user's own loss:
///
///     struct AbsoluteError : losses::Loss {
///       AbsoluteError() : Loss("absolute_error") {}
///       Tensor call(const Tensor& y_true, const Tensor& y_pred) const override {
///         return reduce_mean(abs(y_true - y_pred), -1);
///       }
///     };
class Loss : public detail::Described {
 public:
  virtual ~Loss() = default;

  /// The losses of the samples, multiplied by their weights and reduced:
  ///
  ///     "sum_over_batch_size"      their sum / their number, whatever the weights; "mean" is the same
  ///     "sum"                      their sum
  ///     "mean_with_sample_weight"  their sum / the sum of the weights
  ///     "none"                     one value per sample
  ///
  /// The first is the default, as in Keras. Without any samples the two means are 0. `sample_weight` is a number, or a
  /// tensor whose axes are the first axes of the losses ([batch], [batch, 1], [batch, time], ...; sizes of 1 repeat);
  /// otherwise it is a ValueError.
  ///
  /// What the mask of the predictions leaves out (see get_mask) does not count: its losses are 0, and a mean is the sum
  /// of the losses, times their weights, divided by the number of those that count, as in Keras. A mask must fit the
  /// losses as weights must; otherwise it is a ValueError. A loss that is one number has dealt with the mask itself.
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}) const;

  const std::string& name() const& noexcept { return name_; }
  std::string name() const&& { return name_; }

  /// The class, name, reduction and options under Keras's names, from which AnyLoss::from_config makes the loss again.
  /// A user's class has its options if it passes them to the constructor of Loss or to describe(), or if it overrides
  /// this function.
  ///
  ///     losses::Huber({.delta = 2}).config()["delta"]    // 2
  virtual Config config() const;
  /// Keras's name for config().
  Config get_config() const { return config(); }

 protected:
  /// Throws a ValueError for an unknown reduction.
  explicit Loss(std::string name, const std::string& reduction = "sum_over_batch_size");
  /// For a loss with options: a struct with a `name`, a `reduction` and XTAPE_FIELDS. config() includes its fields, and
  /// `arguments`, those of the constructor before the options.
  template <detail::HasFields Options>
  explicit Loss(const Options& options, std::vector<Config::Entry> arguments = {})
      : Loss(options.name, options.reduction) {
    describe(options, std::move(arguments));
  }

  /// One value per sample.
  virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) const = 0;
  /// A bool tensor that says which values of call() count. call() gives 0 for the others, and means do not count them.
  /// Empty (the default) means all count.
  virtual Tensor mask(const Tensor& /*y_true*/, const Tensor& /*y_pred*/) const { return {}; }
  /// Whether call() itself uses the mask of y_pred, which a call() that sums over steps must do.
  virtual bool handles_mask() const { return false; }

 private:
  enum class Reduction { mean, sum, mean_with_sample_weight, none };
  Tensor reduce(const Tensor& values, const Tensor& weights, const Tensor& valid) const;

  std::string name_;
  Reduction reduction_;
};

}  // namespace xtape::losses
