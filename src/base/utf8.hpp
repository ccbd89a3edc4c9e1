#pragma once

#include <cstddef>
#include <string_view>

namespace xtape::detail {

/// The length in bytes of the UTF-8 character that a text, which is not empty, begins with; 0 where it is none: cut
/// off, overlong, a surrogate or above U+10FFFF (RFC 3629).
std::size_t utf8_length(std::string_view text);

/// Whether a text is UTF-8 from one end to the other.
bool is_utf8(std::string_view text);

}  // namespace xtape::detail
