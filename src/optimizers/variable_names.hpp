#pragma once

#include <string>
#include <vector>

#include "xtape/core/variable.hpp"

// How optimizers choose variables by their names.
namespace xtape::optimizers {

/// Whether the variable's name contains one of the strings.
bool name_contains(const Variable& variable, const std::vector<std::string>& parts);

/// Throws a ValueError for a text that is no regular expression.
void check_pattern(const char* optimizer, const char* option, const std::string& pattern);
/// Whether the regular expression matches a part of the variable's name (Python's re.search).
bool name_has(const Variable& variable, const std::string& pattern);
/// Whether it matches the whole name (Python's re.fullmatch).
bool name_matches(const Variable& variable, const std::string& pattern);

}  // namespace xtape::optimizers
