#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace xtape::detail {

/// A JSON file with one object of names and numbers from 0 to 2^31 - 1. Throws DataErrors "[op] path: ...".
std::map<std::string, std::int32_t> read_json_numbers(const char* op, const std::string& path);

}  // namespace xtape::detail
