#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "io/byte_source.hpp"
#include "io/stored_elements.hpp"

namespace xtape::detail {

/// A tensor in the pickle of a PyTorch file: where its elements are in a storage, which is a member of the archive.
struct TorchTensor {
  StoredType type = StoredType::f32;
  std::string key;             ///< of the storage
  std::uint64_t elements = 0;  ///< of the storage; 0 if its type is not told
  std::uint64_t offset = 0;    ///< of the first element
  std::vector<std::uint64_t> sizes, strides;
};

/// The tensors in the data.pkl of a PyTorch file, with the names of load_pytorch, in its order. Nothing named in the
/// data is called. Throws a DataError "[op] path: expected ...: ..." for anything but tensors, plain containers and
/// plain values.
std::vector<std::pair<std::string, TorchTensor>> read_torch_pickle(ByteSource& source);

}  // namespace xtape::detail
