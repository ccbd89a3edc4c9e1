#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "xtape/core/tensor.hpp"

namespace xtape {
namespace integrate {

/// Keyword arguments of quad.
struct QuadOptions {
  /// Converged when the estimate of the error is no larger than absolute_tolerance or relative_tolerance times the
  /// integral; by default the square root of the dtype's resolution, 1.5e-8 or 3.5e-4, and 0.
  std::optional<double> relative_tolerance = {};
  double absolute_tolerance = 0;
  int max_intervals = 1000;  ///< how many intervals the range may be divided into
};

/// What quad returns.
struct Integral {
  Tensor value;                  ///< the integral
  double error = 0;              ///< an estimate of its absolute error, mostly far too large
  std::int64_t evaluations = 0;  ///< numbers that f was given
  bool converged = false;
};

/// The integral of f from a to b:
///
///     auto f = [&](const Tensor& x) { return exp(-w * square(x)); };
///     Tensor area = integrate::quad(f, constant(0.0, float64), constant(2.0, float64)).value;
///
/// f gets many numbers at once, [n], and gives its values there, [n] or, for an integral of vectors or matrices, [n,
/// ...]. a and b are scalars of float32 or float64, or plain numbers (float32 if both are); they may be infinite, and a
/// > b changes the sign. The rule is that of Gauss and Kronrod with 7 and 15 points, with the estimate of the error of
/// QUADPACK (Piessens et al., 1983); where it is too large, intervals are halved, those with the largest errors first.
/// The ends are never evaluated, so f may be singular there.
///
/// The integral is a function of a, b and all that f uses, with gradients of any order: f is called once more, at the
/// points of the last division, and tapes see this call alone.
///
/// A result that has not converged is not an error. Throws a ValueError for bad options, for bounds that are not
/// scalars and for an f that gives another number of values, a TypeError for other dtypes.
Integral quad(const std::function<Tensor(const Tensor&)>& f, const Tensor& a, const Tensor& b,
              const QuadOptions& options = {});

}  // namespace integrate
}  // namespace xtape
