#include "xtape/applications/mobilenet_v2.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "applications/application.hpp"
#include "base/check.hpp"
#include "xtape/layers/activations.hpp"
#include "xtape/layers/depthwise_conv.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/zero_padding.hpp"

namespace xtape::applications {
namespace {

SymbolicTensor normalized(const SymbolicTensor& x, const std::string& name) {
  return detail::batch_norm(x, 1e-3, name, 0.999);
}

SymbolicTensor relu6(const SymbolicTensor& x, const std::string& name) {
  return layers::ReLU({.max_value = 6, .name = name})(x);
}

SymbolicTensor pointwise(const SymbolicTensor& x, std::int64_t filters, const std::string& name) {
  return layers::Conv2D(filters, 1, {.padding = Padding::same, .use_bias = false, .name = name})(x);
}

/// Expands the channels, convolves each by itself, and projects them to `filters`; with a shortcut where the shape
/// stays. The first block does not expand.
SymbolicTensor inverted_residual(const SymbolicTensor& input, int number, std::int64_t filters, std::int64_t stride) {
  const std::string name = number == 0 ? "expanded_conv_" : fmt::format("block_{}_", number);
  SymbolicTensor x = input;
  if (number > 0) {
    x = pointwise(x, 6 * detail::channels(input), name + "expand");
    x = relu6(normalized(x, name + "expand_BN"), name + "expand_relu");
  }
  if (stride == 2) x = layers::ZeroPadding2D(detail::padding_for_stride2(x, 3), {.name = name + "pad"})(x);
  x = layers::DepthwiseConv2D(3, {.strides = stride,
                                  .padding = stride == 1 ? Padding::same : Padding::valid,
                                  .use_bias = false,
                                  .name = name + "depthwise"})(x);
  x = relu6(normalized(x, name + "depthwise_BN"), name + "depthwise_relu");
  x = normalized(pointwise(x, filters, name + "project"), name + "project_BN");
  if (stride > 1 || detail::channels(input) != filters) return x;
  return layers::Add({.name = name + "add"})({input, x});
}

struct Stage {
  std::int64_t filters;
  int blocks;
  std::int64_t stride;  ///< of the first block
};
constexpr Stage stages[] = {{16, 1, 1}, {24, 2, 2}, {32, 3, 2}, {64, 4, 2}, {96, 3, 1}, {160, 3, 2}, {320, 1, 1}};

/// Where Keras's weights for these options are.
std::string published_weights(const MobileNetV2Options& options, std::int64_t rows) {
  constexpr std::array alphas = {0.35, 0.5, 0.75, 1.0, 1.3, 1.4};
  if (std::find(alphas.begin(), alphas.end(), options.alpha) == alphas.end()) {
    return fmt::format("a file for an alpha of 0.35, 0.5, 0.75, 1, 1.3 or 1.4 (alpha is {})", options.alpha);
  }
  const std::array<std::int64_t, 5> sizes = {96, 128, 160, 192, 224};
  const bool square = options.input_shape && (*options.input_shape)[1] == rows;
  const bool known = square && std::find(sizes.begin(), sizes.end(), rows) != sizes.end();
  return detail::published(fmt::format("mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{:.{}f}_{}{}.h5",
                                       options.alpha, std::fmod(options.alpha * 10, 1) == 0 ? 1 : 2, known ? rows : 224,
                                       options.include_top ? "" : "_no_top"));
}

}  // namespace

Model MobileNetV2(const MobileNetV2Options& options) {
  if (!(options.alpha > 0)) {
    xtape::detail::fail<ValueError>("MobileNetV2", "expected alpha > 0, received {}", options.alpha);
  }
  const bool sized = options.input_shape && options.input_shape->rank() == 3;
  const std::int64_t rows = sized ? (*options.input_shape)[0] : options.include_top ? 224 : -1;
  const detail::Application app("MobileNetV2", detail::common(options), {}, published_weights(options, rows));

  SymbolicTensor x =
      layers::Conv2D(detail::rounded(32 * options.alpha), 3,
                     {.strides = 2, .padding = Padding::same, .use_bias = false, .name = "Conv1"})(app.input());
  x = relu6(normalized(x, "bn_Conv1"), "Conv1_relu");
  int number = 0;
  for (const Stage& stage : stages) {
    const auto filters = detail::rounded(std::floor(static_cast<double>(stage.filters) * options.alpha));
    for (int i = 0; i < stage.blocks; ++i) {
      x = inverted_residual(x, number++, filters, i == 0 ? stage.stride : 1);
    }
  }
  // A smaller alpha does not reduce the last convolution.
  const std::int64_t last = options.alpha > 1 ? detail::rounded(1280 * options.alpha) : 1280;
  x = layers::Conv2D(last, 1, {.use_bias = false, .name = "Conv_1"})(x);
  x = relu6(normalized(x, "Conv_1_bn"), "out_relu");
  return app.model(app.top(x, false), fmt::format("mobilenetv2_{:.2f}_{}", options.alpha,
                                                  rows < 0 ? std::string("None") : std::to_string(rows)));
}

}  // namespace xtape::applications
