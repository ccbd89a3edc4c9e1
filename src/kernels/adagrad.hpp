#pragma once

#include <cstdint>

// Steps of optimizers that divide by the root of accumulated squares, each in one pass: see fused_update. T is float or
// double; 1 - rho is computed in double.
namespace xtape::kernels {

/// A step of Adagrad (Duchi et al., 2011):
///   a += g^2;  p -= rate g / sqrt(a + epsilon)
template <class T>
void adagrad(std::int64_t n, T* p, const T* g, T* a, double rate, double epsilon);

/// A step of Adadelta (Zeiler, 2012):
///   a = rho a + (1 - rho) g^2;  delta = g sqrt(d + epsilon) / sqrt(a + epsilon)
///   d = rho d + (1 - rho) delta^2;  p -= rate delta
template <class T>
void adadelta(std::int64_t n, T* p, const T* g, T* a, T* d, double rate, double rho, double epsilon);

/// The constants of a step of RMSprop.
struct RMSpropStep {
  double rate, rho, momentum, epsilon;
};

/// A step of RMSprop (Tieleman and Hinton, 2012):
///   v = rho v + (1 - rho) g^2;  s = rate g / sqrt(v + epsilon);  p -= s
///
/// If `average` is not null, average = rho average + (1 - rho) g, and max(v - average^2, 0) stands under the root: the
/// variance, which rounding could make negative. If m is not null, m = momentum m + s and p -= m.
template <class T>
void rmsprop(std::int64_t n, T* p, const T* g, T* v, T* m, T* average, const RMSpropStep& step);

/// The constants of a step of FTRL.
struct FtrlStep {
  double rate, power;           ///< power = -learning_rate_power
  double l1, l2, l2_shrinkage;  ///< l2 includes beta / (2 rate)
};

/// A step of FTRL-proximal (McMahan et al., 2013), with the accumulated squares a and the linear term z:
///   a' = a + g^2;  z += g + 2 l2_shrinkage p - (a'^power - a^power) / rate p
///   p = (clip(z, -l1, l1) - z) / (a'^power / rate + 2 l2);  a = a'
template <class T>
void ftrl(std::int64_t n, T* p, const T* g, T* a, T* z, const FtrlStep& step);

}  // namespace xtape::kernels
