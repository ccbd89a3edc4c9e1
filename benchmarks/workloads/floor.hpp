#pragma once

#include <functional>

#include "workloads/workloads.hpp"

namespace bench {

/// The least a training step can cost: its matrix products (each layer's forward product and its weights' gradient, and
/// the inputs' gradient of all but the first layer), each by the faster of oneDNN and BLAS as found here by trial, and
/// one fused pass of Adam over all parameters; convolutions and pools as convolution_floor has them. Activations, the
/// loss, biases and the tape come on top. Empty for a network with convolutions where there is no oneDNN.
std::function<void()> floor_step(const Network& network, int threads);
/// The LSTM's inputs take part in one product for all steps, its states in one for each step; both weights' gradients
/// are one product for all steps. The queries, keys and values of attention are one product.
std::function<void()> floor_step(const SequenceNetwork& network, int threads);

}  // namespace bench
