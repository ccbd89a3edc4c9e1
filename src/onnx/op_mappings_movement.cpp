// Ops that move elements: shapes, parts, joins, repetitions.
#include <algorithm>
#include <numeric>

#include "onnx/op_mappings.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::detail {
namespace {

using Integers = std::vector<std::int64_t>;

OnnxValues reshape(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.reshape(call.x(), call.sizes("shape", /*infers=*/true))};
}

OnnxValues flatten(OnnxBuilder& g, const OnnxOpCall& call) { return {g.reshape(call.x(), {-1})}; }

OnnxValues expand_dims(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.expand_dims(call.x(), {call.get<std::int64_t>("axis", 0)})};
}

OnnxValues squeeze(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue& x = call.x();
  Integers axes;
  if (const ConfigValue axis = call.attribute("axis"); !axis.is_none()) {
    axes = {value_as<std::int64_t>(axis)};
  } else {
    for (int each = 0; each < x.rank(); ++each) {
      if (x.shape[each] == 1) axes.push_back(each);
    }
  }
  return {axes.empty() ? x : g.squeeze(x, axes)};
}

OnnxValues transpose(OnnxBuilder& g, const OnnxOpCall& call) {
  Integers permutation = call.get<Integers>("permutation", {});
  if (permutation.empty()) {
    permutation.resize(static_cast<std::size_t>(call.x().rank()));
    std::iota(permutation.rbegin(), permutation.rend(), 0);
  }
  for (auto& axis : permutation) axis = normal_axis(OnnxBuilder::method, axis, call.x().rank());
  return {g.transpose(call.x(), permutation)};
}

OnnxValues swapaxes(OnnxBuilder& g, const OnnxOpCall& call) {
  Integers permutation(static_cast<std::size_t>(call.x().rank()));
  std::iota(permutation.begin(), permutation.end(), 0);
  const auto place = [&](const char* name) {
    return permutation.begin() + normal_axis(OnnxBuilder::method, call.get<int>(name, 0), call.x().rank());
  };
  std::iter_swap(place("axis1"), place("axis2"));
  return {g.transpose(call.x(), permutation)};
}

OnnxValues moveaxis(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.move_axis(call.x(), call.get<int>("source", 0), call.get<int>("destination", 0))};
}

OnnxValues concat(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.concat(call.operands, call.axis(0, call.x().rank()))};
}

OnnxValues stack(OnnxBuilder& g, const OnnxOpCall& call) {
  const int axis = call.axis(0, call.x().rank() + 1);
  OnnxValues rows;
  for (const auto& operand : call.operands) rows.push_back(g.expand_dims(operand, {axis}));
  return {g.concat(rows, axis)};
}

/// Parts of these sizes along an axis.
OnnxValues parts_of(OnnxBuilder& g, const OnnxValue& x, int axis, const Integers& sizes) {
  OnnxValues parts;
  std::int64_t begin = 0;
  for (const auto size : sizes) {
    parts.push_back(g.slice(x, axis, begin, begin + size));
    begin += size;
  }
  return parts;
}

OnnxValues split(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue& x = call.x();
  const int axis = call.axis(0, x.rank());
  Integers sizes = call.get<Integers>("sizes", {});
  if (sizes.empty()) {
    const auto n = call.get<std::int64_t>("n", 1);
    if (x.shape[axis] < 0) call.refuse("it needs an axis of known size, found a tensor of shape {}", x.shape.str());
    sizes.assign(static_cast<std::size_t>(n), x.shape[axis] / n);
  }
  return parts_of(g, x, axis, sizes);
}

OnnxValues unstack(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue& x = call.x();
  const int axis = call.axis(0, x.rank());
  if (x.shape[axis] < 0) call.refuse("it needs an axis of known size, found a tensor of shape {}", x.shape.str());
  OnnxValues parts = parts_of(g, x, axis, Integers(static_cast<std::size_t>(x.shape[axis]), 1));
  for (auto& part : parts) part = g.squeeze(part, {axis});
  return parts;
}

/// Of an axis. The places are those of the two runs of a trace.
OnnxValue part(OnnxBuilder& g, const OnnxOpCall& call, const OnnxValue& x, int axis, std::array<std::int64_t, 2> begin,
               std::array<std::int64_t, 2> end, std::int64_t step = 1) {
  const std::int64_t from = call.place(begin[0], begin[1], axis), to = call.place(end[0], end[1], axis);
  const bool all = from == 0 && step == 1 && (to == OnnxBuilder::to_end || to == x.shape[axis]);
  return all ? x : g.slice(x, axis, from, to, step);
}

OnnxValues slice_axis(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto begin = call.integers("begin"), size = call.integers("size");
  return {part(g, call, call.x(), call.axis(0, call.x().rank()), {begin.first[0], begin.second[0]},
               {begin.first[0] + size.first[0], begin.second[0] + size.second[0]})};
}

OnnxValues slice(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto begin = call.integers("begin"), size = call.integers("size");
  OnnxValue x = call.x();
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto at = static_cast<std::size_t>(axis);
    const auto end = [&](const Integers& from, const Integers& sizes) {
      return sizes[at] < 0 ? OnnxBuilder::to_end : from[at] + sizes[at];
    };
    x = part(g, call, x, axis, {begin.first[at], begin.second[at]},
             {end(begin.first, size.first), end(begin.second, size.second)});
  }
  return {x};
}

OnnxValues strided_slice(OnnxBuilder& g, const OnnxOpCall& call) {
  const auto begin = call.integers("begin"), end = call.integers("end");
  const Integers strides = call.get<Integers>("strides", {});
  OnnxValue x = call.x();
  for (std::size_t i = 0; i < begin.first.size(); ++i) {
    const std::int64_t step = i < strides.size() ? strides[i] : 1;
    if (step < 1) call.refuse("its strides are not positive: use reverse");
    x = part(g, call, x, static_cast<int>(i), {begin.first[i], begin.second[i]}, {end.first[i], end.second[i]}, step);
  }
  return {x};
}

/// Python's brackets: x[2, 1:, ..., None].
OnnxValues index(OnnxBuilder& g, const OnnxOpCall& call) {
  const ConfigValue::List items = list_of(call.attribute("items"));
  const auto kind = [](const ConfigValue& item) {
    const auto* config = item.get<Config>();
    return config == nullptr ? std::string() : config->class_name();
  };
  const auto named = std::count_if(
      items.begin(), items.end(), [&](const ConfigValue& item) { return !item.is_none() && kind(item) != "Ellipsis"; });
  OnnxValue x = call.x();
  int axis = 0;
  for (const ConfigValue& item : items) {
    if (item.is_none()) {
      x = g.expand_dims(x, {axis++});
    } else if (const auto* number = item.get<std::int64_t>()) {
      x = g.squeeze(g.slice(x, axis, *number, *number == -1 ? OnnxBuilder::to_end : *number + 1), {axis});
    } else if (kind(item) == "Ellipsis") {
      axis += call.x().rank() - static_cast<int>(named);
    } else {
      const Config& range = *item.get<Config>();
      const auto bound = [&](const char* name) { return value_as<std::optional<std::int64_t>>(range[name]); };
      const std::int64_t step = bound("step").value_or(1);
      if (step < 0) {
        call.refuse("its steps are not positive: use reverse");
      }
      const auto start = bound("start"), stop = bound("stop");
      if (start.value_or(0) != 0 || stop || step != 1) {
        x = g.slice(x, axis, start.value_or(0), stop.value_or(OnnxBuilder::to_end), step);
      }
      ++axis;
    }
  }
  return {x};
}

OnnxValues gather(OnnxBuilder& g, const OnnxOpCall& call) {
  if (call.get<std::int64_t>("batch_dims", 0) != 0) call.refuse("batch_dims has no counterpart: use it without");
  OnnxValue indices = call.operands[1];
  if (indices.dtype != int32 && indices.dtype != int64) indices = g.cast(indices, int64);
  return {g.gather(call.x(), indices, call.axis(0, call.x().rank()))};
}

OnnxValues broadcast_to(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxSizes sizes = call.sizes("shape", /*infers=*/false);
  const int before = static_cast<int>(sizes.size()) - call.x().rank();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    // ONNX's Expand keeps the larger size, so 1 stands for a size of x that is not known.
    if (sizes[i].size < 0 && sizes[i].of == nullptr && static_cast<int>(i) >= before) sizes[i] = 1;
  }
  return {g.broadcast_to(call.x(), sizes)};
}

OnnxValues tile(OnnxBuilder& g, const OnnxOpCall& call) {
  Integers multiples = call.get<Integers>("multiples", {});
  OnnxValue x = call.x();
  while (static_cast<int>(multiples.size()) < x.rank()) multiples.insert(multiples.begin(), 1);
  while (x.rank() < static_cast<int>(multiples.size())) x = g.expand_dims(x, {0});
  return {g.tile(x, multiples)};
}

OnnxValues repeat(OnnxBuilder& g, const OnnxOpCall& call) {
  const Integers repeats = call.get<Integers>("repeats", {});
  if (repeats.size() != 1 || call.attribute("axis").is_none()) {
    call.refuse("only one number of repeats along one axis has a counterpart");
  }
  const OnnxValue& x = call.x();
  const int axis = call.axis(0, x.rank());
  const std::int64_t times = repeats[0];
  OnnxValue each = g.expand_dims(x, {axis + 1});
  Integers multiples(static_cast<std::size_t>(each.rank()), 1);
  multiples[static_cast<std::size_t>(axis) + 1] = times;
  each = g.tile(each, multiples);
  OnnxSizes sizes;
  for (int at = 0; at < x.rank(); ++at) {
    if (at != axis) {
      sizes.emplace_back(x, at);
    } else {
      sizes.emplace_back(x.shape[at] < 0 ? -1 : x.shape[at] * times);
    }
  }
  return {g.reshape(each, sizes)};
}

OnnxValues reverse(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxValue x = call.x();
  for (const auto axis : call.get<Integers>("axes", {})) x = g.reverse(x, static_cast<int>(axis));
  return {x};
}

OnnxValues roll(OnnxBuilder& g, const OnnxOpCall& call) {
  if (!call.attribute("shifts").is_none()) call.refuse("only one shift along one axis has a counterpart");
  const OnnxValue& x = call.x();
  const int axis = call.axis(0, x.rank());
  const auto shift = call.get<std::int64_t>("shift", 0);
  if (x.shape[axis] <= 0) call.refuse("it needs an axis of known size, found a tensor of shape {}", x.shape.str());
  const std::int64_t size = x.shape[axis], begin = ((size - shift) % size + size) % size;
  if (begin == 0) return {x};
  return {g.concat({g.slice(x, axis, begin, OnnxBuilder::to_end), g.slice(x, axis, 0, begin)}, axis)};
}

OnnxValues triangle(OnnxBuilder& g, const OnnxOpCall& call, bool upper) {
  if (g.opset() < 14) call.refuse("ONNX has it from opset 14 on");
  return {g.alike("Trilu", {call.x(), g.scalar(static_cast<double>(call.get<std::int64_t>("k", 0)), int64)},
                  {{"upper", std::int64_t{upper}}})};
}

OnnxValues take_along_axis(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue &x = call.x(), &indices = call.operands[1];
  const int axis = call.axis(-1, x.rank());
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis && x.shape[i] != indices.shape[i]) {
      call.refuse("ONNX has it for equal sizes of the other axes, not for shapes {} and {}", x.shape.str(),
                  indices.shape.str());
    }
  }
  return {
      g.node("GatherElements", {x, g.cast(indices, int64)}, {{"axis", std::int64_t{axis}}}, indices.shape, x.dtype)};
}

/// The axes of blocks, [batch, rows, n, columns, n, channels], or of pixels, exchanged.
OnnxValue exchanged(OnnxBuilder& g, const OnnxValue& x, const OnnxSizes& parts, const OnnxSizes& whole) {
  return g.reshape(g.transpose(g.reshape(x, parts), {0, 1, 3, 2, 4, 5}), whole);
}

void check_pixels(const OnnxOpCall& call) {
  const Shape& shape = call.x().shape;
  if (std::any_of(shape.begin() + 1, shape.end(), [](std::int64_t size) { return size < 0; })) {
    call.refuse("it needs images of known size, found a tensor of shape {}", shape.str());
  }
}

OnnxValues space_to_depth(OnnxBuilder& g, const OnnxOpCall& call) {
  check_pixels(call);
  const OnnxValue& x = call.x();
  const auto n = call.get<std::int64_t>("block_size", 1);
  const std::int64_t rows = x.shape[1] / n, columns = x.shape[2] / n, channels = x.shape[3];
  const OnnxSize batch(x, 0);
  return {exchanged(g, x, {batch, rows, n, columns, n, channels}, {batch, rows, columns, n * n * channels})};
}

OnnxValues depth_to_space(OnnxBuilder& g, const OnnxOpCall& call) {
  check_pixels(call);
  const OnnxValue& x = call.x();
  const auto n = call.get<std::int64_t>("block_size", 1);
  const std::int64_t rows = x.shape[1], columns = x.shape[2], channels = x.shape[3] / (n * n);
  const OnnxSize batch(x, 0);
  return {exchanged(g, x, {batch, rows, columns, n, n, channels}, {batch, rows * n, columns * n, channels})};
}

constexpr OnnxOpMapping mappings[] = {
    {"broadcast_to", broadcast_to},
    {"concat", concat},
    {"depth_to_space", depth_to_space},
    {"embedding_lookup",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.gather(call.x(), g.cast(call.operands[1], int64), 0)};
     }},
    {"expand_dims", expand_dims},
    {"flatten", flatten},
    {"gather", gather},
    {"index", index},
    {"masked",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       OnnxValue x = call.x();
       x.mask = nullptr;
       return {call.operands[1].name.empty() ? x : g.with_mask(x, call.operands[1])};
     }},
    {"matrix_transpose",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {g.move_axis(call.x(), -1, -2)}; }},
    {"moveaxis", moveaxis},
    {"repeat", repeat},
    {"reshape", reshape},
    {"reverse", reverse},
    {"roll", roll},
    {"slice", slice},
    {"slice_axis", slice_axis},
    {"space_to_depth", space_to_depth},
    {"split", split},
    {"squeeze", squeeze},
    {"stack", stack},
    {"strided_slice", strided_slice},
    {"swapaxes", swapaxes},
    {"take_along_axis", take_along_axis},
    {"tile", tile},
    {"transpose", transpose},
    {"tril", [](OnnxBuilder& g, const OnnxOpCall& call) { return triangle(g, call, false); }},
    {"triu", [](OnnxBuilder& g, const OnnxOpCall& call) { return triangle(g, call, true); }},
    {"unstack", unstack},
};

}  // namespace

std::span<const OnnxOpMapping> onnx_movement_ops() { return mappings; }

}  // namespace xtape::detail
