#include "applications/residual_network.hpp"

#include <fmt/format.h>

#include "applications/application.hpp"
#include "xtape/layers/max_pooling2d.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/zero_padding.hpp"

namespace xtape::applications::detail {
namespace {

constexpr double epsilon = 1.001e-5;

SymbolicTensor normalized(const SymbolicTensor& x, const std::string& name) { return batch_norm(x, epsilon, name); }

/// 1 x 1, 3 x 3 and 1 x 1 convolutions beside a shortcut, which the first block of a stack projects.
SymbolicTensor block(const SymbolicTensor& input, std::int64_t filters, std::int64_t stride, bool project,
                     const std::string& name) {
  SymbolicTensor shortcut = input;
  if (project) {
    shortcut = layers::Conv2D(4 * filters, 1, {.strides = stride, .name = name + "_0_conv"})(input);
    shortcut = normalized(shortcut, name + "_0_bn");
  }
  SymbolicTensor x = layers::Conv2D(filters, 1, {.strides = stride, .name = name + "_1_conv"})(input);
  x = relu(normalized(x, name + "_1_bn"), name + "_1_relu");
  x = layers::Conv2D(filters, 3, {.padding = Padding::same, .name = name + "_2_conv"})(x);
  x = relu(normalized(x, name + "_2_bn"), name + "_2_relu");
  x = layers::Conv2D(4 * filters, 1, {.name = name + "_3_conv"})(x);
  x = normalized(x, name + "_3_bn");
  x = layers::Add({.name = name + "_add"})({shortcut, x});
  return relu(x, name + "_out");
}

/// The same after normalization and activation.
SymbolicTensor preact_block(const SymbolicTensor& input, std::int64_t filters, std::int64_t stride, bool project,
                            const std::string& name) {
  const SymbolicTensor preact = relu(normalized(input, name + "_preact_bn"), name + "_preact_relu");
  SymbolicTensor shortcut = input;
  if (project) {
    shortcut = layers::Conv2D(4 * filters, 1, {.strides = stride, .name = name + "_0_conv"})(preact);
  } else if (stride > 1) {
    shortcut = layers::MaxPooling2D(1, {.strides = stride})(input);
  }
  SymbolicTensor x = layers::Conv2D(filters, 1, {.use_bias = false, .name = name + "_1_conv"})(preact);
  x = relu(normalized(x, name + "_1_bn"), name + "_1_relu");
  x = layers::ZeroPadding2D(1, {.name = name + "_2_pad"})(x);
  x = layers::Conv2D(filters, 3, {.strides = stride, .use_bias = false, .name = name + "_2_conv"})(x);
  x = relu(normalized(x, name + "_2_bn"), name + "_2_relu");
  x = layers::Conv2D(4 * filters, 1, {.name = name + "_3_conv"})(x);
  return layers::Add({.name = name + "_out"})({shortcut, x});
}

}  // namespace

Model ResidualNetwork::operator()(const ApplicationOptions& options) const {
  const Application app(function, options, {},
                        published(fmt::format("resnet/{}_weights_tf_dim_ordering_tf_kernels{}.h5", name,
                                              options.include_top ? "" : "_notop")));
  SymbolicTensor x = layers::ZeroPadding2D(3, {.name = "conv1_pad"})(app.input());
  x = layers::Conv2D(64, 7, {.strides = 2, .name = "conv1_conv"})(x);
  if (!preact) x = relu(normalized(x, "conv1_bn"), "conv1_relu");
  x = layers::ZeroPadding2D(1, {.name = "pool1_pad"})(x);
  x = layers::MaxPooling2D(3, {.strides = 2, .name = "pool1_pool"})(x);
  // ResNet halves the image in the first block of all stacks but the first, ResNetV2 in the last one of all but the
  // last.
  for (std::size_t stack = 0; stack < blocks.size(); ++stack) {
    const std::int64_t filters = std::int64_t{64} << stack;
    for (int i = 1; i <= blocks[stack]; ++i) {
      const bool first = i == 1, last = i == blocks[stack];
      const bool halves = preact ? last && stack + 1 < blocks.size() : first && stack > 0;
      x = (preact ? preact_block : block)(x, filters, halves ? 2 : 1, first,
                                          fmt::format("conv{}_block{}", stack + 2, i));
    }
  }
  if (preact) x = relu(normalized(x, "post_bn"), "post_relu");
  return app.model(app.top(x), name);
}

}  // namespace xtape::applications::detail
