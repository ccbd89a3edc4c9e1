#pragma once

#include <memory>
#include <string>

#include "xtape/core/tensor.hpp"

namespace xtape::debug {

/// While it lives, every op of the calling thread is checked, forward and backward: the first whose result holds a NaN
/// or an infinity throws a RuntimeError that names it, its shapes, the ops that fed it with the range of their values,
/// and the layer in which it ran (tf.debugging.enable_check_numerics).
///
///     debug::CheckNumerics check;
///     train_step(x, y);
///     // "[check_numerics] log #12 -> float32 (32, 10) has 3 NaN, first at (4, 0); fed by subtract #11 ..."
///
/// Every result is read once more, so training takes about twice as long. In-place updates by optimizers are not
/// checked.
class CheckNumerics {
 public:
  CheckNumerics();
  CheckNumerics(const CheckNumerics&) = delete;
  ~CheckNumerics();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same until disable_check_numerics(); calling it again has no effect.
void enable_check_numerics();
void disable_check_numerics();

/// x itself if all its elements are finite; a RuntimeError that begins with the message otherwise
/// (tf.debugging.check_numerics).
Tensor check_numerics(const Tensor& x, const std::string& message);

}  // namespace xtape::debug
