#include "groups/group.hpp"
#include "workloads/floor.hpp"
#include "workloads/workloads.hpp"
#include "workloads/xtape_steps.hpp"
#ifdef XTAPE_BENCH_LIBTORCH
#include "libtorch/libtorch_steps.hpp"
#endif

namespace bench {
namespace {

// 2 threads must not be slower than 1; 5 % are for noise.
const Goal no_slower{"1 thread", 1.05};

std::vector<Goal> goals_of(const Network& network) {
  if (network.kind == Network::Kind::logic) return {{"", 2}};
  std::vector<Goal> goals = {{"floor", network.filters.empty() ? 1.15 : 1.2}, no_slower};
  if (network.filters.empty()) goals.push_back({"libtorch", network.batch <= 64 ? 2.5 : 1.3, true});
  return goals;
}

std::vector<Goal> goals_of(const SequenceNetwork&) { return {{"floor", 1.5}, no_slower, {"libtorch", 1, true}}; }

template <class AnyNetwork>
Case training(const AnyNetwork& network) {
  return {network.name, [network](const Effort& effort) {
            const Batches batches = make_batches(network);
            return compare(network.name, {}, goals_of(network), effort, [&](int threads) {
              std::vector<Contender> contenders = {{training_step(network, batches), "xtape"}};
              if (auto floor = floor_step(network, threads)) contenders.push_back({floor, "floor", Role::limit});
#ifdef XTAPE_BENCH_LIBTORCH
              contenders.push_back({libtorch::training_step(network, batches), "libtorch", Role::rival});
#endif
              return contenders;
            });
          }};
}

/// The step as a function, compared with the step itself.
Case traced(const Network& network) {
  const std::string name = network.name + " as a function";
  const bool logic = network.kind == Network::Kind::logic;
  return {name, [network, name, logic](const Effort& effort) {
            const Batches batches = make_batches(network);
            return compare(name, {}, logic ? std::vector<Goal>{{"", 1}} : std::vector<Goal>{}, effort, [&](int) {
              return std::vector<Contender>{{traced_training_step(network, batches), "function"},
                                            {training_step(network, batches), "xtape", Role::rival}};
            });
          }};
}

}  // namespace

Group steps_group() {
  Group group{"steps",
              "a training step; floor: its products and convolutions by a library, and one pass of Adam",
              {"floor", "libtorch"},
              {}};
  for (const auto& network : networks()) group.cases.push_back(training(network));
  for (const auto& network : sequence_networks()) group.cases.push_back(training(network));
  return group;
}

Group function_group() {
  Group group{"function", "a training step as an xtape::function, beside the same step by step", {"xtape"}, {}};
  for (const auto& network : networks()) group.cases.push_back(traced(network));
  return group;
}

}  // namespace bench
