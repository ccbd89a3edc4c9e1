#pragma once

#include <cstdint>
#include <string>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/window_options.hpp"

// Images [batch, height, width, channels], or one [height, width, channels], of a floating dtype. The ops are linear in
// the images, to which gradients flow; transforms have no gradient. They throw a ValueError for other ranks and unknown
// names, a TypeError for other dtypes.
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

/// Resizes images (tf.image.resize without antialiasing), with interpolation "bilinear" or "nearest" between pixel
/// centres. Throws a ValueError for sizes < 1.
Tensor resize(const Tensor& images, Size2d size, const std::string& interpolation = "bilinear");

}  // namespace image
}  // namespace xtape
