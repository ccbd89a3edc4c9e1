#include "xtape/applications/xception.hpp"

#include <fmt/format.h>

#include <vector>

#include "applications/application.hpp"
#include "xtape/layers/max_pooling2d.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/separable_conv2d.hpp"

namespace xtape::applications {
namespace {

SymbolicTensor normalized(const SymbolicTensor& x, const std::string& name) {
  return detail::batch_norm(x, 1e-3, name);
}

SymbolicTensor separable(const SymbolicTensor& x, std::int64_t filters, const std::string& name) {
  const auto y = layers::SeparableConv2D(filters, 3, {.padding = Padding::same, .use_bias = false, .name = name})(x);
  return normalized(y, name + "_bn");
}

/// Activations and separable convolutions, in blocks that halve the image followed by a pooling, plus a shortcut.
SymbolicTensor block(const SymbolicTensor& input, int number, const std::vector<std::int64_t>& filters, bool halves) {
  const std::string name = fmt::format("block{}_", number);
  SymbolicTensor shortcut = input;
  if (halves) {
    shortcut = layers::Conv2D(filters.back(), 1, {.strides = 2, .padding = Padding::same, .use_bias = false})(input);
    shortcut = normalized(shortcut, "");
  }
  SymbolicTensor x = input;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const std::string part = fmt::format("{}sepconv{}", name, i + 1);
    // The input of block 2 has its activation already.
    if (number > 2 || i > 0) x = detail::relu(x, part + "_act");
    x = separable(x, filters[i], part);
  }
  if (halves) x = layers::MaxPooling2D(3, {.strides = 2, .padding = Padding::same, .name = name + "pool"})(x);
  return layers::Add()({x, shortcut});
}

}  // namespace

Model Xception(const ApplicationOptions& options) {
  const detail::Application app(
      "Xception", options, {.usual = 299, .smallest = 71},
      detail::published(fmt::format("xception/xception_weights_tf_dim_ordering_tf_kernels{}.h5",
                                    options.include_top ? "" : "_notop")));
  SymbolicTensor x = app.input();
  x = layers::Conv2D(32, 3, {.strides = 2, .use_bias = false, .name = "block1_conv1"})(x);
  x = detail::relu(normalized(x, "block1_conv1_bn"), "block1_conv1_act");
  x = layers::Conv2D(64, 3, {.use_bias = false, .name = "block1_conv2"})(x);
  x = detail::relu(normalized(x, "block1_conv2_bn"), "block1_conv2_act");
  x = block(x, 2, {128, 128}, true);
  x = block(x, 3, {256, 256}, true);
  x = block(x, 4, {728, 728}, true);
  for (int number = 5; number <= 12; ++number) x = block(x, number, {728, 728, 728}, false);
  x = block(x, 13, {728, 1024}, true);
  x = detail::relu(separable(x, 1536, "block14_sepconv1"), "block14_sepconv1_act");
  x = detail::relu(separable(x, 2048, "block14_sepconv2"), "block14_sepconv2_act");
  return app.model(options.include_top ? app.top(x) : app.pooled(x, false), "xception");
}

}  // namespace xtape::applications
