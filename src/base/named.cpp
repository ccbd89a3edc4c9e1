#include "base/named.hpp"

#include <cctype>

namespace xtape::detail {

bool same_name(std::string_view a, std::string_view b) noexcept {
  constexpr int end = -1;
  const auto next = [](std::string_view text, std::size_t& at) {
    while (at < text.size() && text[at] == '_') ++at;
    return at < text.size() ? std::tolower(static_cast<unsigned char>(text[at++])) : end;
  };
  std::size_t i = 0, k = 0;
  while (true) {
    const int x = next(a, i), y = next(b, k);
    if (x != y) return false;
    if (x == end) return true;
  }
}

}  // namespace xtape::detail
