#include "kernels/elementwise.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/stream.hpp"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

// Broadcasting. Neighbouring axes along which all operands behave alike become one (Group), so that most cases have two
// or three groups. The last two are the rows and columns of a plane; an operand runs over a plane in one of four ways
// (Kind). Short rows are made long ones: operands are expanded into blocks of 4 KB, and the op's loop runs over whole
// blocks.
namespace xtape::kernels {
namespace {

/// Bytes of a block of an expanded operand, and of an output on its way past the caches: those of all operands of an op
/// fit into the first cache together.
constexpr std::int64_t buffer_bytes = 4096;
/// Bytes of a row from which on it is not expanded: a call of the loop for each row costs little then.
constexpr std::int64_t long_row = 1024;
constexpr std::int64_t slack = 64;  // bytes that a vector may write after the last element

/// Runs the op's loop over n elements. An output that is to pass the caches is made in a block, which a copy with
/// streaming stores then moves on (see stream.hpp): the loops know nothing of it.
class Runner {
 public:
  Runner(const Elementwise& f, bool streams) : f_(f), streams_(streams) {}

  void operator()(std::int64_t n, std::byte* out, const void* const* in, const std::int64_t* step) const {
    if (!streams_) {
      f_.loop(f_.f, n, out, in, step);
      return;
    }
    alignas(64) std::byte buffer[buffer_bytes];
    const std::int64_t piece = buffer_bytes / f_.out_bytes;
    for (std::int64_t begin = 0; begin < n; begin += piece) {
      const std::int64_t count = std::min(piece, n - begin);
      const void* at[max_operands];
      for (std::size_t k = 0; k < max_operands; ++k) {
        at[k] = static_cast<const std::byte*>(in[k]) + begin * step[k] * f_.bytes[k];
      }
      f_.loop(f_.f, count, buffer, at, step);
      stream_copy(out + begin * f_.out_bytes, buffer, count * f_.out_bytes);
    }
  }

 private:
  const Elementwise& f_;
  bool streams_;
};

/// Neighbouring axes over which each operand is either repeated or not: all that broadcasting is about.
struct Group {
  std::int64_t size;
  unsigned present;  ///< bit k: operand k has these axes
};

struct Groups {
  std::array<Group, 64> group;
  int count = 0;
};

void find_groups(const Shape& shape, const ElementwiseOperands& operands, const Elementwise& f, Groups& groups) {
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    unsigned present = 0;
    for (std::size_t k = 0; k < max_operands && f.bytes[k] != 0; ++k) {
      const Shape* own = operands[k].shape;
      const int at = own == nullptr ? -1 : axis - (shape.rank() - own->rank());
      if (at >= 0 && (*own)[at] != 1) present |= 1u << k;
    }
    if (groups.count > 0 && groups.group[static_cast<std::size_t>(groups.count - 1)].present == present) {
      groups.group[static_cast<std::size_t>(groups.count - 1)].size *= shape[axis];
    } else {
      groups.group[static_cast<std::size_t>(groups.count++)] = {shape[axis], present};
    }
  }
}

template <class T>
void splat_as(void* to, const void* element) {
  T value;
  std::memcpy(&value, element, sizeof value);
  T all[splat_bytes / sizeof(T)];
  for (T& one : all) one = value;
  std::memcpy(to, all, splat_bytes);
}

/// Each element of `from`, `inner` times: [rows] becomes [rows, inner]. Whole vectors are stored; what they write after
/// `inner` elements is overwritten by the next element's.
template <class T, std::size_t vector_bytes>
void repeat_rows(std::byte* to, const std::byte* from, std::int64_t rows, std::int64_t inner) {
  constexpr std::int64_t width = vector_bytes / sizeof(T);
  for (std::int64_t r = 0; r < rows; ++r) {
    T value, all[width];
    std::memcpy(&value, from + r * static_cast<std::int64_t>(sizeof(T)), sizeof value);
    for (T& one : all) one = value;
    for (std::int64_t i = 0; i < inner; i += width) {
      std::memcpy(to + (r * inner + i) * static_cast<std::int64_t>(sizeof(T)), all, sizeof all);
    }
  }
}
#ifdef __AVX512F__
/// The same for elements of four bytes and inner <= 16. Sixteen elements become `inner` vectors, each by one
/// permutation. Lane e of the output takes element e / inner; the division by a constant is a multiplication, exact for
/// e < 256.
void repeat_in_vectors(std::byte* to, const std::byte* from, std::int64_t rows, std::int64_t inner) {
  __m512i sources[16];  // of the lanes of each vector: e / inner
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i reciprocal = _mm512_set1_epi32(static_cast<int>(65536 / inner + 1));
  for (int v = 0; v < inner; ++v) {
    const __m512i e = _mm512_add_epi32(lanes, _mm512_set1_epi32(16 * v));
    sources[v] = _mm512_srli_epi32(_mm512_mullo_epi32(e, reciprocal), 16);
  }
  for (std::int64_t r = 0; r < rows; r += 16) {
    const std::int64_t left = std::min<std::int64_t>(16, rows - r), vectors = (left * inner + 15) / 16;
    const __m512i elements = _mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << left) - 1u), from + 4 * r);
    for (std::int64_t v = 0; v < vectors; ++v) {
      _mm512_storeu_si512(to + 4 * (r * inner + 16 * v), _mm512_permutexvar_epi32(sources[v], elements));
    }
  }
}
#endif

template <class T>
void repeat_rows_as(std::byte* to, const std::byte* from, std::int64_t rows, std::int64_t inner) {
#ifdef __AVX512F__
  if (sizeof(T) == 4 && inner <= 16) return repeat_in_vectors(to, from, rows, inner);
#endif
  const std::int64_t bytes = inner * static_cast<std::int64_t>(sizeof(T));
  if (bytes <= 16) {
    repeat_rows<T, 16>(to, from, rows, inner);
  } else if (bytes <= 32) {
    repeat_rows<T, 32>(to, from, rows, inner);
  } else {
    repeat_rows<T, 64>(to, from, rows, inner);
  }
}
void repeat_each(std::byte* to, const std::byte* from, std::int64_t rows, std::int64_t inner, std::size_t bytes) {
  switch (bytes) {
    case 8:
      return repeat_rows_as<std::uint64_t>(to, from, rows, inner);
    case 4:
      return repeat_rows_as<std::uint32_t>(to, from, rows, inner);
    case 2:
      return repeat_rows_as<std::uint16_t>(to, from, rows, inner);
    default:
      return repeat_rows_as<std::uint8_t>(to, from, rows, inner);
  }
}

/// Repeats `bytes` bytes `rows` times. A row of 64 to 256 bytes is stored in whole lines; the bytes that these write
/// past its end are overwritten by the next row. For other lengths, the part that is written is copied after itself,
/// doubling it each time.
void tile(std::byte* to, const std::byte* from, std::int64_t rows, std::int64_t bytes) {
  constexpr std::int64_t short_row = 256, line = 64;
  if (bytes >= line && bytes <= short_row) {
    std::byte row[short_row + line];
    std::memcpy(row, from, static_cast<std::size_t>(bytes));
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t i = 0; i < bytes; i += line) std::memcpy(to + r * bytes + i, row + i, line);
    }
    return;
  }
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
  for (std::int64_t have = bytes, all = rows * bytes; have < all; have *= 2) {
    std::memcpy(to + have, to, static_cast<std::size_t>(std::min(have, all - have)));
  }
}

/// How an operand runs over a plane [rows, columns]: it has both axes (direct), one element for each row (each), the
/// same row again and again (tiled), or one element for the whole plane (same).
enum class Kind : std::uint8_t { direct, each, tiled, same };

Kind kind_of(bool has_rows, bool has_columns) {
  return has_rows ? (has_columns ? Kind::direct : Kind::each) : (has_columns ? Kind::tiled : Kind::same);
}

/// The elementwise op over an array [outer..., rows, inner] of which each operand has some axes.
class Broadcast {
 public:
  Broadcast(const Elementwise& f, const Groups& groups, void* out, const ElementwiseOperands& operands, bool streams)
      : f_(f), groups_(groups), out_(static_cast<std::byte*>(out)), run_(f, streams) {
    const auto last = static_cast<std::size_t>(groups.count - 1);
    const Group &columns = groups.group[last], &rows = groups.group[last - 1];
    inner_ = columns.size;
    rows_ = rows.size;
    std::int64_t widest = f.out_bytes;
    for (std::size_t k = 0; k < max_operands; ++k) {
      data_[k] = static_cast<const std::byte*>(operands[k].data);
      kind_[k] = f.bytes[k] == 0 ? Kind::same : kind_of((rows.present >> k & 1) != 0, (columns.present >> k & 1) != 0);
      step_[k] = kind_[k] == Kind::same ? 0 : 1;
      widest = std::max<std::int64_t>(widest, f.bytes[k]);
    }
    long_rows_ = inner_ * widest >= long_row;
    block_rows_ = long_rows_ ? 1 : std::max<std::int64_t>(1, buffer_bytes / widest / inner_);
  }

  void operator()() {
    std::int64_t outer = 1;
    for (int g = 0; g < groups_.count - 2; ++g) outer *= groups_.group[static_cast<std::size_t>(g)].size;
    parallel_rows(outer * rows_, std::max<std::int64_t>(1, f_.grain / inner_),
                  [this](std::int64_t begin, std::int64_t end) {
                    Buffers buffers;
                    while (begin < end) {
                      const std::int64_t panel = begin / rows_, first = begin % rows_;
                      const std::int64_t count = std::min(end - begin, rows_ - first);
                      run_rows(panel, first, count, out_ + begin * inner_ * f_.out_bytes, buffers);
                      begin += count;
                    }
                    stream_fence();
                  });
  }

 private:
  struct Buffers {
    alignas(64) std::byte bytes[max_operands][buffer_bytes + slack];
    std::array<const std::byte*, max_operands> expanded{};  ///< what the buffers hold repeats of
  };

  /// The operand's first element in a plane, the planes being numbered by the outer groups.
  const std::byte* start(std::size_t k, std::int64_t panel) const {
    std::int64_t offset = 0, stride = 1;
    for (int g = groups_.count - 1; g >= 0; --g) {
      const Group& group = groups_.group[static_cast<std::size_t>(g)];
      const bool present = (group.present >> k & 1) != 0;
      if (g < groups_.count - 2) {
        if (present) offset += (g == 0 ? panel : panel % group.size) * stride;
        if (g > 0) panel /= group.size;
      }
      if (present) stride *= group.size;
    }
    return data_[k] + offset * f_.bytes[k];
  }

  void run_rows(std::int64_t panel, std::int64_t first, std::int64_t count, std::byte* out, Buffers& buffers) const {
    std::array<const std::byte*, max_operands> from{};
    std::array<const void*, max_operands> in{};
    for (std::size_t k = 0; k < max_operands && f_.bytes[k] != 0; ++k) {
      from[k] = start(k, panel);
      if (kind_[k] == Kind::same) {
        make_splat(buffers.bytes[k], from[k], f_.bytes[k]);
        in[k] = buffers.bytes[k];
      }
    }
    if (long_rows_) {
      one_by_one(first, count, out, from, in, buffers);
    } else {
      in_blocks(first, count, out, from, in, buffers);
    }
  }

  /// Long rows: one call of the loop for each.
  void one_by_one(std::int64_t first, std::int64_t count, std::byte* out,
                  const std::array<const std::byte*, max_operands>& from, std::array<const void*, max_operands>& in,
                  Buffers& buffers) const {
    std::array<std::int64_t, max_operands> step = step_;
    for (std::int64_t r = first; r < first + count; ++r) {
      for (std::size_t k = 0; k < max_operands && f_.bytes[k] != 0; ++k) {
        if (kind_[k] == Kind::direct) {
          in[k] = from[k] + r * inner_ * f_.bytes[k];
        } else if (kind_[k] == Kind::tiled) {
          in[k] = from[k];
        } else if (kind_[k] == Kind::each) {
          make_splat(buffers.bytes[k], from[k] + r * f_.bytes[k], f_.bytes[k]);
          in[k] = buffers.bytes[k];
          step[k] = 0;
        }
      }
      run_(inner_, out, in.data(), step.data());
      out += inner_ * f_.out_bytes;
    }
  }

  /// Short rows: as many at a time as fit into a block.
  void in_blocks(std::int64_t first, std::int64_t count, std::byte* out,
                 const std::array<const std::byte*, max_operands>& from, std::array<const void*, max_operands>& in,
                 Buffers& buffers) const {
    const std::int64_t rows_of_block = std::min(block_rows_, rows_);
    for (std::size_t k = 0; k < max_operands && f_.bytes[k] != 0; ++k) {
      if (kind_[k] != Kind::tiled) continue;
      in[k] = buffers.bytes[k];
      if (buffers.expanded[k] == from[k]) continue;
      tile(buffers.bytes[k], from[k], rows_of_block, inner_ * f_.bytes[k]);
      buffers.expanded[k] = from[k];
    }
    for (std::int64_t r = first; r < first + count; r += rows_of_block) {
      const std::int64_t rows = std::min(rows_of_block, first + count - r);
      const bool whole = rows == rows_;  // a whole plane: the next one may need the same repeats
      for (std::size_t k = 0; k < max_operands && f_.bytes[k] != 0; ++k) {
        if (kind_[k] == Kind::direct) {
          in[k] = from[k] + r * inner_ * f_.bytes[k];
        } else if (kind_[k] == Kind::each) {
          in[k] = buffers.bytes[k];
          const std::byte* first_row = from[k] + r * f_.bytes[k];
          if (whole && buffers.expanded[k] == first_row) continue;
          repeat_each(buffers.bytes[k], first_row, rows, inner_, f_.bytes[k]);
          buffers.expanded[k] = whole ? first_row : nullptr;
        }
      }
      run_(rows * inner_, out, in.data(), step_.data());
      out += rows * inner_ * f_.out_bytes;
    }
  }

  const Elementwise& f_;
  const Groups& groups_;
  std::byte* out_;
  Runner run_;
  std::array<const std::byte*, max_operands> data_;
  std::array<Kind, max_operands> kind_;
  std::array<std::int64_t, max_operands> step_;
  std::int64_t inner_, rows_, block_rows_;
  bool long_rows_;
};

}  // namespace

void make_splat(void* splat, const void* element, std::size_t bytes) noexcept {
  switch (bytes) {
    case 8:
      return splat_as<std::uint64_t>(splat, element);
    case 4:
      return splat_as<std::uint32_t>(splat, element);
    case 2:
      return splat_as<std::uint16_t>(splat, element);
    default:
      return splat_as<std::uint8_t>(splat, element);
  }
}

void run_elementwise(const Elementwise& f, const Shape& shape, std::int64_t numel, void* out,
                     const ElementwiseOperands& operands) {
  if (numel == 0) return;
  const void* in[max_operands];
  std::int64_t step[max_operands];
  alignas(64) std::byte splats[max_operands][splat_bytes];
  bool flat = true;
  for (std::size_t k = 0; k < max_operands; ++k) {
    in[k] = operands[k].data;
    step[k] = 0;
    if (f.bytes[k] == 0) continue;
    const std::int64_t own = operands[k].shape == nullptr ? 1 : operands[k].shape->numel();
    if (own == numel) {  // of two shapes, one of which broadcasts to the other
      step[k] = 1;
    } else if (own == 1) {
      make_splat(splats[k], operands[k].data, f.bytes[k]);
      in[k] = splats[k];
    } else {
      flat = false;
    }
  }
  // Too few elements for a second thread; they also fit into the caches.
  if (flat && numel < 2 * f.grain && f.stream_from < 0) {
    f.loop(f.f, numel, out, in, step);
    return;
  }
  const bool streams = numel * f.out_bytes >= (f.stream_from < 0 ? stream_threshold() : f.stream_from);
  if (!flat) {
    Groups groups;
    find_groups(shape, operands, f, groups);
    Broadcast(f, groups, out, operands, streams)();
    return;
  }
  parallel_for(numel, f.grain, [&](std::int64_t begin, std::int64_t end) {
    const void* at[max_operands];
    for (std::size_t k = 0; k < max_operands; ++k) {
      at[k] = static_cast<const std::byte*>(in[k]) + begin * step[k] * f.bytes[k];
    }
    Runner(f, streams)(end - begin, static_cast<std::byte*>(out) + begin * f.out_bytes, at, step);
    stream_fence();
  });
}

}  // namespace xtape::kernels
