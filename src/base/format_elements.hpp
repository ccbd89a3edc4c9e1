#pragma once

#include <string>
#include <vector>

#include "xtape/base/dtype.hpp"

namespace xtape::detail {

/// The elements of an array as NumPy's array2string writes them (precision 8): all with the same width and notation.
std::vector<std::string> format_elements(const std::vector<float>& values);
std::vector<std::string> format_elements(const std::vector<double>& values);

/// One number as NumPy writes a scalar: the fewest digits that identify it.
std::string format_scalar(float value);
std::string format_scalar(double value);

}  // namespace xtape::detail
