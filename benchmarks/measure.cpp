#include "measure.hpp"

#include <algorithm>
#include <chrono>

namespace bench {
namespace {

double microseconds(const std::function<void()>& step, int steps) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < steps; ++i) step();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / steps;
}

}  // namespace

void measure(std::vector<Contender*> contenders, const Effort& effort) {
  std::vector<int> steps;
  for (Contender* contender : contenders) {
    for (int i = 0; i < 3; ++i) contender->step();
    const double once = std::min(microseconds(contender->step, 3), microseconds(contender->step, 3));
    steps.push_back(static_cast<int>(std::clamp(1000 * effort.block_ms / once, effort.fastest ? 1.0 : 3.0, 1e6)));
  }
  std::vector<std::vector<double>> times(contenders.size());
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < effort.rounds; ++round) {
    if (round >= 5 && std::chrono::steady_clock::now() - begin > std::chrono::duration<double>(effort.seconds)) break;
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      // A few steps bring back what the others threw out of the caches, and wake the threads.
      microseconds(contenders[i]->step, std::max(1, steps[i] / 20));
      times[i].push_back(microseconds(contenders[i]->step, steps[i]));
    }
  }
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    std::sort(times[i].begin(), times[i].end());
    const auto quantile = [&](std::size_t quarter) { return times[i][(times[i].size() - 1) * quarter / 4]; };
    contenders[i]->us = effort.fastest ? times[i].front() : quantile(2);
    contenders[i]->spread = (quantile(3) - quantile(1)) / quantile(2);
  }
}

}  // namespace bench
