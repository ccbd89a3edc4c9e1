#pragma once

#include "xtape/layers/layer.hpp"
#include "xtape/ops/window_options.hpp"

// Shared by the convolution layers.
namespace xtape::detail {

/// Each throws a ValueError "[where] ..." for numbers below 1.
void check_filters(const char* where, std::int64_t filters, std::int64_t groups = 1);
void check_positive(const char* where, const char* what, std::int64_t number);
void check_positive(const char* where, const char* what, Size2d size);

/// Checks the rank and, before the layer is built, that the channels are a multiple of the groups.
void check_images(const Layer& layer, const Shape& shape, int ndim, std::int64_t groups = 1);

}  // namespace xtape::detail
