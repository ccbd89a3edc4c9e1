#include "groups/kernels/kernel.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include <xtape/core/memory.hpp>

#include "kernels/parallel.hpp"

namespace bench {

std::function<void()> copy_of(double bytes) {
  const auto half = std::max<std::int64_t>(64, static_cast<std::int64_t>(bytes / 2) / 64 * 64);
  const auto make = [&] { return std::make_shared<std::vector<char>>(static_cast<std::size_t>(half), char(1)); };
  return [half, from = make(), to = make()] {
    xtape::kernels::parallel_for(half, 1 << 17, [&](std::int64_t begin, std::int64_t end) {
      std::memcpy(to->data() + begin, from->data() + begin, static_cast<std::size_t>(end - begin));
    });
  };
}

Case kernel_case(const std::string& name, bool in_cache, std::function<Kernel(std::int64_t)> make) {
  return {name, [=](const Effort& effort) {
            const Kernel kernel = make(in_cache ? 10'000 : effort.smoke ? 100'000 : 30'000'000);
            const auto best = kernel.best ? kernel.best : copy_of(kernel.bytes);
            Effort chosen = effort;
            if (in_cache) {
              chosen.threads = {1};
              chosen.block_ms = std::min(effort.block_ms, 5.0);
            } else {
              chosen.rounds = std::min(effort.rounds, 9);
            }
            auto results = compare(name, gigabytes(kernel.bytes), kernel.goals, chosen, [&](int) {
              return std::vector<Contender>{{kernel.op, "xtape"}, {best, kernel.limit, Role::limit}};
            });
            xtape::release_cached_memory();
            return results;
          }};
}

Group kernels_group() {
  Group group{"kernels",
              "GB/s beside a copy of as many bytes read and written, or beside a loop written by hand",
              {"copy", "loop", "same shape"},
              {}};
  add_elementwise(group.cases);
  add_reductions(group.cases);
  add_broadcasts(group.cases);
  add_movements(group.cases);
  return group;
}

}  // namespace bench
