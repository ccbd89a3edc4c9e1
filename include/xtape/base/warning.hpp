#pragma once

#include <functional>
#include <string>

#include "xtape/base/compiler.hpp"

namespace xtape {

/// Sets the handler of warnings such as "Gradients do not exist for variables [...]". By default, and after an empty
/// function, a warning is a line on standard error. Returns the previous handler. Any thread may call the handler.
std::function<void(const std::string&)> set_warning_handler(std::function<void(const std::string&)> handler);

}  // namespace xtape
