#include "layers/convolution.hpp"

#include "base/check.hpp"
#include "layers/input_checks.hpp"

namespace xtape::detail {

void check_filters(const char* where, std::int64_t filters, std::int64_t groups) {
  if (groups < 1) fail<ValueError>(where, "expected a positive number of groups, received groups={}", groups);
  if (filters < 1 || filters % groups != 0) {
    fail<ValueError>(where, "expected a positive number of filters, a multiple of groups={}: received filters={}",
                     groups, filters);
  }
}

void check_positive(const char* where, const char* what, std::int64_t number) {
  if (number < 1) fail<ValueError>(where, "expected a positive {}, received {}", what, number);
}

void check_positive(const char* where, const char* what, Size2d size) {
  if (size.height < 1 || size.width < 1) {
    fail<ValueError>(where, "expected a positive {}, received ({}, {})", what, size.height, size.width);
  }
}

void check_images(const Layer& layer, const Shape& shape, int ndim, std::int64_t groups) {
  expect_min_ndim(layer, shape, ndim);
  expect_ndim(layer, shape, ndim);
  const std::int64_t channels = shape.back();
  if (channels < 1 || channels % groups != 0) {
    fail<ValueError>(layer.class_name().c_str(),
                     "The number of input channels must be evenly divisible by the number of groups. Received "
                     "groups={}, but the input has {} channels (full input shape is {})",
                     groups, channels, join({shape}));
  }
}

}  // namespace xtape::detail
