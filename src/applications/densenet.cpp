#include "xtape/applications/densenet.hpp"

#include <fmt/format.h>

#include <array>

#include "applications/application.hpp"
#include "xtape/layers/average_pooling2d.hpp"
#include "xtape/layers/max_pooling2d.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/zero_padding.hpp"

namespace xtape::applications {
namespace {

constexpr double epsilon = 1.001e-5;
constexpr std::int64_t growth_rate = 32;

SymbolicTensor normalized_relu(const SymbolicTensor& x, const std::string& name) {
  return detail::relu(detail::batch_norm(x, epsilon, name + "bn"), name + "relu");
}

SymbolicTensor convolution(const SymbolicTensor& x, std::int64_t filters, std::int64_t kernel,
                           const std::string& name) {
  const Padding padding = kernel == 1 ? Padding::valid : Padding::same;
  return layers::Conv2D(filters, kernel, {.padding = padding, .use_bias = false, .name = name})(x);
}

SymbolicTensor dense_block(SymbolicTensor x, int layers, const std::string& name) {
  for (int i = 1; i <= layers; ++i) {
    const std::string prefix = fmt::format("{}_block{}_", name, i);
    SymbolicTensor y = convolution(normalized_relu(x, prefix + "0_"), 4 * growth_rate, 1, prefix + "1_conv");
    y = convolution(normalized_relu(y, prefix + "1_"), growth_rate, 3, prefix + "2_conv");
    x = layers::Concatenate(-1, {.name = prefix + "concat"})({x, y});
  }
  return x;
}

/// Halves the channels and the image.
SymbolicTensor transition(const SymbolicTensor& x, const std::string& name) {
  const SymbolicTensor y = convolution(normalized_relu(x, name + "_"), detail::channels(x) / 2, 1, name + "_conv");
  return layers::AveragePooling2D(2, {.strides = 2, .name = name + "_pool"})(y);
}

Model dense_net(const char* function, const char* name, const std::array<int, 4>& layers_of_blocks,
                const ApplicationOptions& options) {
  const detail::Application app(function, options, {},
                                detail::published(fmt::format("densenet/{}_weights_tf_dim_ordering_tf_kernels{}.h5",
                                                              name, options.include_top ? "" : "_notop")));
  SymbolicTensor x = layers::ZeroPadding2D(3)(app.input());
  x = layers::Conv2D(64, 7, {.strides = 2, .use_bias = false, .name = "conv1_conv"})(x);
  x = layers::ZeroPadding2D(1)(normalized_relu(x, "conv1_"));
  x = layers::MaxPooling2D(3, {.strides = 2, .name = "pool1"})(x);
  for (std::size_t block = 0; block < layers_of_blocks.size(); ++block) {
    if (block > 0) x = transition(x, fmt::format("pool{}", block + 1));
    x = dense_block(x, layers_of_blocks[block], fmt::format("conv{}", block + 2));
  }
  return app.model(app.top(normalized_relu(x, "")), name);
}

}  // namespace

Model DenseNet121(const ApplicationOptions& options) {
  return dense_net("DenseNet121", "densenet121", {6, 12, 24, 16}, options);
}

Model DenseNet169(const ApplicationOptions& options) {
  return dense_net("DenseNet169", "densenet169", {6, 12, 32, 32}, options);
}

Model DenseNet201(const ApplicationOptions& options) {
  return dense_net("DenseNet201", "densenet201", {6, 12, 48, 32}, options);
}

}  // namespace xtape::applications
