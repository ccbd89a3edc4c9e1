#pragma once

#include <string>

#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// Data as an Input asks for them, -1 standing for any size: another dtype is cast, a missing or superfluous last axis
/// of 1 is put right, as in Keras. Throws a ValueError that names the model for any other shape.
Tensor fitted_input(const Tensor& input, const Shape& shape, DType dtype, std::size_t index, const std::string& model);

}  // namespace xtape::detail
