#include "workloads.hpp"

#include <random>

namespace bench {

std::vector<Network> networks() {
  return {{"784-100-10 b50", {784, 100, 10}, 50},
          {"784-32-10 b32", {784, 32, 10}, 32},
          {"784-512-128-32-10 b32", {784, 512, 128, 32, 10}, 32},
          {"784-256-128-10 b64", {784, 256, 128, 10}, 64},
          {"784-512-128-32-10 b1024", {784, 512, 128, 32, 10}, 1024},
          {"conv 32-64-1024-10 b64", {7 * 7 * 64, 1024, 10}, 64, Network::Kind::classifier, {32, 64}},
          {"xor 2-2-1 b4", {2, 2, 1}, 4, Network::Kind::logic}};
}

Batches make_batches(const Network& network) {
  Batches result;
  if (network.kind == Network::Kind::logic) {
    result.items.push_back({{0, 0, 0, 1, 1, 0, 1, 1}, {}, {0, 1, 1, 0}});
    return result;
  }
  std::mt19937 generator(1);
  for (int i = 0; i < batches_in_turn; ++i) {
    Batches::Batch batch;
    for (std::int64_t j = 0; j < network.batch * network.inputs(); ++j) {
      batch.inputs.push_back(static_cast<float>(generator() % 256) / 255.0f);  // pixels
    }
    for (std::int64_t j = 0; j < network.batch; ++j) {
      batch.labels.push_back(static_cast<std::int64_t>(generator() % static_cast<unsigned>(network.widths.back())));
    }
    result.items.push_back(std::move(batch));
  }
  return result;
}

}  // namespace bench
