#pragma once

#include <cstdint>

#include "xtape/core/tensor.hpp"

// More ops that rearrange elements; they take every dtype, and gradients flow through floating ones.
namespace xtape {

/// x turned by 90 degrees k times in the plane of two axes, from the first towards the second (np.rot90). Throws a
/// ValueError if they are the same.
Tensor rot90(const Tensor& x, int k = 1, int axis1 = 0, int axis2 = 1);

namespace nn {

/// Blocks of block_size x block_size pixels as one pixel with all their channels: [batch, height, width, channels] ->
/// [batch, height / block_size, width / block_size, block_size^2 channels] (tf.nn.space_to_depth). Throws a ValueError
/// for another rank, for a block_size < 1 and one that does not divide the height and the width.
Tensor space_to_depth(const Tensor& x, std::int64_t block_size);
/// The inverse (tf.nn.depth_to_space); block_size^2 has to divide the channels.
Tensor depth_to_space(const Tensor& x, std::int64_t block_size);

}  // namespace nn
}  // namespace xtape
