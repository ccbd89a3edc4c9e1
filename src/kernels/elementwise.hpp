#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/parallel.hpp"
#include "xtape/base/shape.hpp"

// How a function of elements gets to all elements of its operands: broadcasting, threads, the caches. The function
// itself is a loop on contiguous arrays (elementwise_loop.hpp), of which there is one for each op and dtype.
namespace xtape::kernels {

inline constexpr std::size_t most_operands = 3;
/// An operand whose elements are all the same is given as so many bytes of repeats, at least a vector.
inline constexpr std::size_t splat_bytes = 64;

/// A loop over n elements: out[i] = f(in[0][i], ...). step[k] is 1, or 0 where in[k] points to a splat.
using ElementwiseLoop = void (*)(const void* f, std::int64_t n, void* out, const void* const* in,
                                 const std::int64_t* step);

struct Elementwise {
  ElementwiseLoop loop;
  const void* f;
  std::uint8_t out_bytes;                           ///< of an element
  std::array<std::uint8_t, most_operands> bytes{};  ///< of the operands' elements, 0 behind the last operand
  std::int64_t grain = elementwise_grain;           ///< elements from which on a second thread pays
  std::int64_t stream_from = -1;  ///< bytes of an output from which on it is written past the cache; negative: as usual
};

/// A contiguous array; without a shape one element.
struct ElementwiseOperand {
  const void* data = nullptr;
  const Shape* shape = nullptr;
};
using ElementwiseOperands = std::array<ElementwiseOperand, most_operands>;

/// Writes f of the operands' elements, broadcast to `shape`, to the contiguous array `out`. The shapes do broadcast.
void run_elementwise(const Elementwise& f, const Shape& shape, std::int64_t numel, void* out,
                     const ElementwiseOperands& operands);

/// Repeats an element of 1, 2, 4 or 8 bytes into `splat_bytes` bytes.
void make_splat(void* splat, const void* element, std::size_t bytes) noexcept;

}  // namespace xtape::kernels
