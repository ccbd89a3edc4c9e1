// Ops that rearrange elements.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/padding.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

TensorList to_shape(Call call) {
  const Tensor& x = call.x();
  const auto given = call.integers_of(1, "shape");
  if (!given) call.refuse("expected a shape");
  Integers sizes = *given;
  if (sizes.size() > 64) call.refuse("expected at most 64 axes, received {}", sizes.size());
  const bool zero_is_zero = call.flag("allowzero");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] != 0 || zero_is_zero) continue;
    if (static_cast<int>(i) >= x.rank()) {
      call.refuse("axis {} of the shape is 0, but the input has the shape {}", i, x.shape().str());
    }
    sizes[i] = x.shape()[static_cast<int>(i)];
  }
  return reshape(x, Shape(sizes));
}

TensorList permute(Call call) {
  const Integers given = call.get("perm", Integers());
  if (given.empty()) return transpose(call.x());
  std::vector<int> permutation;
  for (const auto axis : given) permutation.push_back(call.axis(axis, static_cast<int>(given.size())));
  return transpose(call.x(), permutation);
}

TensorList join(Call call) {
  std::vector<Tensor> parts;
  for (const Tensor& each : call.inputs) parts.push_back(each);
  return concat(parts, call.place(call.integer("axis", 1), call.x().rank()));
}

TensorList split_up(Call call) {
  const Tensor& x = call.x();
  const int axis = call.place(call.integer("axis", 0), x.rank());
  Integers sizes;
  if (const auto given = call.integers_of(1, "split"); given && !given->empty()) {
    sizes = *given;
  } else {  // equal parts, of which the last may be smaller
    const auto parts = static_cast<std::int64_t>(call.outputs()), size = x.shape()[axis];
    const std::int64_t part = (size + parts - 1) / parts;
    for (std::int64_t i = 0; i < parts; ++i) sizes.push_back(std::clamp<std::int64_t>(size - i * part, 0, part));
  }
  if (sizes.size() != call.outputs()) {
    call.refuse("expected one size for each of {} results, received {}", call.outputs(), sizes.size());
  }
  return TensorList(split(x, sizes, axis));
}

/// Python's start:stop:step, where bounds beyond the axis mean its end.
Slice bounds(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
  const std::int64_t least = step > 0 ? 0 : -1, most = step > 0 ? size : size - 1;
  const auto within = [&](std::int64_t at, std::int64_t lowest) {
    return std::clamp(at < 0 ? at + size : at, lowest, std::max(lowest, most));
  };
  start = within(start, 0);
  end = within(end, least);
  if (step < 0 && size == 0) return {0, 0};
  return step < 0 && end < 0 ? Slice(start, std::nullopt, step) : Slice(start, end, step);
}

TensorList part(Call call) {
  const Tensor& x = call.x();
  const auto starts = call.integers_of(1, "starts"), ends = call.integers_of(2, "ends");
  if (!starts || !ends || starts->size() != ends->size()) call.refuse("expected as many starts as ends");
  auto axes = call.integers_of(3, "axes");
  if (!axes) {
    axes.emplace();
    for (std::size_t i = 0; i < starts->size(); ++i) axes->push_back(static_cast<std::int64_t>(i));
  }
  const Integers steps = call.has(4) ? call.integers(4) : Integers(starts->size(), 1);
  if (axes->size() != starts->size() || steps.size() != starts->size()) {
    call.refuse("expected an axis and a step for each of {} starts", starts->size());
  }
  std::vector<Slice> all(static_cast<std::size_t>(x.rank()));
  for (std::size_t i = 0; i < starts->size(); ++i) {
    const int axis = call.place((*axes)[i], x.rank());
    if (steps[i] == 0) call.refuse("expected a step other than 0");
    // A step beyond the axis takes its first element; the smallest number has no opposite.
    const auto step = std::clamp<std::int64_t>(steps[i], -std::numeric_limits<std::int32_t>::max(),
                                               std::numeric_limits<std::int32_t>::max());
    all[static_cast<std::size_t>(axis)] = bounds((*starts)[i], (*ends)[i], step, x.shape()[axis]);
  }
  return index(x, std::vector<IndexItem>(all.begin(), all.end()));
}

TensorList without_axes(Call call) {
  const Tensor& x = call.x();
  const auto axes = call.integers_of(1, "axes");
  if (!axes) return squeeze(x);
  std::vector<bool> gone(static_cast<std::size_t>(x.rank()), false);
  for (const auto axis : *axes) gone[static_cast<std::size_t>(call.axis(axis, x.rank()))] = true;
  Integers sizes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!gone[static_cast<std::size_t>(axis)]) {
      sizes.push_back(x.shape()[axis]);
    } else if (x.shape()[axis] != 1) {
      call.refuse("expected axis {} of size 1, received the shape {}", axis, x.shape().str());
    }
  }
  return reshape(x, Shape(sizes));
}

TensorList with_axes(Call call) {
  const Tensor& x = call.x();
  const auto axes = call.integers_of(1, "axes");
  if (!axes || axes->size() > 64) call.refuse("expected at most 64 axes");
  const int rank = x.rank() + static_cast<int>(axes->size());
  std::vector<bool> added(static_cast<std::size_t>(rank), false);
  for (const auto axis : *axes) {
    const auto place = static_cast<std::size_t>(call.axis(axis, rank));
    if (added[place]) call.refuse("axis {} is given twice", axis);
    added[place] = true;
  }
  Integers sizes;
  int next = 0;
  for (int axis = 0; axis < rank; ++axis) {
    sizes.push_back(added[static_cast<std::size_t>(axis)] ? 1 : x.shape()[next++]);
  }
  return reshape(x, Shape(sizes));
}

TensorList as_matrix(Call call) {
  const Tensor& x = call.x();
  const std::int64_t given = call.integer("axis", 1);
  const int axis = given == x.rank() ? x.rank() : call.axis(given, x.rank());
  std::int64_t rows = 1, columns = 1;
  for (int i = 0; i < x.rank(); ++i) (i < axis ? rows : columns) *= x.shape()[i];
  return reshape(x, {rows, columns});
}

TensorList expand(Call call) {
  const Tensor& x = call.x();
  Integers wanted = call.integers(1);
  if (wanted.size() > 64) call.refuse("expected at most 64 axes, received {}", wanted.size());
  const std::size_t rank = std::max(wanted.size(), static_cast<std::size_t>(x.rank()));
  Integers sizes(rank, 1);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t own = i < static_cast<std::size_t>(x.rank()) ? x.shape()[-1 - static_cast<int>(i)] : 1;
    const std::int64_t other = i < wanted.size() ? wanted[wanted.size() - 1 - i] : 1;
    if (other < 0) call.refuse("expected sizes of 0 or more, received {}", other);
    sizes[rank - 1 - i] = own == 1 ? other : own;
    if (own != 1 && other != 1 && own != other) {
      call.refuse("the shape {} does not broadcast to {}", x.shape().str(), Shape(wanted).str());
    }
  }
  call.expect_moderate(Shape(sizes));
  return broadcast_to(x, Shape(sizes));
}

TensorList repeat_all(Call call) {
  const Tensor& x = call.x();
  Integers repeats = call.integers(1);
  if (call.inputs.size() == 3) {  // version 1: the number, and the axis
    const auto number = call.one_integer(1), axis = call.one_integer(2);
    repeats.assign(static_cast<std::size_t>(x.rank()), 1);
    repeats[static_cast<std::size_t>(call.axis(axis, x.rank()))] = number;
  }
  if (repeats.size() != static_cast<std::size_t>(x.rank())) {
    call.refuse("expected {} repeats, received {}", x.rank(), repeats.size());
  }
  std::int64_t elements = x.size();
  for (const auto number : repeats) {
    if (number < 0) call.refuse("expected repeats of 0 or more, received {}", number);
    elements = checked_product(OnnxImportCall::method, elements, number);
  }
  call.expect_moderate(elements);
  return tile(x, repeats);
}

/// x at positions along an axis that may lie outside: `place` gives for each the position of the element.
template <class F>
Tensor take(const Tensor& x, int axis, std::int64_t before, std::int64_t after, const F& place) {
  const std::int64_t size = x.shape()[axis];
  Integers places;
  for (std::int64_t i = -before; i < size + after; ++i) places.push_back(place(i, size));
  return gather(x, constant(places), axis);
}

TensorList add_margins(Call call) {
  Tensor x = call.x();
  auto given = call.integers_of(1, call.has_attribute("pads") ? "pads" : "paddings");
  const auto rank = static_cast<std::size_t>(x.rank());
  if (!given) call.refuse("expected pads");
  std::vector<std::size_t> axes;
  if (call.has(3)) {
    for (const auto axis : call.integers(3)) {
      axes.push_back(static_cast<std::size_t>(call.place(axis, x.rank())));
    }
  } else {
    for (int axis = 0; axis < x.rank(); ++axis) {
      axes.push_back(static_cast<std::size_t>(call.placed(axis, x.rank())));
    }
  }
  if (given->size() != 2 * axes.size()) call.refuse("expected {} pads, received {}", 2 * axes.size(), given->size());
  std::vector<std::array<std::int64_t, 2>> margins(rank, {0, 0});
  for (std::size_t i = 0; i < axes.size(); ++i) margins[axes[i]] = {(*given)[i], (*given)[axes.size() + i]};
  std::int64_t elements = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    const int axis = static_cast<int>(i);
    auto& [before, after] = margins[i];
    constexpr std::int64_t most = std::int64_t{1} << 40;
    if (std::abs(before) > most || std::abs(after) > most)
      call.refuse("its pads {} and {} are too large", before, after);
    const auto cut_before = std::max<std::int64_t>(-before, 0), cut_after = std::max<std::int64_t>(-after, 0);
    if (cut_before > 0 || cut_after > 0) {
      x = slice_axis(x, axis, cut_before, x.shape()[axis] - cut_before - cut_after);
    }
    before = std::max<std::int64_t>(before, 0);
    after = std::max<std::int64_t>(after, 0);
    elements = checked_product(OnnxImportCall::method, elements, x.shape()[axis] + before + after);
  }
  call.expect_moderate(elements);
  const std::string mode = call.text("mode", "constant");
  if (mode == "constant") {
    const double value = call.has(2) ? call.one_number(2) : call.number("value", 0);
    return pad(x, margins, {.constant_values = value});
  }
  if (mode != "reflect" && mode != "edge" && mode != "wrap") call.refuse("it has the unknown mode '{}'", mode);
  for (std::size_t i = 0; i < rank; ++i) {
    const auto [before, after] = margins[i];
    const int axis = static_cast<int>(i);
    if (before == 0 && after == 0) continue;
    if (x.shape()[axis] == 0) call.refuse("it cannot extend an axis of size 0");
    call.expect_moderate(x.shape()[axis] + before + after);
    x = take(x, axis, before, after, [&](std::int64_t at, std::int64_t size) {
      if (mode == "edge") return std::clamp<std::int64_t>(at, 0, size - 1);
      if (mode == "wrap") return ((at % size) + size) % size;
      if (size == 1) return std::int64_t{0};
      const std::int64_t period = 2 * (size - 1), folded = ((at % period) + period) % period;
      return std::min(folded, period - folded);
    });
  }
  return x;
}

TensorList depth_to_space(Call call) {
  const Tensor& x = call.x();
  expect_rank(call, x, 4, 4);
  const std::int64_t b = call.integer("blocksize", 1);
  const auto n = x.shape()[0], c = x.shape()[1], h = x.shape()[2], w = x.shape()[3];
  if (b < 1 || b > 4096 || c % (b * b) != 0) call.refuse("blocks of {} do not fit the shape {}", b, x.shape().str());
  const std::int64_t rest = c / (b * b);
  const Tensor y = call.text("mode", "DCR") == "CRD" ? transpose(reshape(x, {n, rest, b, b, h, w}), {0, 1, 4, 2, 5, 3})
                                                     : transpose(reshape(x, {n, b, b, rest, h, w}), {0, 3, 4, 1, 5, 2});
  return reshape(y, {n, rest, h * b, w * b});
}

TensorList space_to_depth(Call call) {
  const Tensor& x = call.x();
  expect_rank(call, x, 4, 4);
  const std::int64_t b = call.integer("blocksize", 1);
  const auto n = x.shape()[0], c = x.shape()[1], h = x.shape()[2], w = x.shape()[3];
  if (b < 1 || b > 4096 || h % b != 0 || w % b != 0) {
    call.refuse("blocks of {} do not fit the shape {}", b, x.shape().str());
  }
  const Tensor y = transpose(reshape(x, {n, c, h / b, b, w / b, b}), {0, 3, 5, 1, 2, 4});
  return reshape(y, {n, c * b * b, h / b, w / b});
}

TensorList triangle(Call call) {
  const std::int64_t k = call.has(1) ? call.one_integer(1) : 0;
  return call.flag("upper", true) ? triu(call.x(), k) : tril(call.x(), k);
}

TensorList reverse_sequence(Call call) {
  const Tensor& x = call.x();
  const int time = call.axis(call.integer("time_axis", 0), x.rank());
  const int batch = call.axis(call.integer("batch_axis", 1), x.rank());
  call.expect_moderate(x.shape()[time]);
  if (time + batch != 1) call.refuse("expected the axes of time and batch to be the first two");
  const Tensor batch_first = time == 1 ? x : swapaxes(x, 0, 1);
  const Tensor places = arange<std::int64_t>(0, batch_first.shape()[1], 1, int64);
  const Tensor lengths = expand_dims(cast(call.in(1), int64), 1);
  const Tensor reversed = where(less(places, lengths), lengths - 1 - places, places);
  const Tensor y = gather(batch_first, reversed, 1, 1);
  return time == 1 ? y : swapaxes(y, 0, 1);
}

constexpr OnnxImportOp table[] = {
    {"Concat", join, 1, any_number, 0, 0, 0, OnnxLayout::all_axes},
    {"DepthToSpace", depth_to_space},
    {"Expand", expand, 2, 2, input_bits(1)},
    {"Flatten", as_matrix},
    {"Pad", add_margins, 1, 4, input_bits(1, 2, 3), 0, 0, OnnxLayout::axes},
    {"Reshape", to_shape, 1, 2, input_bits(1)},
    {"ReverseSequence", reverse_sequence, 2, 2},
    {"Slice", part, 1, 5, input_bits(1, 2, 3, 4), 0, 0, OnnxLayout::axes},
    {"SpaceToDepth", space_to_depth},
    {"Split", split_up, 1, 2, input_bits(1), 0, 0, OnnxLayout::axes},
    {"Squeeze", without_axes, 1, 2, input_bits(1)},
    {"Tile", repeat_all, 2, 3, input_bits(1, 2)},
    {"Transpose", permute},
    {"Trilu", triangle, 1, 2, input_bits(1)},
    {"Unsqueeze", with_axes, 1, 2, input_bits(1)},
};

}  // namespace

std::span<const OnnxImportOp> imported_movement_ops() { return table; }

}  // namespace xtape::detail
