#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "xtape/base/error.hpp"

namespace xtape::testing {

/// The names in the error for an unknown name, "..., expected one of: a, b, c". `ask` looks up an unknown name.
template <class Ask>
std::vector<std::string> listed_names(const Ask& ask) {
  std::vector<std::string> names;
  try {
    ask();
  } catch (const ValueError& error) {
    const std::string text = error.what();
    for (std::size_t at = text.find("one of: ") + 8; at < text.size();) {
      const std::size_t end = std::min(text.find_first_of(", \n", at), text.size());
      if (end > at) names.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  return names;
}

}  // namespace xtape::testing
