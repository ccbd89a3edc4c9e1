#pragma once

#include <functional>
#include <string>
#include <utility>

#include "xtape/losses/loss.hpp"

namespace xtape::losses {

/// A function of labels and predictions, one value per sample, as a loss (keras.losses.LossFunctionWrapper). Its
/// config() has the function as `fn`, which is custom.
class LossFunctionWrapper : public Loss {
 public:
  using Function = std::function<Tensor(const Tensor&, const Tensor&)>;

  /// Throws a ValueError for an empty function and for an unknown reduction.
  explicit LossFunctionWrapper(Function fn, std::string name = "loss",
                               const std::string& reduction = "sum_over_batch_size");

  Config config() const override;

 protected:
  /// For a class with options, see Loss.
  template <detail::HasFields Options>
  LossFunctionWrapper(Function fn, const Options& options)
      : LossFunctionWrapper(std::move(fn), options.name, options.reduction) {
    describe(options);
  }

  Tensor call(const Tensor& y_true, const Tensor& y_pred) const override { return fn_(y_true, y_pred); }

 private:
  Function fn_;
};

}  // namespace xtape::losses
