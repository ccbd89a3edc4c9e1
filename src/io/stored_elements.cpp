#include "io/stored_elements.hpp"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "io/file_tensor.hpp"

namespace xtape::detail {
namespace {

static_assert(std::endian::native == std::endian::little, "the elements are read as they are in memory");

/// Calls f with the C++ type of the elements in the file, and that in a tensor.
template <class F>
auto with_types(StoredType type, const F& f) {
  switch (type) {
    case StoredType::f16:
      return f.template operator()<Half, float>();
    case StoredType::bf16:
      return f.template operator()<BFloat16, BFloat16>();
    case StoredType::f32:
      return f.template operator()<float, float>();
    case StoredType::f64:
      return f.template operator()<double, double>();
    case StoredType::i8:
      return f.template operator()<std::int8_t, std::int32_t>();
    case StoredType::i16:
      return f.template operator()<std::int16_t, std::int32_t>();
    case StoredType::i32:
      return f.template operator()<std::int32_t, std::int32_t>();
    case StoredType::i64:
      return f.template operator()<std::int64_t, std::int64_t>();
    case StoredType::u8:
      return f.template operator()<std::uint8_t, std::uint8_t>();
    case StoredType::u16:
      return f.template operator()<std::uint16_t, std::int32_t>();
    case StoredType::u32:
      return f.template operator()<std::uint32_t, std::int64_t>();
    case StoredType::u64:
      return f.template operator()<std::uint64_t, std::int64_t>();
    case StoredType::boolean:
      break;
  }
  return f.template operator()<bool, bool>();
}

void swap_bytes(void* elements, std::size_t count, std::size_t size) {
  auto* bytes = static_cast<unsigned char*>(elements);
  for (std::size_t i = 0; i < count; ++i) std::reverse(bytes + i * size, bytes + (i + 1) * size);
}

/// Reads elements of the file's type `From` into those of the tensor's, `To`.
template <class From, class To>
void read_as(const FileBytes& file, std::uint64_t offset, To* to, std::size_t count, bool big_endian) {
  if constexpr (std::is_same_v<From, To> || (sizeof(From) == sizeof(To) && std::is_integral_v<From>)) {
    file.read_at(offset, to, count * sizeof(To));
    if (big_endian) swap_bytes(to, count, sizeof(To));
  } else {
    constexpr std::size_t piece = 1 << 14;
    std::vector<From> buffer(std::min(piece, count));
    for (std::size_t at = 0; at < count; at += piece) {
      const std::size_t n = std::min(piece, count - at);
      file.read_at(offset + at * sizeof(From), buffer.data(), n * sizeof(From));
      if (big_endian) swap_bytes(buffer.data(), n, sizeof(From));
      for (std::size_t i = 0; i < n; ++i) to[at + i] = static_cast<To>(buffer[i]);
    }
  }
}

}  // namespace

std::size_t stored_bytes(StoredType type) {
  return with_types(type, []<class From, class To>() { return sizeof(From); });
}

DType tensor_dtype(StoredType type) {
  return with_types(type, []<class From, class To>() { return dtype_of<To>; });
}

Tensor read_stored(const FileBytes& file, const std::string& what, std::uint64_t offset, const Shape& shape,
                   StoredType type, bool big_endian) {
  Tensor t = make_file_tensor(file.op(), file.path(), shape, tensor_dtype(type));
  const auto count = static_cast<std::size_t>(t.size());
  if (count == 0) return t;
  const Write elements = host_write("io", t);
  with_types(type,
             [&]<class From, class To>() { read_as<From, To>(file, offset, elements.data<To>(), count, big_endian); });
  if (type == StoredType::boolean) {
    const auto* bytes = elements.data<unsigned char>();
    const auto* wrong = std::find_if(bytes, bytes + count, [](unsigned char value) { return value > 1; });
    if (wrong != bytes + count) {
      fail<DataError>(file.op(), "{}: {}: expected bools, which are 0 or 1: received {}", file.path(), what, *wrong);
    }
  } else if (type == StoredType::u64) {
    const auto* values = elements.data<std::int64_t>();
    const auto* large = std::find_if(values, values + count, [](std::int64_t value) { return value < 0; });
    if (large != values + count) {
      fail<DataError>(file.op(), "{}: {}: expected uint64 numbers that int64 can hold, received {}", file.path(), what,
                      static_cast<std::uint64_t>(*large));
    }
  }
  return t;
}

}  // namespace xtape::detail
