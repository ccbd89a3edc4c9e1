#include <iterator>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "io/hdf5.hpp"
#include "io/hdf5_file.hpp"
#include "io/input_file.hpp"

namespace xtape::detail {
namespace {

/// Where the file begins: at its signature, at the beginning or after a "user block" of 512 bytes, 1024, 2048, ...
std::uint64_t find_signature(const FileBytes& bytes) {
  constexpr std::string_view signature("\x89HDF\r\n\x1a\n", 8);
  std::string found(signature.size(), '\0');
  for (std::uint64_t at = 0; at < bytes.size() && found.size() < bytes.size() - at; at = at == 0 ? 512 : 2 * at) {
    bytes.read_at(at, found.data(), found.size());
    if (found == signature) return at;
  }
  fail<DataError>(bytes.op(), "{}: expected an HDF5 file: its signature is not there", bytes.path());
}

std::unique_ptr<Hdf5File> open_hdf5(std::shared_ptr<const FileBytes> bytes) {
  const std::uint64_t begin = find_signature(*bytes);
  unsigned char version = 0;
  bytes->read_at(begin + 8, &version, 1);
  if (version <= 1) return open_classic_hdf5(std::move(bytes), begin);
  if (version <= 3) return open_hdf5_by_library(std::move(bytes));
  fail<DataError>(bytes->op(), "{}: expected an HDF5 file of superblock 0 to 3, received {}", bytes->path(), version);
}

/// Returns f(), and in place of no memory throws a DataError.
template <class F>
auto asking(const char* op, const Hdf5File& file, const F& f) {
  return reading(op, file.path(), f);
}

}  // namespace

Hdf5Reader::Hdf5Reader(const char* op, const std::string& path) : Hdf5Reader(op, open_file_bytes(op, path)) {}

Hdf5Reader::Hdf5Reader(const char* op, std::shared_ptr<const FileBytes> bytes) : op_(op) {
  const std::string path = bytes->path();
  file_ = reading(op, path, [&] { return open_hdf5(std::move(bytes)); });
}

Hdf5Reader::Hdf5Reader(Hdf5Reader&&) noexcept = default;
Hdf5Reader::~Hdf5Reader() = default;

const std::string& Hdf5Reader::path() const { return file_->path(); }

bool Hdf5Reader::exists(const std::string& object) const {
  return asking(op_, *file_, [&] { return file_->exists(object); });
}

bool Hdf5Reader::is_group(const std::string& object) const {
  return asking(op_, *file_, [&] { return file_->exists(object) && file_->kind(object) == Kind::group; });
}

bool Hdf5Reader::is_dataset(const std::string& object) const {
  return asking(op_, *file_, [&] { return file_->exists(object) && file_->kind(object) == Kind::dataset; });
}

std::vector<Hdf5Reader::Child> Hdf5Reader::children(const std::string& group) const {
  return asking(op_, *file_, [&] { return file_->children(group); });
}

std::vector<std::string> Hdf5Reader::datasets_below(const std::string& group) const {
  std::string from = group;
  while (from.starts_with('/')) from.erase(0, 1);
  while (from.ends_with('/')) from.pop_back();
  return asking(op_, *file_, [&] { return file_->datasets_below(from); });
}

Hdf5Reader::Spec Hdf5Reader::spec(const std::string& dataset) const {
  return asking(op_, *file_, [&] { return file_->spec(dataset); });
}

Tensor Hdf5Reader::read(const std::string& dataset) const {
  return asking(op_, *file_, [&] { return file_->read(dataset); });
}

std::vector<std::string> Hdf5Reader::attributes(const std::string& object) const {
  return asking(op_, *file_, [&] { return file_->attributes(object); });
}

bool Hdf5Reader::has_attribute(const std::string& object, const std::string& name) const {
  return asking(op_, *file_, [&] { return file_->has_attribute(object, name); });
}

std::optional<std::string> Hdf5Reader::text_attribute(const std::string& object, const std::string& name) const {
  return asking(op_, *file_, [&]() -> std::optional<std::string> {
    auto all = file_->texts(object, name);
    if (!all) return std::nullopt;
    if (all->size() != 1) {
      fail<DataError>(op_, "{}: '{}': attribute '{}': expected one text, received {}", path(), object, name,
                      all->size());
    }
    return std::move(all->front());
  });
}

std::optional<std::vector<std::string>> Hdf5Reader::text_list_attribute(const std::string& object,
                                                                        const std::string& name) const {
  return asking(op_, *file_, [&] {
    auto all = file_->texts(object, name);
    for (int i = 0; !all || i > 0; ++i) {
      auto more = file_->texts(object, fmt::format("{}{}", name, i));
      if (!more) break;
      if (!all) all.emplace();
      all->insert(all->end(), std::make_move_iterator(more->begin()), std::make_move_iterator(more->end()));
    }
    return all;
  });
}

std::optional<std::int64_t> Hdf5Reader::integer_attribute(const std::string& object, const std::string& name) const {
  return asking(op_, *file_, [&] { return file_->integer(object, name); });
}

}  // namespace xtape::detail
