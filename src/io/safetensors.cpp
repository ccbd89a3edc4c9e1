#include "xtape/io/safetensors.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <utility>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "io/atomic_file.hpp"
#include "io/file_bytes.hpp"
#include "io/file_tensor.hpp"
#include "io/input_file.hpp"
#include "io/model_index.hpp"
#include "io/safetensors_header.hpp"
#include "io/stored_elements.hpp"

namespace xtape::io {
namespace {

using detail::fail;
using detail::FileBytes;
using detail::SafeTensorsEntry;
using detail::SafeTensorsHeader;

static_assert(std::endian::native == std::endian::little, "the elements are written as they are in memory");

constexpr std::size_t length_bytes = 8;
constexpr const char* saving = "save_safetensors";
constexpr const char* loading = "load_safetensors";

std::uint64_t bytes_in(const Tensor& t) { return static_cast<std::uint64_t>(t.size()) * itemsize(t.dtype()); }

detail::StoredType stored_type(DType dtype) {
  using detail::StoredType;
  switch (dtype) {
    case DType::float32:
      return StoredType::f32;
    case DType::float64:
      return StoredType::f64;
    case DType::int32:
      return StoredType::i32;
    case DType::int64:
      return StoredType::i64;
    case DType::uint8:
      return StoredType::u8;
    case DType::boolean:
      return StoredType::boolean;
    case DType::bfloat16:
      break;
  }
  return StoredType::bf16;
}

/// The numbers 0 to n - 1, sorted.
template <class Less>
std::vector<std::size_t> order_by(std::size_t n, const Less& less) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, less);
  return order;
}

struct Header {
  SafeTensorsHeader contents;
  std::uint64_t bytes;  ///< with its length field
};

Header read_header(const FileBytes& file) {
  const std::string& path = file.path();
  if (file.size() < length_bytes) {
    fail<DataError>(loading,
                    "{}: expected a safetensors file, which begins with the length of its header in 8 bytes: "
                    "received {} bytes",
                    path, file.size());
  }
  std::uint64_t length = 0;
  file.read_at(0, &length, length_bytes);
  if (length > detail::max_safetensors_header || length > file.size() - length_bytes) {
    fail<DataError>(loading,
                    "{}: expected a safetensors file with a header of at most {} bytes: received a length of {}", path,
                    std::min(detail::max_safetensors_header, file.size() - length_bytes), length);
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  file.read_at(length_bytes, text.data(), text.size());
  return {detail::parse_safetensors_header(loading, path, text), length_bytes + length};
}

/// Checks the numbers of the header against each other and against the `bytes` of the file after it: the elements of
/// all tensors cover these bytes, without gaps and overlaps. Returns the entries in the order of their bytes.
std::vector<std::size_t> check_ranges(const std::string& path, const SafeTensorsHeader& header, std::uint64_t bytes) {
  const auto& entries = header.entries;
  const auto order = order_by(entries.size(), [&](std::size_t a, std::size_t b) {
    return std::pair(entries[a].begin, entries[a].end) < std::pair(entries[b].begin, entries[b].end);
  });
  std::uint64_t at = 0;
  for (const auto i : order) {
    const auto& entry = entries[i];
    const auto size = detail::bytes_of(entry.shape, detail::stored_bytes(entry.type));
    if (!size) {
      fail<DataError>(loading, "{}: tensor '{}': no file holds the shape [{}]", path, entry.name,
                      fmt::join(entry.shape, ", "));
    }
    if (entry.end < entry.begin || entry.end - entry.begin != *size) {
      fail<DataError>(loading, "{}: tensor '{}': expected {} bytes for [{}] elements of {}, received bytes {} to {}",
                      path, entry.name, *size, fmt::join(entry.shape, ", "), detail::name_in_files(entry.type),
                      entry.begin, entry.end);
    }
    if (entry.begin != at) {
      fail<DataError>(loading,
                      "{}: tensor '{}': expected its elements from byte {} on, behind those before: received "
                      "bytes {} to {}",
                      path, entry.name, at, entry.begin, entry.end);
    }
    if (entry.end > bytes) {
      fail<DataError>(loading, "{}: tensor '{}': expected the bytes {} to {} of the elements, received {} bytes in all",
                      path, entry.name, entry.begin, entry.end, bytes);
    }
    at = entry.end;
  }
  if (at != bytes) fail<DataError>(loading, "{}: expected {} bytes of elements, received {}", path, at, bytes);
  return order;
}

/// The tensors of one file, in the order of its header; those for which `wanted(name)` is true.
template <class Wanted>
SafeTensors load_file(const std::string& path, const Wanted& wanted) {
  const auto file = detail::open_file_bytes(loading, path);
  auto [header, header_bytes] = read_header(*file);
  const auto order = check_ranges(path, header, file->size() - header_bytes);
  SafeTensors result;
  result.metadata = std::move(header.metadata);
  result.tensors.resize(header.entries.size());
  for (const auto i : order) {
    const auto& entry = header.entries[i];
    if (!wanted(entry.name)) continue;
    result.tensors[i] = {entry.name,
                         detail::read_stored(*file, fmt::format("tensor '{}'", entry.name), header_bytes + entry.begin,
                                             detail::shape_of(entry.shape), entry.type)};
  }
  std::erase_if(result.tensors, [](const auto& tensor) { return !tensor.second.defined(); });
  return result;
}

SafeTensors load_sharded(const std::string& path) {
  SafeTensors result;
  result.tensors = detail::load_indexed(loading, path, [&](const std::string& shard, const auto& wanted) {
    SafeTensors part = load_file(shard, wanted);
    result.metadata.merge(part.metadata);
    return std::move(part.tensors);
  });
  return result;
}

}  // namespace

Tensor find(const NamedTensors& tensors, const std::string& name) {
  const auto found = std::ranges::find(tensors, name, &NamedTensors::value_type::first);
  return found != tensors.end() ? found->second : Tensor();
}

void save_safetensors(const std::string& path, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata) {
  SafeTensorsHeader header;
  header.metadata = metadata;
  for (const auto& [name, t] : tensors) {
    if (!t.defined()) fail<ValueError>(saving, "tensor '{}' is empty", name);
    header.entries.push_back({name, stored_type(t.dtype()), {t.shape().begin(), t.shape().end()}});
  }
  // The widest elements first, so that each tensor begins at a multiple of its element size. The header is padded to 8.
  const auto order = order_by(tensors.size(), [&](std::size_t a, std::size_t b) {
    return itemsize(tensors[a].second.dtype()) > itemsize(tensors[b].second.dtype());
  });
  std::uint64_t at = 0;
  for (const auto i : order) {
    header.entries[i].begin = at;
    at += bytes_in(tensors[i].second);
    header.entries[i].end = at;
  }
  std::string text = detail::format_safetensors_header(saving, header);
  text.append((length_bytes - text.size() % length_bytes) % length_bytes, ' ');
  if (text.size() > detail::max_safetensors_header) {
    fail<ValueError>(saving, "expected names and metadata of at most {} bytes, received {}",
                     detail::max_safetensors_header, text.size());
  }
  detail::AtomicFile file(saving, path);
  const std::uint64_t length = text.size();
  file.write(&length, sizeof length);
  file.write(text);
  for (const auto i : order)
    file.write(detail::host_read("io", tensors[i].second).bytes(), bytes_in(tensors[i].second));
  file.commit();
}

SafeTensors load_safetensors(const std::string& path) {
  return detail::reading(loading, path, [&] {
    if (path.ends_with(".json")) return load_sharded(path);
    return load_file(path, [](const std::string&) { return true; });
  });
}

}  // namespace xtape::io
