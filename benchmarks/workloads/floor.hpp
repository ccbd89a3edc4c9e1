#pragma once

#include <functional>

#include "workloads/workloads.hpp"

namespace bench {

/// A lower bound for a training step: its matrix products (each layer's forward product and the gradient of its
/// weights, and the gradient of the inputs of all but the first layer), each by the faster of oneDNN and BLAS, as
/// measured here; one fused pass of Adam over all parameters; and convolution_floor(). It does not include activations,
/// the loss, biases and the tape. Empty for a network with convolutions without oneDNN.
std::function<void()> floor_step(const Network& network, int threads);
/// For an LSTM: one product of the inputs for all steps, one of the states for each step, and one for all steps for the
/// gradient of each kernel. For attention: queries, keys and values are one product.
std::function<void()> floor_step(const SequenceNetwork& network, int threads);

}  // namespace bench
