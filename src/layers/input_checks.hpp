#pragma once

#include <span>
#include <vector>

#include "xtape/base/shape.hpp"
#include "xtape/layers/layer.hpp"
#include "xtape/ops/reduce.hpp"

// Checks of the inputs of layers, with Keras's texts (keras.layers.InputSpec). Each throws a ValueError that names the
// layer.
namespace xtape::detail {

void expect_ndim(const Layer& layer, const Shape& shape, int ndim);
void expect_min_ndim(const Layer& layer, const Shape& shape, int ndim);
/// Checks the size of an axis for which the layer was built.
void expect_axis(const Layer& layer, const Shape& shape, int axis, std::int64_t size);

/// The axis counted from the front.
int expect_axis_inside(const Layer& layer, const Shape& shape, int axis);
/// The axes counted from the front, ascending; all but that of the batch if none is given.
std::vector<int> expect_axes_inside(const Layer& layer, const Shape& shape, const Axes& axes);

/// Warns once for a layer whose statistics are over axes that the mask of its input covers, and which does not use the
/// mask: the statistics include the padding, as in Keras.
void warn_of_padding_in(const Layer& layer, const Tensor& input, std::span<const int> axes);

/// Throws a ValueError "[where] ..." for an epsilon that is negative or NaN.
void check_epsilon(const char* where, double epsilon);

/// "(2, 3), (2, 4)"
std::string join(const std::vector<Shape>& shapes);

}  // namespace xtape::detail
