#pragma once

#include <functional>

#include "workloads/workloads.hpp"

namespace bench {

/// The convolutions and pools of a training step as oneDNN's own primitives, timed alone: each layer's convolution
/// forward, its filters' gradient, the images' gradient of all but the first layer, and the pool forward and backward;
/// each in the faster of oneDNN's own layout and channels last, as measured, without copies between them. Empty without
/// convolutions or without oneDNN.
std::function<void()> convolution_floor(const Network& network, int threads);

}  // namespace bench
