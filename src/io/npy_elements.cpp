#include "io/npy_elements.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "io/file_tensor.hpp"
#include "io/stored_elements.hpp"

namespace xtape::detail {
namespace {

static_assert(std::endian::native == std::endian::little, "native arrays are written as little-endian ones");

void swap_bytes(unsigned char* elements, std::size_t count, std::size_t size) {
  for (std::size_t i = 0; i < count; ++i) std::reverse(elements + i * size, elements + (i + 1) * size);
}

/// Reads the elements after a header. Types that tensors do not have become the next wider one; of Fortran order the
/// axes are read in reverse and then moved.
class ElementReader {
 public:
  ElementReader(ByteSource& source, const NpyHeader& header) : source_(source), header_(header) {}

  Tensor read() {
    const auto bytes = bytes_of(header_.shape, header_.itemsize);
    constexpr std::uint64_t too_many = std::numeric_limits<std::uint64_t>::max();
    check_room(source_, bytes.value_or(too_many),
               fmt::format("[{}] elements of '{}'", fmt::join(header_.shape, ", "), header_.descr));
    bytes_ = *bytes;
    Tensor t = of_type();
    char extra = 0;
    if (source_.read(&extra, 1) != 0) fail_size("more");
    return header_.fortran_order && t.rank() > 1 && t.size() > 0 ? row_major(t) : t;
  }

 private:
  Tensor of_type() {
    switch (header_.kind == 'b' ? 'u' : header_.kind) {
      case 'f':
        if (header_.itemsize == 2) return converted<Half, float>();
        if (header_.itemsize == 4) return same(float32);
        if (header_.itemsize == 8) return same(float64);
        break;
      case 'i':
        if (header_.itemsize == 1) return converted<std::int8_t, std::int32_t>();
        if (header_.itemsize == 2) return converted<std::int16_t, std::int32_t>();
        if (header_.itemsize == 4) return same(int32);
        if (header_.itemsize == 8) return same(int64);
        break;
      case 'u':
        if (header_.itemsize == 1) return header_.kind == 'b' ? bools() : same(uint8);
        if (header_.kind == 'b') break;
        if (header_.itemsize == 2) return converted<std::uint16_t, std::int32_t>();
        if (header_.itemsize == 4) return converted<std::uint32_t, std::int64_t>();
        if (header_.itemsize == 8) return small_uint64();
        break;
      case 'O':
        fail<DataError>(source_.op(),
                        "{}: expected numbers or bools, received Python objects ('{}'), which are not read",
                        source_.path(), header_.descr);
      default:
        break;
    }
    fail<DataError>(source_.op(), "{}: expected numbers or bools, received elements of type '{}'", source_.path(),
                    header_.descr);
  }

  /// A tensor whose elements are in the file's order: with the axes reversed where that is Fortran's.
  Tensor memory(DType dtype) {
    Shape shape = shape_of(header_.shape);
    if (header_.fortran_order) std::reverse(shape.begin(), shape.end());
    return make_file_tensor(source_.op(), source_.path(), shape, dtype);
  }

  void read_bytes(void* to, std::size_t bytes) {
    const std::size_t n = source_.read(to, bytes);
    done_ += n;
    if (n < bytes) fail_size(fmt::format("{} bytes", done_));
  }

  Tensor same(DType dtype) {
    Tensor t = memory(dtype);
    auto* elements = host_write("io", t).data<unsigned char>();
    if (bytes_ > 0) read_bytes(elements, static_cast<std::size_t>(bytes_));
    if (header_.big_endian && header_.itemsize > 1) {
      swap_bytes(elements, static_cast<std::size_t>(t.size()), header_.itemsize);
    }
    return t;
  }

  Tensor bools() {
    Tensor t = memory(boolean);
    auto* elements = host_write("io", t).data<unsigned char>();
    if (bytes_ > 0) read_bytes(elements, static_cast<std::size_t>(bytes_));
    for (std::uint64_t i = 0; i < bytes_; ++i) elements[i] = elements[i] != 0;  // as NumPy takes them
    return t;
  }

  /// Converts 16384 elements at a time, so that the file's elements are never all in memory.
  template <class From, class To>
  Tensor converted() {
    Tensor t = memory(dtype_of<To>);
    To* to = host_write("io", t).data<To>();
    constexpr std::int64_t piece = 1 << 14;
    std::vector<From> buffer(static_cast<std::size_t>(std::min(piece, t.size())));
    for (std::int64_t at = 0; at < t.size(); at += piece) {
      const auto n = static_cast<std::size_t>(std::min(piece, t.size() - at));
      read_bytes(buffer.data(), n * sizeof(From));
      if (header_.big_endian) swap_bytes(reinterpret_cast<unsigned char*>(buffer.data()), n, sizeof(From));
      for (std::size_t i = 0; i < n; ++i) to[static_cast<std::size_t>(at) + i] = static_cast<To>(buffer[i]);
    }
    return t;
  }

  /// uint64 as int64: a number that is negative then has been too large.
  Tensor small_uint64() {
    Tensor t = same(int64);
    const auto* elements = host_read("io", t).data<std::int64_t>();
    const auto* large = std::find_if(elements, elements + t.size(), [](std::int64_t value) { return value < 0; });
    if (large != elements + t.size()) {
      fail<DataError>(source_.op(), "{}: expected uint64 numbers that int64 can hold, received {}", source_.path(),
                      static_cast<std::uint64_t>(*large));
    }
    return t;
  }

  /// A copy in row-major order of elements whose axes are reversed.
  static Tensor row_major(const Tensor& reversed) {
    Shape shape = reversed.shape();
    std::reverse(shape.begin(), shape.end());
    Shape stride = shape, index = shape;
    std::int64_t step = 1;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      stride[axis] = step;
      step *= shape[axis];
      index[axis] = 0;
    }
    Tensor t = make_tensor(shape, reversed.dtype());
    const auto size = static_cast<std::int64_t>(itemsize(t.dtype()));
    const std::byte* from = host_read("io", reversed).bytes();
    std::byte *const begin = host_write("io", t).bytes(), *const end = begin + t.size() * size;
    for (std::byte* to = begin; to != end; to += size) {
      std::copy_n(from, size, to);
      for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        from += stride[axis] * size;
        if (++index[axis] < shape[axis]) break;
        from -= stride[axis] * shape[axis] * size;
        index[axis] = 0;
      }
    }
    return t;
  }

  [[noreturn]] void fail_size(const std::string& received) const {
    fail<DataError>(source_.op(), "{}: expected [{}] elements of '{}', {} bytes: received {}", source_.path(),
                    fmt::join(header_.shape, ", "), header_.descr, bytes_, received);
  }

  ByteSource& source_;
  const NpyHeader& header_;
  std::uint64_t bytes_ = 0, done_ = 0;
};

/// NumPy's letter for a type; 0 where it has none.
template <class T>
constexpr char kind_of = std::is_same_v<T, bool>       ? 'b'
                         : std::is_same_v<T, BFloat16> ? '\0'
                         : std::is_floating_point_v<T> ? 'f'
                         : std::is_signed_v<T>         ? 'i'
                                                       : 'u';

/// "<f4": the order of bytes, the kind and the size.
std::string descr_of(const char* op, DType dtype) {
  constexpr auto kinds = with_element_types([]<class... T>() { return std::array{kind_of<T>...}; });
  const char kind = kinds[static_cast<std::size_t>(dtype)];
  if (kind == '\0') fail<TypeError>(op, "expected a dtype that NumPy has, received {}", dtype);
  return fmt::format("{}{}{}", itemsize(dtype) == 1 ? '|' : '<', kind, itemsize(dtype));
}

}  // namespace

Tensor read_npy(ByteSource& source) { return read_npy_elements(source, read_npy_header(source)); }

Tensor read_npy_elements(ByteSource& source, const NpyHeader& header) { return ElementReader(source, header).read(); }

std::string npy_header_of(const char* op, const Tensor& t) {
  if (!t.defined()) fail<ValueError>(op, "expected a tensor, received an empty one");
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", descr_of(op, t.dtype()), t.shape());
  // As NumPy writes it: room for 21 digits of the number of rows, so that files can grow, and elements that begin at a
  // multiple of 64 bytes.
  const std::size_t first = t.rank() > 0 ? fmt::formatted_size("{}", t.shape(0)) : 21;
  text.append(first < 21 ? 21 - first : 0, ' ');
  std::size_t prefix = 10;
  text.append((64 - (prefix + text.size() + 1) % 64) % 64, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\0", 8);
  if (text.size() > std::numeric_limits<std::uint16_t>::max()) fail<ValueError>(op, "{} has too many axes", t.shape());
  header += static_cast<char>(text.size());
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace xtape::detail
