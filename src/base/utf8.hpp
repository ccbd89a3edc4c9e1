#pragma once

#include <cstddef>
#include <string_view>

namespace xtape::detail {

/// The length in bytes of the UTF-8 character at the beginning of a text that is not empty; 0 if it is invalid: cut
/// off, overlong, a surrogate or above U+10FFFF (RFC 3629).
std::size_t utf8_length(std::string_view text);

/// Whether a whole text is valid UTF-8.
bool is_utf8(std::string_view text);

}  // namespace xtape::detail
