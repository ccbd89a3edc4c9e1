#include "kernels/stream.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/parallel.hpp"

#if defined(__linux__)
#include <unistd.h>
#endif
#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace xtape::kernels {
namespace {

/// Bytes, kept between 8 and 64 MB whatever the system reports; 32 MB where it reports none.
std::int64_t last_level_cache() {
  long bytes = 0;
#if defined(__linux__) && defined(_SC_LEVEL3_CACHE_SIZE)
  bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  return std::clamp<std::int64_t>(bytes > 0 ? bytes : 32 << 20, 8 << 20, 64 << 20);
}

}  // namespace

std::int64_t stream_threshold() noexcept {
  static const std::int64_t bytes = last_level_cache() / 4 * 3;
  return bytes;
}

void stream_copy(void* to_, const void* from_, std::int64_t bytes) noexcept {
#ifdef __SSE2__
  auto* to = static_cast<std::byte*>(to_);
  const auto* from = static_cast<const std::byte*>(from_);
  // Streaming stores of whole lines only: a part of a line would go to memory alone.
  const auto head =
      std::min<std::int64_t>(bytes, static_cast<std::int64_t>((64 - reinterpret_cast<std::uintptr_t>(to) % 64) % 64));
  std::memcpy(to, from, static_cast<std::size_t>(head));
  std::int64_t i = head;
  for (; i + 64 <= bytes; i += 64) {
#ifdef __AVX512F__
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_loadu_si512(from + i));
#else
    for (std::int64_t k = 0; k < 64; k += 16) {
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + i + k),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i + k)));
    }
#endif
  }
  std::memcpy(to + i, from + i, static_cast<std::size_t>(bytes - i));
#else
  std::memcpy(to_, from_, static_cast<std::size_t>(bytes));
#endif
}

void stream_fence() noexcept {
#ifdef __SSE2__
  _mm_sfence();
#endif
}

// The grain is 256 KB: below twice that, a second thread costs more than it saves.
void copy_bytes(void* to, const void* from, std::int64_t bytes) {
  const bool streams = bytes >= stream_threshold();
  parallel_for(bytes, 8 * elementwise_grain, [=](std::int64_t begin, std::int64_t end) {
    auto* out = static_cast<std::byte*>(to) + begin;
    const auto* in = static_cast<const std::byte*>(from) + begin;
    if (!streams) {
      std::memcpy(out, in, static_cast<std::size_t>(end - begin));
      return;
    }
    stream_copy(out, in, end - begin);
    stream_fence();
  });
}

void fill_bytes(void* to, int value, std::int64_t bytes) {
  parallel_for(bytes, 8 * elementwise_grain, [=](std::int64_t begin, std::int64_t end) {
    std::memset(static_cast<std::byte*>(to) + begin, value, static_cast<std::size_t>(end - begin));
  });
}

}  // namespace xtape::kernels
