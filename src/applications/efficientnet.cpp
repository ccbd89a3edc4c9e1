#include "xtape/applications/efficientnet.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "applications/application.hpp"
#include "xtape/initializers/variance_scaling.hpp"
#include "xtape/layers/depthwise_conv.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/normalization.hpp"
#include "xtape/layers/rescaling.hpp"
#include "xtape/layers/reshape.hpp"
#include "xtape/layers/zero_padding.hpp"

namespace xtape::applications {
namespace {

/// The seven stages of B0; the paper's table 1.
struct Stage {
  std::int64_t kernel;
  int blocks;
  std::int64_t inputs, outputs;  ///< channels
  std::int64_t expansion;
  std::int64_t stride;  ///< of the first block
};
constexpr Stage stages[] = {
    {3, 1, 32, 16, 1, 1},  {3, 2, 16, 24, 6, 2},   {5, 2, 24, 40, 6, 2},   {3, 3, 40, 80, 6, 2},
    {5, 3, 80, 112, 6, 1}, {5, 4, 112, 192, 6, 2}, {3, 1, 192, 320, 6, 1},
};

/// How B0 is scaled.
struct Scaling {
  const char* function;
  const char* name;
  double width, depth;
  std::int64_t size;
  double dropout;
};

const Initializer& kernel_initializer() {
  static const Initializer initializer =
      initializers::VarianceScaling{.scale = 2, .mode = "fan_out", .distribution = "truncated_normal"};
  return initializer;
}

SymbolicTensor normalized_swish(const SymbolicTensor& x, const std::string& bn, const std::string& activation) {
  return layers::Activation("swish", {.name = activation})(detail::batch_norm(x, 1e-3, bn));
}

SymbolicTensor pointwise(const SymbolicTensor& x, std::int64_t filters, const std::string& name) {
  return layers::Conv2D(
      filters, 1,
      {.padding = Padding::same, .use_bias = false, .kernel_initializer = kernel_initializer(), .name = name})(x);
}

/// Weights the channels by a function of their means.
SymbolicTensor squeeze_excite(const SymbolicTensor& x, std::int64_t reduced, const std::string& name) {
  const std::int64_t filters = detail::channels(x);
  const auto dense = [&](const SymbolicTensor& input, std::int64_t outputs, const char* activation, const char* part) {
    return layers::Conv2D(outputs, 1,
                          {.padding = Padding::same,
                           .activation = activation,
                           .kernel_initializer = kernel_initializer(),
                           .name = name + part})(input);
  };
  SymbolicTensor y = layers::GlobalAveragePooling2D({.name = name + "se_squeeze"})(x);
  y = layers::Reshape({1, 1, filters}, {.name = name + "se_reshape"})(y);
  y = dense(y, reduced, "swish", "se_reduce");
  y = dense(y, filters, "sigmoid", "se_expand");
  return layers::Multiply({.name = name + "se_excite"})({x, y});
}

SymbolicTensor block(const SymbolicTensor& input, const Stage& stage, double drop_rate, const std::string& name) {
  SymbolicTensor x = input;
  if (stage.expansion != 1) {
    x = pointwise(x, stage.inputs * stage.expansion, name + "expand_conv");
    x = normalized_swish(x, name + "expand_bn", name + "expand_activation");
  }
  if (stage.stride == 2) {
    x = layers::ZeroPadding2D(detail::padding_for_stride2(x, stage.kernel), {.name = name + "dwconv_pad"})(x);
  }
  x = layers::DepthwiseConv2D(stage.kernel, {.strides = stage.stride,
                                             .padding = stage.stride == 1 ? Padding::same : Padding::valid,
                                             .use_bias = false,
                                             .depthwise_initializer = kernel_initializer(),
                                             .name = name + "dwconv"})(x);
  x = normalized_swish(x, name + "bn", name + "activation");
  x = squeeze_excite(x, std::max<std::int64_t>(1, stage.inputs / 4), name);
  x = detail::batch_norm(pointwise(x, stage.outputs, name + "project_conv"), 1e-3, name + "project_bn");
  if (stage.stride > 1 || stage.inputs != stage.outputs) return x;
  if (drop_rate > 0) {
    x = layers::Dropout(drop_rate, {.noise_shape = Shape{-1, 1, 1, 1}, .name = name + "drop"})(x);
  }
  return layers::Add({.name = name + "add"})({x, input});
}

Model efficient_net(const Scaling& scaling, const EfficientNetOptions& options) {
  const detail::Application app(scaling.function, detail::common(options), {.usual = scaling.size},
                                fmt::format("https://storage.googleapis.com/keras-applications/{}{}.h5", scaling.name,
                                            options.include_top ? "" : "_notop"),
                                " with imagenet_rescaling = true");
  const auto filters = [&](std::int64_t of_b0) { return detail::rounded(static_cast<double>(of_b0) * scaling.width); };
  const auto repeats = [&](int of_b0) { return static_cast<int>(std::ceil(scaling.depth * of_b0)); };

  SymbolicTensor x = layers::Normalization()(layers::Rescaling(1 / 255.0)(app.input()));
  if (options.imagenet_rescaling) {
    std::vector<double> factors;
    for (const double stddev : {0.229, 0.224, 0.225}) factors.push_back(1 / std::sqrt(stddev));
    x = layers::Rescaling(factors)(x);
  }
  x = layers::ZeroPadding2D(detail::padding_for_stride2(x, 3), {.name = "stem_conv_pad"})(x);
  x = layers::Conv2D(
      filters(32), 3,
      {.strides = 2, .use_bias = false, .kernel_initializer = kernel_initializer(), .name = "stem_conv"})(x);
  x = normalized_swish(x, "stem_bn", "stem_activation");

  int blocks = 0, done = 0;
  for (const Stage& stage : stages) blocks += repeats(stage.blocks);
  for (std::size_t s = 0; s < std::size(stages); ++s) {
    Stage stage = stages[s];
    stage.inputs = filters(stage.inputs);
    stage.outputs = filters(stage.outputs);
    for (int i = 0; i < repeats(stage.blocks); ++i) {
      const double drop_rate = 0.2 * done++ / blocks;
      x = block(x, stage, drop_rate, fmt::format("block{}{}_", s + 1, static_cast<char>('a' + i)));
      stage.inputs = stage.outputs;
      stage.stride = 1;
    }
  }
  x = normalized_swish(pointwise(x, filters(1280), "top_conv"), "top_bn", "top_activation");
  if (!options.include_top) return app.model(app.pooled(x), scaling.name);
  x = layers::GlobalAveragePooling2D({.name = "avg_pool"})(x);
  x = layers::Dropout(scaling.dropout, {.name = "top_dropout"})(x);
  x = layers::Dense(options.classes,
                    {.activation = options.classifier_activation,
                     .kernel_initializer =
                         initializers::VarianceScaling{.scale = 1.0 / 3, .mode = "fan_out", .distribution = "uniform"},
                     .name = "predictions"})(x);
  return app.model(x, scaling.name);
}

}  // namespace

Model EfficientNetB0(const EfficientNetOptions& options) {
  return efficient_net({"EfficientNetB0", "efficientnetb0", 1.0, 1.0, 224, 0.2}, options);
}
Model EfficientNetB1(const EfficientNetOptions& options) {
  return efficient_net({"EfficientNetB1", "efficientnetb1", 1.0, 1.1, 240, 0.2}, options);
}
Model EfficientNetB2(const EfficientNetOptions& options) {
  return efficient_net({"EfficientNetB2", "efficientnetb2", 1.1, 1.2, 260, 0.3}, options);
}
Model EfficientNetB3(const EfficientNetOptions& options) {
  return efficient_net({"EfficientNetB3", "efficientnetb3", 1.2, 1.4, 300, 0.3}, options);
}
Model EfficientNetB4(const EfficientNetOptions& options) {
  return efficient_net({"EfficientNetB4", "efficientnetb4", 1.4, 1.8, 380, 0.4}, options);
}
Model EfficientNetB5(const EfficientNetOptions& options) {
  return efficient_net({"EfficientNetB5", "efficientnetb5", 1.6, 2.2, 456, 0.4}, options);
}
Model EfficientNetB6(const EfficientNetOptions& options) {
  return efficient_net({"EfficientNetB6", "efficientnetb6", 1.8, 2.6, 528, 0.5}, options);
}
Model EfficientNetB7(const EfficientNetOptions& options) {
  return efficient_net({"EfficientNetB7", "efficientnetb7", 2.0, 3.1, 600, 0.5}, options);
}

}  // namespace xtape::applications
