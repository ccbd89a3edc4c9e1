#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <xtape/core/build_info.hpp>

#include "environment.hpp"
#include "groups/group.hpp"
#include "report/report.hpp"
#include "workloads/products.hpp"
#ifdef XTAPE_BENCH_LIBTORCH
#include "libtorch/libtorch_steps.hpp"
#endif

namespace {

struct Options {
  std::vector<std::string> groups, add;
  std::string filter, json, plot, markdown, compare;
  double fail_above = 0;
  std::vector<int> threads = {1, 2};
  std::string memory_of_libtorch;
  int steps = 0;
  bool list = false, quick = false, smoke = false, fastest = false;
};

bench::Effort effort_of(const Options& options) {
  bench::Effort effort;
  if (options.quick) effort = {.rounds = 3, .block_ms = 2, .seconds = 1};
  if (options.fastest) effort = {.rounds = 300, .block_ms = 1, .seconds = 10, .fastest = true};
  effort.smoke = options.smoke;
  if (options.smoke) bench::trials = 1;
  effort.threads = options.threads;
  return effort;
}

std::string machine() {
  std::string text = fmt::format("{}BLAS of the process: {}\n", xtape::build_info(), bench::blas_in_use());
#ifdef XTAPE_BENCH_LIBTORCH
  text += fmt::format("libtorch {}", bench::libtorch::version());
#else
  text += "libtorch was not found";
#endif
  return text + fmt::format("\n{}", bench::load());
}

std::vector<bench::Group> chosen_groups(const Options& options) {
  auto groups = bench::groups();
  for (const auto& name : options.groups) {
    const auto known = [&](const auto& group) { return group.name == name; };
    if (name != "none" && std::none_of(groups.begin(), groups.end(), known)) {
      throw std::runtime_error(fmt::format("no group is called {}; see --list", name));
    }
  }
  if (!options.groups.empty()) {
    std::erase_if(groups, [&](const auto& group) {
      return std::find(options.groups.begin(), options.groups.end(), group.name) == options.groups.end();
    });
  }
  for (auto& group : groups) {
    std::erase_if(group.cases, [&](const auto& c) { return c.name.find(options.filter) == c.name.npos; });
  }
  std::erase_if(groups, [](const auto& group) { return group.cases.empty(); });
  return groups;
}

int run(const Options& options) {
  const auto groups = chosen_groups(options);
  if (options.list) {
    for (const auto& group : groups) {
      fmt::print("{}: {}\n", group.name, group.title);
      for (const auto& c : group.cases) fmt::print("  {}\n", c.name);
    }
    return 0;
  }
  // Reads the earlier results first, so that a mistake in the file name does not cost a whole run.
  const auto before = options.compare.empty() ? std::vector<bench::Result>() : bench::read_json(options.compare);
  std::vector<bench::Result> added;
  for (const auto& file : options.add) {
    for (auto& row : bench::read_json(file)) added.push_back(std::move(row));
  }
  if (groups.empty() && added.empty()) throw std::runtime_error("nothing has such a name; see --list");

  const auto effort = effort_of(options);
  const std::string about = machine();
  fmt::print("{}\n", about);
  std::vector<bench::Result> results;
  for (const auto& group : groups) {
    bench::print_head(group);
    for (const auto& c : group.cases) {
      for (auto& row : c.run(effort)) {
        row.group = group.name;
        if (options.smoke) row.targets.clear();
        bench::print_row(group, row);
        results.push_back(std::move(row));
      }
    }
  }
  for (auto row = added.begin(); row != added.end(); ++row) {
    const bench::Group group{row->group, "", {}, {}};
    if (row == added.begin() || (row - 1)->group != row->group) bench::print_head(group);
    bench::print_row(group, *row);
    results.push_back(*row);
  }
  if (!options.smoke) bench::print_targets(results);
  fmt::print("{}\n", bench::load());
  if (!options.json.empty()) bench::write_json(options.json, about, results);
  if (!options.markdown.empty()) bench::write_markdown(options.markdown, about, results);
  if (!options.plot.empty() && !bench::draw_steps(results, options.plot)) {
    fmt::print(stderr, "xtape_bench: no picture: that takes training steps, and gnuplot\n");
  }
  if (options.compare.empty()) return 0;
  const double largest = bench::print_comparison(before, results);
  return options.fail_above > 0 && largest > options.fail_above ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures xtape beside what the hardware and other libraries allow. See benchmarks/README.md.");
  app.add_option("--group", options.groups, "only these groups, separated by commas")->delimiter(',');
  app.add_option("--filter", options.filter, "only what has this text in its name");
  app.add_option("--threads", options.threads, "numbers of threads, separated by commas: 1,2 if not given")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  app.add_flag("--list", options.list, "names the groups and what is in them");
  app.add_option("--json", options.json, "writes the results to this file");
  app.add_option("--plot", options.plot, "draws the training steps into this file, PNG or SVG");
  app.add_option("--markdown", options.markdown, "puts the rows with targets into this file, see docs/performance.md");
  app.add_option("--compare", options.compare, "shows gain and loss against the results in this file");
  app.add_option("--fail-above", options.fail_above,
                 "with --compare: status 1 if a cost grew by more than this factor");
  app.add_option("--add", options.add, "adds the results in this file, as of scripts/measure");
  app.add_flag("--quick", options.quick, "less exact, in about a minute");
  app.add_flag("--smoke", options.smoke, "one step each, to see that all runs; the times mean nothing");
  app.add_flag("--fastest", options.fastest, "the fastest of many short blocks: for a machine that others use too");
  // For the process that memory_group() starts.
  app.add_option("--memory-of-libtorch", options.memory_of_libtorch)->group("");
  app.add_option("--steps", options.steps)->group("");
  CLI11_PARSE(app, argc, argv);
  bench::use_best_openblas_kernels(argv);
#ifdef XTAPE_BENCH_LIBTORCH
  if (!options.memory_of_libtorch.empty()) {
    return bench::libtorch::report_training_memory(options.memory_of_libtorch, options.steps);
  }
#endif
  try {
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "xtape_bench: {}\n", error.what());
    return 2;
  }
}
