#pragma once

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape {

/// The axes of a reduction: all of them (default), one, or several: `reduce_sum(x)`, `reduce_sum(x, 1)`,
/// `reduce_sum(x, {0, -1})`. Negative axes count from the end.
class Axes {
 public:
  Axes() = default;
  Axes(int axis) : axes_{axis}, all_(false) {}
  Axes(std::initializer_list<int> axes) : axes_(axes), all_(false) {}
  Axes(const std::vector<int>& axes) : axes_(axes.begin(), axes.end()), all_(false) {}
  Axes(detail::PoolVector<int> axes) : axes_(std::move(axes)), all_(false) {}
  bool all() const noexcept { return all_; }
  const detail::PoolVector<int>& axes() const& noexcept { return axes_; }
  detail::PoolVector<int> axes() const&& { return axes_; }
  /// None means all axes.
  ConfigValue config() const { return all_ ? ConfigValue() : ConfigValue(axes_); }
  static Axes from_config(const ConfigValue& value);

 private:
  detail::PoolVector<int> axes_;
  bool all_ = true;
};

// Reductions over axes; axes and keepdims are as in NumPy. An axis outside the rank is an IndexError, one given twice a
// ValueError.

/// The sum of the elements; 0 without elements.
Tensor reduce_sum(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The arithmetic mean of a floating tensor; NaN without elements.
Tensor reduce_mean(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The product of the elements; 1 without elements. The gradient is also right if elements are zero.
Tensor reduce_prod(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The largest element; NaN if there is one. The gradient is divided equally among the largest elements, as in
/// TensorFlow. Throws a ValueError for an axis of size 0.
Tensor reduce_max(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The smallest element; otherwise as reduce_max.
Tensor reduce_min(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// Whether all (any) elements of a bool tensor are true.
Tensor reduce_all(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor reduce_any(const Tensor& x, const Axes& axes = {}, bool keepdims = false);

/// The int64 index of the first largest (smallest) element along an axis, or of the first NaN. No gradient.
Tensor argmax(const Tensor& x, int axis = 0);
Tensor argmin(const Tensor& x, int axis = 0);

}  // namespace xtape
