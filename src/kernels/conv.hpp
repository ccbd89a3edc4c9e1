#pragma once

#include <cstdint>

#include "kernels/window.hpp"

namespace xtape::kernels {

/// A convolution of images [batch, height, width, in_channels] with filters [height, width, in_channels / groups,
/// out_channels] to [batch, height, width, out_channels]. All sizes but those of the batch and the images are positive.
struct Conv {
  std::int64_t batch = 0;
  Window height = {};
  Window width = {};
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::int64_t groups = 1;

  std::int64_t in_size() const { return batch * height.in * width.in * in_channels; }
  std::int64_t out_size() const { return batch * height.out * width.out * out_channels; }
  std::int64_t filter_size() const { return height.size * width.size * (in_channels / groups) * out_channels; }
  /// Multiplications.
  double work() const {
    return static_cast<double>(out_size()) * static_cast<double>(height.size * width.size) *
           static_cast<double>(in_channels / groups);
  }
};

/// y = conv(x, w) + bias, then max(y, 0) where `relu` is set. No bias: null. float32 goes to oneDNN where it is there;
/// the rest to matrix products. Any number of threads may call at once.
void conv2d(const Conv& c, const float* x, const float* w, const float* bias, bool relu, float* y);
void conv2d(const Conv& c, const double* x, const double* w, const double* bias, bool relu, double* y);

/// The gradient of sum(dy conv(x, w)) for x.
void conv2d_backprop_input(const Conv& c, const float* dy, const float* w, float* dx);
void conv2d_backprop_input(const Conv& c, const double* dy, const double* w, double* dx);

/// The gradient for w, and for the bias where `db` is not null.
void conv2d_backprop_filter(const Conv& c, const float* x, const float* dy, float* dw, float* db);
void conv2d_backprop_filter(const Conv& c, const double* x, const double* dy, double* dw, double* db);

}  // namespace xtape::kernels
