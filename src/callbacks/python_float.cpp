#include "callbacks/python_float.hpp"

#include <fmt/format.h>

namespace xtape::detail {

std::string python_float(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".ein") == std::string::npos) text += ".0";
  return text;
}

}  // namespace xtape::detail
