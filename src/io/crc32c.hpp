#pragma once

#include <cstdint>
#include <string_view>

namespace xtape::detail {

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4): the polynomial 0x1edc6f41, bits reflected, inverted before and after.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace xtape::detail
