#pragma once

#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/window_options.hpp"

// Pooling of images [batch, height, width, channels] or, for the 1d ops, sequences [batch, width, channels]. All of
// them throw a ValueError for another rank, for sizes or strides below 1, and for a window that is larger than the
// unpadded input.
namespace xtape {
namespace nn {

/// Keyword arguments of the pooling ops of images.
struct Pool2dOptions {
  std::optional<Size2d> strides = {};  ///< unset: the window's size
  Padding padding = Padding::valid;

  XTAPE_FIELDS(strides, padding)
};

/// Keyword arguments of the pooling ops of sequences.
struct Pool1dOptions {
  std::optional<std::int64_t> strides = {};  ///< unset: the window's size
  Padding padding = Padding::valid;

  XTAPE_FIELDS(strides, padding)
};

/// The largest element of each window, without padding (tf.nn.max_pool2d); NaN if the window contains one. The gradient
/// goes to the first of the largest elements. Takes floating and integer tensors.
Tensor max_pool2d(const Tensor& x, Size2d ksize, const Pool2dOptions& options = {});
Tensor max_pool1d(const Tensor& x, std::int64_t ksize, const Pool1dOptions& options = {});

/// The mean of the elements of each window, without padding (tf.nn.avg_pool2d). Throws a TypeError for other than
/// floating tensors.
Tensor avg_pool2d(const Tensor& x, Size2d ksize, const Pool2dOptions& options = {});
Tensor avg_pool1d(const Tensor& x, std::int64_t ksize, const Pool1dOptions& options = {});

/// The mean (the largest) of each channel over all axes between the first and the last, as Keras's GlobalAveragePooling
/// and GlobalMaxPooling layers: [N, ..., C] -> [N, C], or [N, 1, ..., C] with keepdims. Needs rank 3 or more.
Tensor global_average_pool(const Tensor& x, bool keepdims = false);
Tensor global_max_pool(const Tensor& x, bool keepdims = false);

}  // namespace nn
}  // namespace xtape
