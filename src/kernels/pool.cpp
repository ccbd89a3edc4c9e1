#include "kernels/pool.hpp"

#include <algorithm>
#include <type_traits>

#include "kernels/parallel.hpp"

// Pooling: y = max or mean over the taps of a window that fall on the image. Loops run along the channels, which are
// contiguous; the running results of 32 channels stay in registers while the taps of a window are visited.
namespace xtape::kernels {
namespace {

/// Channels whose running results stay in registers.
constexpr std::int64_t block = 32;

std::int64_t rows_grain(const Pool& p) {
  const std::int64_t row = p.width.out * p.channels * p.height.size * p.width.size;
  return elementwise_grain / std::max<std::int64_t>(row, 1) + 1;
}

/// The window of an output pixel: its taps that fall on the image, and where they read.
struct Place {
  Window::Taps down, across;
  std::int64_t origin;  ///< of tap (0, 0), maybe before the image

  Place(const Pool& p, std::int64_t row, std::int64_t ow)
      : down(p.height.taps(row % p.height.out)), across(p.width.taps(ow)) {
    origin = ((row / p.height.out * p.height.in + down.start) * p.width.in + across.start) * p.channels;
  }
  template <class F>
  void for_taps(const Pool& p, F&& f) const {
    for (std::int64_t i = down.begin; i < down.end; ++i) {
      for (std::int64_t j = across.begin; j < across.end; ++j) {
        f(origin + (i * p.width.in + j) * p.channels, i * p.width.size + j);
      }
    }
  }
  std::int64_t count() const { return (down.end - down.begin) * (across.end - across.begin); }
};

/// Calls f(row, ow) for the output pixels, rows of the output in parallel.
template <class F>
void for_pixels(const Pool& p, F&& f) {
  parallel_rows(p.batch * p.height.out, rows_grain(p), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      for (std::int64_t ow = 0; ow < p.width.out; ++ow) f(row, ow);
    }
  });
}

/// Whether each element of the image is in exactly one window.
bool partitions(const Pool& p) {
  const auto partition = [](const Window& a) { return a.stride == a.size && a.out * a.size == a.in && a.before == 0; };
  return partition(p.height) && partition(p.width);
}

/// The same for what adds to a gradient of the image. Windows of an image may overlap, so a thread gets whole images,
/// and dx is cleared first. Where each element is in exactly one window, f sets it, and rows are in parallel.
template <class T, class F>
void for_pixels_into(const Pool& p, T* dx, F&& f) {
  if (partitions(p)) return for_pixels(p, f);
  const std::int64_t image = p.height.in * p.width.in * p.channels;
  parallel_rows(p.batch, rows_grain(p) / std::max<std::int64_t>(p.height.out, 1) + 1,
                [&](std::int64_t begin, std::int64_t end) {
                  std::fill(dx + begin * image, dx + end * image, T(0));
                  for (std::int64_t row = begin * p.height.out; row < end * p.height.out; ++row) {
                    for (std::int64_t ow = 0; ow < p.width.out; ++ow) f(row, ow);
                  }
                });
}

/// The largest of each of `count` channels and its tap. `count` is a constant for whole blocks, so that the loops over
/// channels are unrolled.
template <class T, class Count>
void max_of_channels(const Pool& p, const Place& place, const T* x, T* y, std::int32_t* taps, Count count) {
  T best[block];
  std::int32_t which[block];
  bool first = true;
  place.for_taps(p, [&](std::int64_t offset, std::int64_t tap_) {
    const T* const from = x + offset;
    const auto tap = static_cast<std::int32_t>(tap_);
    if (first) {
      for (std::int64_t k = 0; k < count; ++k) best[k] = from[k];
      for (std::int64_t k = 0; k < count; ++k) which[k] = tap;
      first = false;
      return;
    }
    for (std::int64_t k = 0; k < count; ++k) {
      const T v = from[k], b = best[k];
      bool takes = v > b;
      if constexpr (std::is_floating_point_v<T>) takes = !(v <= b) && b == b;  // the first NaN stays
      best[k] = takes ? v : b;
      which[k] = takes ? tap : which[k];
    }
  });
  for (std::int64_t k = 0; k < count; ++k) y[k] = best[k];
  if (taps == nullptr) return;
  for (std::int64_t k = 0; k < count; ++k) taps[k] = which[k];
}

}  // namespace

template <class T>
void max_pool(const Pool& p, const T* x, T* y, std::int32_t* taps) {
  for_pixels(p, [&](std::int64_t row, std::int64_t ow) {
    const Place place(p, row, ow);
    const std::int64_t to = (row * p.width.out + ow) * p.channels;
    for (std::int64_t k = 0; k < p.channels; k += block) {
      std::int32_t* const chosen = taps == nullptr ? nullptr : taps + to + k;
      if (k + block <= p.channels) {
        max_of_channels(p, place, x + k, y + to + k, chosen, std::integral_constant<std::int64_t, block>());
      } else {
        max_of_channels(p, place, x + k, y + to + k, chosen, p.channels - k);
      }
    }
  });
}

template <class T>
void max_pool_scatter(const Pool& p, const T* dy, const std::int32_t* taps, T* dx) {
  const bool only_writer = partitions(p);
  for_pixels_into(p, dx, [&](std::int64_t row, std::int64_t ow) {
    const std::int64_t at = (row * p.width.out + ow) * p.channels;
    const T* const from = dy + at;
    const std::int32_t* const chosen = taps + at;
    Place(p, row, ow).for_taps(p, [&](std::int64_t offset, std::int64_t tap_) {
      T* const to = dx + offset;
      const auto tap = static_cast<std::int32_t>(tap_);
      if (only_writer) {
        for (std::int64_t k = 0; k < p.channels; ++k) to[k] = chosen[k] == tap ? from[k] : T(0);
      } else {
        for (std::int64_t k = 0; k < p.channels; ++k) to[k] += chosen[k] == tap ? from[k] : T(0);
      }
    });
  });
}

// Every tap of a window is looked at, but only the chosen one is taken: without branches the loops become vectors.
template <class T>
void max_pool_gather(const Pool& p, const T* x, const std::int32_t* taps, T* y) {
  for_pixels(p, [&](std::int64_t row, std::int64_t ow) {
    const std::int64_t at = (row * p.width.out + ow) * p.channels;
    Place(p, row, ow).for_taps(p, [&](std::int64_t offset, std::int64_t tap_) {
      const auto tap = static_cast<std::int32_t>(tap_);
      for (std::int64_t k = 0; k < p.channels; ++k) y[at + k] = taps[at + k] == tap ? x[offset + k] : y[at + k];
    });
  });
}

template <class T>
void avg_pool(const Pool& p, const T* x, T* y) {
  for_pixels(p, [&](std::int64_t row, std::int64_t ow) {
    const Place place(p, row, ow);
    T* const to = y + (row * p.width.out + ow) * p.channels;
    std::fill_n(to, p.channels, T(0));
    place.for_taps(p, [&](std::int64_t offset, std::int64_t) {
      for (std::int64_t k = 0; k < p.channels; ++k) to[k] += x[offset + k];
    });
    const T scale = T(1) / static_cast<T>(place.count());
    for (std::int64_t k = 0; k < p.channels; ++k) to[k] *= scale;
  });
}

template <class T>
void avg_pool_scatter(const Pool& p, const T* dy, T* dx) {
  const bool only_writer = partitions(p);
  for_pixels_into(p, dx, [&](std::int64_t row, std::int64_t ow) {
    const Place place(p, row, ow);
    const T* const from = dy + (row * p.width.out + ow) * p.channels;
    const T scale = T(1) / static_cast<T>(place.count());
    place.for_taps(p, [&](std::int64_t offset, std::int64_t) {
      T* const to = dx + offset;
      if (only_writer) {
        for (std::int64_t k = 0; k < p.channels; ++k) to[k] = from[k] * scale;
      } else {
        for (std::int64_t k = 0; k < p.channels; ++k) to[k] += from[k] * scale;
      }
    });
  });
}

template void max_pool(const Pool&, const float*, float*, std::int32_t*);
template void max_pool(const Pool&, const double*, double*, std::int32_t*);
template void max_pool(const Pool&, const std::int32_t*, std::int32_t*, std::int32_t*);
template void max_pool(const Pool&, const std::int64_t*, std::int64_t*, std::int32_t*);
template void max_pool(const Pool&, const std::uint8_t*, std::uint8_t*, std::int32_t*);
template void max_pool_scatter(const Pool&, const float*, const std::int32_t*, float*);
template void max_pool_scatter(const Pool&, const double*, const std::int32_t*, double*);
template void max_pool_gather(const Pool&, const float*, const std::int32_t*, float*);
template void max_pool_gather(const Pool&, const double*, const std::int32_t*, double*);
template void avg_pool(const Pool&, const float*, float*);
template void avg_pool(const Pool&, const double*, double*);
template void avg_pool_scatter(const Pool&, const float*, float*);
template void avg_pool_scatter(const Pool&, const double*, double*);

}  // namespace xtape::kernels
