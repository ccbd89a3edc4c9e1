#pragma once

#include <cstdint>
#include <string>

#include "xtape/core/tensor.hpp"

// What CategoryEncoding and Discretization share.
namespace xtape::detail {

/// Throws a ValueError unless the mode is "one_hot", "multi_hot", "count" or, `with_int`, "int".
void check_output_mode(const char* layer, const std::string& mode, bool with_int);

/// The int64 numbers `ids` in [0, depth) as vectors of size `depth`, in a mode that is not "int"; `weights`, of the
/// shape of ids or none, count in the mode "count".
Tensor encode_categories(const Tensor& ids, std::int64_t depth, const std::string& mode, const Tensor& weights,
                         DType dtype);

}  // namespace xtape::detail
