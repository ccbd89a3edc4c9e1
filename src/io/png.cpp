#include "io/png.hpp"

#include <png.h>

#include "base/check.hpp"

namespace xtape::detail {

std::string encode_png(const char* op, std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width,
                       std::int64_t channels) {
  constexpr png_uint_32 formats[] = {PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB, PNG_FORMAT_RGBA};
  constexpr std::int64_t max_size = 1 << 16;  // so that sizes in bytes fit into libpng's 32 bits
  if (height > max_size || width > max_size || height * width * channels > 1 << 30) {
    fail<ValueError>(op, "expected images that PNG can hold, received {} x {}", height, width);
  }
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(height);
  image.width = static_cast<png_uint_32>(width);
  image.format = formats[channels - 1];
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    fail<RuntimeError>(op, "libpng failed: {}", image.message);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace xtape::detail
