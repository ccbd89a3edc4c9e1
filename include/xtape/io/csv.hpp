#pragma once

#include <cstdint>
#include <string>

#include "xtape/core/tensor.hpp"

namespace xtape::io {

/// Keyword arguments of load_csv().
struct CsvOptions {
  char delimiter = ',';
  std::int64_t skip_rows = 0;  ///< lines before the numbers, such as a heading
  DType dtype = float32;
};

/// A text file with the same number of numbers in each line, as a matrix [lines, numbers] (numpy.loadtxt). The decimal
/// point is '.' whatever the locale, "nan" and "inf" are numbers, empty lines are skipped. A file compressed by gzip is
/// decompressed. Throws a DataError that names file, line and column for text that is not a number or does not fit the
/// dtype and for lines of different lengths, a DataError for compressed data beyond the limit of io/limits.hpp, a
/// TypeError for bool.
Tensor load_csv(const std::string& path, const CsvOptions& options = {});

}  // namespace xtape::io
