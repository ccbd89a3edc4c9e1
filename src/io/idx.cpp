#include "xtape/io/idx.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "io/file_tensor.hpp"
#include "io/idx_reader.hpp"

// The format, from Yann LeCun's page on MNIST: two zero bytes, one for the type of the elements, one for the number of
// axes, four for each axis's size, then the elements in row-major order; everything most significant byte first.
namespace xtape {
namespace detail {
namespace {

constexpr const char* op = "read_idx";
constexpr int max_axes = 4;

struct IdxType {
  unsigned char code;
  const char* text;
};
constexpr IdxType unsupported_types[] = {{0x09, " (int8)"}, {0x0b, " (int16)"}};

std::string hex(std::span<const unsigned char> bytes) { return fmt::format("{:02x}", fmt::join(bytes, " ")); }

std::uint64_t big_endian(const unsigned char* bytes, std::size_t n) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < n; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

IdxReader::IdxReader(const std::string& path) : file_(op, path) {
  read_header();
  if (bytes_ == 0) check_end();
}

void IdxReader::read_header() {
  std::array<unsigned char, 4> magic{};
  const std::size_t n = file_.read(magic.data(), magic.size());
  if (n < magic.size() || magic[0] != 0 || magic[1] != 0) {
    fail<DataError>(op, "{}: expected an IDX file, which begins with the bytes 00 00, type, axes: received {}", path(),
                    n == 0 ? "an empty file" : hex({magic.data(), n}));
  }
  switch (magic[2]) {
    case 0x08:
      dtype_ = uint8;
      break;
    case 0x0c:
      dtype_ = int32;
      break;
    case 0x0d:
      dtype_ = float32;
      break;
    case 0x0e:
      dtype_ = float64;
      break;
    default: {
      const auto* type = std::ranges::find(unsupported_types, magic[2], &IdxType::code);
      fail<DataError>(
          op, "{}: expected elements of type 08 (uint8), 0c (int32), 0d (float32) or 0e (float64): received {}{}",
          path(), hex({&magic[2], 1}), type != std::end(unsupported_types) ? type->text : "");
    }
  }
  const int rank = magic[3];
  if (rank < 1 || rank > max_axes) {
    fail<DataError>(op, "{}: expected 1 to {} axes: received {}", path(), max_axes, rank);
  }
  std::array<unsigned char, 4 * max_axes> sizes{};
  const std::size_t wanted = 4 * static_cast<std::size_t>(rank);
  const std::size_t received = file_.read(sizes.data(), wanted);
  if (received < wanted) {
    fail<DataError>(op, "{}: expected the sizes of {} axes, {} bytes: received {} bytes", path(), rank, wanted,
                    received);
  }
  std::vector<std::uint64_t> axes;
  for (std::size_t i = 0; i < wanted; i += 4) axes.push_back(big_endian(&sizes[i], 4));
  check_size(axes);
}

void IdxReader::check_size(const std::vector<std::uint64_t>& axes) {
  const auto bytes = bytes_of(axes, itemsize(dtype_));
  if (!bytes) {
    fail<DataError>(op, "{}: expected ({}) elements of {}: {}{} bytes cannot hold them", path(), fmt::join(axes, ", "),
                    dtype_, file_.file_bytes(), file_.compressed() ? " compressed" : "");
  }
  bytes_ = *bytes;
  shape_ = shape_of(axes);
  const std::uint64_t header = 4 + 4 * static_cast<std::uint64_t>(shape_.rank());
  if (!file_.compressed()) {
    if (bytes_ != file_.file_bytes() - header) fail_size(file_.file_bytes() - header);
  } else if (bytes_ > file_.max_bytes()) {
    fail<DataError>(op, "{}: expected {} elements of {}, {} bytes: {} compressed bytes cannot hold them", path(),
                    shape_, dtype_, bytes_, file_.file_bytes());
  } else {
    check_inflation(op, path(), bytes_, file_.limit());
  }
}

void IdxReader::read(void* to, std::size_t bytes) {
  const std::size_t n = file_.read(to, bytes);
  done_ += n;
  if (n < bytes) fail_size(done_);
  if (done_ == bytes_) check_end();
}

void IdxReader::check_end() {
  unsigned char extra = 0;
  if (file_.read(&extra, 1) == 0) return;
  fail<DataError>(op, "{}: expected {} elements of {}, {} bytes: received more", path(), shape_, dtype_, bytes_);
}

void IdxReader::fail_size(std::uint64_t received) const {
  fail<DataError>(op, "{}: expected {} elements of {}, {} bytes: received {} bytes", path(), shape_, dtype_, bytes_,
                  received);
}

Tensor make_idx_tensor(const IdxReader& reader, const Shape& shape, DType dtype) {
  return make_file_tensor(op, reader.path(), shape, dtype);
}

namespace {

template <class U>
void swap_bytes(const Tensor& t) {
  auto* elements = detail::host_write("io", t).data<U>();
  for (std::int64_t i = 0; i < t.size(); ++i) {
    if constexpr (sizeof(U) == 4) {
      elements[i] = __builtin_bswap32(elements[i]);
    } else {
      elements[i] = __builtin_bswap64(elements[i]);
    }
  }
}

}  // namespace
}  // namespace detail

namespace io {

Tensor read_idx(const std::string& path) {
  return detail::reading(detail::op, path, [&] {
    detail::IdxReader reader(path);
    Tensor t = detail::make_idx_tensor(reader, reader.shape(), reader.dtype());
    if (t.size() > 0)
      reader.read(detail::host_write("io", t).bytes(), static_cast<std::size_t>(t.size()) * itemsize(t.dtype()));
    if constexpr (std::endian::native == std::endian::little) {
      if (itemsize(t.dtype()) == 4) detail::swap_bytes<std::uint32_t>(t);
      if (itemsize(t.dtype()) == 8) detail::swap_bytes<std::uint64_t>(t);
    }
    return t;
  });
}

}  // namespace io
}  // namespace xtape
