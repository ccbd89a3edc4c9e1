#include "xtape/ops/indexing.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "kernels/strided.hpp"
#include "ops/strided_window.hpp"

namespace xtape {
namespace {

using detail::fail;

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
  // Unsigned, since the smallest int64 has no positive counterpart.
  const auto stride = step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const auto count = static_cast<std::int64_t>((static_cast<std::uint64_t>(span) - 1) / stride + 1);
  return {begin, count, count > 1 ? step : 1};
}

Tensor index_as(const char* op, const Tensor& x, ListOf<IndexItem> items) {
  using Kind = IndexItem::Kind;
  const auto count_of = [&items](Kind kind) {
    return static_cast<int>(std::count_if(items.begin(), items.end(), [kind](auto& i) { return i.kind() == kind; }));
  };
  if (count_of(Kind::rest) > 1) fail<ValueError>(op, "at most one ellipsis is possible");
  const int named = count_of(Kind::integer) + count_of(Kind::slice);
  if (named > x.rank()) {
    fail<IndexError>(op, "too many indices: {} for shape {} of rank {}", named, x.shape(), x.rank());
  }
  const Shape strides = kernels::contiguous_strides(x.shape());
  detail::PoolVector<std::int64_t> sizes, steps;
  detail::StridedWindow window{.op = op, .shape = {}, .strides = {}, .whole = x.shape()};
  int axis = 0;
  const auto take_whole = [&](int count) {
    for (; count > 0; --count, ++axis) {
      sizes.push_back(x.shape()[axis]);
      steps.push_back(strides[axis]);
    }
  };
  for (const auto& item : items) {
    switch (item.kind()) {
      case Kind::added:
        sizes.push_back(1);
        steps.push_back(0);
        break;
      case Kind::rest:
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
  return detail::read_window(x, window);
}

}  // namespace

ConfigValue IndexItem::config() const {
  switch (kind_) {
    case Kind::integer:
      return number_;
    case Kind::slice:
      return Config("Slice", {{"start", slice_.start}, {"stop", slice_.stop}, {"step", slice_.step}});
    case Kind::rest:
      return Config("Ellipsis");
    case Kind::added:
      break;
  }
  return {};
}

Tensor index(const Tensor& x, ListOf<IndexItem> items) {
  XTAPE_NOTE(index, x, items);
  return index_as("index", x, items);
}

Tensor strided_slice(const Tensor& x, ListOf<std::int64_t> begin, ListOf<std::int64_t> end,
                     ListOf<std::int64_t> strides) {
  XTAPE_NOTE(strided_slice, x, begin, end, strides);
  if (begin.size() != end.size() || (!strides.empty() && strides.size() != begin.size())) {
    fail<ValueError>("strided_slice", "expected as many begins as ends and strides: received {}, {} and {}",
                     begin.size(), end.size(), strides.size());
  }
  detail::PoolVector<IndexItem> items;
  for (std::size_t i = 0; i < begin.size(); ++i) {
    items.push_back(Slice(begin[i], end[i], strides.empty() ? 1 : strides[i]));
  }
  return index_as("strided_slice", x, items);
}

}  // namespace xtape
