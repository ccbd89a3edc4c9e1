#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include <xtape/core/build_info.hpp>
#include <xtape/core/threads.hpp>

#include "environment.hpp"
#include "fit_benchmark.hpp"
#include "floor.hpp"
#include "map_benchmark.hpp"
#include "measure.hpp"
#include "workloads.hpp"
#include "xtape_steps.hpp"
#ifdef XTAPE_BENCH_LIBTORCH
#include "libtorch/libtorch_steps.hpp"
#endif

namespace {

constexpr std::string_view usage = R"(usage: xtape_bench [--json FILE] [--filter TEXT] [--quick] [--fastest] [--help]
Times training steps of several networks, and a chain of scalar operations, with xtape, with libtorch where it was
found, and the floor: the step's products and convolutions at a library's speed and one pass of Adam. Then fit beside the
loop written by hand, and map beside a loop written by hand and separate ops. On 1 and on 2 threads.

  --json FILE    write {"results": [{"name", "threads", "us", "floor_us", "libtorch_us"}, ...], "fit": [...], "map": [...]}
  --filter TEXT  only what has TEXT in its name
  --quick        a few steps each, to see that all runs; the times mean little
  --fastest      many short blocks and the fastest of them instead of the median: for a machine that others use too
)";

constexpr int chain_operations = 1000;

struct Options {
  std::string json;
  std::string filter;
  bool quick = false;
  bool fastest = false;
};

struct Result {
  std::string name;
  int threads;
  double us;
  double spread;
  std::optional<double> floor_us;
  std::optional<double> libtorch_us;
};

std::optional<Options> parse(int argc, char** argv, int& status) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool takes_value = argument == "--json" || argument == "--filter";
    if (argument == "--help" || argument == "-h") {
      fmt::print("{}", usage);
      status = 0;
      return std::nullopt;
    }
    if (argument == "--quick") {
      options.quick = true;
    } else if (argument == "--fastest") {
      options.fastest = true;
    } else if (takes_value && i + 1 < argc) {
      (argument == "--json" ? options.json : options.filter) = argv[++i];
    } else {
      fmt::print(stderr, "xtape_bench: {} {}\n{}", takes_value ? "a value is missing after" : "unknown argument",
                 argument, usage);
      status = 2;
      return std::nullopt;
    }
  }
  return options;
}

void set_threads(int threads) {
  xtape::set_num_threads(threads);
#ifdef XTAPE_BENCH_LIBTORCH
  bench::libtorch::set_num_threads(threads);
#endif
}

/// A network, or the chain where there is none.
Result run(const std::string& name, const bench::Network* network, int threads, const bench::Effort& effort) {
  set_threads(threads);
  const bench::Batches batches = network != nullptr ? bench::make_batches(*network) : bench::Batches{};
  bench::Contender own, floor, libtorch;
  own.step = network != nullptr ? bench::training_step(*network, batches) : bench::chain_step(chain_operations);
  std::vector<bench::Contender*> contenders = {&own};
  if (network != nullptr) {
    floor.step = bench::floor_step(*network, threads);
    if (floor.step) contenders.push_back(&floor);
  }
#ifdef XTAPE_BENCH_LIBTORCH
  libtorch.step = network != nullptr ? bench::libtorch::training_step(*network, batches)
                                     : bench::libtorch::chain_step(chain_operations);
  contenders.push_back(&libtorch);
#endif
  bench::measure(contenders, effort);
  Result result{name, threads, own.us, own.spread, {}, {}};
  if (floor.step) result.floor_us = floor.us;
  if (libtorch.step) result.libtorch_us = libtorch.us;
  return result;
}

void print_head(const bench::Effort& effort) {
  fmt::print("{}BLAS of the process: {}\n", xtape::build_info(), bench::blas_in_use());
#ifdef XTAPE_BENCH_LIBTORCH
  fmt::print("libtorch {}\n", bench::libtorch::version());
#else
  fmt::print("libtorch was not found\n");
#endif
  fmt::print(
      "{}\n\nus per step, {} blocks; floor: the step's products, convolutions and one pass of Adam; "
      "spread: distance of xtape's quartiles\n\n{:<26}{:>8}{:>11}{:>11}{:>9}{:>12}{:>9}{:>9}\n",
      bench::load(), effort.fastest ? "fastest of" : "median of", "", "threads", "xtape", "floor", "ratio", "libtorch",
      "ratio", "spread");
}

void print(const Result& r) {
  fmt::print("{:<26}{:>8}{:>11.2f}", r.name, r.threads, r.us);
  if (r.floor_us) {
    fmt::print("{:>11.2f}{:>9.2f}", *r.floor_us, r.us / *r.floor_us);
  } else {
    fmt::print("{:>11}{:>9}", "-", "-");
  }
  if (r.libtorch_us) {
    fmt::print("{:>12.2f}{:>9.2f}", *r.libtorch_us, *r.libtorch_us / r.us);
  } else {
    fmt::print("{:>12}{:>9}", "-", "-");
  }
  fmt::print("{:>8.0f}%\n", 100 * r.spread);
  std::fflush(stdout);
}

bool write_json(const std::string& file, const std::vector<Result>& results,
                const std::vector<bench::FitResult>& fit_results, const std::vector<bench::MapResult>& map_results) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  const auto number = [](const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  for (const Result& r : results) {
    all.push_back({{"name", r.name},
                   {"threads", r.threads},
                   {"us", r.us},
                   {"floor_us", number(r.floor_us)},
                   {"libtorch_us", number(r.libtorch_us)}});
  }
  nlohmann::ordered_json fits = nlohmann::ordered_json::array();
  for (const auto& r : fit_results) {
    fits.push_back({{"name", r.name}, {"threads", r.threads}, {"us", r.fit_us}, {"by_hand_us", r.hand_us}});
  }
  nlohmann::ordered_json maps = nlohmann::ordered_json::array();
  for (const auto& r : map_results) {
    maps.push_back({{"name", r.name},
                    {"threads", r.threads},
                    {"us", r.map_us},
                    {"by_hand_us", r.hand_us},
                    {"separate_ops_us", r.ops_us}});
  }
  std::ofstream out(file);
  out << nlohmann::ordered_json{{"results", all}, {"fit", fits}, {"map", maps}}.dump(2) << '\n';
  return out.good();
}

}  // namespace

int main(int argc, char** argv) {
  int status = 0;
  const auto options = parse(argc, argv, status);
  if (!options) return status;
  bench::use_best_openblas_kernels(argv);

  const auto networks = bench::networks();
  bench::Effort effort;
  if (options->fastest) effort = {.rounds = 300, .block_ms = 1, .seconds = 10, .fastest = true};
  if (options->quick) effort = {.rounds = 1, .block_ms = 0};
  print_head(effort);
  std::vector<Result> results;
  const auto run_all = [&](const std::string& name, const bench::Network* network) {
    if (name.find(options->filter) == name.npos) return;
    for (const int threads : {1, 2}) {
      results.push_back(run(name, network, threads, effort));
      print(results.back());
    }
  };
  for (const auto& network : networks) run_all(network.name, &network);
  run_all(fmt::format("scalar chain {}", chain_operations), nullptr);
  const auto fit_results = bench::run_fit_benchmarks(options->filter, effort);
  const auto map_results = bench::run_map_benchmarks(options->filter, effort);
  if (results.empty() && fit_results.empty() && map_results.empty()) {
    fmt::print(stderr, "xtape_bench: nothing has \"{}\" in its name\n", options->filter);
    return 2;
  }
  fmt::print("\n{}; the chain has {} operations: its us a step are ns an operation\n", bench::load(), chain_operations);
  if (!options->json.empty() && !write_json(options->json, results, fit_results, map_results)) {
    fmt::print(stderr, "xtape_bench: cannot write {}\n", options->json);
    return 1;
  }
}
