#pragma once

#include <string>
#include <utility>
#include <vector>

namespace xtape::detail {

/// The tensors of a model in several files, "model.safetensors.index.json": {"weight_map": {"name": "file"}, ...}, with
/// the files' names in the order of the index. Throws DataErrors "[op] path: ...", also for a file that is not beside
/// the index.
std::vector<std::pair<std::string, std::string>> read_safetensors_index(const char* op, const std::string& path);

}  // namespace xtape::detail
