#pragma once

#include "kernels/conv.hpp"

// The convolutions by oneDNN. They return false, and have written nothing, where oneDNN is not there or has no fast
// code for the problem.
namespace xtape::kernels {

/// Whether xtape was built with oneDNN.
bool has_onednn();

bool onednn_conv2d(const Conv& c, const float* x, const float* w, const float* bias, bool relu, float* y);
bool onednn_conv2d_backprop_input(const Conv& c, const float* dy, const float* w, float* dx);
bool onednn_conv2d_backprop_filter(const Conv& c, const float* x, const float* dy, float* dw, float* db);

}  // namespace xtape::kernels
