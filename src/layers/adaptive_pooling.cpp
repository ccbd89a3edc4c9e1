#include "xtape/layers/adaptive_pooling.hpp"

#include "base/check.hpp"
#include "layers/adaptive_windows.hpp"
#include "layers/graph_node.hpp"
#include "layers/input_checks.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/pool.hpp"

namespace xtape::layers {
namespace {

using Sizes = std::vector<std::int64_t>;

Sizes sizes_of(std::int64_t size) { return {size}; }
Sizes sizes_of(Size2d size) { return {size.height, size.width}; }
Sizes sizes_of(Size3d size) { return {size.depth, size.height, size.width}; }

void check(const char* layer, const Sizes& sizes) {
  for (const std::int64_t size : sizes) {
    if (size < 1) xtape::detail::fail<ValueError>(layer, "expected a positive output_size, received {}", size);
  }
}

using Pool = Tensor (*)(const Tensor&, std::int64_t, const nn::Pool1dOptions&);

/// Pools sequences [before, steps, after] to `size` steps.
Tensor pooled_axis(const Tensor& x, std::int64_t size, Pool pool) {
  const std::int64_t steps = x.shape()[1];
  if (steps == size) return x;
  if (steps % size == 0) return pool(x, steps / size, {});
  const xtape::detail::AdaptiveWindows windows(steps, size);
  const nn::Pool1dOptions each{.strides = 1};
  Tensor all = pool(x, windows.small, each);
  if (windows.has_big) all = concat({all, pool(x, windows.small + 1, each)}, 1);
  return gather(all, constant(windows.places), 1);
}

Tensor adaptive_pool(const Layer& layer, const Tensor& inputs, const Sizes& sizes, Pool pool) {
  const int axes = static_cast<int>(sizes.size());
  xtape::detail::expect_ndim(layer, inputs.shape(), axes + 2);
  Tensor y = inputs;
  for (int axis = 1; axis <= axes; ++axis) {
    Shape shape = y.shape();
    if (shape[axis] < 1) {
      xtape::detail::fail<ValueError>(layer.class_name().c_str(),
                                      "expected an input with elements to pool, received shape {}",
                                      xtape::detail::shown_shape(inputs.shape()));
    }
    std::int64_t before = 1, after = 1;
    for (int i = 0; i < shape.rank(); ++i) (i < axis ? before : after) *= i == axis ? 1 : shape[i];
    const std::int64_t size = sizes[static_cast<std::size_t>(axis - 1)];
    y = pooled_axis(reshape(y, {before, shape[axis], after}), size, pool);
    shape[axis] = size;
    y = reshape(y, shape);
  }
  return y;
}

}  // namespace

Size3d Size3d::from_config(const ConfigValue& value) {
  if (value.get<std::int64_t>() != nullptr) return xtape::detail::value_as<std::int64_t>(value);
  const auto [depth, height, width] = xtape::detail::value_as<std::array<std::int64_t, 3>>(value);
  return {depth, height, width};
}

AdaptiveAveragePooling1D::AdaptiveAveragePooling1D(std::int64_t output_size, AdaptivePoolingOptions options)
    : LayerBase(options, {{"output_size", output_size}}), output_size_(output_size) {
  check("AdaptiveAveragePooling1D", sizes_of(output_size));
}

Tensor AdaptiveAveragePooling1D::call(const Tensor& inputs) {
  return adaptive_pool(*this, inputs, sizes_of(output_size_), nn::avg_pool1d);
}

AdaptiveAveragePooling2D::AdaptiveAveragePooling2D(Size2d output_size, AdaptivePoolingOptions options)
    : LayerBase(options, {{"output_size", output_size}}), output_size_(output_size) {
  check("AdaptiveAveragePooling2D", sizes_of(output_size));
}

Tensor AdaptiveAveragePooling2D::call(const Tensor& inputs) {
  return adaptive_pool(*this, inputs, sizes_of(output_size_), nn::avg_pool1d);
}

AdaptiveAveragePooling3D::AdaptiveAveragePooling3D(Size3d output_size, AdaptivePoolingOptions options)
    : LayerBase(options, {{"output_size", output_size}}), output_size_(output_size) {
  check("AdaptiveAveragePooling3D", sizes_of(output_size));
}

Tensor AdaptiveAveragePooling3D::call(const Tensor& inputs) {
  return adaptive_pool(*this, inputs, sizes_of(output_size_), nn::avg_pool1d);
}

AdaptiveMaxPooling1D::AdaptiveMaxPooling1D(std::int64_t output_size, AdaptivePoolingOptions options)
    : LayerBase(options, {{"output_size", output_size}}), output_size_(output_size) {
  check("AdaptiveMaxPooling1D", sizes_of(output_size));
}

Tensor AdaptiveMaxPooling1D::call(const Tensor& inputs) {
  return adaptive_pool(*this, inputs, sizes_of(output_size_), nn::max_pool1d);
}

AdaptiveMaxPooling2D::AdaptiveMaxPooling2D(Size2d output_size, AdaptivePoolingOptions options)
    : LayerBase(options, {{"output_size", output_size}}), output_size_(output_size) {
  check("AdaptiveMaxPooling2D", sizes_of(output_size));
}

Tensor AdaptiveMaxPooling2D::call(const Tensor& inputs) {
  return adaptive_pool(*this, inputs, sizes_of(output_size_), nn::max_pool1d);
}

AdaptiveMaxPooling3D::AdaptiveMaxPooling3D(Size3d output_size, AdaptivePoolingOptions options)
    : LayerBase(options, {{"output_size", output_size}}), output_size_(output_size) {
  check("AdaptiveMaxPooling3D", sizes_of(output_size));
}

Tensor AdaptiveMaxPooling3D::call(const Tensor& inputs) {
  return adaptive_pool(*this, inputs, sizes_of(output_size_), nn::max_pool1d);
}

}  // namespace xtape::layers
