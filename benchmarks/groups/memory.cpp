#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include <xtape/data/fashion_mnist.hpp>

#include "groups/group.hpp"

// Peak resident memory of training 784-512-128-32-10 with batches of 1024, in a separate process.
namespace bench {
namespace {

struct Memory {
  double peak = 0, files = 0, steps = 0;  // bytes
};

/// Runs a program that ends with report_memory(), and reads what it prints.
std::optional<Memory> run(const std::string& command) {
  std::FILE* output = popen(command.c_str(), "r");
  if (output == nullptr) return std::nullopt;
  Memory memory;
  const bool complete = std::fscanf(output, "%lf %lf %lf", &memory.peak, &memory.files, &memory.steps) == 3;
  return pclose(output) == 0 && complete ? std::optional(memory) : std::nullopt;
}

// Computed by hand, in bytes.
constexpr double batch = 1024, float_size = 4;
constexpr double parameters = (784 + 1) * 512 + (512 + 1) * 128 + (128 + 1) * 32 + (32 + 1) * 10;
constexpr double state = 4 * parameters * float_size;                       // weights, gradients, Adam's two slots
constexpr double activations = batch * (512 + 128 + 32 + 10) * float_size;  // kept for the backward pass
constexpr double activation_gradients = batch * (512 + 128) * float_size;   // of two layers at a time, at most
constexpr double example = 784 * float_size + 4;                            // and its label, int32
constexpr double step = state + activations + activation_gradients;

Result row(const std::string& name, double value, double needed, std::optional<double> libtorch, bool goal) {
  Result result{"", name, 1, value / 1e6, "MB"};
  result.others.push_back({"needed", Role::limit, needed / 1e6, value / needed});
  if (libtorch) result.others.push_back({"libtorch", Role::rival, *libtorch / 1e6, *libtorch / value});
  if (goal) result.targets.push_back({"peak / needed", value / needed, 1.2});
  return result;
}

Case training(const std::string& mode, const std::string& name, double data, bool libtorch) {
  return {name, [=](const Effort& effort) -> std::vector<Result> {
            const auto own = std::filesystem::read_symlink("/proc/self/exe");
            const auto beside = own.parent_path() / "xtape_bench_memory";
            if (effort.smoke && mode != "batches") return {};
            const int steps = effort.smoke ? 1 : 60;
            const auto memory = run(fmt::format("'{}' {} {}", beside.string(), mode, steps));
            if (!memory) return {};
            std::optional<Memory> other;
#ifdef XTAPE_BENCH_LIBTORCH
            if (libtorch)
              other = run(fmt::format("'{}' --memory-of-libtorch {} --steps {}", own.string(), mode, steps));
#else
            static_cast<void>(libtorch);
#endif
            const double needed = data + step;
            const auto peak = other ? std::optional(other->peak) : std::nullopt;
            const auto arrays = other ? std::optional(other->peak - other->files) : std::nullopt;
            std::vector<Result> rows = {
                row(name, memory->peak, needed, peak, mode == "epoch"),
                row(name + ", without files", memory->peak - memory->files, needed, arrays, true)};
            if (mode == "batches") rows.push_back(row("held by the steps", memory->steps, step, {}, false));
            return rows;
          }};
}

}  // namespace

Group memory_group() {
  Group group{"memory",
              "peak resident MB of training 784-512-128-32-10 b1024, beside the bytes counted by hand",
              {"needed", "libtorch"},
              {}};
  group.cases.push_back(training("batches", "4 batches in turn", 4 * batch * example, true));
  group.cases.push_back(training("epoch", "60000 examples", 60000 * example + batch * example, true));
  if (!xtape::datasets::fashion_mnist::find().empty()) {
    group.cases.push_back(training("fashion_mnist", "Fashion-MNIST, loaded", 70000 * example + batch * example, false));
  }
  return group;
}

}  // namespace bench
