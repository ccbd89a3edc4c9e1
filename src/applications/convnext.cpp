#include "xtape/applications/convnext.hpp"

#include <fmt/format.h>

#include <array>
#include <numeric>

#include "applications/application.hpp"
#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/layer_normalization.hpp"
#include "xtape/layers/layer_scale.hpp"
#include "xtape/layers/normalization.hpp"
#include "xtape/layers/stochastic_depth.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/models/sequential.hpp"

namespace xtape::applications {
namespace {

struct Architecture {
  const char* function;
  const char* name;
  std::array<int, 4> depths;             ///< blocks in each stage
  std::array<std::int64_t, 4> channels;  ///< of each stage
};

layers::LayerNormalization layer_norm(const std::string& name) {
  return layers::LayerNormalization({.epsilon = 1e-6, .name = name});
}

/// Convolves each channel by itself, and adds what two dense layers make of the channels at each position.
SymbolicTensor block(const SymbolicTensor& input, double drop_rate, const std::string& name) {
  const std::int64_t channels = detail::channels(input);
  SymbolicTensor x = layers::Conv2D(
      channels, 7, {.padding = Padding::same, .groups = channels, .name = name + "_depthwise_conv"})(input);
  x = layer_norm(name + "_layernorm")(x);
  x = layers::Dense(4 * channels, {.name = name + "_pointwise_conv_1"})(x);
  x = layers::Activation("gelu", {.name = name + "_gelu"})(x);
  x = layers::Dense(channels, {.name = name + "_pointwise_conv_2"})(x);
  x = layers::LayerScale(1e-6, channels, {.name = name + "_layer_scale"})(x);
  if (drop_rate > 0) {
    x = layers::StochasticDepth(drop_rate, {.name = name + "_stochastic_depth"})(x);
  } else {
    x = layers::Activation("linear", {.name = name + "_identity"})(x);
  }
  return input + x;
}

/// ImageNet's mean and variance of pixels in [0, 255].
layers::Normalization normalization(const std::string& name) {
  std::vector<double> mean, variance;
  for (const double each : {0.485, 0.456, 0.406}) mean.push_back(each * 255);
  for (const double stddev : {0.229, 0.224, 0.225}) variance.push_back(stddev * 255 * stddev * 255);
  return layers::Normalization(
      {.mean = cast(constant(mean, {3}), float32), .variance = cast(constant(variance, {3}), float32), .name = name});
}

Model conv_next(const Architecture& architecture, const ConvNeXtOptions& options) {
  if (!(options.drop_path_rate >= 0 && options.drop_path_rate < 1)) {
    xtape::detail::fail<ValueError>(architecture.function, "expected 0 <= drop_path_rate < 1, received {}",
                                    options.drop_path_rate);
  }
  const detail::Application app(
      architecture.function, detail::common(options), {},
      detail::published(fmt::format("convnext/{}{}.h5", architecture.name, options.include_top ? "" : "_notop")));
  const std::string name = options.name.empty() ? architecture.name : options.name;
  const auto& [depths, channels] = std::tie(architecture.depths, architecture.channels);
  const int blocks = std::accumulate(depths.begin(), depths.end(), 0);

  SymbolicTensor x = app.input();
  if (options.include_preprocessing && detail::channels(x) == 3) {
    x = normalization(name + "_prestem_normalization")(x);
  }
  int done = 0;
  for (std::size_t stage = 0; stage < depths.size(); ++stage) {
    Sequential smaller;
    if (stage == 0) {
      smaller.set_name(name + "_stem");
      smaller.add(layers::Conv2D(channels[0], 4, {.strides = 4, .name = name + "_stem_conv"}));
      smaller.add(layer_norm(name + "_stem_layernorm"));
    } else {
      smaller.set_name(fmt::format("{}_downsampling_block_{}", name, stage - 1));
      smaller.add(layer_norm(fmt::format("{}_downsampling_layernorm_{}", name, stage - 1)));
      smaller.add(layers::Conv2D(channels[stage], 2,
                                 {.strides = 2, .name = fmt::format("{}_downsampling_conv_{}", name, stage - 1)}));
    }
    x = smaller(x);
    for (int i = 0; i < depths[stage]; ++i) {
      const double drop_rate = options.drop_path_rate * done++ / (blocks - 1);
      x = block(x, drop_rate, fmt::format("{}_stage_{}_block_{}", name, stage, i));
    }
  }
  if (options.include_top) {
    x = layers::GlobalAveragePooling2D({.name = name + "_head_gap"})(x);
    x = layer_norm(name + "_head_layernorm")(x);
    x = layers::Dense(options.classes, {.activation = options.classifier_activation, .name = name + "_head_dense"})(x);
  } else {
    x = layer_norm("")(app.pooled(x, false));
  }
  return app.model(x, architecture.name);
}

}  // namespace

Model ConvNeXtTiny(const ConvNeXtOptions& options) {
  return conv_next({"ConvNeXtTiny", "convnext_tiny", {3, 3, 9, 3}, {96, 192, 384, 768}}, options);
}
Model ConvNeXtSmall(const ConvNeXtOptions& options) {
  return conv_next({"ConvNeXtSmall", "convnext_small", {3, 3, 27, 3}, {96, 192, 384, 768}}, options);
}
Model ConvNeXtBase(const ConvNeXtOptions& options) {
  return conv_next({"ConvNeXtBase", "convnext_base", {3, 3, 27, 3}, {128, 256, 512, 1024}}, options);
}
Model ConvNeXtLarge(const ConvNeXtOptions& options) {
  return conv_next({"ConvNeXtLarge", "convnext_large", {3, 3, 27, 3}, {192, 384, 768, 1536}}, options);
}
Model ConvNeXtXLarge(const ConvNeXtOptions& options) {
  return conv_next({"ConvNeXtXLarge", "convnext_xlarge", {3, 3, 27, 3}, {256, 512, 1024, 2048}}, options);
}

}  // namespace xtape::applications
