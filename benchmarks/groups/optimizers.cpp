#include <fmt/format.h>

#include <memory>

#include <xtape/core/random.hpp>
#include <xtape/xtape.hpp>

#include "groups/group.hpp"
#include "groups/kernels/kernel.hpp"
#ifdef XTAPE_BENCH_LIBTORCH
#include "libtorch/libtorch_steps.hpp"
#endif

namespace bench {
namespace {

namespace xp = xtape;

/// The step of one optimizer on one variable. `arrays` is the number of arrays that are read or written: the variable
/// counts twice, the gradient once, each slot twice. `torch` is libtorch's name for the optimizer.
template <class Optimizer>
void add(Group& group, const char* name, int arrays, std::function<Optimizer()> make,
         [[maybe_unused]] const std::string& torch = {}) {
  for (const auto& [size, label] : {std::pair<std::int64_t, const char*>{401'408, "784 x 512"}, {10'000'000, "10^7"}}) {
    const auto full = fmt::format("{}, {}", name, label);
    group.cases.push_back(
        {full, [=, n = size](const Effort& effort) {
           const std::int64_t columns = 512, rows = effort.smoke ? 2 : n / columns;
           const auto items = static_cast<double>(rows * columns);
           const auto step = [&] {
             struct State {
               std::vector<xp::Variable> variables;
               xp::Tensors gradients;
               Optimizer optimizer;
             };
             const auto state =
                 std::make_shared<State>(State{{xp::Variable(xp::random::uniform({rows, columns}, -1, 1))},
                                               {xp::random::uniform({rows, columns}, -1, 1)},
                                               make()});
             return [state] { state->optimizer.apply(state->gradients, state->variables); };
           };
           auto results = compare(full, nanoseconds_per(items), {}, effort, [&](int) {
             std::vector<Contender> contenders = {{step(), "xtape"},
                                                  {copy_of(4.0 * arrays * items), "copy", Role::limit}};
#ifdef XTAPE_BENCH_LIBTORCH
             if (!torch.empty()) {
               contenders.push_back({libtorch::optimizer_step(torch, rows * columns), "libtorch", Role::rival});
             }
#endif
             return contenders;
           });
           xp::release_cached_memory();
           return results;
         }});
  }
}

}  // namespace

Group optimizers_group() {
  Group group{"optimizers",
              "ns a parameter, beside a copy of the bytes that a step must read and write",
              {"copy", "libtorch"},
              {}};
  using namespace xp::optimizers;
  add<SGD>(
      group, "SGD", 3, [] { return SGD(); }, "SGD");
  add<SGD>(
      group, "SGD, momentum", 5, [] { return SGD({.momentum = 0.9}); }, "momentum");
  add<Adam>(
      group, "Adam", 7, [] { return Adam(); }, "Adam");
  add<AdamW>(
      group, "AdamW", 7, [] { return AdamW(); }, "AdamW");
  add<RMSprop>(
      group, "RMSprop", 5, [] { return RMSprop(); }, "RMSprop");
  add<Adagrad>(
      group, "Adagrad", 5, [] { return Adagrad(); }, "Adagrad");
  add<Lion>(group, "Lion", 5, [] { return Lion(); });
  add<Nadam>(group, "Nadam", 7, [] { return Nadam(); });
  add<Adamax>(group, "Adamax", 7, [] { return Adamax(); });
  add<Adadelta>(group, "Adadelta", 7, [] { return Adadelta(); });
  add<Ftrl>(group, "Ftrl", 7, [] { return Ftrl(); });
  add<Lamb>(group, "Lamb", 9, [] { return Lamb(); });
  add<Adafactor>(group, "Adafactor", 4, [] { return Adafactor(); });
  return group;
}

}  // namespace bench
