#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/byte_source.hpp"
#include "io/zip_reader.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// The arrays of an npz file one by one. Throws the DataErrors of load_npz under the name of a function.
class NpzFile {
 public:
  NpzFile(const char* op, const std::string& path);

  const std::string& path() const { return zip_.path(); }
  const std::vector<std::string>& names() const { return names_; }
  /// The bytes of an array's npy file; a DataError when there is no array of the name.
  std::unique_ptr<ByteSource> open(const std::string& name);
  Tensor read(const std::string& name);
  /// An array of Python lists of integers; see read_pickled_lists.
  std::vector<std::vector<std::int32_t>> read_lists(const std::string& name);

 private:
  static std::vector<std::vector<std::int32_t>> read_lists(ByteSource& source);

  const char* op_;
  ZipReader zip_;
  std::vector<std::string> names_;
};

}  // namespace xtape::detail
