#include "io/file_tensor.hpp"

#include <limits>
#include <new>
#include <vector>

#include "base/check.hpp"

namespace xtape::detail {

std::optional<std::uint64_t> bytes_of(std::span<const std::uint64_t> sizes, std::size_t element_bytes) {
  constexpr auto max_bytes = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t bytes = element_bytes;
  bool empty = false;
  for (const auto size : sizes) {
    if (size == 0) {
      empty = true;
    } else if (bytes > max_bytes / size) {
      return std::nullopt;
    } else {
      bytes *= size;
    }
  }
  return empty ? 0 : bytes;
}

Tensor make_file_tensor(const char* op, const std::string& path, const Shape& shape, DType dtype) {
  try {
    return make_tensor(shape, dtype);
  } catch (const std::bad_alloc&) {
    fail<DataError>(op, "{}: no memory for {} elements of {}", path, shape, dtype);
  }
}

Shape shape_of(std::span<const std::uint64_t> sizes) {
  return Shape(std::vector<std::int64_t>(sizes.begin(), sizes.end()));
}

}  // namespace xtape::detail
