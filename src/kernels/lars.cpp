#include "kernels/lars.hpp"

#include <cmath>

#include "kernels/fused_update.hpp"
#include "kernels/gradient_clipping.hpp"

// LARS (You, Gitman, Ginsburg: Large Batch Training of Convolutional Networks, 2017, algorithm 1).
namespace xtape::kernels {
namespace {

template <class T, bool nesterov>
struct Vectors {
  Batch<T> rate, momentum, decay;

  void operator()(Batch<T>& p, const Batch<T>& g, Batch<T>& m) const {
    const Batch<T> down = (g + decay * p) * rate;
    m = m * momentum - down;
    p = p + (nesterov ? m * momentum - down : m);
  }
};

}  // namespace

template <class T>
double lars_ratio(std::int64_t n, const T* p, const T* g, double trust, double decay) {
  const double weight = std::sqrt(sum_of_squares(n, p)), gradient = std::sqrt(sum_of_squares(n, g));
  return weight > 0 && gradient > 0 ? trust * weight / (gradient + decay * weight) : 1;
}
template double lars_ratio(std::int64_t, const float*, const float*, double, double);
template double lars_ratio(std::int64_t, const double*, const double*, double, double);

template <class T>
void lars(std::int64_t n, T* p, const T* g, T* m, const LarsStep& step) {
  const auto all = [](double value) { return Batch<T>(static_cast<T>(value)); };
  if (step.nesterov) {
    fused_update(n, p, g, Vectors<T, true>{all(step.rate), all(step.momentum), all(step.decay)}, m);
  } else {
    fused_update(n, p, g, Vectors<T, false>{all(step.rate), all(step.momentum), all(step.decay)}, m);
  }
}
template void lars(std::int64_t, float*, const float*, float*, const LarsStep&);
template void lars(std::int64_t, double*, const double*, double*, const LarsStep&);

}  // namespace xtape::kernels
