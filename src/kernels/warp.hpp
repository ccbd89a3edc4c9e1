#pragma once

#include <cstdint>

// Images [batch, height, width, channels] read at other places. T is float or double.
namespace xtape::kernels {

/// What is outside the image a b c d: a number; the image mirrored (d c b a | a b c d | d c b a); its outermost pixels;
/// the image repeated.
enum class Beyond : std::uint8_t { constant, reflect, nearest, wrap };

struct Warp {
  std::int64_t batch, in_height, in_width, out_height, out_width, channels;
  Beyond beyond;
  bool bilinear;  ///< else the nearest pixel
  double fill;    ///< for Beyond::constant
};

/// Pixel (x, y) of each result is its image at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1:
/// `transforms` has the eight numbers a0 a1 a2 b0 b1 b2 c0 c1 of each image. Places that are not finite get `fill`.
template <class T>
void warp(const Warp& w, const double* transforms, const T* images, T* results);
/// Its transpose: the gradient for the images, which are not read.
template <class T>
void warp_grad(const Warp& w, const double* transforms, const T* dresults, T* dimages);

}  // namespace xtape::kernels
