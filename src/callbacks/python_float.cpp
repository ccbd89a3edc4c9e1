#include "callbacks/python_float.hpp"

#include <fmt/format.h>

namespace xtape::detail {

// Python writes the shortest digits too, but always with a point or an exponent.
std::string python_float(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".ein") == std::string::npos) text += ".0";
  return text;
}

}  // namespace xtape::detail
