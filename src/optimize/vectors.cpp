#include "optimize/vectors.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace xtape::optimize {

double dot(const Vector& a, const Vector& b) {
  // Several sums at once: one alone would wait for each addition.
  constexpr std::size_t lanes = 8;
  double sums[lanes] = {};
  const std::size_t whole = a.size() / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  double sum = std::inner_product(a.begin() + static_cast<std::ptrdiff_t>(whole), a.end(),
                                  b.begin() + static_cast<std::ptrdiff_t>(whole), 0.0);
  for (const double lane : sums) sum += lane;
  return sum;
}

double norm(const Vector& a) { return std::sqrt(dot(a, a)); }

double max_norm(const Vector& a) {
  double largest = 0;
  for (const double value : a) {
    if (!(std::abs(value) <= largest)) largest = std::abs(value);
    if (std::isnan(largest)) return largest;
  }
  return largest;
}

bool is_finite(const Vector& a) { return std::isfinite(max_norm(a)); }

void add_scaled(Vector& y, double factor, const Vector& x) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += factor * x[i];
}

Vector scaled(double factor, Vector x) {
  for (double& value : x) value *= factor;
  return x;
}

Vector difference(const Vector& a, const Vector& b) {
  Vector result(a);
  add_scaled(result, -1, b);
  return result;
}

}  // namespace xtape::optimize
