#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/stored_elements.hpp"
#include "xtape/base/dtype.hpp"

namespace xtape::detail {

/// The largest header, which the reference implementation sets too.
inline constexpr std::uint64_t max_safetensors_header = 100'000'000;

/// A tensor in the header of a safetensors file.
struct SafeTensorsEntry {
  std::string name;
  StoredType type = StoredType::f32;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;  ///< its bytes, counted from the end of the header
};

struct SafeTensorsHeader {
  std::vector<SafeTensorsEntry> entries;
  std::map<std::string, std::string> metadata;
};

/// "F32", "BF16", ...
std::string_view name_in_files(StoredType type);

/// Reads the JSON of a header, checking its structure, the dtypes and that no name comes twice; not the numbers.
/// Throws DataErrors "[op] path: ...".
SafeTensorsHeader parse_safetensors_header(const char* op, const std::string& path, std::string_view text);

/// The JSON. Throws a ValueError for text that is no UTF-8.
std::string format_safetensors_header(const char* op, const SafeTensorsHeader& header);

}  // namespace xtape::detail
