#pragma once

#include "optimize/transposed.hpp"

namespace xtape::optimize {

/// x, the solution of an equation, as a function of what the equation uses, in the derivatives that recording tapes
/// see.
///
/// newton(z) gives z - J^-1 f(z) for an equation f = 0 at its solution: the numbers of z, recorded as a result of z and
/// f(z) with the derivatives of that formula while J is held fixed. To a tape for which z is a constant these are the
/// first derivatives of the solution. Those of second and higher order come out right where z depends on everything as
/// the solution does. So each tape sees a z that is the solution to the tapes outside it. A persistent tape may be its
/// own outer one; it sees two steps, which give the derivatives up to the second order.
Tensor implicit_solution(const Tensor& x, const TensorFunction& newton);

}  // namespace xtape::optimize
