#include "base/without.hpp"
#include "io/png.hpp"

namespace xtape::detail {

std::string encode_png(const char* op, std::span<const std::uint8_t>, std::int64_t, std::int64_t, std::int64_t) {
  fail_without(op, "libpng", "XTAPE_PNG", "libpng-dev");
}

}  // namespace xtape::detail
