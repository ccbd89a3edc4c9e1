#pragma once

#include <cstdint>
#include <string>

#include "xtape/core/tensor.hpp"

// What the layers that resize and crop images share: [batch, height, width, channels] or [height, width, channels].
namespace xtape::detail {

/// Throws a ValueError unless both sizes are positive.
void check_image_size(const char* layer, std::int64_t height, std::int64_t width);
/// Throws a ValueError for a shape that is not that of images.
void check_image_rank(const char* layer, const Shape& shape);

/// x itself where it is floating, otherwise in float32.
Tensor floating_image(const Tensor& x);

Tensor image_window(const Tensor& x, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width);

/// Crops the largest central window with the ratio height / width, and resizes it to that size.
Tensor smart_resize(const Tensor& x, std::int64_t height, std::int64_t width, const std::string& interpolation);

}  // namespace xtape::detail
