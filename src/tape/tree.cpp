#include "xtape/tape/tree.hpp"

#include "base/check.hpp"

namespace xtape::detail {

void check_leaves(const char* op, std::size_t expected, std::size_t received) {
  if (received != expected) fail<ValueError>(op, "expected {} leaves, received {}", expected, received);
}

}  // namespace xtape::detail
