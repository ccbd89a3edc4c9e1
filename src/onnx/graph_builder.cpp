#include "onnx/graph_builder.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string_view>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/version.hpp"

namespace xtape::detail {
namespace {

std::string_view bytes_of(const Tensor& tensor) {
  const Read read = host_read(OnnxBuilder::method, tensor);
  return {reinterpret_cast<const char*>(read.bytes()),
          static_cast<std::size_t>(tensor.size()) * itemsize(tensor.dtype())};
}

int ir_version(int opset) { return opset <= 14 ? 7 : opset <= 18 ? 8 : opset <= 20 ? 9 : 10; }

std::vector<std::int64_t> all_axes(int rank) {
  std::vector<std::int64_t> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

/// With axes counted from the beginning, in ascending order.
std::vector<std::int64_t> normal_axes(std::vector<std::int64_t> axes, int rank) {
  for (auto& axis : axes) axis = normal_axis(OnnxBuilder::method, axis, rank);
  std::sort(axes.begin(), axes.end());
  return axes;
}

}  // namespace

OnnxBuilder::OnnxBuilder(int opset, const std::string& model_name) : model_prefix_(model_name + "/") {
  model_.opset = opset;
  model_.name = model_name;
  model_.ir_version = ir_version(opset);
  model_.producer_version = fmt::format("{}.{}.{}", XTAPE_VERSION_MAJOR, XTAPE_VERSION_MINOR, XTAPE_VERSION_PATCH);
}

OnnxBuilder::Scope::Scope(OnnxBuilder& builder, const std::string& layer) : builder_(builder), before_(builder.path_) {
  builder.path_ = before_.empty() ? layer : before_ + "/" + layer;
}
OnnxBuilder::Scope::~Scope() { builder_.path_ = before_; }

std::string OnnxBuilder::unique(const std::string& wanted) {
  if (taken_.insert(wanted).second) return wanted;
  for (int& next = next_[wanted];;) {
    std::string name = fmt::format("{}_{}", wanted, ++next);
    if (taken_.insert(name).second) return name;
  }
}

OnnxValue OnnxBuilder::store(const std::string& key, const std::string& wanted, const Tensor& given) {
  const Tensor tensor = given.dtype() == bfloat16 ? xtape::cast(given, float32) : given;
  const std::string_view bytes = bytes_of(tensor);
  const std::pair at(key, std::hash<std::string_view>()(bytes));
  for (auto [it, end] = stored_.equal_range(at); it != end; ++it) {
    const auto& [name, other] = model_.initializers[it->second];
    if (other.dtype() == tensor.dtype() && other.shape() == tensor.shape() && bytes_of(other) == bytes) {
      return {name, tensor.dtype(), tensor.shape()};
    }
  }
  stored_.emplace(at, model_.initializers.size());
  model_.initializers.emplace_back(unique(wanted), tensor);
  return {model_.initializers.back().first, tensor.dtype(), tensor.shape()};
}

OnnxValue OnnxBuilder::constant(const Tensor& tensor) {
  return store("", path_.empty() ? "constant" : path_ + "/constant", tensor);
}

OnnxValue OnnxBuilder::weight(const std::string& name, const Tensor& tensor) {
  return store(name, name.starts_with(model_prefix_) ? name.substr(model_prefix_.size()) : name, tensor);
}

OnnxValue OnnxBuilder::scalar(double number, DType dtype) {
  return constant(xtape::cast(xtape::constant(std::vector<double>{number}, Shape{}), stored(dtype)));
}

OnnxValue OnnxBuilder::integers(const std::vector<std::int64_t>& numbers) {
  return constant(xtape::constant(numbers, {static_cast<std::int64_t>(numbers.size())}));
}

OnnxValues OnnxBuilder::nodes(const char* op, const OnnxValues& inputs, std::vector<OnnxAttribute> attributes,
                              const std::vector<std::pair<Shape, DType>>& outputs) {
  OnnxNode made;
  made.op = op;
  made.name = unique(path_.empty() ? op : path_ + "/" + op);
  for (const auto& input : inputs) made.inputs.push_back(input.name);
  while (!made.inputs.empty() && made.inputs.back().empty()) made.inputs.pop_back();
  made.attributes = std::move(attributes);
  OnnxValues values;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    values.push_back({unique(i == 0 ? made.name + ":0" : fmt::format("{}:{}", made.name, i)), stored(outputs[i].second),
                      outputs[i].first});
    made.outputs.push_back(values.back().name);
  }
  model_.nodes.push_back(std::move(made));
  return values;
}

OnnxValue OnnxBuilder::node(const char* op, const OnnxValues& inputs, std::vector<OnnxAttribute> attributes,
                            const Shape& shape, DType dtype) {
  return nodes(op, inputs, std::move(attributes), {{shape, dtype}}).front();
}

OnnxValue OnnxBuilder::alike(const char* op, const OnnxValues& inputs, std::vector<OnnxAttribute> attributes) {
  return node(op, inputs, std::move(attributes), inputs.front().shape, inputs.front().dtype);
}

Shape OnnxBuilder::broadcast(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<std::int64_t> sizes;
  for (int axis = -rank; axis < 0; ++axis) {
    const std::int64_t x = -axis > a.rank() ? 1 : a[axis], y = -axis > b.rank() ? 1 : b[axis];
    sizes.push_back(x == 1 ? y : y == 1 || y < 0 ? x : x < 0 ? y : x);
  }
  return Shape(sizes);
}

DType OnnxBuilder::promoted(const OnnxValue& a, const OnnxValue& b) {
  if (a.dtype == b.dtype) return a.dtype;
  const auto one = [](DType dtype) { return xtape::cast(zeros({1}, int32), dtype); };
  try {
    return stored((one(a.dtype) + one(b.dtype)).dtype());
  } catch (const Error&) {  // what xtape does not promote, such as bool, is cast to the other one
    const auto order = [](DType dtype) {
      return dtype == boolean   ? 0
             : dtype == uint8   ? 1
             : dtype == int32   ? 2
             : dtype == int64   ? 3
             : dtype == float32 ? 4
                                : 5;
    };
    return order(a.dtype) > order(b.dtype) ? a.dtype : b.dtype;
  }
}

OnnxValue OnnxBuilder::cast(const OnnxValue& x, DType given) {
  const DType dtype = stored(given);
  if (x.dtype == dtype) return x;
  OnnxValue y = node("Cast", {x}, {{"to", std::int64_t{onnx_data_type(dtype)}}}, x.shape, dtype);
  y.mask = x.mask;
  return y;
}

OnnxValue OnnxBuilder::binary(const char* op, OnnxValue a, OnnxValue b) {
  const DType dtype = promoted(a, b);
  a = cast(a, dtype);
  b = cast(b, dtype);
  return node(op, {a, b}, {}, broadcast(a.shape, b.shape), dtype);
}

OnnxValue OnnxBuilder::compare(const char* op, OnnxValue a, OnnxValue b) {
  OnnxValue y = binary(op, std::move(a), std::move(b));
  y.dtype = boolean;
  return y;
}

OnnxValue OnnxBuilder::where(const OnnxValue& condition, OnnxValue a, OnnxValue b) {
  const DType dtype = promoted(a, b);
  a = cast(a, dtype);
  b = cast(b, dtype);
  return node("Where", {cast(condition, boolean), a, b}, {}, broadcast(condition.shape, broadcast(a.shape, b.shape)),
              dtype);
}

OnnxValue OnnxBuilder::sizes(const OnnxSizes& wanted) {
  std::vector<std::int64_t> known;
  OnnxValues parts;
  const auto flush = [&] {
    if (!known.empty()) parts.push_back(integers(known));
    known.clear();
  };
  for (const auto& size : wanted) {
    if (size.of == nullptr) {
      known.push_back(size.size);
      continue;
    }
    flush();
    const OnnxValue shape = node("Shape", {*size.of}, {}, {size.of->rank()}, int64);
    parts.push_back(gather(shape, integers({size.at}), 0));
  }
  flush();
  return parts.size() == 1 ? parts.front() : concat(parts, 0);
}

OnnxValue OnnxBuilder::reshape(const OnnxValue& x, const OnnxSizes& wanted) {
  std::vector<std::int64_t> shape, given;
  std::size_t open = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const OnnxSize& size = wanted[i];
    shape.push_back(size.size);
    // 0 copies the size of the same axis.
    const bool copied = size.of != nullptr && size.of->name == x.name && size.at == static_cast<int>(i);
    given.push_back(size.size == 0 ? 0 : copied ? 0 : size.size);
    if (given.back() < 0) ++open;
  }
  if (Shape(shape) == x.shape && open == 0 && std::find(given.begin(), given.end(), 0) == given.end()) return x;
  OnnxValue target = open <= 1 ? integers(given) : sizes(wanted);
  // The size of an open axis, where all others are known.
  const auto product = [](const std::vector<std::int64_t>& sizes) {
    std::int64_t all = 1;
    for (const auto size : sizes) all *= size;
    return all;
  };
  const bool known = std::all_of(x.shape.begin(), x.shape.end(), [](std::int64_t size) { return size >= 0; });
  const auto unknown = std::count(shape.begin(), shape.end(), -1);
  if (known && unknown == 1 && product(shape) != 0) {
    *std::find(shape.begin(), shape.end(), -1) = -x.shape.numel() / product(shape);
  }
  std::vector<OnnxAttribute> attributes;
  const bool empty = std::any_of(wanted.begin(), wanted.end(), [](const OnnxSize& size) { return size.size == 0; });
  if (empty && opset() >= 14) attributes.push_back({"allowzero", std::int64_t{1}});
  if (empty) target = sizes(wanted);
  return node("Reshape", {x, target}, std::move(attributes), Shape(shape), x.dtype);
}

OnnxValue OnnxBuilder::broadcast_to(const OnnxValue& x, const OnnxSizes& wanted) {
  std::vector<std::int64_t> shape;
  for (const auto& size : wanted) shape.push_back(size.size);
  return node("Expand", {x, sizes(wanted)}, {}, Shape(shape), x.dtype);
}

OnnxValue OnnxBuilder::transpose(const OnnxValue& x, const std::vector<std::int64_t>& permutation) {
  std::vector<std::int64_t> shape;
  for (const auto axis : permutation) shape.push_back(x.shape[static_cast<int>(axis)]);
  if (std::is_sorted(permutation.begin(), permutation.end())) return x;
  return node("Transpose", {x}, {{"perm", permutation}}, Shape(shape), x.dtype);
}

OnnxValue OnnxBuilder::move_axis(const OnnxValue& x, int from, int to) {
  const int source = normal_axis(method, from, x.rank()), target = normal_axis(method, to, x.rank());
  std::vector<std::int64_t> permutation = all_axes(x.rank());
  permutation.erase(permutation.begin() + source);
  permutation.insert(permutation.begin() + target, source);
  return transpose(x, permutation);
}

OnnxValue OnnxBuilder::expand_dims(const OnnxValue& x, std::vector<std::int64_t> axes) {
  const int rank = x.rank() + static_cast<int>(axes.size());
  axes = normal_axes(std::move(axes), rank);
  std::vector<std::int64_t> shape(x.shape.begin(), x.shape.end());
  for (const auto axis : axes) shape.insert(shape.begin() + axis, 1);
  return node("Unsqueeze", {x, integers(axes)}, {}, Shape(shape), x.dtype);
}

OnnxValue OnnxBuilder::squeeze(const OnnxValue& x, std::vector<std::int64_t> axes) {
  axes = normal_axes(std::move(axes), x.rank());
  std::vector<std::int64_t> shape(x.shape.begin(), x.shape.end());
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) shape.erase(shape.begin() + *axis);
  return node("Squeeze", {x, integers(axes)}, {}, Shape(shape), x.dtype);
}

OnnxValue OnnxBuilder::concat(const OnnxValues& values, int axis) {
  const int at = normal_axis(method, axis, values.front().rank());
  Shape shape = values.front().shape;
  shape[at] = 0;
  DType dtype = values.front().dtype;
  OnnxValue common = values.front();
  for (const auto& value : values) {
    shape[at] = shape[at] < 0 || value.shape[at] < 0 ? -1 : shape[at] + value.shape[at];
    for (int other = 0; other < shape.rank(); ++other) {
      if (other != at && shape[other] < 0) shape[other] = value.shape[other];
    }
    common.dtype = dtype = promoted(common, value);
  }
  OnnxValues cast_values;
  for (const auto& value : values) cast_values.push_back(cast(value, dtype));
  return node("Concat", cast_values, {{"axis", std::int64_t{at}}}, shape, dtype);
}

OnnxValue OnnxBuilder::slice(const OnnxValue& x, int axis, std::int64_t begin, std::int64_t end, std::int64_t step) {
  const int at = normal_axis(method, axis, x.rank());
  Shape shape = x.shape;
  if (const std::int64_t size = shape[at]; size >= 0 && step == 1) {
    const auto inside = [&](std::int64_t place) {
      return std::clamp(place < 0 ? place + size : place, std::int64_t{0}, size);
    };
    shape[at] = std::max<std::int64_t>(inside(end) - inside(begin), 0);
  } else if (step != -1) {
    shape[at] = step == 1 && begin >= 0 && end >= begin && end != to_end ? end - begin : -1;
  }
  return node("Slice", {x, integers({begin}), integers({end}), integers({at}), integers({step})}, {}, shape, x.dtype);
}

OnnxValue OnnxBuilder::reverse(const OnnxValue& x, int axis) {
  return slice(x, axis, -1, std::numeric_limits<std::int64_t>::min(), -1);
}

OnnxValue OnnxBuilder::pad(const OnnxValue& x, const std::vector<std::array<std::int64_t, 2>>& margins,
                           const char* mode, double value) {
  std::vector<std::int64_t> pads;
  Shape shape = x.shape;
  for (const std::size_t side : {0u, 1u}) {
    for (const auto& margin : margins) pads.push_back(margin[side]);
  }
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto& margin = margins[static_cast<std::size_t>(axis)];
    if (shape[axis] >= 0) shape[axis] += margin[0] + margin[1];
  }
  OnnxValues inputs{x, integers(pads)};
  if (std::string_view(mode) == "constant") inputs.push_back(scalar(value, x.dtype));
  return node("Pad", inputs, {{"mode", std::string(mode)}}, shape, x.dtype);
}

OnnxValue OnnxBuilder::tile(const OnnxValue& x, const std::vector<std::int64_t>& repeats) {
  Shape shape = x.shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] >= 0) shape[axis] *= repeats[static_cast<std::size_t>(axis)];
  }
  return node("Tile", {x, integers(repeats)}, {}, shape, x.dtype);
}

OnnxValue OnnxBuilder::gather(const OnnxValue& x, const OnnxValue& indices, int axis) {
  const int at = normal_axis(method, axis, x.rank());
  std::vector<std::int64_t> shape(x.shape.begin(), x.shape.begin() + at);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), x.shape.begin() + at + 1, x.shape.end());
  return node("Gather", {x, indices}, {{"axis", std::int64_t{at}}}, Shape(shape), x.dtype);
}

OnnxValue OnnxBuilder::reduce(const char* op, const OnnxValue& x, std::vector<std::int64_t> axes, bool keepdims) {
  if (x.rank() == 0) return x;
  axes = axes.empty() ? all_axes(x.rank()) : normal_axes(std::move(axes), x.rank());
  std::vector<std::int64_t> shape(x.shape.begin(), x.shape.end());
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    if (keepdims) {
      shape[static_cast<std::size_t>(*axis)] = 1;
    } else {
      shape.erase(shape.begin() + *axis);
    }
  }
  std::vector<OnnxAttribute> attributes{{"keepdims", std::int64_t{keepdims}}};
  OnnxValues inputs{x};
  if (std::string_view(op) == "ReduceSum" || opset() >= 18) {  // the others took an attribute before
    inputs.push_back(integers(axes));
  } else {
    attributes.push_back({"axes", axes});
  }
  return node(op, inputs, std::move(attributes), Shape(shape), x.dtype);
}

OnnxValue OnnxBuilder::reduce_any(const OnnxValue& x, std::vector<std::int64_t> axes, bool keepdims) {
  return cast(reduce("ReduceMax", cast(cast(x, boolean), int32), std::move(axes), keepdims), boolean);
}

OnnxValue OnnxBuilder::matmul(const OnnxValue& given_a, const OnnxValue& given_b) {
  const DType dtype = promoted(given_a, given_b);
  const OnnxValue a = cast(given_a, dtype), b = cast(given_b, dtype);
  const auto front = [](const Shape& shape) {
    return Shape(std::vector<std::int64_t>(shape.begin(), shape.begin() + std::max(shape.rank() - 2, 0)));
  };
  const Shape batch = broadcast(front(a.shape), front(b.shape));
  std::vector<std::int64_t> shape(batch.begin(), batch.end());
  if (a.rank() > 1) shape.push_back(a.shape[-2]);
  if (b.rank() > 1) shape.push_back(b.shape[-1]);
  return node("MatMul", {a, b}, {}, Shape(shape), dtype);
}

}  // namespace xtape::detail
