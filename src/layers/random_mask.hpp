#pragma once

#include <memory>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/core/tensor.hpp"

// What the layers of random numbers have in common.
namespace xtape::detail {

/// "[where] expected 0 <= rate < 1 ..."
void check_rate(const char* where, double rate);

/// A stream of the layer's own, null for the default one.
std::shared_ptr<random::Generator> generator_of(std::optional<std::uint64_t> seed);
random::Generator& used(const std::shared_ptr<random::Generator>& generator);

/// 1 with probability 1 - rate, otherwise 0.
Tensor kept(const Shape& shape, double rate, DType dtype, const std::shared_ptr<random::Generator>& generator);

/// The noise_shape of a layer for an input, -1 replaced.
Shape noise_shape_for(const char* where, const std::optional<Shape>& noise_shape, const Shape& inputs);

}  // namespace xtape::detail
