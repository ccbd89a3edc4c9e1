#pragma once

#include <optional>

#include "xtape/core/tensor.hpp"
#include "xtape/ops/window_options.hpp"

// Pooling of images [batch, height, width, channels] or, for the 1d ops, sequences [batch, width, channels]. For all of
// them: a ValueError for another rank, sizes or strides below 1, and a window that is larger than the input where
// nothing is padded.
namespace xtape {
namespace nn {

/// Keyword arguments of the pooling ops of images.
struct Pool2dOptions {
  std::optional<Size2d> strides = {};  ///< unset: the window's size
  Padding padding = Padding::valid;
};

/// Keyword arguments of the pooling ops of sequences.
struct Pool1dOptions {
  std::optional<std::int64_t> strides = {};  ///< unset: the window's size
  Padding padding = Padding::valid;
};

/// The largest element of each window (tf.nn.max_pool2d), NaN if one is; padding is never chosen. The gradient goes to
/// the first largest element of a window. Floating and integer tensors.
Tensor max_pool2d(const Tensor& x, Size2d ksize, const Pool2dOptions& options = {});
Tensor max_pool1d(const Tensor& x, std::int64_t ksize, const Pool1dOptions& options = {});

/// The mean of each window's elements (tf.nn.avg_pool2d), not counting padding. Floating tensors (TypeError).
Tensor avg_pool2d(const Tensor& x, Size2d ksize, const Pool2dOptions& options = {});
Tensor avg_pool1d(const Tensor& x, std::int64_t ksize, const Pool1dOptions& options = {});

/// The mean (the largest) of each channel over all axes between the first and the last, as Keras's GlobalAveragePooling
/// and GlobalMaxPooling layers: [N, ..., C] -> [N, C], or [N, 1, ..., C] with keepdims. Needs rank 3 or more.
Tensor global_average_pool(const Tensor& x, bool keepdims = false);
Tensor global_max_pool(const Tensor& x, bool keepdims = false);

}  // namespace nn
}  // namespace xtape
