#pragma once

#include <map>
#include <string>

#include "xtape/core/tensor.hpp"
#include "xtape/io/named_tensors.hpp"

namespace xtape::io {

/// What a safetensors file holds.
struct SafeTensors {
  NamedTensors tensors;                         ///< in the order of the file's header
  std::map<std::string, std::string> metadata;  ///< its "__metadata__"

  /// The tensor of this name; an empty tensor if there is none.
  Tensor find(const std::string& name) const { return io::find(tensors, name); }
};

/// Writes tensors into one file of the safetensors format (https://github.com/huggingface/safetensors): the length of
/// the header in eight bytes, the header in JSON, with the names in the order given, and the elements, each tensor's
/// aligned to its element size. All dtypes are stored as they are: F64 F32 BF16 I64 I32 U8 BOOL.
///
/// The file appears whole or not at all: an older file of that name stays until the new one is complete on the disk,
/// and stays if anything fails.
///
/// Throws a ValueError for a name that is given twice, is "__metadata__" or not UTF-8 and for an empty tensor, a
/// DataError that names the file when it cannot be written.
void save_safetensors(const std::string& path, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata = {});

/// Reads a safetensors file. Throws a DataError that names the file, and the tensor where it is one, when the file is
/// missing, cut off, longer than its header says, or damaged: a header above 100 MB, a name given twice, sizes that do
/// not match the range of bytes, ranges that overlap or leave a gap; and for a dtype that xtape does not have.
SafeTensors load_safetensors(const std::string& path);

}  // namespace xtape::io
