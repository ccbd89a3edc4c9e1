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

/// Reads a safetensors file, straight into the tensors' memory: no second copy of the file is made. A path that ends
/// with
/// ".json" is the index of a model in several files ("model.safetensors.index.json"), which lie beside it: the tensors
/// are those that the index names, in its order.
///
/// F32, F64, BF16, I32, I64, U8 and BOOL keep their dtype. Those that xtape does not have become the next one that
/// holds all their numbers: F16 float32; I8, I16 and U16 int32; U32 and U64 int64. F8_E4M3 and other types are not
/// read.
///
/// Throws a DataError that names the file, and the tensor where it is one, when the file is missing, cut off, longer
/// than its header says, or damaged: a header above 100 MB, a name given twice, sizes that do not match the range of
/// bytes, ranges that overlap or leave a gap; for a dtype that is not read and a U64 beyond int64; for an index that
/// names a file which is not beside it, or does not have the tensor.
SafeTensors load_safetensors(const std::string& path);

}  // namespace xtape::io
