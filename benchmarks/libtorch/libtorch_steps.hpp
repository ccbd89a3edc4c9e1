#pragma once

#include <functional>
#include <string>

#include "workloads/workloads.hpp"

// What is measured with libtorch, behind a header without libtorch's own, which take many seconds to compile.
namespace bench::libtorch {

/// A training step of the network on its batches in turn, as a user of libtorch would write it.
std::function<void()> training_step(const Network& network, const Batches& batches);
std::function<void()> training_step(const SequenceNetwork& network, const Batches& batches);

/// y = x, then y = y * c `operations` times; and dy/dx.
std::function<void()> chain_step(int operations);

void set_num_threads(int threads);
std::string version();

}  // namespace bench::libtorch
