#pragma once

#include <functional>
#include <string>

namespace xtape {

/// Sets who receives warnings, such as "Gradients do not exist for variables [...]": a line on standard error until
/// set, and again after an empty function. Returns the handler that was set before. It may be called from any thread.
std::function<void(const std::string&)> set_warning_handler(std::function<void(const std::string&)> handler);

}  // namespace xtape
