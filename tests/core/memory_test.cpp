#include "xtape/core/memory.hpp"

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
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
