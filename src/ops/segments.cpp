#include "xtape/ops/segments.hpp"

#include <algorithm>
#include <limits>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/simd.hpp"
#include "ops/in_float32.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Read;
using detail::Write;

/// The data as rows, and the number of its segment for each row; what is left out has a segment of its own, the last.
struct Rows {
  Tensor data;     ///< [rows, width]
  Tensor segment;  ///< int64 [rows]
  std::int64_t count;
  Shape shape;  ///< of the result

  std::int64_t width() const { return data.shape()[1]; }
};

Rows make_rows(const char* op, const Tensor& data, const Tensor& ids, std::int64_t count) {
  detail::expect_numeric(op, data.dtype());
  detail::expect_integer(op, ids.dtype(), "integer ids");
  if (count < 0 || count == std::numeric_limits<std::int64_t>::max()) {
    fail<ValueError>(op, "expected a number of segments of at least 0 that fits into memory, received {}", count);
  }
  const int rank = ids.rank();
  if (rank > data.rank() || !std::equal(ids.shape().begin(), ids.shape().end(), data.shape().begin())) {
    fail<ValueError>(op, "expected ids with the first axes of the data, received shapes {} and {}", ids.shape(),
                     data.shape());
  }
  detail::PoolVector<std::int64_t> sizes{count};
  std::int64_t width = 1;
  for (int axis = rank; axis < data.rank(); ++axis) {
    sizes.push_back(data.shape()[axis]);
    width *= data.shape()[axis];
  }
  Rows rows{reshape(data, {ids.size(), width}), detail::make_tensor({ids.size()}, int64), count, Shape(sizes)};
  launch(
      LaunchKind::throws,
      [op, count](Read ids, Write segments) {
        const auto* id = ids.data<std::int64_t>();
        for (std::int64_t i = 0; i < ids.size(); ++i) {
          if (id[i] >= count) {
            fail<IndexError>(op, "id {} at position {} is outside {} segments", id[i], i, count);
          }
          segments.data<std::int64_t>()[i] = id[i] < 0 ? count : id[i];
        }
      },
      detail::convert(ids, int64), rows.segment);
  return rows;
}

/// The sums of the rows of x, [rows, width] -> [segments, width].
Tensor sums(const Tensor& x, const Rows& rows) {
  const Tensor all = scatter_nd(expand_dims(rows.segment, 1), x, {rows.count + 1, x.shape()[1]});
  return slice_axis(all, 0, 0, rows.count);
}

/// For each row the values of its segment, 0 for those that are left out.
Tensor spread(const Tensor& of_segments, const Rows& rows) {
  const Tensor none = zeros({1, of_segments.shape()[1]}, of_segments.dtype());
  return gather(concat({of_segments, none}, 0), rows.segment);
}

/// The number of rows of each segment, [segments, 1].
Tensor counts(const Rows& rows, DType dtype) { return sums(ones({rows.segment.size(), 1}, dtype), rows); }

/// The rows of each segment combined, from `start` on, which is a functor of a type.
template <class Start, class Combine>
Tensor combined(const Rows& rows, const Start& start, const Combine& combine) {
  Tensor y = detail::make_tensor({rows.count, rows.width()}, rows.data.dtype());
  launch(
      [start, combine](Read data, Read segments, Write to) {
        kernels::visit(to.dtype(), [&]<class T>(kernels::Type<T> type) {
          if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<T, BFloat16>) {
            const std::int64_t width = to.shape()[1], count = to.shape()[0];
            const auto* segment = segments.data<std::int64_t>();
            const T* from = data.data<T>();
            T* out = to.data<T>();
            std::fill_n(out, to.size(), start(type));
            for (std::int64_t row = 0; row < segments.size(); ++row, from += width) {
              if (segment[row] == count) continue;
              T* into = out + segment[row] * width;
              for (std::int64_t i = 0; i < width; ++i) into[i] = combine(into[i], from[i]);
            }
          }
        });
      },
      rows.data, rows.segment, y);
  return y;
}

template <bool largest>
Tensor extreme(const char* op, const Tensor& data, const Tensor& ids, std::int64_t count) {
  if (data.dtype() == bfloat16) return detail::in_float32(extreme<largest>, op, data, ids, count);
  const Rows rows = make_rows(op, data, ids, count);
  const Tensor y = combined(
      rows,
      []<class T>(kernels::Type<T>) {
        return largest ? std::numeric_limits<T>::lowest() : std::numeric_limits<T>::max();
      },
      [](auto a, auto b) { return b != b || (largest ? b > a : b < a) ? b : a; });
  const Tensor recorded = record(op, {rows.data}, y, [&] {
    return [rows, y](const Tensor& dy) {
      const Tensor attained = cast(rows.data == spread(y, rows), y.dtype());
      return Grads{attained * spread(dy / maximum(sums(attained, rows), 1), rows)};
    };
  });
  return reshape(recorded, rows.shape);
}

/// 1 + the last of ascending ids.
std::int64_t count_of(const char* op, const Tensor& data, const Tensor& ids) {
  detail::expect_integer(op, ids.dtype(), "integer ids");
  if (ids.rank() != 1 || data.rank() < 1 || ids.size() != data.shape()[0]) {
    fail<ValueError>(op, "expected a vector of ids, one for each slice of the data, received shapes {} and {}",
                     ids.shape(), data.shape());
  }
  const Tensor wide = detail::convert(ids, int64);
  const auto* id = detail::host_read(op, wide).data<std::int64_t>();
  for (std::int64_t i = 0; i < ids.size(); ++i) {
    if (id[i] < (i == 0 ? 0 : id[i - 1])) {
      fail<ValueError>(op, "expected ids of at least 0 that do not descend, received {} at position {}", id[i], i);
    }
  }
  if (ids.size() == 0) return 0;
  const std::int64_t last = id[ids.size() - 1];
  return last == std::numeric_limits<std::int64_t>::max() ? last : last + 1;  // make_rows() refuses so many
}

/// y, and 0 in segments without elements.
Tensor or_zero(const Tensor& y, const Tensor& ids) {
  const Tensor occurs = unsorted_segment_sum(ones({ids.size()}, int64), ids, y.shape()[0]) > 0;
  detail::PoolVector<std::int64_t> sizes(static_cast<std::size_t>(y.rank()), 1);
  sizes[0] = y.shape()[0];
  return where(reshape(occurs, Shape(sizes)), y, 0);
}

}  // namespace

Tensor unsorted_segment_sum(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments) {
  XTAPE_NOTE(unsorted_segment_sum, data, segment_ids, num_segments);
  const Rows rows = make_rows("unsorted_segment_sum", data, segment_ids, num_segments);
  return reshape(sums(rows.data, rows), rows.shape);
}

Tensor unsorted_segment_mean(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments) {
  XTAPE_NOTE(unsorted_segment_mean, data, segment_ids, num_segments);
  detail::expect_floating("unsorted_segment_mean", data.dtype());
  if (data.dtype() == bfloat16) return detail::in_float32(unsorted_segment_mean, data, segment_ids, num_segments);
  const Rows rows = make_rows("unsorted_segment_mean", data, segment_ids, num_segments);
  return reshape(sums(rows.data, rows) / maximum(counts(rows, data.dtype()), 1), rows.shape);
}

Tensor unsorted_segment_prod(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments) {
  XTAPE_NOTE(unsorted_segment_prod, data, segment_ids, num_segments);
  if (data.dtype() == bfloat16) return detail::in_float32(unsorted_segment_prod, data, segment_ids, num_segments);
  const Rows rows = make_rows("unsorted_segment_prod", data, segment_ids, num_segments);
  const Tensor y = combined(
      rows, []<class T>(kernels::Type<T>) { return T(1); }, [](auto a, auto b) { return kernels::times(a, b); });
  const Tensor recorded = record("unsorted_segment_prod", {rows.data}, y, [&] {
    return [rows, y](const Tensor& dy) {
      // Where one element is 0, only that one has a gradient, the product of the others; where two are, none has.
      const Tensor& x = rows.data;
      const Tensor zero = x == 0, zeros_of_row = spread(sums(cast(zero, x.dtype()), rows), rows);
      const Tensor ids = rows.segment, kept = where(ids == rows.count, -1, ids);
      const Tensor others = unsorted_segment_prod(where(zero, 1, x), kept, rows.count);
      const Tensor share =
          where(zero, where(zeros_of_row > 1, 0, spread(others, rows)), spread(y, rows) / where(zero, 1, x));
      return Grads{spread(dy, rows) * share};
    };
  });
  return reshape(recorded, rows.shape);
}

Tensor unsorted_segment_max(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments) {
  XTAPE_NOTE(unsorted_segment_max, data, segment_ids, num_segments);
  return extreme<true>("unsorted_segment_max", data, segment_ids, num_segments);
}

Tensor unsorted_segment_min(const Tensor& data, const Tensor& segment_ids, std::int64_t num_segments) {
  XTAPE_NOTE(unsorted_segment_min, data, segment_ids, num_segments);
  return extreme<false>("unsorted_segment_min", data, segment_ids, num_segments);
}

Tensor segment_sum(const Tensor& data, const Tensor& segment_ids) {
  XTAPE_NOTE(segment_sum, data, segment_ids);
  return unsorted_segment_sum(data, segment_ids, count_of("segment_sum", data, segment_ids));
}
Tensor segment_mean(const Tensor& data, const Tensor& segment_ids) {
  XTAPE_NOTE(segment_mean, data, segment_ids);
  return unsorted_segment_mean(data, segment_ids, count_of("segment_mean", data, segment_ids));
}
Tensor segment_prod(const Tensor& data, const Tensor& segment_ids) {
  XTAPE_NOTE(segment_prod, data, segment_ids);
  return unsorted_segment_prod(data, segment_ids, count_of("segment_prod", data, segment_ids));
}
Tensor segment_max(const Tensor& data, const Tensor& segment_ids) {
  XTAPE_NOTE(segment_max, data, segment_ids);
  return or_zero(unsorted_segment_max(data, segment_ids, count_of("segment_max", data, segment_ids)), segment_ids);
}
Tensor segment_min(const Tensor& data, const Tensor& segment_ids) {
  XTAPE_NOTE(segment_min, data, segment_ids);
  return or_zero(unsorted_segment_min(data, segment_ids, count_of("segment_min", data, segment_ids)), segment_ids);
}

Tensor sequence_mask(const Tensor& lengths, std::int64_t maxlen) {
  XTAPE_NOTE(sequence_mask, lengths, maxlen);
  detail::expect_integer("sequence_mask", lengths.dtype(), "integer lengths");
  if (maxlen < 0) fail<ValueError>("sequence_mask", "expected a maxlen of at least 0, received {}", maxlen);
  return arange(maxlen) < expand_dims(cast(lengths, int64), -1);
}

Tensor sequence_mask(const Tensor& lengths) {
  XTAPE_NOTE(sequence_mask, lengths);
  detail::expect_integer("sequence_mask", lengths.dtype(), "integer lengths");
  const Tensor wide = detail::convert(lengths, int64);
  const auto* length = detail::host_read("sequence_mask", wide).data<std::int64_t>();
  std::int64_t longest = 0;
  for (std::int64_t i = 0; i < wide.size(); ++i) longest = std::max(longest, length[i]);
  return sequence_mask(lengths, longest);
}

}  // namespace xtape
