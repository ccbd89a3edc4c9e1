#pragma once

#include <functional>
#include <utility>

#include "workloads/workloads.hpp"

namespace bench {

/// A training step of the network on its batches in turn, written with xtape's layers, tape and Adam.
std::function<void()> training_step(const Network& network, const Batches& batches);
std::function<void()> training_step(const SequenceNetwork& network, const Batches& batches);
/// The same step as an xtape::function().
std::function<void()> traced_training_step(const Network& network, const Batches& batches);

/// model(x) and model.predict(x) of a batch.
std::pair<std::function<void()>, std::function<void()>> inference_steps(const Network& network, std::int64_t batch);

/// y = x, then y = y * c `operations` times; and dy/dx.
std::function<void()> chain_step(int operations);

}  // namespace bench
