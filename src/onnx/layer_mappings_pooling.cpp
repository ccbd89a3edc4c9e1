#include "onnx/layer_mappings.hpp"

namespace xtape::detail {
namespace {

template <bool max>
OnnxValues pooling(OnnxBuilder& g, const OnnxCall& call) {
  const auto sizes = [&](const char* argument) {
    const ConfigValue& value = call.argument(argument);
    if (value.get<std::int64_t>() != nullptr) return std::vector<std::int64_t>{*value.get<std::int64_t>()};
    return value_as<std::vector<std::int64_t>>(value);
  };
  const auto window = sizes("pool_size");
  const auto strides = call.argument("strides").is_none() ? window : sizes("strides");
  return {map_pooling(g, max ? "MaxPool" : "AveragePool", call.x(), window, strides, call.get<std::string>("padding"),
                      call.where())};
}

std::vector<std::int64_t> spatial_axes(const OnnxValue& x) {
  return x.rank() == 3 ? std::vector<std::int64_t>{1} : std::vector<std::int64_t>{1, 2};
}

OnnxValues global_average(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue x = call.with_given_mask();
  const bool keepdims = call.get<bool>("keepdims");
  OnnxValue y;
  if (x.mask == nullptr || x.rank() != 3) {
    y = g.reduce("ReduceMean", x, spatial_axes(x), keepdims);
  } else {
    const OnnxValue kept = g.expand_dims(*x.mask, {-1});
    const OnnxValue count = g.reduce("ReduceSum", g.cast(kept, x.dtype), {1}, keepdims);
    y = g.divide(g.reduce("ReduceSum", g.where(kept, x, g.scalar(0, x.dtype)), {1}, keepdims),
                 g.with_scalar("Max", count, 1));
  }
  return {y};
}

OnnxValues global_max(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  return {g.reduce("ReduceMax", x, spatial_axes(x), call.get<bool>("keepdims"))};
}

constexpr OnnxLayerMapping mappings[] = {
    {"AveragePooling1D", pooling<false>},
    {"AveragePooling2D", pooling<false>},
    {"GlobalAveragePooling1D", global_average, OnnxMasks::own},
    {"GlobalAveragePooling2D", global_average},
    {"GlobalMaxPooling1D", global_max},
    {"GlobalMaxPooling2D", global_max},
    {"MaxPooling1D", pooling<true>},
    {"MaxPooling2D", pooling<true>},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_pooling_layers() { return mappings; }

}  // namespace xtape::detail
