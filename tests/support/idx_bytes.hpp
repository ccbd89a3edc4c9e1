#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Writes IDX and gzip files by their specifications, independently of the library.
namespace xtape::testing {

/// An IDX file: 00 00, type, axes, sizes, payload.
std::string idx_bytes(unsigned char type, const std::vector<std::uint32_t>& sizes, std::string_view payload);

/// A gzip file (RFC 1952) of one member whose blocks are stored, not compressed.
std::string gzip_bytes(std::string_view bytes);

/// The contents of a file.
std::string file_bytes(const std::string& path);

}  // namespace xtape::testing
