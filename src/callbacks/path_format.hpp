#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "xtape/models/logs.hpp"

namespace xtape::detail {

/// A path with fields as in Python's str.format: {epoch:02d} and {batch}, which are whole numbers, {val_loss:.2f}, ...
/// Throws a LookupError for a name that is none of them, a ValueError where the format is wrong.
std::string format_path(const char* op, const std::string& pattern, int epoch, std::optional<std::int64_t> batch,
                        const Logs& logs);

/// Throws a ValueError where the format of a path is wrong, whatever the names.
void check_path_format(const char* op, const std::string& pattern);

}  // namespace xtape::detail
