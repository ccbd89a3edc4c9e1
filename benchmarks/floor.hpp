#pragma once

#include <functional>

#include "workloads.hpp"

namespace bench {

/// The least a training step can cost: its matrix products (each layer's forward product and its weights' gradient, and
/// the inputs' gradient of all but the first layer), each by the faster of oneDNN and BLAS as found here by trial, and
/// one fused pass of Adam over all parameters. Activations, the loss, biases and the tape come on top.
std::function<void()> floor_step(const Network& network, int threads);

}  // namespace bench
