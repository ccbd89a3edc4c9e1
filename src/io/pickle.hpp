#pragma once

#include <cstdint>
#include <vector>

#include "io/byte_source.hpp"

namespace xtape::detail {

/// The lists of integers in a pickled one-dimensional NumPy array of Python lists, to the end of the source: what
/// imdb.npz and reuters.npz hold. Reads what Python's pickle protocols 2 to 5 and NumPy write for exactly that; nothing
/// named in the data is ever called. Throws a DataError for anything else.
std::vector<std::vector<std::int32_t>> read_pickled_lists(ByteSource& source);

}  // namespace xtape::detail
