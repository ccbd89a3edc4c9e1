#include "xtape/io/pytorch.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "io/file_tensor.hpp"
#include "io/input_file.hpp"
#include "io/model_index.hpp"
#include "io/pytorch_pickle.hpp"
#include "io/zip_reader.hpp"

// A zip archive of members "NAME/data.pkl", "NAME/byteorder" and, for each storage, "NAME/data/KEY" with its elements,
// not compressed; NAME is any folder's (torch/serialization.py).
namespace xtape::io {
namespace {

using detail::fail;
using detail::TorchTensor;

constexpr const char* op = "load_pytorch";
constexpr std::string_view pickle_name = "data.pkl";

/// Of the format before PyTorch 1.6: its pickle begins with a number, 0x1950a86a20f9469cfc6c; before 0.1.10 it was a
/// tar.
void refuse_old_format(const std::string& path) {
  constexpr std::string_view old("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14);
  const auto file = detail::open_file_bytes(op, path);
  std::string begin(static_cast<std::size_t>(std::min<std::uint64_t>(file->size(), 512)), '\0');
  file->read_at(0, begin.data(), begin.size());
  if (!begin.starts_with(old) && (begin.size() < 262 || begin.substr(257, 5) != "ustar")) return;
  fail<DataError>(op,
                  "{}: expected the zip archive that torch.save writes since PyTorch 1.6, received the format before "
                  "that: save it again in PyTorch, with torch.save(torch.load(path, map_location=\"cpu\", "
                  "weights_only=True), path)",
                  path);
}

class TorchFile {
 public:
  explicit TorchFile(const std::string& path) : path_(path), zip_(op, path) {
    const detail::ZipReader::Member* pickle = nullptr;
    for (const auto& member : zip_.members()) {
      const std::string_view name = member.name;
      if (name == pickle_name || name.ends_with("/data.pkl")) {
        if (pickle != nullptr) fail<DataError>(op, "{}: expected one data.pkl, received '{}' too", path, name);
        pickle = &member;
      }
    }
    if (pickle == nullptr) fail<DataError>(op, "{}: expected a PyTorch file, a zip archive with a data.pkl", path);
    folder_ = pickle->name.substr(0, pickle->name.size() - pickle_name.size());
    if (zip_.find(folder_ + "constants.pkl") != nullptr) {
      fail<DataError>(op, "{}: expected a state dict, received a TorchScript archive: save module.state_dict()", path);
    }
    const std::string data = folder_ + "data/";
    for (const auto& member : zip_.members()) {
      if (member.name.starts_with(data)) storages_.emplace(member.name.substr(data.size()), &member);
    }
    read_byte_order();
    const auto source = zip_.open(*pickle);
    pickled_ = detail::read_torch_pickle(*source);
  }

  NamedTensors read() {
    const detail::InflationLimit limit = detail::inflation_limit(detail::open_file_bytes(op, path_)->size(), false);
    std::uint64_t bytes = 0;
    NamedTensors tensors;
    for (const auto& [name, tensor] : pickled_) {
      const auto size = detail::bytes_of(tensor.sizes, detail::stored_bytes(tensor.type));
      if (!size) fail<DataError>(op, "{}: tensor '{}': no file holds the shape [{}]", path_, name, sizes_of(tensor));
      if (__builtin_add_overflow(bytes, *size, &bytes)) bytes = std::numeric_limits<std::uint64_t>::max();
      if (bytes > limit.bytes) {
        fail<DataError>(op, "{}: tensor '{}': expected tensors of at most {} bytes together (io::Limits::{})", path_,
                        name, limit.bytes, limit.name);
      }
      tensors.emplace_back(name, read(name, tensor));
    }
    return tensors;
  }

 private:
  static std::string sizes_of(const TorchTensor& tensor) { return fmt::format("{}", fmt::join(tensor.sizes, ", ")); }

  void read_byte_order() {
    const auto* member = zip_.find(folder_ + "byteorder");
    if (member == nullptr) return;  // before PyTorch 2.1: little
    const std::string order = member->bytes <= 16 ? read_all(*zip_.bytes(*member)) : "a long text";
    if (order != "little" && order != "big") {
      fail<DataError>(op, "{}: byteorder: expected little or big, received '{}'", path_, order);
    }
    big_endian_ = order == "big";
  }

  Tensor read(const std::string& name, const TorchTensor& tensor) {
    const std::string what = fmt::format("tensor '{}'", name);
    const auto found = storages_.find(tensor.key);
    const auto* member = found != storages_.end() ? found->second : nullptr;
    if (member == nullptr) {
      fail<DataError>(op, "{}: {}: expected its elements in '{}data/{}', which is not there", path_, what, folder_,
                      tensor.key);
    }
    const std::size_t width = detail::stored_bytes(tensor.type);
    const std::uint64_t stored = member->bytes / width;
    if (tensor.elements > stored) {
      fail<DataError>(op, "{}: {}: expected a storage of {} elements, received {} bytes in '{}'", path_, what,
                      tensor.elements, member->bytes, member->name);
    }
    // The last element that the tensor has: all of them must be in the storage.
    std::uint64_t last = tensor.offset;
    bool good = true, empty = false, contiguous = true;
    std::uint64_t step = 1;
    for (std::size_t axis = tensor.sizes.size(); axis-- > 0;) {
      const std::uint64_t size = tensor.sizes[axis], stride = tensor.strides[axis];
      if (size == 0) {
        empty = true;
        continue;
      }
      std::uint64_t reach = 0;
      good = good && !__builtin_mul_overflow(size - 1, stride, &reach) && !__builtin_add_overflow(last, reach, &last);
      contiguous = contiguous && (size == 1 || stride == step);
      step *= size;
    }
    const Shape shape = detail::shape_of(tensor.sizes);
    const auto storage = open(*member);
    if (empty) return detail::read_stored(*storage, what, 0, shape, tensor.type);
    if (!good || last >= stored) {
      fail<DataError>(op, "{}: {}: [{}] elements with the strides [{}] from element {} on: '{}' has {}", path_, what,
                      sizes_of(tensor), fmt::join(tensor.strides, ", "), tensor.offset, member->name, stored);
    }
    if (contiguous) {
      return detail::read_stored(*storage, what, tensor.offset * width, shape, tensor.type, big_endian_);
    }
    // Only the elements between its first and its last.
    const auto span = static_cast<std::int64_t>(last - tensor.offset + 1);
    return strided(detail::read_stored(*storage, what, tensor.offset * width, {span}, tensor.type, big_endian_), shape,
                   tensor.strides);
  }

  /// The bytes of a storage; those of one that was compressed are kept for the other tensors in it.
  std::shared_ptr<const detail::FileBytes> open(const detail::ZipReader::Member& member) {
    if (member.stored) return zip_.bytes(member);
    if (inflated_name_ != member.name) {
      inflated_ = zip_.bytes(member);
      inflated_name_ = member.name;
    }
    return inflated_;
  }

  Tensor strided(const Tensor& storage, const Shape& shape, const std::vector<std::uint64_t>& strides) {
    Tensor t = detail::make_file_tensor(op, path_, shape, storage.dtype());
    const auto width = itemsize(t.dtype());
    const std::byte* const begin = detail::host_read("io", storage).bytes();
    std::byte* to = detail::host_write("io", t).bytes();
    std::vector<std::int64_t> index(strides.size());
    std::uint64_t from = 0;  // an element; the stride of an axis of one element can be any number
    for (std::int64_t i = 0; i < t.size(); ++i, to += width) {
      std::memcpy(to, begin + from * width, width);
      for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        const auto at = static_cast<std::size_t>(axis);
        from += strides[at];
        if (++index[at] < shape[axis]) break;
        from -= strides[at] * static_cast<std::uint64_t>(shape[axis]);
        index[at] = 0;
      }
    }
    return t;
  }

  std::string path_, folder_;
  detail::ZipReader zip_;
  std::unordered_map<std::string, const detail::ZipReader::Member*> storages_;  ///< by their keys
  bool big_endian_ = false;
  std::vector<std::pair<std::string, TorchTensor>> pickled_;
  std::shared_ptr<const detail::FileBytes> inflated_;
  std::string inflated_name_;
};

}  // namespace

NamedTensors load_pytorch(const std::string& path) {
  const auto load = [](const std::string& file) {
    return detail::reading(op, file, [&] {
      refuse_old_format(file);
      return TorchFile(file).read();
    });
  };
  if (!path.ends_with(".json")) return load(path);
  return detail::reading(op, path, [&] {
    return detail::load_indexed(op, path, [&](const std::string& file, const auto&) { return load(file); });
  });
}

}  // namespace xtape::io
