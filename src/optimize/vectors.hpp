#pragma once

#include <vector>

// Vectors of doubles, in which the solvers compute whatever the dtype of x.
namespace xtape::optimize {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b);
double norm(const Vector& a);
/// The largest absolute element; NaN if one is NaN.
double max_norm(const Vector& a);
bool is_finite(const Vector& a);
/// y += factor x
void add_scaled(Vector& y, double factor, const Vector& x);
/// factor x
Vector scaled(double factor, Vector x);
/// a - b
Vector difference(const Vector& a, const Vector& b);

}  // namespace xtape::optimize
