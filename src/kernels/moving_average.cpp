#include "kernels/moving_average.hpp"

#include <cstring>

#include "kernels/fused_update.hpp"

namespace xtape::kernels {
namespace {

/// average = momentum average + (1 - momentum) value, 1 - momentum in double.
template <class T>
struct Average {
  Batch<T> momentum, rest;
  void operator()(Batch<T>& average, const Batch<T>& value) const { average = momentum * average + rest * value; }
};

template <class T>
void move(std::int64_t n, T* average, const T* value, double momentum) {
  if (momentum == 0) {  // not 0 average + value, which is NaN where the average is infinite
    std::memcpy(average, value, static_cast<std::size_t>(n) * sizeof(T));
    return;
  }
  fused_update(n, average, value,
               Average<T>{Batch<T>(static_cast<T>(momentum)), Batch<T>(static_cast<T>(1 - momentum))});
}

}  // namespace

void moving_average(std::int64_t n, float* average, const float* value, double momentum) {
  move(n, average, value, momentum);
}
void moving_average(std::int64_t n, double* average, const double* value, double momentum) {
  move(n, average, value, momentum);
}

}  // namespace xtape::kernels
