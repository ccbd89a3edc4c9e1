#pragma once

#include <functional>
#include <string>

#include "workloads/workloads.hpp"

// The workloads with libtorch. This header does not include libtorch's headers, which take many seconds to compile.
namespace bench::libtorch {

/// A training step of the network on its batches in turn, as a user of libtorch would write it.
std::function<void()> training_step(const Network& network, const Batches& batches);
std::function<void()> training_step(const SequenceNetwork& network, const Batches& batches);

/// y = x, then y = y * c `operations` times; and dy/dx.
std::function<void()> chain_step(int operations);

/// A step of the optimizer, on that many parameters; "momentum" is SGD with momentum.
std::function<void()> optimizer_step(const std::string& name, std::int64_t size);

/// The network of dense layers and a softmax on a batch, without gradients.
std::function<void()> inference_step(const Network& network, std::int64_t batch);

/// Trains 784-512-128-32-10 with batches of 1024 and prints the memory it took; "batches" or "epoch" of 60000 examples.
int report_training_memory(const std::string& mode, int steps);

void set_num_threads(int threads);
std::string version();

}  // namespace bench::libtorch
