#include "workloads/workloads.hpp"

#include <random>

namespace bench {

std::vector<Network> networks() {
  return {{"784-100-10 b50", {784, 100, 10}, 50},
          {"784-32-10 b32", {784, 32, 10}, 32},
          {"784-128-10 dropout b32", {784, 128, 10}, 32, Network::Kind::classifier, {}, 0.2},
          {"784-512-128-32-10 b32", {784, 512, 128, 32, 10}, 32},
          {"784-256-128-10 b64", {784, 256, 128, 10}, 64},
          {"784-512-128-32-10 b1024", {784, 512, 128, 32, 10}, 1024},
          {"conv 32-64-1024-10 b64", {7 * 7 * 64, 1024, 10}, 64, Network::Kind::classifier, {32, 64}},
          {"xor 2-2-1 b4", {2, 2, 1}, 4, Network::Kind::logic}};
}

std::vector<SequenceNetwork> sequence_networks() {
  using Kind = SequenceNetwork::Kind;
  return {{"lstm 28x28-128-10 b32", Kind::lstm, 32, 28, 28, 128},
          {"attention 64x128, 2 layers b16", Kind::attention, 16, 64, 128, 0, 2, 4, 256}};
}

namespace {

/// Inputs like pixels, and labels.
Batches classified(std::int64_t batch_size, std::int64_t inputs, std::int64_t classes) {
  Batches result;
  std::mt19937 generator(1);
  for (int i = 0; i < batches_in_turn; ++i) {
    Batches::Batch batch;
    for (std::int64_t j = 0; j < batch_size * inputs; ++j) {
      batch.inputs.push_back(static_cast<float>(generator() % 256) / 255.0f);
    }
    for (std::int64_t j = 0; j < batch_size; ++j) {
      batch.labels.push_back(static_cast<std::int64_t>(generator() % static_cast<unsigned>(classes)));
    }
    result.items.push_back(std::move(batch));
  }
  return result;
}

}  // namespace

Batches make_batches(const Network& network) {
  if (network.kind == Network::Kind::logic) return {{{{0, 0, 0, 1, 1, 0, 1, 1}, {}, {0, 1, 1, 0}}}};
  return classified(network.batch, network.inputs(), network.widths.back());
}

Batches make_batches(const SequenceNetwork& network) {
  return classified(network.batch, network.steps * network.features, SequenceNetwork::classes);
}

}  // namespace bench
