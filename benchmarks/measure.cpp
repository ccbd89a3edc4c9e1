#include "measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <xtape/base/threads.hpp>

#ifdef XTAPE_BENCH_LIBTORCH
#include "libtorch/libtorch_steps.hpp"
#endif

namespace bench {
namespace {

double microseconds(const std::function<void()>& step, int steps) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < steps; ++i) step();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / steps;
}

/// How many steps fill a block.
int steps_per_block(const Contender& contender, const Effort& effort) {
  double once = microseconds(contender.step, 1);
  if (once < 5000) {
    microseconds(contender.step, 2);
    once = std::min(microseconds(contender.step, 3), microseconds(contender.step, 3));
  }
  return static_cast<int>(std::clamp(1000 * effort.block_ms / once, 1.0, 1e6));
}

std::vector<Target> targets_of(const Result& result, const Unit& unit, const std::vector<Goal>& goals, double own_us,
                               const std::map<std::string, double>& us) {
  std::vector<Target> targets;
  for (const Goal& goal : goals) {
    if (goal.against.empty()) {
      targets.push_back({result.unit, result.value, goal.limit, goal.at_least});
    } else if (const auto found = us.find(goal.against); found != us.end()) {
      const double other = found->second;
      if (goal.minus) {
        targets.push_back({fmt::format("{} - {}", result.unit, goal.against), unit.value(own_us - other), goal.limit});
        continue;
      }
      targets.push_back(
          {goal.at_least ? fmt::format("{} / time", goal.against) : fmt::format("time / {}", goal.against),
           goal.at_least ? other / own_us : own_us / other, goal.limit, goal.at_least});
    }
  }
  return targets;
}

#ifdef XTAPE_BENCH_LIBTORCH
// Libtorch starts threads as soon as their number is set, and small ops are faster in a process with one thread. So the
// number is set only when something is compared with libtorch.
bool with_libtorch = false;
#endif

}  // namespace

void set_threads(int threads) {
  if (xtape::num_threads() == threads) return;
  xtape::set_num_threads(threads);
#ifdef XTAPE_BENCH_LIBTORCH
  if (with_libtorch) libtorch::set_num_threads(threads);
#endif
}

void measure(const std::vector<Contender*>& contenders, const Effort& effort) {
  std::vector<int> steps;
  for (Contender* contender : contenders) {
    if (contender->threads > 0) set_threads(contender->threads);
    if (effort.smoke) {
      contender->us = microseconds(contender->step, 1);
    } else {
      steps.push_back(steps_per_block(*contender, effort));
    }
  }
  if (effort.smoke) return;
  std::vector<std::vector<double>> times(contenders.size());
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < effort.rounds; ++round) {
    if (round >= 5 && std::chrono::steady_clock::now() - begin > std::chrono::duration<double>(effort.seconds)) break;
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const Contender& contender = *contenders[i];
      if (contender.threads > 0) set_threads(contender.threads);
      // A few steps warm the caches and wake the threads.
      if (steps[i] > 1) microseconds(contender.step, std::max(1, steps[i] / 20));
      times[i].push_back(microseconds(contender.step, steps[i]));
    }
  }
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    std::sort(times[i].begin(), times[i].end());
    const auto quantile = [&](std::size_t quarter) { return times[i][(times[i].size() - 1) * quarter / 4]; };
    contenders[i]->us = effort.fastest ? times[i].front() : quantile(2);
    contenders[i]->spread = (quantile(3) - quantile(1)) / quantile(2);
  }
}

std::vector<Result> compare(const std::string& name, const Unit& unit, const std::vector<Goal>& goals,
                            const Effort& effort, const Setup& setup) {
  const auto& threads = effort.threads;
  std::vector<Contender> all;
  // First all blocks on one number of threads, then on the next: a team that stops and starts between blocks makes the
  // blocks on 2 threads several times slower.
  for (const int n : threads) {
    set_threads(n);
    std::vector<Contender> contenders = setup(n);
#ifdef XTAPE_BENCH_LIBTORCH
    const auto is_rival = [](const Contender& contender) { return contender.role == Role::rival; };
    if (!with_libtorch && std::any_of(contenders.begin(), contenders.end(), is_rival)) {
      with_libtorch = true;
      libtorch::set_num_threads(n);
    }
#endif
    std::vector<Contender*> in_turns;
    for (Contender& contender : contenders) {
      contender.threads = n;
      in_turns.push_back(&contender);
    }
    measure(in_turns, effort);
    for (Contender& contender : contenders) {
      contender.step = nullptr;  // frees its memory
      all.push_back(std::move(contender));
    }
  }

  // A rival counts at its best number of threads, a limit at the best of as many as are allowed.
  std::map<std::string, double> best;
  for (Contender& c : all) {
    const auto [there, added] = best.try_emplace(c.name, c.us);
    if (!added) there->second = std::min(there->second, c.us);
    if (c.role == Role::limit) c.us = there->second;
  }
  const double one_thread = all.front().us;
  std::vector<Result> results;
  double own_us = 0;
  std::map<std::string, double> us;
  const auto finish = [&] {
    if (!results.empty()) results.back().targets = targets_of(results.back(), unit, goals, own_us, us);
  };
  int current = 0;
  for (const Contender& c : all) {
    if (c.threads != current) {
      finish();
      current = c.threads;
      own_us = c.us;
      us.clear();
      if (current != threads.front()) us["1 thread"] = one_thread;
      results.push_back({"", name, current, unit.value(c.us), unit.name, unit.rate, c.spread});
    } else {
      const double other = c.role == Role::rival ? best[c.name] : c.us;
      results.back().others.push_back(
          {c.name, c.role, unit.value(c.us), c.role == Role::limit ? own_us / other : other / own_us});
      us[c.name] = other;
    }
  }
  finish();
  return results;
}

std::vector<Result> compare_on_one_thread(const std::string& name, const Unit& unit, const std::vector<Goal>& goals,
                                          Effort effort, const std::vector<Contender>& contenders) {
  effort.threads = {1};
  return compare(name, unit, goals, effort, [&](int) { return contenders; });
}

}  // namespace bench
