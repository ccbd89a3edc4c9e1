#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/window_options.hpp"

// Images [batch, height, width, channels], or one [height, width, channels], of a floating dtype. The ops are linear in
// the images, to which gradients flow; transforms have no gradient, grids have one. They throw a ValueError for other
// ranks and unknown names, a TypeError for other dtypes.
namespace xtape {
namespace image {

/// Keyword arguments of affine_transform.
struct AffineTransformOptions {
  std::string interpolation = "bilinear";  ///< or "nearest"
  /// The pixels beyond the edges: "constant": fill_value; "nearest": the outermost pixels; "reflect": the mirrored
  /// image (d c b a | a b c d | d c b a); "wrap": the repeated image.
  std::string fill_mode = "constant";
  double fill_value = 0;

  XTAPE_FIELDS(interpolation, fill_mode, fill_value)
};

/// Pixel (x, y) of the result is the value of the image at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), with k =
/// c0 x + c1 y + 1, for one transform [a0, a1, a2, b0, b1, b2, c0, c1] or one for each image, [batch, 8]
/// (keras.ops.image.affine_transform).
Tensor affine_transform(const Tensor& images, const Tensor& transform, const AffineTransformOptions& options = {});

/// Keyword arguments of extract_patches.
struct ExtractPatchesOptions {
  std::optional<Size2d> strides = {};  ///< from one patch to the next; none: the size of a patch
  Size2d dilation_rate = 1;            ///< from one pixel of a patch to the next
  Padding padding = Padding::valid;    ///< "same" adds pixels of 0

  XTAPE_FIELDS(strides, dilation_rate, padding)
};
/// The pixels of a window in all its positions (keras.ops.image.extract_patches, tf.image.extract_patches): [batch,
/// height, width, channels] -> [batch, rows, columns, size.height size.width channels], in the order of the image. Of
/// every floating dtype. Throws a ValueError for sizes, strides and rates < 1.
Tensor extract_patches(const Tensor& images, Size2d size, const ExtractPatchesOptions& options = {});

/// Keyword arguments of grid_sample.
struct GridSampleOptions {
  std::string interpolation = "bilinear";  ///< or "nearest", which has no gradient for the grid
  /// What is beyond the edges: "zeros"; "border": the outermost pixels; "reflection": the mirrored image.
  std::string padding_mode = "zeros";
  bool align_corners = false;  ///< -1 and 1 are the centres of the outermost pixels; otherwise their outer edges

  XTAPE_FIELDS(interpolation, padding_mode, align_corners)
};
/// The values of images at the places of a grid, as PyTorch's grid_sample, with channels last: images [batch, height,
/// width, channels] and a grid [batch, rows, columns, 2] of the same dtype, whose last axis is (x, y), -1 at the left
/// and upper edge and 1 at the right and lower one, give [batch, rows, columns, channels]. Gradients flow to both.
Tensor grid_sample(const Tensor& images, const Tensor& grid, const GridSampleOptions& options = {});

/// Resizes images (tf.image.resize without antialiasing), with interpolation "bilinear" or "nearest" between pixel
/// centres. Throws a ValueError for sizes < 1.
Tensor resize(const Tensor& images, Size2d size, const std::string& interpolation = "bilinear");

}  // namespace image
}  // namespace xtape
