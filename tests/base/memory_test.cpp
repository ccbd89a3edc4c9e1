#include "xtape/base/memory.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <functional>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/pool.hpp"

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "support/sanitizer.hpp"
#include "xtape/base/error.hpp"
#include "xtape/base/threads.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

using namespace xtape;

using testing::pooled;

TEST_CASE("memory: blocks are aligned, large enough and apart") {
  std::vector<std::pair<std::byte*, std::size_t>> blocks;
  std::vector<std::uint8_t> classes;
  for (std::size_t bytes = 1; bytes < 100000; bytes += bytes / 3 + 1) {
    for (const std::size_t size : {bytes, bytes, (bytes + 63) / 64 * 64}) {
      std::uint8_t size_class = 0;
      auto* block = static_cast<std::byte*>(detail::allocate(size, size_class));
      CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
      std::memset(block, static_cast<int>(blocks.size() % 251), size);
      blocks.emplace_back(block, size);
      classes.push_back(size_class);
    }
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto [block, size] = blocks[i];
    const auto fill = static_cast<std::byte>(i % 251);
    bool intact = true;
    for (std::size_t k = 0; k < size; ++k) intact = intact && block[k] == fill;
    CHECK(intact);
    detail::deallocate(block, classes[i]);
  }
}

TEST_CASE("memory: a steady state asks nothing of the system") {
  if (!pooled()) return;
  const auto step = [] {
    Tensor x = ones({50, 100});
    for (int i = 0; i < 10; ++i) x = x * 2 + 1;
    return x.size() + (ones({3}) + Tensor(1)).size();
  };
  for (int i = 0; i < 3; ++i) step();
  const auto stats = memory_stats();
  const testing::AllocationCount count;
  for (int i = 0; i < 100; ++i) step();
  const auto allocations = count.value();
  CHECK(memory_stats().system_allocations == stats.system_allocations);
  CHECK(memory_stats().system_bytes == stats.system_bytes);
  CHECK(allocations == 0);
}

TEST_CASE("memory: stats count what is held, release_cached_memory gives it back") {
  if (!pooled()) return;
  release_cached_memory();
  const auto before = memory_stats();
  constexpr std::int64_t bytes = 5 << 20;
  {
    const Tensor t = detail::make_tensor({bytes}, uint8);
    CHECK(memory_stats().system_allocations == before.system_allocations + 1);
    CHECK(memory_stats().system_bytes >= before.system_bytes + bytes);
    CHECK(memory_stats().system_bytes <= before.system_bytes + bytes + bytes / 7);
  }
  CHECK(memory_stats().system_bytes >= before.system_bytes + bytes);
  release_cached_memory();
  CHECK(memory_stats().system_bytes == before.system_bytes);
}

TEST_CASE("memory: what is in use and cached, and the peak") {
  release_cached_memory();
  const auto before = memory_stats();
  constexpr std::int64_t large = 3 << 20, small = 1000;
  {
    const Tensor a = detail::make_tensor({large}, uint8);
    std::vector<Tensor> few;
    for (int i = 0; i < 100; ++i) few.push_back(detail::make_tensor({small}, uint8));
    const auto stats = memory_stats();
    CHECK(stats.bytes_in_use >= before.bytes_in_use + large + 100 * small);
    CHECK(stats.bytes_in_use <= before.bytes_in_use + (large + 100 * (small + 128)) * 9 / 8 + 100 * 64);
    CHECK(stats.peak_bytes >= stats.bytes_in_use);
    CHECK(stats.system_bytes == stats.bytes_in_use + stats.bytes_cached);
  }
  const auto after = memory_stats();
  CHECK(after.bytes_in_use == before.bytes_in_use);
  if (pooled()) CHECK(after.bytes_cached >= before.bytes_cached + large);
  CHECK(after.peak_bytes >= before.bytes_in_use + large);

  reset_peak_memory();
  CHECK(memory_stats().peak_bytes < before.bytes_in_use + large);
  static_cast<void>(detail::make_tensor({2 * large}, uint8));
  CHECK(memory_stats().peak_bytes >= before.bytes_in_use + 2 * large);
  CHECK(memory_stats().peak_bytes < before.bytes_in_use + 4 * large);
  std::int64_t there = 0;
  std::thread([&] {
    const Tensor b = detail::make_tensor({small}, uint8);
    there = memory_stats().bytes_in_use;
  }).join();
  CHECK(there > before.bytes_in_use);
  CHECK(memory_stats().bytes_in_use == before.bytes_in_use);
  release_cached_memory();
}

namespace {

/// Bytes of the process that are in memory.
std::int64_t resident() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0, in_memory = 0;
  file >> all >> in_memory;
  return in_memory * sysconf(_SC_PAGESIZE);
}

constexpr std::int64_t megabyte = 1 << 20;

}  // namespace

TEST_CASE("memory: one tensor that grows from 64 to 512 MB leaves little behind") {
  if (!pooled() || testing::thread_sanitizer) return;
  release_cached_memory();
  const std::int64_t before = resident(), held = memory_stats().system_bytes;
  Tensor live;
  std::int64_t bytes = 64 * megabyte, max_cached = 0, max_resident = 0;
  for (; bytes <= 512 * megabyte; bytes += bytes / 10) {
    Tensor next = zeros({bytes / 4});
    max_resident = std::max(max_resident, resident() - before - 2 * bytes);
    live = std::move(next);
    max_cached = std::max(max_cached, memory_stats().bytes_cached);
  }
  // Beside the old and the new tensor there are 64 MB and what their size classes round up.
  CHECK(max_resident < 128 * megabyte);
  CHECK(memory_stats().system_bytes - held < live.size() * 4 * 9 / 8 + 80 * megabyte);
  CHECK(max_cached < 80 * megabyte);
  live = Tensor();
  CHECK(memory_stats().system_bytes - held < 80 * megabyte);
  release_cached_memory();
}

TEST_CASE("memory: steps on sequences of random length hold at most twice what the longest needs") {
  if (!pooled()) return;
  detail::advance_cache_clock(60);  // what was before is forgotten
  static_cast<void>(detail::make_tensor({2 * megabyte}, uint8));
  release_cached_memory();
  reset_peak_memory();
  const std::int64_t held = memory_stats().system_bytes;
  std::minstd_rand random(1);
  std::int64_t most = 0;
  for (int step = 0; step < 400; ++step) {
    const std::int64_t length = 1 + static_cast<std::int64_t>(random() % 200);
    std::vector<Tensor> tensors;
    for (std::int64_t width = 64; width <= 512; width *= 2) {
      for (int i = 0; i < 4; ++i) tensors.push_back(detail::make_tensor({length, 64, width}, float32));
    }
    most = std::max(most, memory_stats().system_bytes - held);
  }
  const std::int64_t peak = memory_stats().peak_bytes - held;
  CHECK(peak > 180 * megabyte);
  CHECK(most <= 2 * peak + 64 * megabyte);
  release_cached_memory();
}

TEST_CASE("memory: from the third step on a step of any size asks nothing of the system") {
  if (!pooled()) return;
  for (const std::int64_t unit : {megabyte / 4, 4 * megabyte, 40 * megabyte}) {
    release_cached_memory();
    const auto step = [&] {
      std::vector<Tensor> tensors;
      for (std::int64_t i = 1; i <= 6; ++i) tensors.push_back(detail::make_tensor({i * unit}, uint8));
      for (std::int64_t i = 6; i >= 1; --i) {
        tensors.push_back(detail::make_tensor({i * unit + unit / 3}, uint8));
        tensors.erase(tensors.begin());
      }
    };
    for (int i = 0; i < 6; ++i) step();
    const auto before = memory_stats().system_allocations;
    for (int i = 0; i < 20; ++i) step();
    CHECK(memory_stats().system_allocations == before);
  }
  release_cached_memory();
}

TEST_CASE("memory: blocks that nobody has used for long go back at the next allocation") {
  if (!pooled()) return;
  release_cached_memory();
  const std::int64_t held = memory_stats().system_bytes;
  static_cast<void>(detail::make_tensor({50 * megabyte}, uint8));
  CHECK(memory_stats().system_bytes > held + 50 * megabyte);
  detail::advance_cache_clock(30);
  static_cast<void>(detail::make_tensor({2 * megabyte}, uint8));
  CHECK(memory_stats().system_bytes < held + 4 * megabyte);
  release_cached_memory();
}

namespace {

/// Whether f() returns true in a child process that may have so many bytes more than now.
bool holds_within(int resource, std::int64_t more, const std::function<bool()>& f) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(600);
    set_num_threads(1);
    release_cached_memory();
    std::ifstream file("/proc/self/statm");
    std::int64_t all = 0, skipped = 0, data = 0;
    file >> all >> skipped >> skipped >> skipped >> skipped >> data;
    const std::int64_t now = (resource == RLIMIT_AS ? all : data) * sysconf(_SC_PAGESIZE);
    const auto limit = static_cast<rlim_t>(now + more);
    const rlimit wanted{limit, limit};
    if (setrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &wanted) != 0) _exit(2);
    bool right = false;
    try {
      right = f();
    } catch (...) {
      right = false;
    }
    _exit(right ? 0 : 1);
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("memory: what is cached goes back before an allocation fails") {
  if (!pooled() || testing::thread_sanitizer) return;
  for (const int resource : {static_cast<int>(RLIMIT_AS), static_cast<int>(RLIMIT_DATA)}) {
    CAPTURE(resource);
    CHECK(holds_within(resource, 1000 * megabyte, [] {
      for (const std::int64_t size : {500, 600, 700}) static_cast<void>(zeros({size * megabyte}, uint8));
      return zeros({800 * megabyte}, uint8).size() == 800 * megabyte;
    }));
    // Less than what stays cached without need.
    CHECK(holds_within(resource, 80 * megabyte, [] {
      for (int i = 0; i < 2; ++i) static_cast<void>(zeros({20 * megabyte + i * 8 * megabyte}, uint8));
      return zeros({55 * megabyte}, uint8).size() == 55 * megabyte;
    }));
  }
}

TEST_CASE("memory: where there is none, an error says what was asked for, and all goes on") {
  if (!pooled()) return;  // AddressSanitizer ends the process
  const auto before = memory_stats().bytes_in_use;
  const auto text_of = [](const auto& f) -> std::string {
    try {
      static_cast<void>(f());
    } catch (const std::bad_alloc& error) {
      CHECK(dynamic_cast<const Error*>(&error) != nullptr);
      CHECK(dynamic_cast<const OutOfMemoryError*>(&error) != nullptr);
      return error.what();
    }
    return "";
  };
  constexpr std::int64_t many = std::int64_t{1} << 45;
  const std::string of_zeros = text_of([] { return zeros({many / 2, 2}); });
  CHECK(of_zeros.find("[zeros] out of memory: asked for 128.0 TB (140737488355") == 0);
  CHECK(of_zeros.find(" bytes) for a float32 tensor of shape (17592186044416, 2); in use are ") != std::string::npos);
  CHECK(of_zeros.find(", cached ") != std::string::npos);
  std::uint8_t size_class = 0;
  CHECK(text_of([&] {
          return detail::allocate(std::size_t{1} << 47, size_class, "here");
        }).find("[here] out of memory: asked for 128.0 TB (140737488355328 bytes) for scratch memory; in use are ") ==
        0);
  CHECK_THROWS_AS(detail::PoolVector<double>(std::size_t{1} << 59), std::bad_alloc);
  CHECK(memory_stats().bytes_in_use == before);
  CHECK_CLOSE(ones({3}) + 1, full({3}, 2), 0);
}

TEST_CASE("memory: what one thread allocates and another frees is used again") {
  if (!pooled()) return;
  // Batches of 1 MB made by one thread and dropped by another, as in prefetching.
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Tensor> queue;
  constexpr int batches = 600;
  std::thread producer([&] {
    for (int i = 0; i < batches; ++i) {
      Tensor batch = zeros({1 << 20}, uint8);
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return queue.size() < 2; });
      queue.push_back(std::move(batch));
      changed.notify_all();
    }
  });
  const auto before = memory_stats().system_bytes;
  for (int i = 0; i < batches; ++i) {
    Tensor batch;
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !queue.empty(); });
    batch = std::move(queue.front());
    queue.erase(queue.begin());
    changed.notify_all();
  }
  producer.join();
  CHECK(memory_stats().system_bytes - before < 200 << 20);
  release_cached_memory();
}

TEST_CASE("memory: a thread that ends leaves its cache to the others") {
  if (!pooled()) return;
  const auto use = [] { std::thread([] { static_cast<void>(zeros({3 << 20}, uint8)); }).join(); };
  use();
  const auto before = memory_stats().system_allocations;
  for (int i = 0; i < 10; ++i) use();
  CHECK(memory_stats().system_allocations == before);
}

TEST_CASE("memory: a tensor may be freed by another thread, and after its own thread has ended") {
  Tensor survivor;
  std::thread([&] { survivor = ones({1000}) + 1; }).join();
  CHECK_CLOSE(survivor, full({1000}, 2), 0);
  const Tensor copy = survivor;
  std::thread([moved = std::move(survivor)]() mutable { moved = Tensor(); }).join();
  CHECK_CLOSE(copy, full({1000}, 2), 0);
}

TEST_CASE("memory: pooled vectors are vectors") {
  detail::PoolVector<int> numbers;
  for (int i = 0; i < 1000; ++i) numbers.push_back(i);
  const detail::PoolVector<int> copy = numbers;
  numbers.clear();
  numbers.shrink_to_fit();
  CHECK(copy.size() == 1000);
  CHECK(copy[999] == 999);
  Tensors tensors(3, ones({2}));
  tensors.resize(5);
  CHECK(tensors[0].is_same(tensors[2]));
  CHECK_FALSE(tensors[4].defined());
}
