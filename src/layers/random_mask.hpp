#pragma once

#include <memory>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/core/tensor.hpp"

// Shared by the layers with random numbers.
namespace xtape::detail {

/// "[where] expected 0 <= rate < 1 ..."
void check_rate(const char* where, double rate);

/// A generator of the layer, or null for the default generator.
std::shared_ptr<random::Generator> generator_of(std::optional<std::uint64_t> seed);
random::Generator& used(const std::shared_ptr<random::Generator>& generator);

/// 1 with probability 1 - rate, otherwise 0.
Tensor kept(const Shape& shape, double rate, DType dtype, const std::shared_ptr<random::Generator>& generator);

/// The noise_shape of a layer for an input, with -1 replaced by the sizes of the input.
Shape noise_shape_for(const char* where, const std::optional<Shape>& noise_shape, const Shape& inputs);

}  // namespace xtape::detail
