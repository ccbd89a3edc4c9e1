#include "xtape/io/npz.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "io/atomic_file.hpp"
#include "io/input_file.hpp"
#include "io/npy_elements.hpp"
#include "io/npz_file.hpp"
#include "io/pickle.hpp"
#include "io/zip_writer.hpp"

namespace xtape {
namespace detail {
namespace {

constexpr std::string_view suffix = ".npy";

}  // namespace

NpzFile::NpzFile(const char* op, const std::string& path) : op_(op), zip_(op, path) {
  std::set<std::string_view> seen;
  for (const auto& member : zip_.members()) {
    const std::string_view name = member.name;
    if (!name.ends_with(suffix)) {
      fail<DataError>(op, "{}: expected the members of an npz file, which end with .npy: received '{}'", path, name);
    }
    if (!seen.insert(name).second) fail<DataError>(op, "{}: '{}' is there twice", path, name);
    names_.emplace_back(name.substr(0, name.size() - suffix.size()));
  }
}

std::unique_ptr<ByteSource> NpzFile::open(const std::string& name) {
  const auto found = std::ranges::find(names_, name);
  if (found == names_.end()) {
    fail<DataError>(op_, "{}: expected an array '{}', received {}", zip_.path(), name,
                    names_.empty() ? "none" : fmt::format("'{}'", fmt::join(names_, "', '")));
  }
  return zip_.open(zip_.members()[static_cast<std::size_t>(found - names_.begin())]);
}

Tensor NpzFile::read(const std::string& name) { return read_npy(*open(name)); }

std::vector<std::vector<std::int32_t>> NpzFile::read_lists(const std::string& name) {
  const auto source = open(name);
  return reading(op_, source->path(), [&] { return read_lists(*source); });
}

std::vector<std::vector<std::int32_t>> NpzFile::read_lists(ByteSource& source) {
  const NpyHeader header = read_npy_header(source);
  if (header.kind != 'O' || header.shape.size() != 1) {
    fail<DataError>(source.op(), "{}: expected a list of Python lists, received [{}] elements of '{}'", source.path(),
                    fmt::join(header.shape, ", "), header.descr);
  }
  auto lists = read_pickled_lists(source);
  if (lists.size() != header.shape[0]) {
    fail<DataError>(source.op(), "{}: expected {} lists, received {}", source.path(), header.shape[0], lists.size());
  }
  return lists;
}

}  // namespace detail

namespace io {

NamedTensors load_npz(const std::string& path) {
  return detail::reading("load_npz", path, [&] {
    detail::NpzFile file("load_npz", path);
    NamedTensors tensors;
    for (const auto& name : file.names()) tensors.emplace_back(name, file.read(name));
    return tensors;
  });
}

void save_npz(const std::string& path, const NamedTensors& tensors, const NpzOptions& options) {
  constexpr const char* op = "save_npz";
  std::vector<std::string> heads;
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined()) detail::fail<ValueError>(op, "tensor '{}' is empty", name);
    if (!names.insert(name).second) detail::fail<ValueError>(op, "tensor '{}' is there twice", name);
    if (name.size() > 60000 || name.find('\0') != std::string::npos) {
      detail::fail<ValueError>(op, "expected names of at most 60000 bytes without a zero, received {} bytes",
                               name.size());
    }
    heads.push_back(detail::npy_header_of(op, tensor));
  }
  detail::ZipWriter writer(op, path);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    const auto bytes = static_cast<std::size_t>(tensor.size()) * itemsize(tensor.dtype());
    writer.add(fmt::format("{}{}", name, detail::suffix), heads[i],
               {detail::host_read("io", tensor).data<char>(), bytes}, options.compressed);
  }
  writer.commit();
}

}  // namespace io
}  // namespace xtape
