#pragma once

#include <fmt/format.h>

#include "xtape/core/error.hpp"
#include "xtape/core/format.hpp"

namespace xtape::detail {

/// Throws E with "[op] text": the one place where the house form of an error is written.
template <class E, class... Args>
[[noreturn]] void fail(const char* op, fmt::format_string<Args...> text, Args&&... args) {
  throw E(fmt::format("[{}] {}", op, fmt::format(text, std::forward<Args>(args)...)));
}

/// The axis as 0 <= axis < rank; a negative one counts from the end.
int normal_axis(const char* op, std::int64_t axis, int rank);

/// The product of two sizes; throws a ValueError when it does not fit.
std::int64_t checked_product(const char* op, std::int64_t a, std::int64_t b);

}  // namespace xtape::detail
