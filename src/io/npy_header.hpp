#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/byte_source.hpp"

namespace xtape::detail {

/// What stands before the elements of an npy file.
struct NpyHeader {
  char kind = 'f';           ///< as NumPy's dtype.kind: b bool, i and u integers, f floating, O objects, others
  std::size_t itemsize = 4;  ///< bytes of an element, 0 for objects
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::string descr;        ///< "<f4"
  std::uint64_t bytes = 0;  ///< of the header itself
};

/// Reads the header of the versions 1.0, 2.0 and 3.0. Throws DataErrors.
NpyHeader read_npy_header(ByteSource& source);

}  // namespace xtape::detail
