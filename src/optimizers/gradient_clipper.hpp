#pragma once

#include <memory>
#include <optional>
#include <span>

#include "xtape/optimizers/optimizer.hpp"

namespace xtape::detail {

/// Limits the gradients of a step, by one of the options clipvalue, clipnorm and global_clipnorm.
///
///     clipper.begin_step(updates, merged);
///     for (const auto& update : updates) use(clipper.clipped(*update.gradient));
class GradientClipper {
 public:
  /// Null where no option is set. Throws a ValueError for more than one option, and for one that is not positive and
  /// finite.
  static std::unique_ptr<GradientClipper> make(const optimizers::OptimizerOptions& options);

  /// Adds up the repeated rows of sparse gradients, whose norms and bounds are those of the sums, and takes the norm of
  /// all gradients where global_clipnorm is set. `merged` holds the sums and must live as long as the updates.
  void begin_step(std::span<VariableUpdate> updates, Tensors& merged);

  /// The clipped gradient, a new tensor unless nothing changes: the caller's must not.
  Tensor clipped(const Tensor& gradient) const;

 private:
  explicit GradientClipper(const optimizers::OptimizerOptions& options);
  Tensor scaled(const Tensor& gradient, double scale) const;

  std::optional<double> clipvalue_, clipnorm_, global_clipnorm_;
  double global_scale_ = 1;  ///< of the step at hand
};

}  // namespace xtape::detail
