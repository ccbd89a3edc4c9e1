#include "xtape/applications/mobilenet_v3.hpp"

#include <fmt/format.h>

#include <span>

#include "applications/application.hpp"
#include "base/check.hpp"
#include "xtape/layers/activations.hpp"
#include "xtape/layers/depthwise_conv.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/rescaling.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/layers/zero_padding.hpp"

namespace xtape::applications {
namespace {

/// One row of the table of an architecture; the paper's tables 1 and 2.
struct Block {
  double expansion;      ///< channels of the depthwise convolution / channels of the input
  std::int64_t filters;  ///< for alpha = 1
  std::int64_t kernel;
  std::int64_t stride;
  bool squeeze;     ///< a squeeze-and-excite unit
  bool hard_swish;  ///< instead of relu
};

constexpr Block small_blocks[] = {
    {1, 16, 3, 2, true, false}, {72. / 16, 24, 3, 2, false, false}, {88. / 24, 24, 3, 1, false, false},
    {4, 40, 5, 2, true, true},  {6, 40, 5, 1, true, true},          {6, 40, 5, 1, true, true},
    {3, 48, 5, 1, true, true},  {3, 48, 5, 1, true, true},          {6, 96, 5, 2, true, true},
    {6, 96, 5, 1, true, true},  {6, 96, 5, 1, true, true},
};
constexpr Block large_blocks[] = {
    {1, 16, 3, 1, false, false},  {4, 24, 3, 2, false, false},  {3, 24, 3, 1, false, false},
    {3, 40, 5, 2, true, false},   {3, 40, 5, 1, true, false},   {3, 40, 5, 1, true, false},
    {6, 80, 3, 2, false, true},   {2.5, 80, 3, 1, false, true}, {2.3, 80, 3, 1, false, true},
    {2.3, 80, 3, 1, false, true}, {6, 112, 3, 1, true, true},   {6, 112, 3, 1, true, true},
    {6, 160, 5, 2, true, true},   {6, 160, 5, 1, true, true},   {6, 160, 5, 1, true, true},
};

struct Architecture {
  const char* function;
  const char* size;  ///< in the names of files
  std::span<const Block> blocks;
  std::int64_t last_filters;
};

SymbolicTensor normalized(const SymbolicTensor& x, const std::string& name) {
  return detail::batch_norm(x, 1e-3, name, 0.999);
}

SymbolicTensor activated(const SymbolicTensor& x, bool hard_swish) {
  return hard_swish ? layers::Activation("hard_swish")(x) : layers::ReLU()(x);
}

SymbolicTensor pointwise(const SymbolicTensor& x, std::int64_t filters, bool use_bias, const std::string& name) {
  return layers::Conv2D(filters, 1, {.padding = Padding::same, .use_bias = use_bias, .name = name})(x);
}

/// Weights the channels by a function of their means.
SymbolicTensor squeeze_excite(const SymbolicTensor& input, const std::string& name) {
  const std::int64_t filters = detail::channels(input);
  SymbolicTensor x = layers::GlobalAveragePooling2D({.keepdims = true, .name = name + "avg_pool"})(input);
  x = pointwise(x, detail::rounded(static_cast<double>(filters) * 0.25), true, name + "conv");
  x = layers::ReLU({.name = name + "relu"})(x);
  x = pointwise(x, filters, true, name + "conv_1");
  x = layers::ReLU({.max_value = 6})(x + 3.0) * (1.0 / 6.0);
  return layers::Multiply({.name = name + "mul"})({input, x});
}

SymbolicTensor inverted_residual(const SymbolicTensor& input, int number, const Block& block, double alpha) {
  const std::string name = number == 0 ? "expanded_conv_" : fmt::format("expanded_conv_{}_", number);
  const std::int64_t inputs = detail::channels(input);
  const std::int64_t filters = detail::rounded(static_cast<double>(block.filters) * alpha);
  SymbolicTensor x = input;
  if (number > 0) {
    x = pointwise(x, detail::rounded(static_cast<double>(inputs) * block.expansion), false, name + "expand");
    x = activated(normalized(x, name + "expand_bn"), block.hard_swish);
  }
  if (block.stride == 2) {
    x = layers::ZeroPadding2D(detail::padding_for_stride2(x, block.kernel), {.name = name + "depthwise_pad"})(x);
  }
  x = layers::DepthwiseConv2D(block.kernel, {.strides = block.stride,
                                             .padding = block.stride == 1 ? Padding::same : Padding::valid,
                                             .use_bias = false,
                                             .name = name + "depthwise"})(x);
  x = activated(normalized(x, name + "depthwise_bn"), block.hard_swish);
  if (block.squeeze) x = squeeze_excite(x, name + "squeeze_excite_");
  x = normalized(pointwise(x, filters, false, name + "project"), name + "project_bn");
  if (block.stride > 1 || inputs != filters) return x;
  return layers::Add({.name = name + "add"})({input, x});
}

/// Where Keras's weights for these options are.
std::string published_weights(const Architecture& architecture, const MobileNetV3Options& options) {
  if (options.alpha != 1 && (options.minimalistic || options.alpha != 0.75)) {
    return fmt::format("a file for an alpha of {}1 (alpha is {})", options.minimalistic ? "" : "0.75 or ",
                       options.alpha);
  }
  return detail::published(fmt::format("mobilenet_v3/weights_mobilenet_v3_{}{}_224_{}_float{}.h5", architecture.size,
                                       options.minimalistic ? "_minimalistic" : "", options.alpha == 1 ? "1.0" : "0.75",
                                       options.include_top ? "" : "_no_top_v2"));
}

Model mobile_net_v3(const Architecture& architecture, const MobileNetV3Options& options) {
  if (!(options.alpha > 0)) {
    xtape::detail::fail<ValueError>(architecture.function, "expected alpha > 0, received {}", options.alpha);
  }
  const detail::Application app(architecture.function, detail::common(options), {.any_with_top = true},
                                published_weights(architecture, options));
  SymbolicTensor x = app.input();
  if (options.include_preprocessing) x = layers::Rescaling(1 / 127.5, {.offset = -1})(x);
  x = layers::Conv2D(16, 3, {.strides = 2, .padding = Padding::same, .use_bias = false, .name = "conv"})(x);
  x = activated(normalized(x, "conv_bn"), !options.minimalistic);
  int number = 0;
  for (Block block : architecture.blocks) {
    if (options.minimalistic) block = {block.expansion, block.filters, 3, block.stride, false, false};
    x = inverted_residual(x, number++, block, options.alpha);
  }
  x = pointwise(x, detail::rounded(static_cast<double>(detail::channels(x)) * 6), false, "conv_1");
  x = activated(normalized(x, "conv_1_bn"), !options.minimalistic);
  if (options.include_top) {
    const auto wide = static_cast<double>(architecture.last_filters) * options.alpha;
    x = layers::GlobalAveragePooling2D({.keepdims = true})(x);
    x = pointwise(x, options.alpha > 1 ? detail::rounded(wide) : architecture.last_filters, true, "conv_2");
    x = activated(x, !options.minimalistic);
    if (options.dropout_rate > 0) x = layers::Dropout(options.dropout_rate)(x);
    x = layers::Flatten()(pointwise(x, options.classes, true, "logits"));
    x = layers::Activation(options.classifier_activation, {.name = "predictions"})(x);
  } else {
    x = app.pooled(x);
  }
  return app.model(x, architecture.function);
}

}  // namespace

Model MobileNetV3Small(const MobileNetV3Options& options) {
  return mobile_net_v3({"MobileNetV3Small", "small", small_blocks, 1024}, options);
}

Model MobileNetV3Large(const MobileNetV3Options& options) {
  return mobile_net_v3({"MobileNetV3Large", "large", large_blocks, 1280}, options);
}

}  // namespace xtape::applications
