#include "xtape/ops/indexing.hpp"

#include <algorithm>
#include <cstring>

#include "core/check.hpp"
#include "kernels/strided.hpp"
#include "ops/bytes.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {
namespace {

using detail::fail;

/// A part of an array: where its elements lie in the whole.
struct Window {
  Shape shape, strides;
  std::int64_t offset = 0;
  Shape whole;

  bool is_contiguous() const {
    std::int64_t expected = 1;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (shape[axis] != 1 && strides[axis] != expected) return false;
      expected *= shape[axis];
    }
    return true;
  }
};

Tensor fill_window(const Tensor& dy, const Window& window);

Tensor read_window(const Tensor& x, const Window& window) {
  Tensor y;
  if (window.shape.numel() == 0 || !window.is_contiguous()) {
    y = detail::make_tensor(window.shape, x.dtype());
    kernels::strided_copy(x.dtype(), window.shape,
                          detail::bytes_of(x) + window.offset * static_cast<std::int64_t>(itemsize(x.dtype())),
                          window.strides, detail::bytes_of(y));
  } else {
    y = detail::make_view(x, window.shape, window.offset);
  }
  if (!is_tracked({x})) return y;
  return record("index", {x}, std::move(y), [window](const Tensor& dy) { return Grads{fill_window(dy, window)}; });
}

/// Zeros with dy in the window: the gradient of read_window, whose own gradient is read_window.
Tensor fill_window(const Tensor& dy, const Window& window) {
  Tensor y = detail::make_tensor(window.whole, dy.dtype());
  const auto bytes = static_cast<std::int64_t>(itemsize(dy.dtype()));
  std::memset(detail::bytes_of(y), 0, static_cast<std::size_t>(y.size() * bytes));
  kernels::strided_store(dy.dtype(), window.shape, detail::bytes_of(dy), detail::bytes_of(y) + window.offset * bytes,
                         window.strides);
  return record("strided_slice_grad", {dy}, std::move(y),
                [window](const Tensor& g) { return Grads{read_window(g, window)}; });
}

/// The elements of start:stop:step of an axis, by Python's rules.
struct Range {
  std::int64_t begin, count, step;
};
Range resolve(const char* op, const Slice& slice, std::int64_t size) {
  const std::int64_t step = slice.step.value_or(1);
  if (step == 0) fail<ValueError>(op, "the step of a slice must not be 0");
  const std::int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  const auto bound = [&](std::optional<std::int64_t> at, std::int64_t otherwise) {
    if (!at) return otherwise;
    return std::clamp(*at < 0 ? *at + size : *at, low, high);
  };
  const std::int64_t begin = bound(slice.start, step > 0 ? low : high), end = bound(slice.stop, step > 0 ? high : low);
  const std::int64_t span = step > 0 ? end - begin : begin - end;
  if (span <= 0) return {0, 0, 1};
  // Unsigned: the least int64 has no positive counterpart.
  const auto stride = step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const auto count = static_cast<std::int64_t>((static_cast<std::uint64_t>(span) - 1) / stride + 1);
  return {begin, count, count > 1 ? step : 1};
}

Tensor index_as(const char* op, const Tensor& x, const std::vector<IndexItem>& items) {
  using Kind = IndexItem::Kind;
  const auto count_of = [&items](Kind kind) {
    return static_cast<int>(std::count_if(items.begin(), items.end(), [kind](auto& i) { return i.kind() == kind; }));
  };
  if (count_of(Kind::ellipsis) > 1) fail<ValueError>(op, "at most one ellipsis is possible");
  const int named = count_of(Kind::integer) + count_of(Kind::slice);
  if (named > x.rank()) {
    fail<IndexError>(op, "too many indices: {} for shape {} of rank {}", named, x.shape(), x.rank());
  }
  const Shape strides = kernels::contiguous_strides(x.shape());
  std::vector<std::int64_t> sizes, steps;
  Window window;
  window.whole = x.shape();
  int axis = 0;
  const auto take_whole = [&](int count) {
    for (; count > 0; --count, ++axis) {
      sizes.push_back(x.shape()[axis]);
      steps.push_back(strides[axis]);
    }
  };
  for (const auto& item : items) {
    switch (item.kind()) {
      case Kind::newaxis:
        sizes.push_back(1);
        steps.push_back(0);
        break;
      case Kind::ellipsis:
        take_whole(x.rank() - named);
        break;
      case Kind::integer: {
        const std::int64_t size = x.shape()[axis], at = item.number() < 0 ? item.number() + size : item.number();
        if (at < 0 || at >= size) {
          fail<IndexError>(op, "slice index {} of dimension {} out of bounds: shape {}", item.number(), axis,
                           x.shape());
        }
        window.offset += at * strides[axis++];
        break;
      }
      case Kind::slice: {
        const Range range = resolve(op, item.slice(), x.shape()[axis]);
        window.offset += range.begin * strides[axis];
        sizes.push_back(range.count);
        steps.push_back(range.step * strides[axis++]);
        break;
      }
    }
  }
  take_whole(x.rank() - axis);
  window.shape = Shape(sizes);
  window.strides = Shape(steps);
  return read_window(x, window);
}

}  // namespace

Tensor index(const Tensor& x, const std::vector<IndexItem>& items) { return index_as("index", x, items); }

Tensor strided_slice(const Tensor& x, const std::vector<std::int64_t>& begin, const std::vector<std::int64_t>& end,
                     const std::vector<std::int64_t>& strides) {
  if (begin.size() != end.size() || (!strides.empty() && strides.size() != begin.size())) {
    fail<ValueError>("strided_slice", "expected as many begins as ends and strides: received {}, {} and {}",
                     begin.size(), end.size(), strides.size());
  }
  std::vector<IndexItem> items;
  for (std::size_t i = 0; i < begin.size(); ++i) {
    items.push_back(Slice(begin[i], end[i], strides.empty() ? 1 : strides[i]));
  }
  return index_as("strided_slice", x, items);
}

}  // namespace xtape
