#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "xtape/io/named_tensors.hpp"

namespace xtape::detail {

/// The tensors of a model in several files, "model.safetensors.index.json" or "pytorch_model.bin.index.json":
/// {"weight_map": {"name": "file"}, ...}, with the files' names in the order of the index. Throws DataErrors "[op]
/// path: ...", also for a file that is not beside the index.
std::vector<std::pair<std::string, std::string>> read_model_index(const char* op, const std::string& path);

/// The tensors that an index names, in its order. `load` reads those of one file for which `wanted(name)` is true, and
/// may return others. Throws a DataError for a tensor that its file does not have.
io::NamedTensors load_indexed(
    const char* op, const std::string& path,
    const std::function<io::NamedTensors(const std::string& file,
                                         const std::function<bool(const std::string&)>& wanted)>& load);

}  // namespace xtape::detail
