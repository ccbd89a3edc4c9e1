#pragma once

#include <cstdint>

#include "kernels/window.hpp"

namespace xtape::kernels {

/// Pooling of images [batch, height, width, channels]. Every window holds at least one element of the image.
struct Pool {
  std::int64_t batch = 0;
  Window height = {};
  Window width = {};
  std::int64_t channels = 1;
};

// T is float, double, int32, int64 or uint8 for the largest elements, float or double for the others. Results do not
// depend on the number of threads. Any number of threads may call at once.

/// The largest element of each window, NaN if one is. Where `taps` is not null it gets the place of the first such
/// element in its window, row by row.
template <class T>
void max_pool(const Pool& p, const T* x, T* y, std::int32_t* taps);

/// dx = the sum of dy over the windows whose largest element it is: the gradient of max_pool.
template <class T>
void max_pool_scatter(const Pool& p, const T* dy, const std::int32_t* taps, T* dx);

/// y = x at the places that max_pool chose: the gradient of max_pool_scatter.
template <class T>
void max_pool_gather(const Pool& p, const T* x, const std::int32_t* taps, T* y);

/// The mean of each window's elements, padding left out.
template <class T>
void avg_pool(const Pool& p, const T* x, T* y);

/// The gradient of avg_pool, whose own gradient is avg_pool.
template <class T>
void avg_pool_scatter(const Pool& p, const T* dy, T* dx);

}  // namespace xtape::kernels
