#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "io/input_file.hpp"
#include "xtape/base/dtype.hpp"
#include "xtape/base/shape.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// Reads an IDX file piece by piece. Throws the DataErrors of read_idx.
class IdxReader {
 public:
  explicit IdxReader(const std::string& path);

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  const std::string& path() const { return file_.path(); }

  /// The next `bytes` bytes of the elements, most significant byte first as in the file. With the last byte it
  /// checks that the file ends.
  void read(void* to, std::size_t bytes);

 private:
  void read_header();
  /// To be called before memory is asked for: a damaged header can say anything.
  void check_size(const std::vector<std::uint64_t>& axes);
  void check_end();
  [[noreturn]] void fail_size(std::uint64_t received) const;

  InputFile file_;
  Shape shape_;
  DType dtype_ = uint8;
  std::uint64_t bytes_ = 0;  ///< of all elements
  std::uint64_t done_ = 0;
};

/// Memory for elements of a file; a DataError when there is none.
Tensor make_idx_tensor(const IdxReader& reader, const Shape& shape, DType dtype);

}  // namespace xtape::detail
