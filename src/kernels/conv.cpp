#include "kernels/conv.hpp"

#include <algorithm>
#include <type_traits>

#include "kernels/conv_onednn.hpp"
#include "kernels/conv_products.hpp"
#include "kernels/reduce.hpp"
#include "kernels/scratch.hpp"
#include "xtape/base/dtype.hpp"

// Which code computes a convolution: oneDNN for float32 where it has more than its reference code; loops along the
// channels where each group is one channel; matrix products for the rest.
namespace xtape::kernels {
namespace {

/// Whether there is nothing to multiply.
bool empty(const Conv& c) { return c.in_size() == 0 || c.out_size() == 0; }

bool depthwise(const Conv& c) { return c.groups == c.in_channels && c.groups > 1; }

template <class T>
void forward(const Conv& c, const T* x, const T* w, const T* bias, bool relu, T* y) {
  if (c.out_size() == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    if (onednn_conv2d(c, x, w, bias, relu, y)) return;
  }
  if (depthwise(c)) return depthwise_conv2d_by_loops(c, x, w, bias, relu, y);
  conv2d_by_products(c, x, w, bias, relu, y);
}

template <class T>
void backprop_input(const Conv& c, const T* dy, const T* w, T* dx) {
  if (empty(c)) {
    std::fill_n(dx, c.in_size(), T(0));
    return;
  }
  if constexpr (std::is_same_v<T, float>) {
    if (onednn_conv2d_backprop_input(c, dy, w, dx)) return;
  }
  if (depthwise(c)) return depthwise_conv2d_backprop_input_by_loops(c, dy, w, dx);
  conv2d_backprop_input_by_products(c, dy, w, dx);
}

/// oneDNN adds all pixels of a filter's gradient in float, which loses digits where there are many. So some images at a
/// time go to oneDNN, up to 2^17 pixels, and their sums are added in double.
bool filter_by_onednn(const Conv& c, const float* x, const float* dy, float* dw, float* db) {
  constexpr std::int64_t max_pixels = std::int64_t{1} << 17;
  const std::int64_t pixels = c.height.out * c.width.out, images = std::max<std::int64_t>(1, max_pixels / pixels);
  if (c.batch <= images) return onednn_conv2d_backprop_filter(c, x, dy, dw, db);
  const auto filters = static_cast<std::size_t>(c.filter_size()),
             all = filters + static_cast<std::size_t>(c.out_channels);
  const Scratch scratch(all * sizeof(double));
  double* const sums = static_cast<double*>(scratch.data());
  std::fill_n(sums, all, 0.0);
  const auto add = [](double* to, const float* from, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) to[i] += static_cast<double>(from[i]);
  };
  for (std::int64_t first = 0; first < c.batch; first += images) {
    Conv part = c;
    part.batch = std::min(images, c.batch - first);
    if (!onednn_conv2d_backprop_filter(part, x + first * (c.in_size() / c.batch), dy + first * (c.out_size() / c.batch),
                                       dw, db)) {
      return false;
    }
    add(sums, dw, filters);
    if (db != nullptr) add(sums + filters, db, all - filters);
  }
  const auto round = [](float* to, const double* from, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<float>(from[i]);
  };
  round(dw, sums, filters);
  if (db != nullptr) round(db, sums + filters, all - filters);
  return true;
}

/// The gradient of the bias is the sum of dy over all pixels, a sum of columns.
template <class T>
void backprop_filter(const Conv& c, const T* x, const T* dy, T* dw, T* db) {
  if (empty(c)) {
    std::fill_n(dw, c.filter_size(), T(0));
    if (db != nullptr) std::fill_n(db, c.out_channels, T(0));
    return;
  }
  if constexpr (std::is_same_v<T, float>) {
    if (filter_by_onednn(c, x, dy, dw, db)) return;
  }
  if (!depthwise(c)) return conv2d_backprop_filter_by_products(c, x, dy, dw, db);
  if (db != nullptr) reduce_sum(dtype_of<T>, dy, db, 1, c.out_size() / c.out_channels, c.out_channels);
  depthwise_conv2d_backprop_filter_by_loops(c, x, dy, dw);
}

}  // namespace

void conv2d(const Conv& c, const float* x, const float* w, const float* bias, bool relu, float* y) {
  forward(c, x, w, bias, relu, y);
}
void conv2d(const Conv& c, const double* x, const double* w, const double* bias, bool relu, double* y) {
  forward(c, x, w, bias, relu, y);
}
void conv2d_backprop_input(const Conv& c, const float* dy, const float* w, float* dx) { backprop_input(c, dy, w, dx); }
void conv2d_backprop_input(const Conv& c, const double* dy, const double* w, double* dx) {
  backprop_input(c, dy, w, dx);
}
void conv2d_backprop_filter(const Conv& c, const float* x, const float* dy, float* dw, float* db) {
  backprop_filter(c, x, dy, dw, db);
}
void conv2d_backprop_filter(const Conv& c, const double* x, const double* dy, double* dw, double* db) {
  backprop_filter(c, x, dy, dw, db);
}

}  // namespace xtape::kernels
