#include "kernels/special.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include <math.h>  // lgamma_r

// Functions of single numbers; the formulas are those of Abramowitz and Stegun, Handbook of Mathematical Functions,
// chapters 6 (Gamma) and 23 (Bernoulli numbers, zeta).
namespace xtape::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// The Bernoulli numbers B_2, B_4, ..., B_20: B_2k / (2k)! in Euler and Maclaurin's formula, B_2k / (2k) in digamma's
// series.
constexpr double bernoulli[] = {1.0 / 6,       -1.0 / 30, 1.0 / 42,      -1.0 / 30,     5.0 / 66,
                                -691.0 / 2730, 7.0 / 6,   -3617.0 / 510, 43867.0 / 798, -174611.0 / 330};

/// psi(x) = log x - 1 / (2 x) - sum_k B_2k / (2k x^2k) for large x (6.3.18); smaller x are moved up to 12, where ten
/// terms are exact, by psi(x) = psi(x + 1) - 1 / x (6.3.5).
double digamma(double x) {
  if (std::isnan(x) || x == -infinity) return not_a_number;
  if (x <= 0) {
    if (x == std::floor(x)) return x == 0 ? std::copysign(infinity, -x) : not_a_number;
    // psi(x) = psi(1 - x) - pi / tan(pi x); the distance to the nearest integer keeps the tangent exact.
    return digamma(1 - x) - std::numbers::pi / std::tan(std::numbers::pi * (x - std::nearbyint(x)));
  }
  double shift = 0;
  for (; x < 12; ++x) shift += 1 / x;
  const double square = 1 / (x * x);
  double sum = 0, power = square;
  for (int k = 0; k < 10; ++k, power *= square) sum += bernoulli[k] / (2 * (k + 1)) * power;
  return std::log(x) - 0.5 / x - sum - shift;
}

/// zeta(s, x) = sum_k (x + k)^-s for s > 1, x > 0: twelve terms, and the rest by Euler and Maclaurin's formula, an
/// integral with corrections in odd derivatives (23.1.30).
double hurwitz_zeta(double s, double x) {
  double sum = 0;
  for (int i = 0; i < 12; ++i, ++x) sum += std::pow(x, -s);
  const double last = std::pow(x, -s);
  sum += x * last / (s - 1) + 0.5 * last;
  double factor = s, power = last / x, factorial = 2;
  for (int k = 0; k < 10; ++k) {
    const double term = bernoulli[k] * factor / factorial * power;
    sum += term;
    if (std::abs(term) < 1e-17 * sum) break;
    factor *= (s + 2 * k + 1) * (s + 2 * k + 2);
    factorial *= (2 * k + 3) * (2 * k + 4);
    power /= x * x;
  }
  return sum;
}

}  // namespace

double lgamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}
float lgamma(float x) {
  int sign = 0;
  return ::lgammaf_r(x, &sign);
}

double polygamma(int n, double x) {
  if (n == 0) return digamma(x);
  if (x == 0) return n % 2 == 0 ? -std::copysign(infinity, x) : infinity;
  if (n == 1 && x < 0) {  // the reflection formula's derivative
    if (x == std::floor(x)) return x == -infinity ? not_a_number : infinity;
    const double sine = std::sin(std::numbers::pi * (x - std::nearbyint(x)));
    return std::pow(std::numbers::pi / sine, 2) - polygamma(1, 1 - x);
  }
  if (!(x > 0)) return not_a_number;
  if (x == infinity) return 0;
  return (n % 2 == 0 ? -1 : 1) * std::tgamma(n + 1.0) * hurwitz_zeta(n + 1.0, x);
}

}  // namespace xtape::kernels
