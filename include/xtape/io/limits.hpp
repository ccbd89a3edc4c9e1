#pragma once

#include <cstdint>

#include "xtape/base/compiler.hpp"

namespace xtape::io {

/// How much memory the contents of one file may take. A byte of compressed data can become a thousand bytes, and a few
/// bytes of a pickle any number of objects. Readers of such files stop at these limits, with a DataError that names the
/// file and the limit. Data that are not compressed take no more memory than the file is long.
struct Limits {
  /// Bytes that a gzip file, or all members of a zip archive together, may become (IDX, npy, npz).
  std::uint64_t inflated_bytes = std::uint64_t{4} << 30;
  /// Bytes that a gzip file of text may become (CSV, JSON). Less, because values take several times the memory of their
  /// digits.
  std::uint64_t inflated_text_bytes = std::uint64_t{256} << 20;
  /// Either limit is at least this many times the size of the file, for files that are large themselves.
  std::uint64_t inflation = 32;
  /// Bytes of memory for the lists, texts, stack and memo of a pickle (the texts of IMDB and Reuters).
  std::uint64_t unpickled_bytes = std::uint64_t{1} << 30;
};

/// The limits of all readers of this process, for files that are opened from now on. May be called in any thread.
Limits limits();
void set_limits(const Limits& limits);

}  // namespace xtape::io
