#pragma once

#include <optional>

#include "xtape/core/tensor.hpp"
#include "xtape/ops/window_options.hpp"

// Convolutions, as neural networks call what is a correlation: images are [batch, height, width, channels] and filters
// [height, width, channels, filters], as in TensorFlow. For all of them: a TypeError for integers and for dtypes that
// differ; a ValueError for shapes that do not fit, strides or dilations below 1, and a window that is larger than the
// input where nothing is padded. float32 runs on oneDNN where xtape was built with it, bfloat16 through float32.
namespace xtape {
namespace nn {

/// Keyword arguments of the convolutions of images.
struct Conv2dOptions {
  Size2d strides = 1;
  Padding padding = Padding::valid;
  Size2d dilations = 1;  ///< the distance between the taps of a filter
};

/// y[n, i, j, o] = sum over a, b, c of x[n, i s - p + a d, j s - p + b d, c] w[a, b, c, o] for strides s, padding p and
/// dilations d (tf.nn.conv2d): [N, H, W, C] and [kh, kw, C / groups, O] -> [N, OH, OW, O]. Where the filters have fewer
/// channels than the input, these make groups: the first O / groups filters see the first group of channels, and so on.
Tensor conv2d(const Tensor& x, const Tensor& filters, const Conv2dOptions& options = {});

/// Keyword arguments of conv1d.
struct Conv1dOptions {
  std::int64_t strides = 1;
  Padding padding = Padding::valid;
  std::int64_t dilations = 1;
};

/// The same along one axis (tf.nn.conv1d): [N, W, C] and [k, C / groups, O] -> [N, OW, O].
Tensor conv1d(const Tensor& x, const Tensor& filters, const Conv1dOptions& options = {});

/// Each channel with filters of its own (tf.nn.depthwise_conv2d): [N, H, W, C] and [kh, kw, C, M] -> [N, OH, OW, C M];
/// the M results of a channel are neighbours.
Tensor depthwise_conv2d(const Tensor& x, const Tensor& filters, const Conv2dOptions& options = {});

/// Keyword arguments of conv2d_transpose.
struct Conv2dTransposeOptions {
  /// Where several sizes have a convolution to x's: which one. Unset: size stride for `same`, size stride + max(window
  /// - stride, 0) for `valid`, as in Keras.
  std::optional<Shape> output_shape = {};
  Size2d strides = 1;
  Padding padding = Padding::valid;
  Size2d dilations = 1;
};

/// The transpose (the gradient) of a convolution that takes images of the output's shape to x's
/// (tf.nn.conv2d_transpose): [N, H, W, C] and [kh, kw, O, C] -> [N, OH, OW, O].
Tensor conv2d_transpose(const Tensor& x, const Tensor& filters, const Conv2dTransposeOptions& options = {});

/// The gradient of conv2d for its input, of shape `input_shape`, from that of its result. Linear in both arguments, and
/// differentiable.
Tensor conv2d_backprop_input(const Shape& input_shape, const Tensor& filters, const Tensor& dy,
                             const Conv2dOptions& options = {});

/// The gradient of conv2d for its filters, of shape `filter_shape`. Linear in both arguments, and differentiable.
Tensor conv2d_backprop_filter(const Tensor& x, const Shape& filter_shape, const Tensor& dy,
                              const Conv2dOptions& options = {});

}  // namespace nn

namespace detail {
/// conv2d(x, filters) + bias, and relu of it where `relu` is set, in one op: what a Conv2D layer runs. An empty bias
/// adds nothing.
Tensor conv2d(const Tensor& x, const Tensor& filters, const Tensor& bias, const nn::Conv2dOptions& options, bool relu);
}  // namespace detail

}  // namespace xtape
