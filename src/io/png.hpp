#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace xtape::detail {

/// The bytes of a PNG file with 8 bits a channel: one (gray), two (gray, alpha), three (RGB) or four (RGBA) channels.
std::string encode_png(const char* op, std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width,
                       std::int64_t channels);

}  // namespace xtape::detail
