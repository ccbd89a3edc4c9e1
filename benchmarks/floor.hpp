#pragma once

#include <functional>

#include "workloads.hpp"

namespace bench {

/// The least a training step can cost: its matrix products (each layer's forward product and its weights' gradient, and
/// the inputs' gradient of all but the first layer), each by the faster of oneDNN and BLAS as found here by trial, and
/// one fused pass of Adam over all parameters; convolutions and pools as convolution_floor has them. Activations, the
/// loss, biases and the tape come on top. Empty for a network with convolutions where there is no oneDNN.
std::function<void()> floor_step(const Network& network, int threads);

}  // namespace bench
