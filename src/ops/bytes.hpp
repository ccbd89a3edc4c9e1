#pragma once

#include <cstddef>

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// The first element of a tensor of any dtype, for ops that only move elements.
inline std::byte* bytes_of(const Tensor& t) { return reinterpret_cast<std::byte*>(mutable_data<std::uint8_t>(t)); }

}  // namespace xtape::detail
