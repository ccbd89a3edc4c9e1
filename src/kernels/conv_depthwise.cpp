#include <algorithm>

#include "kernels/conv_products.hpp"
#include "kernels/parallel.hpp"
#include "kernels/scratch.hpp"

// Depthwise convolutions: y[k m] = sum over taps of x[k] w[tap, k m], each input channel k with `multiplier` outputs m.
// A matrix product would have a single row of w for each channel, so the loops run along the channels, which are
// contiguous in images and filters; the compiler makes vectors of the case multiplier = 1.
namespace xtape::kernels {
namespace {

/// Calls f(input offset, tap) for the taps of an output pixel that fall on the image.
template <class F>
void for_taps(const Conv& c, std::int64_t n, std::int64_t oh, std::int64_t ow, F&& f) {
  const auto down = c.height.taps(oh), across = c.width.taps(ow);
  for (std::int64_t i = down.begin; i < down.end; ++i) {
    const std::int64_t line = (n * c.height.in + down.start + i * c.height.dilation) * c.width.in;
    for (std::int64_t j = across.begin; j < across.end; ++j) {
      f((line + across.start + j * c.width.dilation) * c.in_channels, i * c.width.size + j);
    }
  }
}

std::int64_t grain(double items, const Conv& c) {
  return static_cast<std::int64_t>(items * work_worth_a_thread / std::max(1.0, c.work())) + 1;
}

}  // namespace

template <class T>
void depthwise_conv2d_by_loops(const Conv& c, const T* x, const T* w, const T* bias, bool relu, T* y) {
  const std::int64_t all = c.out_channels, multiplier = all / c.in_channels;
  const std::int64_t rows = c.batch * c.height.out;
  parallel_rows(rows, grain(static_cast<double>(rows), c), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      for (std::int64_t ow = 0; ow < c.width.out; ++ow) {
        T* const to = y + (row * c.width.out + ow) * all;
        for (std::int64_t k = 0; k < all; ++k) to[k] = bias == nullptr ? T(0) : bias[k];
        for_taps(c, row / c.height.out, row % c.height.out, ow, [&](std::int64_t offset, std::int64_t tap) {
          const T *from = x + offset, *by = w + tap * all;
          if (multiplier == 1) {
            for (std::int64_t k = 0; k < all; ++k) to[k] += from[k] * by[k];
          } else {
            for (std::int64_t k = 0; k < c.in_channels; ++k) {
              for (std::int64_t m = 0; m < multiplier; ++m) to[k * multiplier + m] += from[k] * by[k * multiplier + m];
            }
          }
        });
        if (relu) {
          for (std::int64_t k = 0; k < all; ++k) to[k] = to[k] < T(0) ? T(0) : to[k];
        }
      }
    }
  });
}

// dx[pixel of a tap] += dy w[tap]. Windows overlap within an image only, so images are the pieces for threads.
template <class T>
void depthwise_conv2d_backprop_input_by_loops(const Conv& c, const T* dy, const T* w, T* dx) {
  const std::int64_t all = c.out_channels, multiplier = all / c.in_channels, image = c.in_size() / c.batch;
  parallel_rows(c.batch, grain(static_cast<double>(c.batch), c), [&](std::int64_t begin, std::int64_t end) {
    std::fill(dx + begin * image, dx + end * image, T(0));
    for (std::int64_t row = begin * c.height.out; row < end * c.height.out; ++row) {
      for (std::int64_t ow = 0; ow < c.width.out; ++ow) {
        const T* const from = dy + (row * c.width.out + ow) * all;
        for_taps(c, row / c.height.out, row % c.height.out, ow, [&](std::int64_t offset, std::int64_t tap) {
          T* const to = dx + offset;
          const T* const by = w + tap * all;
          if (multiplier == 1) {
            for (std::int64_t k = 0; k < all; ++k) to[k] += from[k] * by[k];
          } else {
            for (std::int64_t k = 0; k < c.in_channels; ++k) {
              for (std::int64_t m = 0; m < multiplier; ++m) to[k] += from[k * multiplier + m] * by[k * multiplier + m];
            }
          }
        });
      }
    }
  });
}

// dw[tap] = the sum over all pixels of x[pixel of the tap] dy.
template <class T>
void depthwise_conv2d_backprop_filter_by_loops(const Conv& c, const T* x, const T* dy, T* dw) {
  const std::int64_t all = c.out_channels, multiplier = all / c.in_channels;
  const std::int64_t taps = c.height.size * c.width.size, rows = c.batch * c.height.out;
  // Up to 4096 pixels are added in T, more would lose digits; the sums of these blocks are added in double.
  constexpr std::int64_t block_pixels = 4096;
  const std::int64_t block = std::max<std::int64_t>(1, block_pixels / std::max<std::int64_t>(1, c.width.out));
  const Scratch scratch(rows > block ? static_cast<std::size_t>(taps * all) * sizeof(double) : 0);
  double* const sums = static_cast<double*>(scratch.data());
  // Each tap is summed by one thread over all pixels, so that the order does not depend on the number of threads.
  parallel_rows(taps, grain(static_cast<double>(taps), c), [&](std::int64_t begin, std::int64_t end) {
    std::fill(dw + begin * all, dw + end * all, T(0));
    if (sums != nullptr) std::fill(sums + begin * all, sums + end * all, 0.0);
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t ow = 0; ow < c.width.out; ++ow) {
        const T* const by = dy + (row * c.width.out + ow) * all;
        for_taps(c, row / c.height.out, row % c.height.out, ow, [&](std::int64_t offset, std::int64_t tap) {
          if (tap < begin || tap >= end) return;
          const T* const from = x + offset;
          T* const to = dw + tap * all;
          if (multiplier == 1) {
            for (std::int64_t k = 0; k < all; ++k) to[k] += from[k] * by[k];
          } else {
            for (std::int64_t k = 0; k < c.in_channels; ++k) {
              for (std::int64_t m = 0; m < multiplier; ++m) to[k * multiplier + m] += from[k] * by[k * multiplier + m];
            }
          }
        });
      }
      if (sums == nullptr || ((row + 1) % block != 0 && row + 1 < rows)) continue;
      for (std::int64_t i = begin * all; i < end * all; ++i) {
        sums[i] += static_cast<double>(dw[i]);
        dw[i] = row + 1 < rows ? T(0) : static_cast<T>(sums[i]);
      }
    }
  });
}

template void depthwise_conv2d_by_loops(const Conv&, const float*, const float*, const float*, bool, float*);
template void depthwise_conv2d_by_loops(const Conv&, const double*, const double*, const double*, bool, double*);
template void depthwise_conv2d_backprop_input_by_loops(const Conv&, const float*, const float*, float*);
template void depthwise_conv2d_backprop_input_by_loops(const Conv&, const double*, const double*, double*);
template void depthwise_conv2d_backprop_filter_by_loops(const Conv&, const float*, const float*, float*);
template void depthwise_conv2d_backprop_filter_by_loops(const Conv&, const double*, const double*, double*);

}  // namespace xtape::kernels
