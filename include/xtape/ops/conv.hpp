#pragma once

#include <optional>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/window_options.hpp"

// Convolutions (in mathematical terms correlations) of images [batch, height, width, channels] with filters [height,
// width, channels, filters], as in TensorFlow. All of them throw a TypeError for integers and for dtypes that differ,
// and a ValueError for shapes that do not fit, for strides or dilations below 1, and for a window that is larger than
// the unpadded input. float32 runs on oneDNN if xtape was built with it; bfloat16 is computed in float32.
namespace xtape {
namespace nn {

/// Keyword arguments of the convolutions of images.
struct Conv2dOptions {
  Size2d strides = 1;
  Padding padding = Padding::valid;
  Size2d dilations = 1;  ///< the distance between the taps of a filter

  XTAPE_FIELDS(strides, padding, dilations)
};

/// y[n, i, j, o] = sum over a, b, c of x[n, i s - p + a d, j s - p + b d, c] w[a, b, c, o] for strides s, padding p and
/// dilations d (tf.nn.conv2d): [N, H, W, C] and [kh, kw, C / groups, O] -> [N, OH, OW, O]. If the filters have fewer
/// channels than the input, the channels of the input form groups: the first O / groups filters see the first group,
/// and so on.
Tensor conv2d(const Tensor& x, const Tensor& filters, const Conv2dOptions& options = {});

/// Keyword arguments of conv1d.
struct Conv1dOptions {
  std::int64_t strides = 1;
  Padding padding = Padding::valid;
  std::int64_t dilations = 1;

  XTAPE_FIELDS(strides, padding, dilations)
};

/// The same along one axis (tf.nn.conv1d): [N, W, C] and [k, C / groups, O] -> [N, OW, O].
Tensor conv1d(const Tensor& x, const Tensor& filters, const Conv1dOptions& options = {});

/// Convolves each channel with its own M filters (tf.nn.depthwise_conv2d): [N, H, W, C] and [kh, kw, C, M] -> [N, OH,
/// OW, C M]; the M results of a channel are adjacent.
Tensor depthwise_conv2d(const Tensor& x, const Tensor& filters, const Conv2dOptions& options = {});

/// Keyword arguments of conv2d_transpose.
struct Conv2dTransposeOptions {
  /// The shape of the result, since convolutions of several sizes can give the size of x. Unset: size * stride for
  /// `same`, size * stride + max(window - stride, 0) for `valid`, as in Keras.
  std::optional<Shape> output_shape = {};
  Size2d strides = 1;
  Padding padding = Padding::valid;
  Size2d dilations = 1;

  XTAPE_FIELDS(output_shape, strides, padding, dilations)
};

/// The transpose (the gradient) of a convolution that maps images of the output's shape to the shape of x
/// (tf.nn.conv2d_transpose): [N, H, W, C] and [kh, kw, O, C] -> [N, OH, OW, O].
Tensor conv2d_transpose(const Tensor& x, const Tensor& filters, const Conv2dTransposeOptions& options = {});

/// The gradient of conv2d for its input of shape `input_shape`, given the gradient dy of its result. Linear in filters
/// and dy, and differentiable.
Tensor conv2d_backprop_input(const Shape& input_shape, const Tensor& filters, const Tensor& dy,
                             const Conv2dOptions& options = {});

/// The gradient of conv2d for its filters of shape `filter_shape`. Linear in x and dy, and differentiable.
Tensor conv2d_backprop_filter(const Tensor& x, const Shape& filter_shape, const Tensor& dy,
                              const Conv2dOptions& options = {});

}  // namespace nn

namespace detail {
/// conv2d(x, filters) + bias, then relu if `relu` is set, in one op, for the Conv2D layer. An empty bias adds nothing.
Tensor conv2d(const Tensor& x, const Tensor& filters, const Tensor& bias, const nn::Conv2dOptions& options, bool relu);
}  // namespace detail

}  // namespace xtape
