// Constants, and what follows from shapes and types.
#include <algorithm>
#include <cmath>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

Tensor vector_of(const Integers& numbers) { return constant(numbers, {static_cast<std::int64_t>(numbers.size())}); }

DType dtype_attribute(Call call, const char* name, DType otherwise) {
  const OnnxAttribute* found = call.attribute(name);
  if (found == nullptr) return otherwise;
  const auto number = call.integer(name, 0);
  const auto dtype = dtype_of_onnx(static_cast<int>(std::clamp<std::int64_t>(number, -1, 1000)));
  if (!dtype) call.refuse("xtape has no tensors of {}", onnx_type_name(static_cast<int>(number)));
  return *dtype;
}

TensorList value(Call call) {
  for (const auto& attribute : call.node.attributes) {
    if (const auto* tensor = std::get_if<OnnxTensor>(&attribute.value)) return tensor->tensor;
    if (const auto* number = std::get_if<float>(&attribute.value)) return constant(static_cast<double>(*number));
    if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) return constant(*integer, int64);
    if (const auto* integers = std::get_if<Integers>(&attribute.value)) return vector_of(*integers);
    if (const auto* numbers = std::get_if<std::vector<float>>(&attribute.value)) return constant(*numbers);
  }
  call.refuse("expected a value that is a tensor, a number or several");
}

TensorList constant_of_shape(Call call) {
  const Integers sizes = call.integers(0);
  Tensor filled = zeros({}, float32);
  if (const OnnxAttribute* given = call.attribute("value")) {
    const auto* tensor = std::get_if<OnnxTensor>(&given->value);
    if (tensor == nullptr || tensor->tensor.size() != 1) call.refuse("expected a value of one element");
    filled = reshape(tensor->tensor, {});
  }
  for (const auto size : sizes) {
    if (size < 0) call.refuse("expected sizes of 0 or more, received {}", size);
  }
  call.expect_moderate(Shape(sizes));
  return broadcast_to(filled, Shape(sizes));
}

TensorList shape(Call call) {
  const Tensor& x = call.x();
  Integers sizes;
  for (int axis = 0; axis < x.rank(); ++axis) sizes.push_back(x.shape()[call.placed(axis, x.rank())]);
  const auto bound = [&](const char* name, std::int64_t otherwise) {
    std::int64_t at = call.integer(name, otherwise);
    if (at < 0) at += x.rank();
    return std::clamp<std::int64_t>(at, 0, x.rank());
  };
  const auto begin = bound("start", 0), end = std::max(begin, bound("end", x.rank()));
  return vector_of(Integers(sizes.begin() + begin, sizes.begin() + end));
}

TensorList range(Call call) {
  const DType dtype = call.x().dtype();
  if (is_floating(dtype)) {
    const double start = call.one_number(0), limit = call.one_number(1), delta = call.one_number(2);
    const double count = std::max(0.0, std::ceil((limit - start) / delta));
    if (!(count < 1e15)) call.refuse("expected a range of numbers, received {} to {} by {}", start, limit, delta);
    call.expect_moderate(static_cast<std::int64_t>(count));
    const Tensor places = cast(arange<std::int64_t>(0, static_cast<std::int64_t>(count), 1, int64), dtype);
    return places * constant(delta, dtype) + constant(start, dtype);
  }
  const auto start = call.one_integer(0), limit = call.one_integer(1), delta = call.one_integer(2);
  if (delta == 0) call.refuse("expected a step other than 0");
  const double count = (static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta);
  if (count > 1e15) call.refuse("expected a range of numbers, received {} to {} by {}", start, limit, delta);
  call.expect_moderate(static_cast<std::int64_t>(std::max(0.0, count)));
  return cast(arange<std::int64_t>(start, limit, delta, int64), dtype);
}

TensorList eye_like(Call call) {
  const Tensor& x = call.x();
  expect_rank(call, x, 2, 2);
  const DType dtype = dtype_attribute(call, "dtype", x.dtype());
  const auto rows = x.shape()[0], columns = x.shape()[1];
  call.expect_moderate(x.shape());
  const auto k = call.integer("k", 0);
  const Tensor i = expand_dims(arange<std::int64_t>(0, rows, 1, int64), 1);
  const Tensor j = arange<std::int64_t>(0, columns, 1, int64) - constant(k, int64);
  return cast(equal(i, j), dtype);
}

/// To a bool everything but 0 is true; floating numbers become integers as in C.
TensorList convert(Call call) {
  const DType dtype = dtype_attribute(call, "to", float32);
  const Tensor& x = call.x();
  if (dtype == boolean && x.dtype() != boolean) return not_equal(x, zeros({}, x.dtype()));
  return cast(x, dtype);
}

TensorList convert_like(Call call) { return cast(call.x(), call.in(1).dtype()); }

constexpr OnnxImportOp table[] = {
    {"Cast", convert, 1, 1, 0, 0, 0, OnnxLayout::follows},
    {"CastLike", convert_like, 2, 2},
    {"Constant", value, 0, 0},
    {"ConstantOfShape", constant_of_shape, 1, 1, input_bits(0)},
    {"EyeLike", eye_like},
    {"Range", range, 3, 3, input_bits(0, 1, 2)},
    {"Shape", shape, 1, 1, 0, 0, 0, OnnxLayout::shape},
    {"Size", [](Call call) -> TensorList { return constant(call.x().size(), int64); }, 1, 1, 0, 0, 0,
     OnnxLayout::shape},
};

}  // namespace

std::span<const OnnxImportOp> imported_constant_ops() { return table; }

}  // namespace xtape::detail
