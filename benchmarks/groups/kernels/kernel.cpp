#include "groups/kernels/kernel.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <xtape/base/memory.hpp>

#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace bench {

namespace {

/// Elements that begin at a cache line, as streaming stores require.
template <class T>
std::shared_ptr<T[]> lines(std::int64_t n) {
  const auto bytes = (static_cast<std::size_t>(n) * sizeof(T) + 63) / 64 * 64;
  std::shared_ptr<T[]> block(static_cast<T*>(std::aligned_alloc(64, bytes)), [](T* p) { std::free(p); });
  std::memset(static_cast<void*>(block.get()), 0, bytes);
  return block;
}

void copy(char* to, const char* from, std::int64_t bytes, [[maybe_unused]] bool past_cache) {
#ifdef __AVX512F__
  if (past_cache) {
    for (std::int64_t i = 0; i < bytes; i += 64) {
      _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_load_si512(from + i));
    }
    _mm_sfence();
    return;
  }
#endif
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
}

}  // namespace

std::function<void()> copy_of(double bytes) {
  const auto half = std::max<std::int64_t>(64, static_cast<std::int64_t>(bytes / 2) / 64 * 64);
  return [half, from = lines<char>(half), to = lines<char>(half)] {
    xtape::kernels::parallel_for(half, 1 << 17, [&](std::int64_t begin, std::int64_t end) {
      copy(to.get() + begin, from.get() + begin, end - begin, half > 16'000'000);
    });
  };
}

std::function<void()> read_of(double bytes) {
  const auto n = std::max<std::int64_t>(128, static_cast<std::int64_t>(bytes / 4) / 128 * 128);
  return [n, x = lines<float>(n)] {
    using Batch = xsimd::batch<float>;
    constexpr auto width = static_cast<std::int64_t>(Batch::size);
    xtape::kernels::parallel_for(n / 128, 512, [&](std::int64_t begin, std::int64_t end) {
      Batch sums[8];
      for (auto& sum : sums) sum = Batch(0.0f);
      for (std::int64_t i = begin * 128; i < end * 128; i += 8 * width) {
        for (std::int64_t k = 0; k < 8; ++k) sums[k] += Batch::load_unaligned(x.get() + i + k * width);
      }
      for (int k = 1; k < 8; ++k) sums[0] += sums[k];
      volatile float result = xtape::kernels::sum_of_lanes(sums[0]);
      static_cast<void>(result);
    });
  };
}

Case kernel_case(const std::string& name, bool in_cache, std::function<Kernel(std::int64_t)> make) {
  return {name, [=](const Effort& effort) {
            const Kernel kernel = make(in_cache ? 10'000 : effort.smoke ? 100'000 : 30'000'000);
            const auto best = kernel.best              ? kernel.best
                              : kernel.limit == "read" ? read_of(kernel.bytes)
                                                       : copy_of(kernel.bytes);
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
              "GB/s beside a copy or a read of as many bytes, or beside a loop written by hand",
              {"copy", "read", "loop", "same shape"},
              {}};
  add_elementwise(group.cases);
  add_reductions(group.cases);
  add_broadcasts(group.cases);
  add_movements(group.cases);
  add_dtypes(group.cases);
  add_short_axes(group.cases);
  return group;
}

}  // namespace bench
