#include "xtape/io/safetensors.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "io/atomic_file.hpp"
#include "io/file_tensor.hpp"
#include "io/input_file.hpp"
#include "io/safetensors_header.hpp"

namespace xtape::io {
namespace {

using detail::fail;
using detail::InputFile;
using detail::SafeTensorsEntry;
using detail::SafeTensorsHeader;

static_assert(std::endian::native == std::endian::little, "the elements are written and read as they are in memory");

constexpr std::size_t length_bytes = 8;
constexpr const char* saving = "save_safetensors";
constexpr const char* loading = "load_safetensors";

std::uint64_t bytes_in(const Tensor& t) { return static_cast<std::uint64_t>(t.size()) * itemsize(t.dtype()); }

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

Header read_header(InputFile& file) {
  const std::string& path = file.path();
  std::array<unsigned char, length_bytes> length_field{};
  const std::size_t n = file.read(length_field.data(), length_bytes);
  if (n < length_bytes) {
    fail<DataError>(loading,
                    "{}: expected a safetensors file, which begins with the length of its header in 8 bytes: "
                    "received {} bytes",
                    path, n);
  }
  const auto length = std::bit_cast<std::uint64_t>(length_field);
  if (length > detail::max_safetensors_header || length > file.file_bytes() - length_bytes) {
    fail<DataError>(loading,
                    "{}: expected a safetensors file with a header of at most {} bytes: received a length of {}", path,
                    std::min(detail::max_safetensors_header, file.file_bytes() - length_bytes), length);
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  if (file.read(text.data(), text.size()) < text.size()) {
    fail<DataError>(loading, "{}: expected a header of {} bytes, received the end of the file", path, length);
  }
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
    const auto size = detail::bytes_of(entry.shape, itemsize(entry.dtype));
    if (!size) {
      fail<DataError>(loading, "{}: tensor '{}': no file holds the shape [{}]", path, entry.name,
                      fmt::join(entry.shape, ", "));
    }
    if (entry.end < entry.begin || entry.end - entry.begin != *size) {
      fail<DataError>(loading, "{}: tensor '{}': expected {} bytes for [{}] elements of {}, received bytes {} to {}",
                      path, entry.name, *size, fmt::join(entry.shape, ", "), entry.dtype, entry.begin, entry.end);
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

Tensor read_tensor(InputFile& file, const SafeTensorsEntry& entry) {
  Tensor t = detail::make_file_tensor(loading, file.path(), detail::shape_of(entry.shape), entry.dtype);
  const auto bytes = static_cast<std::size_t>(entry.end - entry.begin);
  if (bytes == 0) return t;
  auto* elements = detail::host_write("io", t).data<unsigned char>();
  if (file.read(elements, bytes) < bytes) {
    fail<DataError>(loading, "{}: tensor '{}': expected {} bytes, received the end of the file", file.path(),
                    entry.name, bytes);
  }
  if (entry.dtype == boolean) {
    const auto* wrong = std::find_if(elements, elements + bytes, [](unsigned char value) { return value > 1; });
    if (wrong != elements + bytes) {
      fail<DataError>(loading, "{}: tensor '{}': expected bools, which are 0 or 1: received {}", file.path(),
                      entry.name, *wrong);
    }
  }
  return t;
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
    header.entries.push_back({name, t.dtype(), {t.shape().begin(), t.shape().end()}});
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
    InputFile file(loading, path, InputFile::Gzip::raw);
    auto [header, header_bytes] = read_header(file);
    const auto order = check_ranges(path, header, file.file_bytes() - header_bytes);
    SafeTensors result;
    result.metadata = std::move(header.metadata);
    result.tensors.resize(header.entries.size());
    for (const auto i : order) result.tensors[i] = {header.entries[i].name, read_tensor(file, header.entries[i])};
    return result;
  });
}

}  // namespace xtape::io
