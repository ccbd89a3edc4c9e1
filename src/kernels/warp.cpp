#include "kernels/warp.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/parallel.hpp"

// Images read at other places: each pixel of the result is 1 or 4 pixels of the image times weights. warp_grad adds the
// gradient of a result's pixel to the same pixels with the same weights; images are its pieces, since results overlap.
namespace xtape::kernels {
namespace {

/// The pixel for position i of a line of n pixels, where i may be outside; -1 means the fill value.
std::int64_t pixel(std::int64_t i, std::int64_t n, Beyond beyond) {
  if (i >= 0 && i < n) return i;
  switch (beyond) {
    case Beyond::constant:
      return -1;
    case Beyond::nearest:
      return std::clamp<std::int64_t>(i, 0, n - 1);
    case Beyond::wrap:
      return (i % n + n) % n;
    case Beyond::reflect:
      break;
  }
  const std::int64_t at = (i % (2 * n) + 2 * n) % (2 * n);
  return at < n ? at : 2 * n - 1 - at;
}

struct Tap {
  std::int64_t pixel;  ///< of the image, -1: the fill value
  double weight;
};

/// Calls f(taps, number of taps) for pixel (x, y) of a result. Places beyond 10^15 could not be told from their
/// neighbours, nor be converted to whole numbers.
template <class F>
void at_place(const Warp& w, const double* a, std::int64_t x, std::int64_t y, const F& f) {
  const auto px = static_cast<double>(x), py = static_cast<double>(y);
  const double k = a[6] * px + a[7] * py + 1;
  const double u = (a[0] * px + a[1] * py + a[2]) / k, v = (a[3] * px + a[4] * py + a[5]) / k;
  const auto number = [&](std::int64_t row, std::int64_t column) {
    const std::int64_t r = pixel(row, w.in_height, w.beyond), c = pixel(column, w.in_width, w.beyond);
    return r < 0 || c < 0 ? -1 : r * w.in_width + c;
  };
  std::array<Tap, 4> taps;
  constexpr double far = 1e15;
  if (!(std::abs(u) < far && std::abs(v) < far)) {  // NaN included
    taps[0] = {-1, 1};
    f(taps, 1);
  } else if (!w.bilinear) {
    taps[0] = {number(static_cast<std::int64_t>(std::floor(v + 0.5)), static_cast<std::int64_t>(std::floor(u + 0.5))),
               1};
    f(taps, 1);
  } else {
    const double left = std::floor(u), top = std::floor(v), right_share = u - left, low_share = v - top;
    const auto column = static_cast<std::int64_t>(left), row = static_cast<std::int64_t>(top);
    taps[0] = {number(row, column), (1 - low_share) * (1 - right_share)};
    taps[1] = {number(row, column + 1), (1 - low_share) * right_share};
    taps[2] = {number(row + 1, column), low_share * (1 - right_share)};
    taps[3] = {number(row + 1, column + 1), low_share * right_share};
    f(taps, 4);
  }
}

/// Pixels that are worth a thread.
constexpr std::int64_t places_per_thread = 4096;

}  // namespace

template <class T>
void warp(const Warp& w, const double* transforms, const T* images, T* results) {
  const std::int64_t channels = w.channels, rows = w.batch * w.out_height;
  const std::int64_t grain = places_per_thread / std::max<std::int64_t>(1, w.out_width) + 1;
  parallel_rows(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t image = r / w.out_height, y = r % w.out_height;
      const T* const from = images + image * w.in_height * w.in_width * channels;
      for (std::int64_t x = 0; x < w.out_width; ++x) {
        T* const to = results + (r * w.out_width + x) * channels;
        at_place(w, transforms + 8 * image, x, y, [&](const std::array<Tap, 4>& taps, std::size_t count) {
          std::fill_n(to, channels, T(0));
          for (std::size_t i = 0; i < count; ++i) {
            const auto [place, weight] = taps[i];
            if (weight == 0) continue;  // an infinite neighbour with weight 0 must not give NaN
            for (std::int64_t c = 0; c < channels; ++c) {
              to[c] += static_cast<T>(weight) * (place < 0 ? static_cast<T>(w.fill) : from[place * channels + c]);
            }
          }
        });
      }
    }
  });
}

template <class T>
void warp_grad(const Warp& w, const double* transforms, const T* dresults, T* dimages) {
  const std::int64_t channels = w.channels, size = w.in_height * w.in_width * channels;
  const std::int64_t grain = places_per_thread / std::max<std::int64_t>(1, w.out_height * w.out_width) + 1;
  parallel_rows(w.batch, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t image = begin; image < end; ++image) {
      T* const to = dimages + image * size;
      std::fill_n(to, size, T(0));
      for (std::int64_t y = 0; y < w.out_height; ++y) {
        for (std::int64_t x = 0; x < w.out_width; ++x) {
          const T* const from = dresults + ((image * w.out_height + y) * w.out_width + x) * channels;
          at_place(w, transforms + 8 * image, x, y, [&](const std::array<Tap, 4>& taps, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
              const auto [place, weight] = taps[i];
              if (place < 0 || weight == 0) continue;
              for (std::int64_t c = 0; c < channels; ++c) to[place * channels + c] += static_cast<T>(weight) * from[c];
            }
          });
        }
      }
    }
  });
}

#define XTAPE_INSTANTIATE(T)                                    \
  template void warp(const Warp&, const double*, const T*, T*); \
  template void warp_grad(const Warp&, const double*, const T*, T*);
XTAPE_INSTANTIATE(float)
XTAPE_INSTANTIATE(double)
#undef XTAPE_INSTANTIATE

}  // namespace xtape::kernels
