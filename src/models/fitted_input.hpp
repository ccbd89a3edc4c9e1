#pragma once

#include <string>

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// Converts data to the dtype and shape of an Input, where -1 stands for any size: casts, and adds or removes a last
/// axis of size 1, as in Keras. Throws a ValueError that names the model for any other shape.
Tensor fitted_input(const Tensor& input, const Shape& shape, DType dtype, std::size_t index, const std::string& model);

}  // namespace xtape::detail
