#include "optimize/vectors.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace xtape::optimize {

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

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
