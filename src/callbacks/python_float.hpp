#pragma once

#include <string>

namespace xtape::detail {

/// The shortest text that is read back as the same number, as Python's str(): "0.1", "1.0", "1e-05", "nan".
std::string python_float(double value);

}  // namespace xtape::detail
