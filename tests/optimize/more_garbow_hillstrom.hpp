#pragma once

#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "xtape/core/creation.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/scan.hpp"

// The test functions of Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", ACM TOMS 7 (1981):
// residuals, starting points and the minima of the sum of squares as printed there.
namespace xtape::testing {

using Numbers = std::vector<double>;

inline Tensor vector_of(const Numbers& values, DType dtype = float64) { return cast(constant(values), dtype); }

/// first, first + 1, ... last, times the factor.
inline Tensor steps(int first, int last, double factor = 1) {
  Numbers values;
  for (int i = first; i <= last; ++i) values.push_back(factor * i);
  return vector_of(values);
}

struct MghProblem {
  std::string name;
  std::function<Tensor(const Tensor& x, DType dtype)> residuals;
  Numbers start;
  Numbers minima;                         ///< of the sum of squares: global and local ones
  std::vector<std::string> out_of_reach;  ///< methods of minimize() that need more steps or digits
};

/// Constants of the problem in the dtype of x.
struct As {
  DType dtype;
  Tensor operator()(const Tensor& t) const { return cast(t, dtype); }
  Tensor operator()(const Numbers& values) const { return vector_of(values, dtype); }
};

inline Tensor rosenbrock(const Tensor& x, DType) {
  const Tensor pairs = reshape(x, {x.size() / 2, 2});
  const Tensor odd = slice_axis(pairs, 1, 0, 1), even = slice_axis(pairs, 1, 1, 1);
  return flatten(concat({10 * (even - square(odd)), 1 - odd}, 1));
}

inline Tensor powell_singular(const Tensor& x, DType) {
  const Tensors c = unstack(reshape(x, {x.size() / 4, 4}), 1);
  return concat(
      {c[0] + 10 * c[1], std::sqrt(5) * (c[2] - c[3]), square(c[1] - 2 * c[2]), std::sqrt(10) * square(c[0] - c[3])},
      0);
}

inline Tensor freudenstein_roth(const Tensor& x, DType) {
  const Tensors v = unstack(x);
  return stack({-13 + v[0] + ((5 - v[1]) * v[1] - 2) * v[1], -29 + v[0] + ((v[1] + 1) * v[1] - 14) * v[1]});
}

inline Tensor powell_badly_scaled(const Tensor& x, DType) {
  const Tensors v = unstack(x);
  return stack({1e4 * v[0] * v[1] - 1, exp(-v[0]) + exp(-v[1]) - 1.0001});
}

inline Tensor brown_badly_scaled(const Tensor& x, DType) {
  const Tensors v = unstack(x);
  return stack({v[0] - 1e6, v[1] - 2e-6, v[0] * v[1] - 2});
}

inline Tensor beale(const Tensor& x, DType) {
  const Tensors v = unstack(x);
  return stack({1.5 - v[0] * (1 - v[1]), 2.25 - v[0] * (1 - square(v[1])), 2.625 - v[0] * (1 - v[1] * square(v[1]))});
}

inline Tensor jennrich_sampson(const Tensor& x, DType dtype) {
  const Tensors v = unstack(x);
  const Tensor i = As{dtype}(steps(1, 10));
  return 2 + 2 * i - (exp(i * v[0]) + exp(i * v[1]));
}

inline Tensor helical_valley(const Tensor& x, DType) {
  const Tensors v = unstack(x);
  const Tensor half_turn = where(v[0] < 0, full({}, 0.5, x.dtype()), zeros({}, x.dtype()));
  const Tensor theta = atan(v[1] / v[0]) / (2 * std::numbers::pi) + half_turn;
  return stack({10 * (v[2] - 10 * theta), 10 * (sqrt(square(v[0]) + square(v[1])) - 1), v[2]});
}

inline Tensor bard(const Tensor& x, DType dtype) {
  const As as{dtype};
  const Tensors v = unstack(x);
  const Tensor u = as(steps(1, 15)), w = 16 - u;
  const Tensor y = as({0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39});
  return y - (v[0] + u / (w * v[1] + minimum(u, w) * v[2]));
}

inline Tensor gaussian(const Tensor& x, DType dtype) {
  const As as{dtype};
  const Tensors v = unstack(x);
  const Tensor t = (8 - as(steps(1, 15))) / 2;
  const Tensor y = as({0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989, 0.3521, 0.2420, 0.1295, 0.0540,
                       0.0175, 0.0044, 0.0009});
  return v[0] * exp(-v[1] * square(t - v[2]) / 2) - y;
}

inline Tensor meyer(const Tensor& x, DType dtype) {
  const As as{dtype};
  const Tensors v = unstack(x);
  const Tensor y =
      as({34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872});
  return v[0] * exp(v[1] / (45 + 5 * as(steps(1, 16)) + v[2])) - y;
}

inline Tensor gulf(const Tensor& x, DType dtype) {
  const Tensors v = unstack(x);
  const Tensor t = As{dtype}(steps(1, 99, 0.01)), y = 25 + pow(-50 * log(t), 2.0 / 3);
  return exp(-pow(abs(y - v[1]), v[2]) / v[0]) - t;
}

inline Tensor box(const Tensor& x, DType dtype) {
  const Tensors v = unstack(x);
  const Tensor t = As{dtype}(steps(1, 10, 0.1));
  return exp(-t * v[0]) - exp(-t * v[1]) - v[2] * (exp(-t) - exp(-10 * t));
}

inline Tensor wood(const Tensor& x, DType) {
  const Tensors v = unstack(x);
  return stack({10 * (v[1] - square(v[0])), 1 - v[0], std::sqrt(90) * (v[3] - square(v[2])), 1 - v[2],
                std::sqrt(10) * (v[1] + v[3] - 2), (v[1] - v[3]) / std::sqrt(10)});
}

inline Tensor kowalik_osborne(const Tensor& x, DType dtype) {
  const As as{dtype};
  const Tensors v = unstack(x);
  const Tensor y = as({0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246});
  const Tensor u = as({4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625});
  return y - v[0] * (square(u) + u * v[1]) / (square(u) + u * v[2] + v[3]);
}

inline Tensor brown_dennis(const Tensor& x, DType dtype) {
  const Tensors v = unstack(x);
  const Tensor t = As{dtype}(steps(1, 20, 0.2));
  return square(v[0] + t * v[1] - exp(t)) + square(v[2] + v[3] * sin(t) - cos(t));
}

inline Tensor osborne_1(const Tensor& x, DType dtype) {
  const As as{dtype};
  const Tensors v = unstack(x);
  const Tensor y = as({0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751,
                       0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490,
                       0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406});
  const Tensor t = as(steps(0, 32, 10));
  return y - (v[0] + v[1] * exp(-t * v[3]) + v[2] * exp(-t * v[4]));
}

inline Tensor biggs_exp6(const Tensor& x, DType dtype) {
  const Tensors v = unstack(x);
  const Tensor t = As{dtype}(steps(1, 13, 0.1)), y = exp(-t) - 5 * exp(-10 * t) + 3 * exp(-4 * t);
  return v[2] * exp(-t * v[0]) - v[3] * exp(-t * v[1]) + v[5] * exp(-t * v[4]) - y;
}

inline Tensor osborne_2(const Tensor& x, DType dtype) {
  const As as{dtype};
  const Tensors v = unstack(x);
  const Tensor y = as({1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
                       0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
                       0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
                       0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
                       0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054});
  const Tensor t = as(steps(0, 64, 0.1));
  return y - (v[0] * exp(-t * v[4]) + v[1] * exp(-square(t - v[8]) * v[5]) + v[2] * exp(-square(t - v[9]) * v[6]) +
              v[3] * exp(-square(t - v[10]) * v[7]));
}

inline Tensor watson(const Tensor& x, DType dtype) {
  const auto n = static_cast<int>(x.size());
  Numbers powers, slopes;
  for (int i = 1; i <= 29; ++i) {
    for (int j = 0; j < n; ++j) {
      powers.push_back(std::pow(i / 29.0, j));
      slopes.push_back(j == 0 ? 0 : j * std::pow(i / 29.0, j - 1));
    }
  }
  const As as{dtype};
  const auto sums = [&](const Numbers& matrix) { return matmul(reshape(as(matrix), {29, n}), x); };
  const Tensors v = unstack(x);
  return concat({sums(slopes) - square(sums(powers)) - 1, stack({v[0], v[1] - square(v[0]) - 1})}, 0);
}

inline Tensor penalty_1(const Tensor& x, DType) {
  return concat({std::sqrt(1e-5) * (x - 1), reshape(reduce_sum(square(x)) - 0.25, {1})}, 0);
}

inline Tensor penalty_2(const Tensor& x, DType dtype) {
  const auto n = x.size();
  const double a = std::sqrt(1e-5);
  const Tensor e = exp(x / 10), i = As{dtype}(steps(2, static_cast<int>(n)));
  const Tensor later = slice_axis(e, 0, 1, n - 1), earlier = slice_axis(e, 0, 0, n - 1);
  const Tensor weights = As{dtype}(reverse(steps(1, static_cast<int>(n)), {0}));
  return concat({slice_axis(x, 0, 0, 1) - 0.2, a * (later + earlier - (exp(i / 10) + exp((i - 1) / 10))),
                 a * (later - std::exp(-0.1)), reshape(reduce_sum(weights * square(x)) - 1, {1})},
                0);
}

inline Tensor variably_dimensioned(const Tensor& x, DType dtype) {
  const Tensor sum = reshape(reduce_sum(As{dtype}(steps(1, static_cast<int>(x.size()))) * (x - 1)), {1});
  return concat({x - 1, sum, square(sum)}, 0);
}

inline Tensor trigonometric(const Tensor& x, DType dtype) {
  const Tensor i = As{dtype}(steps(1, static_cast<int>(x.size())));
  return static_cast<double>(x.size()) - reduce_sum(cos(x)) + i * (1 - cos(x)) - sin(x);
}

inline Tensor brown_almost_linear(const Tensor& x, DType) {
  const auto n = x.size();
  return concat(
      {slice_axis(x, 0, 0, n - 1) + reduce_sum(x) - static_cast<double>(n + 1), reshape(reduce_prod(x) - 1, {1})}, 0);
}

/// x with a 0 before and after it: x_{i-1}, x_i and x_{i+1}.
struct Neighbours {
  explicit Neighbours(const Tensor& x) {
    const Tensor zero = zeros({1}, x.dtype()), padded = concat({zero, x, zero}, 0);
    before = slice_axis(padded, 0, 0, x.size());
    after = slice_axis(padded, 0, 2, x.size());
  }
  Tensor before, after;
};

inline Tensor discrete_boundary_value(const Tensor& x, DType dtype) {
  const double h = 1.0 / static_cast<double>(x.size() + 1);
  const Neighbours at(x);
  const Tensor sum = x + As{dtype}(steps(1, static_cast<int>(x.size()), h)) + 1;
  return 2 * x - at.before - at.after + h * h * sum * square(sum) / 2;
}

inline Tensor broyden_tridiagonal(const Tensor& x, DType) {
  const Neighbours at(x);
  return (3 - 2 * x) * x - at.before - 2 * at.after + 1;
}

inline Tensor linear_full_rank(const Tensor& x, DType) {  // m = 2 n
  const Tensor sum = 2 * reduce_sum(x) / (2.0 * static_cast<double>(x.size()));
  return concat({x - sum - 1, broadcast_to(-sum - 1, x.shape())}, 0);
}

inline Tensor chebyquad(const Tensor& x, DType dtype) {
  const auto n = static_cast<int>(x.size());
  const Tensor u = 2 * x - 1;
  Tensor before = ones(x.shape(), dtype), now = u;
  std::vector<Tensor> residuals;
  for (int i = 1; i <= n; ++i) {
    residuals.push_back(reduce_mean(now) + (i % 2 == 0 ? 1.0 / (i * i - 1.0) : 0.0));
    before = std::exchange(now, 2 * u * now - before);
  }
  return stack(residuals);
}

inline Numbers repeated(int n, const Numbers& values) {
  Numbers all;
  for (int i = 0; i < n; ++i) all.insert(all.end(), values.begin(), values.end());
  return all;
}

/// n numbers, f(1) and so on.
inline Numbers numbers(int n, const std::function<double(int)>& f) {
  Numbers all;
  for (int i = 1; i <= n; ++i) all.push_back(f(i));
  return all;
}

inline std::vector<MghProblem> more_garbow_hillstrom() {
  return {
      {"Rosenbrock", rosenbrock, {-1.2, 1}, {0}, {}},
      {"Freudenstein and Roth", freudenstein_roth, {0.5, -2}, {0, 48.9842}, {}},
      {"Powell badly scaled", powell_badly_scaled, {0, 1}, {0}, {"cg"}},
      {"Brown badly scaled", brown_badly_scaled, {1, 1}, {0}, {}},
      {"Beale", beale, {1, 1}, {0}, {}},
      {"Jennrich and Sampson", jennrich_sampson, {0.3, 0.4}, {124.362}, {}},
      {"helical valley", helical_valley, {-1, 0, 0}, {0}, {}},
      {"Bard", bard, {1, 1, 1}, {8.21487e-3, 17.4286}, {}},
      {"Gaussian", gaussian, {0.4, 1, 0}, {1.12793e-8}, {}},
      {"Meyer", meyer, {0.02, 4000, 250}, {87.9458}, {"cg", "newton-cg", "trust-ncg"}},
      {"Gulf", gulf, {5, 2.5, 0.15}, {0}, {}},
      {"Box", box, {0, 10, 20}, {0}, {}},
      {"Powell singular", powell_singular, {3, -1, 0, 1}, {0}, {}},
      {"Wood", wood, {-3, -1, -3, -1}, {0}, {}},
      {"Kowalik and Osborne", kowalik_osborne, {0.25, 0.39, 0.415, 0.39}, {3.07505e-4, 1.02734e-3}, {}},
      {"Brown and Dennis", brown_dennis, {25, 5, -5, -1}, {85822.2}, {}},
      {"Osborne 1", osborne_1, {0.5, 1.5, -1, 0.01, 0.02}, {5.46489e-5}, {}},
      {"Biggs EXP6", biggs_exp6, {1, 2, 1, 1, 1, 1}, {0, 5.65565e-3}, {}},
      {"Osborne 2", osborne_2, {1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5}, {4.01377e-2}, {}},
      {"Watson 6", watson, repeated(6, {0}), {2.28767e-3}, {}},
      {"Watson 9", watson, repeated(9, {0}), {1.39976e-6}, {"cg"}},
      {"extended Rosenbrock 20", rosenbrock, repeated(10, {-1.2, 1}), {0}, {}},
      {"extended Powell singular 16", powell_singular, repeated(4, {3, -1, 0, 1}), {0}, {}},
      {"penalty I 4", penalty_1, {1, 2, 3, 4}, {2.24997e-5}, {}},
      {"penalty I 10", penalty_1, numbers(10, [](int j) { return j; }), {7.08765e-5}, {}},
      {"penalty II 4", penalty_2, repeated(4, {0.5}), {9.37629e-6}, {}},
      {"variably dimensioned 10", variably_dimensioned, numbers(10, [](int j) { return 1 - j / 10.0; }), {0}, {}},
      {"trigonometric 10", trigonometric, repeated(10, {0.1}), {0, 2.79506e-5}, {}},
      {"Brown almost linear 10", brown_almost_linear, repeated(10, {0.5}), {0, 1}, {}},
      {"discrete boundary value 10",
       discrete_boundary_value,
       numbers(10, [](int j) { return j / 11.0 * (j / 11.0 - 1); }),
       {0},
       {}},
      {"Broyden tridiagonal 10", broyden_tridiagonal, repeated(10, {-1}), {0}, {}},
      {"linear, full rank, 5 of 10", linear_full_rank, repeated(5, {1}), {5}, {}},
      {"Chebyquad 8", chebyquad, numbers(8, [](int j) { return j / 9.0; }), {3.51687e-3}, {}},
      {"Chebyquad 9", chebyquad, numbers(9, [](int j) { return j / 10.0; }), {0}, {}},
      {"Chebyquad 10", chebyquad, numbers(10, [](int j) { return j / 11.0; }), {6.50395e-3}, {}},
  };
}

/// Whether a sum of squares agrees with one of the minima in the six printed digits, or with 0 to what double shows.
inline bool is_minimum(double value, const Numbers& minima, double zero = 1e-10) {
  for (const double minimum : minima) {
    if (minimum == 0 ? value <= zero : std::abs(value - minimum) <= 5e-6 * minimum) return true;
  }
  return false;
}

}  // namespace xtape::testing
