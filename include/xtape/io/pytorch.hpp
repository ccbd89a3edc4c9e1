#pragma once

#include <string>

#include "xtape/io/named_tensors.hpp"

namespace xtape::io {

/// Reads the tensors of a file that PyTorch's torch.save has written (.pt, .pth, .bin): a state dict, a tensor, or any
/// dict, OrderedDict, list or tuple of them, in the order of the file. Names inside each other are joined with dots:
/// {"model": {"fc.weight": t}, "steps": [a, b]} gives "model.fc.weight", "steps.0", "steps.1". A tensor alone has the
/// name "". Numbers, texts, bools and None are passed over.
///
/// Nothing in the file is ever run: what its pickle names is looked up in a fixed list, and whatever is not a tensor, a
/// plain container or a plain value (a whole torch.nn.Module, a NumPy array, ...) is refused by name.
///
/// Tensors come as PyTorch laid them out (a Linear's weight is [out, in]), in row-major order, also those that are
/// parts of others or transposed. float32, float64, int32, int64, uint8, bool and bfloat16 keep their dtype; float16
/// becomes float32; int8, int16 and uint16 int32; uint32 and uint64 int64. Sparse, quantized and complex tensors and
/// float8 are refused. Either byte order is read.
///
/// A path that ends with ".json" is the index of a model in several files ("pytorch_model.bin.index.json"), which lie
/// beside it: the tensors are those that the index names, in its order.
///
/// Throws a DataError that names the file, and the tensor where it is one, when the file is missing, damaged, or of the
/// format before PyTorch 1.6, and for tensors that together are beyond the limit of io/limits.hpp (views can repeat the
/// elements of a small file any number of times); for an index that names a file which is not beside it, or does not
/// have the tensor.
NamedTensors load_pytorch(const std::string& path);

}  // namespace xtape::io
