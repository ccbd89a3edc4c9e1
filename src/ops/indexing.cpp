#include "xtape/ops/indexing.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "kernels/strided.hpp"
#include "ops/strided_window.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"

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

detail::StridedWindow window_of(const char* op, const Shape& whole, ListOf<IndexItem> items) {
  using Kind = IndexItem::Kind;
  const auto count_of = [&items](Kind kind) {
    return static_cast<int>(std::count_if(items.begin(), items.end(), [kind](auto& i) { return i.kind() == kind; }));
  };
  if (count_of(Kind::rest) > 1) fail<ValueError>(op, "at most one ellipsis is possible");
  const int named = count_of(Kind::integer) + count_of(Kind::slice);
  if (named > whole.rank()) {
    fail<IndexError>(op, "too many indices: {} for shape {} of rank {}", named, whole, whole.rank());
  }
  const Shape strides = kernels::contiguous_strides(whole);
  detail::PoolVector<std::int64_t> sizes, steps;
  detail::StridedWindow window{.op = op, .shape = {}, .strides = {}, .whole = whole};
  int axis = 0;
  const auto take_whole = [&](int count) {
    for (; count > 0; --count, ++axis) {
      sizes.push_back(whole[axis]);
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
        take_whole(whole.rank() - named);
        break;
      case Kind::integer: {
        const std::int64_t size = whole[axis], at = item.number() < 0 ? item.number() + size : item.number();
        if (at < 0 || at >= size) {
          fail<IndexError>(op, "slice index {} of dimension {} of size {} out of bounds: shape {}", item.number(), axis,
                           size, whole);
        }
        window.offset += at * strides[axis++];
        break;
      }
      case Kind::slice: {
        const Range range = resolve(op, item.slice(), whole[axis]);
        window.offset += range.begin * strides[axis];
        sizes.push_back(range.count);
        steps.push_back(range.step * strides[axis++]);
        break;
      }
    }
  }
  take_whole(whole.rank() - axis);
  window.shape = Shape(sizes);
  window.strides = Shape(steps);
  return window;
}

Tensor index_as(const char* op, const Tensor& x, ListOf<IndexItem> items) {
  return detail::read_window(x, window_of(op, x.shape(), items));
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  for (int i = 1; i <= from.rank(); ++i) {
    if (i > to.rank() ? from[-i] != 1 : from[-i] != 1 && from[-i] != to[-i]) return false;
  }
  return true;
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

Tensor Tensor::operator[](const IndexItem& item) const { return index(*this, {item}); }
Tensor Tensor::operator[](std::initializer_list<IndexItem> items) const { return index(*this, items); }
Tensor Variable::operator[](const IndexItem& item) const { return index(value(), {item}); }
Tensor Variable::operator[](std::initializer_list<IndexItem> items) const { return index(value(), items); }

void Variable::assign_slice(ListOf<IndexItem> items, const Tensor& new_value) {
  constexpr const char* op = "Variable.assign_slice";
  const detail::NoRecording unseen;
  const detail::StridedWindow part = window_of(op, shape(), items);
  // Axes of size 1 in front are left out, as in NumPy.
  const Tensor value = new_value.impl()->weak ? cast(new_value, dtype()) : new_value;
  const Shape given = value.shape();
  const int extra = std::max(given.rank() - part.shape.rank(), 0);
  if (!broadcasts_to(given, part.shape)) {
    fail<ValueError>(op, "expected a value that broadcasts to {}, a part of variable '{}', received shape {}",
                     part.shape, name(), given);
  }
  const Tensor fitting =
      extra > 0 ? reshape(value, Shape(std::span(given).subspan(static_cast<std::size_t>(extra)))) : value;
  detail::assign_part(*this, broadcast_to(fitting, part.shape), part.strides, part.offset);
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
