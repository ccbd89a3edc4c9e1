#pragma once

#include <cstdint>

namespace xtape::kernels {

/// The ratio by which LARS (You et al., 2017) scales a step: trust |p| / (|g| + decay |p|), and 1 if one of the norms
/// is 0. It does not depend on the number of threads.
template <class T>
double lars_ratio(std::int64_t n, const T* p, const T* g, double trust, double decay);

/// The constants of a step of LARS.
struct LarsStep {
  double rate;  ///< the learning rate times the ratio
  double momentum, decay;
  bool nesterov;
};

/// A step of LARS, in one pass over n parameters:
///   d = rate (g + decay p);  m = momentum m - d;  p += nesterov ? momentum m - d : m
template <class T>
void lars(std::int64_t n, T* p, const T* g, T* m, const LarsStep& step);

}  // namespace xtape::kernels
