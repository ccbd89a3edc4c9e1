#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/zip.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/record.hpp"

#ifdef __linux__
#include <unistd.h>
#endif

// Requirements of long programs: cost proportional to the number of ops, and no growth of memory.
using namespace xtape;

namespace {

struct Cost {
  double bytes;        ///< taken from the system, an op
  double nanoseconds;  ///< forward and backward, an op
};

/// The cost of a chain whose backward pass runs one rule for each op.
Cost cost_of_chain(std::int64_t ops) {
  release_cached_memory();
  const auto bytes = memory_stats().system_bytes;
  const auto begin = std::chrono::steady_clock::now();
  const Tensor x = constant(1.0, float64), c = constant(1.0, float64);
  GradientTape tape;
  tape.watch(x);
  Tensor y = x;
  for (std::int64_t i = 0; i < ops; ++i) y = i % 2 == 0 ? y * c : y + x;
  REQUIRE(tape.num_records() == static_cast<std::size_t>(ops));
  CHECK(tape.gradient(y, x).item() == 1 + static_cast<double>(ops / 2));
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return {static_cast<double>(memory_stats().system_bytes - bytes) / static_cast<double>(ops),
          took.count() / static_cast<double>(ops)};
}

/// Bytes of the process in memory; 0 where the system does not tell.
std::int64_t resident_bytes() {
#ifdef __linux__
  long total = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * sysconf(_SC_PAGESIZE);
#else
  return 0;
#endif
}

}  // namespace

TEST_CASE("growth: memory of a record and its backward pass is in proportion to the number of ops") {
  cost_of_chain(1000);
  std::vector<Cost> costs;
  for (const std::int64_t ops : {1'000, 10'000, 100'000, 1'000'000}) {
    costs.push_back(cost_of_chain(ops));
    MESSAGE(ops, " ops: ", costs.back().bytes, " bytes and ", costs.back().nanoseconds, " ns each");
  }
  if (!testing::AllocationCount::available()) {
    MESSAGE("memory is not counted: a sanitizer takes the allocator's place");
    return;
  }
  // From the system memory comes in steps, so a short chain may take more or less than its share.
  CHECK(costs[3].bytes > 0);
  CHECK(costs[3].bytes < 1000);
  CHECK(costs[3].bytes < 1.5 * costs[2].bytes);
  CHECK(costs[2].bytes < 2 * costs[1].bytes + 100);
  release_cached_memory();
}

TEST_CASE("growth: the backward pass runs every rule once, however often its result is used") {
  // y_n = y_(n-1) + y_(n-1): a path for each of 2^n ways, but n ops.
  std::int64_t runs = 0;
  const Tensor x = constant(1.0, float64);
  for (const int ops : {10, 100, 1000}) {
    runs = 0;
    GradientTape tape;
    tape.watch(x);
    Tensor y = x;
    for (int i = 0; i < ops; ++i) {
      y = record("half_twice", {y, y}, constant(1.0, float64), [&runs](const Tensor& dy) {
        ++runs;
        return Grads{dy * 0.5, dy * 0.5};
      });
    }
    CHECK(tape.gradient(y, x).item() == 1);
    CHECK(runs == ops);
  }
}

TEST_CASE("growth: a hundred thousand training steps leave resident memory where it was after a hundred") {
  // A sanitizer keeps freed memory on purpose, and is slow.
  const bool plain = testing::AllocationCount::available() && resident_bytes() > 0;
  const int steps = plain ? 100'000 : 1000;
  random::set_seed(3);
  Sequential model{layers::Dense(4, {.activation = "tanh"}), layers::Dense(1)};
  losses::MeanSquaredError mse;
  optimizers::Adam optimizer({.learning_rate = 0.01});
  const Tensor x = constant({{0, 0}, {0, 1}, {1, 0}, {1, 1}}, float32);
  const Tensor y = constant({{0}, {1}, {1}, {0}}, float32);
  std::int64_t resident = 0;
  double loss_then = 0, loss = 0;
  for (int step = 1; step <= steps; ++step) {
    GradientTape tape;
    const Tensor value = mse(y, model(x));
    const auto gradients = tape.gradient(value, model.trainable_variables());
    optimizer.apply_gradients(zip(gradients, model.trainable_variables()));
    if (step == 100) {
      resident = resident_bytes();
      loss_then = value.item();
    }
    loss = value.item();
  }
  CHECK(loss < loss_then);
  if (!plain) {
    MESSAGE("resident memory is not compared under a sanitizer");
    return;
  }
  const std::int64_t grown = resident_bytes() - resident;
  // The smallest block leaked in every step would be 3 MB; a few pages may come and go with other parts of the process.
  CHECK(grown <= 256 << 10);
}
