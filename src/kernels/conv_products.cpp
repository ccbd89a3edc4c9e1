#include "kernels/conv_products.hpp"

#include <algorithm>

#include "kernels/gemm.hpp"
#include "kernels/parallel.hpp"
#include "kernels/reduce.hpp"
#include "kernels/scratch.hpp"
#include "xtape/base/dtype.hpp"

// im2col: the windows of some output pixels become the rows of a matrix that stays in the cache, and the convolution is
// the product of this matrix with the filters, which are a matrix [window, out_channels] as they are stored. Groups are
// one product each. A convolution of 1 x 1 windows without padding is a product of the images themselves.
//
//     y = columns(x) w        dx = scatter(dy w^T)        dw = columns(x)^T dy
namespace xtape::kernels {
namespace {

/// A window of a group's channels is a row of the matrix, in the filters' order: height, width, channel.
struct Columns {
  const Conv& c;
  std::int64_t group_in, group_out, row;

  explicit Columns(const Conv& conv)
      : c(conv),
        group_in(conv.in_channels / conv.groups),
        group_out(conv.out_channels / conv.groups),
        row(conv.height.size * conv.width.size * group_in) {}

  /// Whether the matrix is the images as they are.
  bool trivial() const {
    const auto whole = [](const Window& a) { return a.size == 1 && a.stride == 1 && a.before == 0 && a.in == a.out; };
    return c.groups == 1 && whole(c.height) && whole(c.width);
  }

  /// Calls piece(to, from, count) for the row's pieces of `count` elements from `from` of the images on; from is -1 for
  /// padding.
  template <class Piece>
  void for_pieces(std::int64_t output, std::int64_t group, Piece&& piece) const {
    const std::int64_t ow = output % c.width.out, rest = output / c.width.out;
    const std::int64_t oh = rest % c.height.out, n = rest / c.height.out;
    const auto down = c.height.taps(oh), across = c.width.taps(ow);
    const std::int64_t line = c.width.size * group_in;
    for (std::int64_t i = 0; i < c.height.size; ++i) {
      const std::int64_t to = i * line;
      if (i < down.begin || i >= down.end || across.begin >= across.end) {
        piece(to, -1, line);
        continue;
      }
      const std::int64_t from =
          ((n * c.height.in + down.start + i * c.height.dilation) * c.width.in) * c.in_channels + group * group_in;
      if (across.begin > 0) piece(to, -1, across.begin * group_in);
      if (c.groups == 1 && c.width.dilation == 1) {
        piece(to + across.begin * group_in, from + (across.start + across.begin) * c.in_channels,
              (across.end - across.begin) * group_in);
      } else {
        for (std::int64_t j = across.begin; j < across.end; ++j) {
          piece(to + j * group_in, from + (across.start + j * c.width.dilation) * c.in_channels, group_in);
        }
      }
      if (across.end < c.width.size) piece(to + across.end * group_in, -1, (c.width.size - across.end) * group_in);
    }
  }

  /// The rows [begin, end) of the matrix.
  template <class T>
  void gather(const T* x, std::int64_t group, std::int64_t begin, std::int64_t end, T* columns) const {
    for (std::int64_t output = begin; output < end; ++output, columns += row) {
      for_pieces(output, group, [&](std::int64_t to, std::int64_t from, std::int64_t count) {
        if (from < 0) {
          std::fill_n(columns + to, count, T(0));
        } else {
          std::copy_n(x + from, count, columns + to);
        }
      });
    }
  }

  /// The transpose of gather(): adds the rows [begin, end) to the pixels that they were read from.
  template <class T>
  void scatter(const T* columns, std::int64_t group, std::int64_t begin, std::int64_t end, T* dx) const {
    for (std::int64_t output = begin; output < end; ++output, columns += row) {
      for_pieces(output, group, [&](std::int64_t at, std::int64_t to, std::int64_t count) {
        if (to < 0) return;
        for (std::int64_t k = 0; k < count; ++k) dx[to + k] += columns[at + k];
      });
    }
  }

  /// Rows of a piece that stays in the second-level cache; of the problem alone, so that results do not depend on
  /// threads.
  std::int64_t piece_rows(std::int64_t elements) const { return std::max<std::int64_t>(16, elements / row); }
};

/// Elements of a piece of the matrix: 256 KB of float32, a part of the second-level cache.
constexpr std::int64_t cached_elements = 65536;

/// Calls f(item, scratch) for each of `items` on several threads, which have `elements` of scratch memory each.
template <class T, class F>
void share(std::int64_t items, double work, std::int64_t elements, const F& f) {
  const auto wanted = static_cast<std::int64_t>(std::min<double>(num_threads(), work / work_worth_a_thread));
  const std::int64_t threads = std::clamp<std::int64_t>(std::min(items, wanted), 1, num_threads());
  const Scratch scratch(static_cast<std::size_t>(threads * elements) * sizeof(T));
  parallel_rows(threads, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t thread = first; thread < last; ++thread) {
      for (std::int64_t item = thread; item < items; item += threads) {
        f(item, static_cast<T*>(scratch.data()) + thread * elements);
      }
    }
  });
}

}  // namespace

template <class T>
void conv2d_by_products(const Conv& c, const T* x, const T* w, const T* bias, bool relu, T* y) {
  const Columns columns(c);
  const std::int64_t outputs = c.batch * c.height.out * c.width.out, all = c.out_channels;
  if (columns.trivial()) {
    gemm_bias_act(false, false, outputs, all, c.in_channels, x, c.in_channels, w, all, bias, relu, y, all);
    return;
  }
  const std::int64_t rows = columns.piece_rows(cached_elements), pieces = (outputs + rows - 1) / rows;
  share<T>(pieces, c.work(), std::min(rows, outputs) * columns.row, [&](std::int64_t piece, T* matrix) {
    const std::int64_t begin = piece * rows, end = std::min(outputs, begin + rows);
    for (std::int64_t g = 0; g < c.groups; ++g) {
      columns.gather(x, g, begin, end, matrix);
      const std::int64_t first = g * columns.group_out;
      gemm_bias_act(false, false, end - begin, columns.group_out, columns.row, matrix, columns.row, w + first, all,
                    bias == nullptr ? nullptr : bias + first, relu, y + begin * all + first, all);
    }
  });
}

template <class T>
void conv2d_backprop_input_by_products(const Conv& c, const T* dy, const T* w, T* dx) {
  const Columns columns(c);
  const std::int64_t all = c.out_channels, image = c.height.out * c.width.out;
  if (columns.trivial()) {
    gemm(false, true, c.batch * image, c.in_channels, all, T(1), dy, all, w, all, T(0), dx, c.in_channels);
    return;
  }
  // Windows overlap within an image only, so images are the pieces for threads.
  const std::int64_t rows = columns.piece_rows(cached_elements), size = c.in_size() / c.batch;
  share<T>(c.batch, c.work(), std::min(rows, image) * columns.row, [&](std::int64_t n, T* matrix) {
    std::fill_n(dx + n * size, size, T(0));
    for (std::int64_t begin = n * image; begin < (n + 1) * image; begin += rows) {
      const std::int64_t end = std::min((n + 1) * image, begin + rows);
      for (std::int64_t g = 0; g < c.groups; ++g) {
        const std::int64_t first = g * columns.group_out;
        gemm(false, true, end - begin, columns.row, columns.group_out, T(1), dy + begin * all + first, all, w + first,
             all, T(0), matrix, columns.row);
        columns.scatter(matrix, g, begin, end, dx);
      }
    }
  });
}

template <class T>
void conv2d_backprop_filter_by_products(const Conv& c, const T* x, const T* dy, T* dw, T* db) {
  const Columns columns(c);
  const std::int64_t outputs = c.batch * c.height.out * c.width.out, all = c.out_channels;
  if (db != nullptr) reduce_sum(dtype_of<T>, dy, db, 1, outputs, all);
  if (columns.trivial()) {
    gemm(true, false, c.in_channels, all, outputs, T(1), x, c.in_channels, dy, all, T(0), dw, all);
    return;
  }
  // All products add to the same filters, so they run one after another, each on all threads; hence the larger pieces.
  const std::int64_t rows = std::min(outputs, columns.piece_rows(16 * cached_elements));
  const Scratch scratch(static_cast<std::size_t>(rows * columns.row) * sizeof(T));
  T* const matrix = static_cast<T*>(scratch.data());
  for (std::int64_t begin = 0; begin < outputs; begin += rows) {
    const std::int64_t end = std::min(outputs, begin + rows);
    for (std::int64_t g = 0; g < c.groups; ++g) {
      parallel_rows(end - begin, elementwise_grain / columns.row + 1, [&](std::int64_t from, std::int64_t to) {
        columns.gather(x, g, begin + from, begin + to, matrix + from * columns.row);
      });
      const std::int64_t first = g * columns.group_out;
      gemm(true, false, columns.row, columns.group_out, end - begin, T(1), matrix, columns.row,
           dy + begin * all + first, all, begin == 0 ? T(0) : T(1), dw + first, all);
    }
  }
}

template void conv2d_by_products(const Conv&, const float*, const float*, const float*, bool, float*);
template void conv2d_by_products(const Conv&, const double*, const double*, const double*, bool, double*);
template void conv2d_backprop_input_by_products(const Conv&, const float*, const float*, float*);
template void conv2d_backprop_input_by_products(const Conv&, const double*, const double*, double*);
template void conv2d_backprop_filter_by_products(const Conv&, const float*, const float*, float*, float*);
template void conv2d_backprop_filter_by_products(const Conv&, const double*, const double*, double*, double*);

}  // namespace xtape::kernels
