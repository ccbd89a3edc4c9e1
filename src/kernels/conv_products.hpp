#pragma once

#include "kernels/conv.hpp"

namespace xtape::kernels {

/// The convolutions by matrix products, with the windows of a piece of the images laid out as the rows of a matrix
/// (im2col). For float and double; the arguments are those of kernels/conv.hpp.
template <class T>
void conv2d_by_products(const Conv& c, const T* x, const T* w, const T* bias, bool relu, T* y);
template <class T>
void conv2d_backprop_input_by_products(const Conv& c, const T* dy, const T* w, T* dx);
template <class T>
void conv2d_backprop_filter_by_products(const Conv& c, const T* x, const T* dy, T* dw, T* db);

/// The same where each group is one input channel (a depthwise convolution), by loops along the channels: as products
/// they would have hardly a column.
template <class T>
void depthwise_conv2d_by_loops(const Conv& c, const T* x, const T* w, const T* bias, bool relu, T* y);
template <class T>
void depthwise_conv2d_backprop_input_by_loops(const Conv& c, const T* dy, const T* w, T* dx);
template <class T>
void depthwise_conv2d_backprop_filter_by_loops(const Conv& c, const T* x, const T* dy, T* dw);

}  // namespace xtape::kernels
