#include "optimizers/variable_names.hpp"

#include <algorithm>
#include <regex>

#include "base/check.hpp"

namespace xtape::optimizers {

bool name_contains(const Variable& variable, const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const std::string& part) { return variable.name().find(part) != std::string::npos; });
}

void check_pattern(const char* optimizer, const char* option, const std::string& pattern) {
  try {
    const std::regex tried(pattern);
  } catch (const std::regex_error& error) {
    detail::fail<ValueError>(optimizer, "{}: expected a regular expression, received \"{}\": {}", option, pattern,
                             error.what());
  }
}

bool name_has(const Variable& variable, const std::string& pattern) {
  return std::regex_search(variable.name(), std::regex(pattern));
}

bool name_matches(const Variable& variable, const std::string& pattern) {
  return std::regex_match(variable.name(), std::regex(pattern));
}

}  // namespace xtape::optimizers
