#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/parallel.hpp"
#include "xtape/base/shape.hpp"

// How an elementwise op runs over its operands: broadcasting, threads, caches. The op itself is a loop over contiguous
// arrays (elementwise_loop.hpp), of which there is one for each op and dtype.
namespace xtape::kernels {

inline constexpr std::size_t max_operands = 3;
/// A splat: this many bytes filled with copies of one element, at least a vector. It stands for an operand whose
/// elements are all the same.
inline constexpr std::size_t splat_bytes = 64;

/// A loop over n elements: out[i] = f(in[0][i], ...). step[k] is 1, or 0 where in[k] points to a splat.
using ElementwiseLoop = void (*)(const void* f, std::int64_t n, void* out, const void* const* in,
                                 const std::int64_t* step);

struct Elementwise {
  ElementwiseLoop loop;
  const void* f;
  std::uint8_t out_bytes;                          ///< of an element
  std::array<std::uint8_t, max_operands> bytes{};  ///< of the operands' elements, 0 after the last operand
  std::int64_t grain = elementwise_grain;          ///< elements from which on a second thread pays
  /// Bytes of an output from which on it is written past the cache; negative: stream_threshold().
  std::int64_t stream_from = -1;
};

/// A contiguous array; one element if it has no shape.
struct ElementwiseOperand {
  const void* data = nullptr;
  const Shape* shape = nullptr;
};
using ElementwiseOperands = std::array<ElementwiseOperand, max_operands>;

/// Writes f of the operands' elements, broadcast to `shape`, to the contiguous array `out`. The shapes must broadcast
/// to it.
void run_elementwise(const Elementwise& f, const Shape& shape, std::int64_t numel, void* out,
                     const ElementwiseOperands& operands);

/// Repeats an element of 1, 2, 4 or 8 bytes into `splat_bytes` bytes.
void make_splat(void* splat, const void* element, std::size_t bytes) noexcept;

}  // namespace xtape::kernels
