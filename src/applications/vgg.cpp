#include "applications/vgg.hpp"

#include <fmt/format.h>

#include "applications/application.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/max_pooling2d.hpp"

namespace xtape::applications::detail {

Model vgg(const char* function, const char* name, const std::array<int, 5>& convolutions,
          const ApplicationOptions& options) {
  const Application app(function, options, {},
                        published(fmt::format("{}/{}_weights_tf_dim_ordering_tf_kernels{}.h5", name, name,
                                              options.include_top ? "" : "_notop")));
  SymbolicTensor x = app.input();
  std::int64_t filters = 64;
  for (std::size_t block = 0; block < convolutions.size(); ++block) {
    for (int i = 1; i <= convolutions[block]; ++i) {
      x = layers::Conv2D(
          filters, 3,
          {.padding = Padding::same, .activation = "relu", .name = fmt::format("block{}_conv{}", block + 1, i)})(x);
    }
    x = layers::MaxPooling2D(2, {.strides = 2, .name = fmt::format("block{}_pool", block + 1)})(x);
    filters = std::min<std::int64_t>(2 * filters, 512);
  }
  if (!options.include_top) return app.model(app.pooled(x, false), name);
  x = layers::Flatten({.name = "flatten"})(x);
  for (const char* dense : {"fc1", "fc2"}) x = layers::Dense(4096, {.activation = "relu", .name = dense})(x);
  x = layers::Dense(options.classes, {.activation = options.classifier_activation, .name = "predictions"})(x);
  return app.model(x, name);
}

}  // namespace xtape::applications::detail
