#include "xtape/layers/rescaling.hpp"

#include "base/check.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {
namespace {

Tensor tensor_of(const RescalingValue& value, DType dtype) {
  const auto count = static_cast<std::int64_t>(value.values().size());
  return cast(constant(value.values(), {count}), dtype);
}

}  // namespace

RescalingValue RescalingValue::from_config(const ConfigValue& value) {
  if (value.get<double>() != nullptr || value.get<std::int64_t>() != nullptr)
    return xtape::detail::value_as<double>(value);
  return xtape::detail::value_as<std::vector<double>>(value);
}

Rescaling::Rescaling(RescalingValue scale, RescalingOptions options)
    : LayerBase(options, {{"scale", scale}}), scale_(std::move(scale)), offset_(std::move(options.offset)) {
  for (const auto* value : {&scale_, &offset_}) {
    if (value->values().empty()) {
      xtape::detail::fail<ValueError>("Rescaling", "expected a number or a list of numbers, received an empty list");
    }
  }
  set_supports_masking(true);
}

Tensor Rescaling::call(const Tensor& inputs) {
  const Tensor x = cast(inputs, compute_dtype());
  const Tensor scaled = scale_.several() ? x * tensor_of(scale_, x.dtype()) : x * scale_.values()[0];
  return offset_.several() ? scaled + tensor_of(offset_, x.dtype()) : scaled + offset_.values()[0];
}

}  // namespace xtape::layers
