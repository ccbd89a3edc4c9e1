#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "io/file_bytes.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// float16: IEEE 754's binary16, every value of which is a float32.
struct Half {
  std::uint16_t bits;
  explicit operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16, exponent = bits >> 10 & 31u,
                        fraction = bits & 0x3ffu;
    if (exponent == 0) {
      const float small = static_cast<float>(fraction) * 0x1p-24f;
      return sign != 0 ? -small : small;
    }
    const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
  }
};

/// The types of elements in files, which are more than tensors have.
enum class StoredType : std::uint8_t { f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

/// Bytes of one element in the file.
std::size_t stored_bytes(StoredType type);
/// What they become in a tensor: float16 float32; int8, int16 and uint16 int32; uint32 and uint64 int64.
DType tensor_dtype(StoredType type);

/// Reads the elements of a tensor from `offset` on, in row-major order, into its memory, converted in small pieces
/// where the dtype is another. `what` names the tensor in errors. Throws a DataError if the bytes are not there, for a
/// bool that is neither 0 nor 1 and for a uint64 beyond int64.
Tensor read_stored(const FileBytes& file, const std::string& what, std::uint64_t offset, const Shape& shape,
                   StoredType type, bool big_endian = false);

}  // namespace xtape::detail
