#pragma once

#include <cstdint>

namespace xtape::io {

/// How much of the memory the contents of one file may take. A few bytes of compressed data can stand for a thousand
/// times as many, and a few of a pickle for any number of objects; a reader of such a file gives up at these limits,
/// with a DataError that names the file and the limit. What is not compressed takes no more than its file says.
struct Limits {
  /// Bytes that a gzip file, or all members of a zip archive together, may become (IDX, npy, npz).
  std::uint64_t inflated_bytes = std::uint64_t{4} << 30;
  /// Bytes that a gzip file of text may become (CSV, JSON): its values take several times the memory of their digits.
  std::uint64_t inflated_text_bytes = std::uint64_t{256} << 20;
  /// A large file may hold more: either limit is at least so many times the size of the file.
  std::uint64_t inflation = 32;
  /// Bytes of memory for the lists, texts, stack and memo of a pickle (the texts of IMDB and Reuters).
  std::uint64_t unpickled_bytes = std::uint64_t{1} << 30;
};

/// The limits of all readers of this process, for files that are opened from then on. Safe in any thread.
Limits limits();
void set_limits(const Limits& limits);

}  // namespace xtape::io
