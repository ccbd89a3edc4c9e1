#include "libtorch/compare.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/clip.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/numeric.hpp"

namespace xtape::libtorch {
namespace {

using X = const std::vector<Tensor>&;
const Shape one = {3, 5}, two = {5};

}  // namespace

std::vector<Row> elementwise_rows() {
  return {
      {"abs", {one}, [](X x) { return abs(x[0]); }},
      {"acos", {one}, [](X x) { return acos(x[0]); }, -0.95, 0.95},
      {"acosh", {one}, [](X x) { return acosh(x[0]); }, 1.1, 4},
      {"asin", {one}, [](X x) { return asin(x[0]); }, -0.95, 0.95},
      {"asinh", {one}, [](X x) { return asinh(x[0]); }},
      {"atan", {one}, [](X x) { return atan(x[0]); }},
      {"atanh", {one}, [](X x) { return atanh(x[0]); }, -0.95, 0.95},
      {"ceil", {one}, [](X x) { return ceil(x[0]); }},
      {"cos", {one}, [](X x) { return cos(x[0]); }, -9, 9},
      {"cosh", {one}, [](X x) { return cosh(x[0]); }},
      {"digamma", {one}, [](X x) { return digamma(x[0]); }, 0.2, 9},
      {"erf", {one}, [](X x) { return erf(x[0]); }},
      {"erfc", {one}, [](X x) { return erfc(x[0]); }},
      {"exp", {one}, [](X x) { return exp(x[0]); }, -20, 20},
      {"expm1", {one}, [](X x) { return expm1(x[0]); }},
      {"floor", {one}, [](X x) { return floor(x[0]); }},
      {"lgamma", {one}, [](X x) { return lgamma(x[0]); }, 0.2, 9},
      {"log", {one}, [](X x) { return log(x[0]); }, 0.1, 20},
      {"log1p", {one}, [](X x) { return log1p(x[0]); }, -0.9, 20},
      {"negative", {one}, [](X x) { return negative(x[0]); }},
      {"polygamma 1", {one}, [](X x) { return polygamma(1, x[0]); }, 0.2, 9},
      {"reciprocal", {one}, [](X x) { return reciprocal(x[0]); }, 0.1, 3},
      {"round", {one}, [](X x) { return round(x[0]); }},
      {"rsqrt", {one}, [](X x) { return rsqrt(x[0]); }, 0.1, 3},
      {"sigmoid", {one}, [](X x) { return sigmoid(x[0]); }, -20, 20},
      {"sign", {one}, [](X x) { return sign(x[0]); }},
      {"sin", {one}, [](X x) { return sin(x[0]); }, -9, 9},
      {"sinh", {one}, [](X x) { return sinh(x[0]); }},
      {"sqrt", {one}, [](X x) { return sqrt(x[0]); }, 0.1, 20},
      {"square", {one}, [](X x) { return square(x[0]); }},
      {"tan", {one}, [](X x) { return tan(x[0]); }, -1.4, 1.4},
      {"tanh", {one}, [](X x) { return tanh(x[0]); }},
      {"trunc", {one}, [](X x) { return trunc(x[0]); }},
      {"exp2", {one}, [](X x) { return exp2(x[0]); }, -20, 20},
      {"log2", {one}, [](X x) { return log2(x[0]); }, 0.1, 20},
      {"log10", {one}, [](X x) { return log10(x[0]); }, 0.1, 20},
      {"deg2rad", {one}, [](X x) { return deg2rad(x[0]); }},
      {"rad2deg", {one}, [](X x) { return rad2deg(x[0]); }},
      {"nan_to_num", {one}, [](X x) { return nan_to_num(log(x[0]), {.nan = 2}); }},

      {"hypot", {one, two}, [](X x) { return hypot(x[0], x[1]); }},
      {"logaddexp", {one, two}, [](X x) { return logaddexp(x[0], x[1]); }},
      {"copysign", {one, two}, [](X x) { return copysign(x[0], x[1]); }},
      {"add", {one, two}, [](X x) { return x[0] + x[1]; }},
      {"subtract", {one, two}, [](X x) { return x[0] - x[1]; }},
      {"multiply", {one, two}, [](X x) { return x[0] * x[1]; }},
      {"divide", {one, two}, [](X x) { return x[0] / x[1]; }, 0.1, 3},
      {"pow", {one, two}, [](X x) { return pow(x[0], x[1]); }, 0.1, 3},
      {"maximum", {one, two}, [](X x) { return maximum(x[0], x[1]); }},
      {"minimum", {one, two}, [](X x) { return minimum(x[0], x[1]); }},
      {"atan2", {one, two}, [](X x) { return atan2(x[0], x[1]); }},
      {"mod", {one, two}, [](X x) { return mod(x[0], x[1]); }, 0.3, 4},
      {"floordiv", {one, two}, [](X x) { return floordiv(x[0], x[1]); }, 0.3, 4},
      {"clip_by_norm", {one}, [](X x) { return clip_by_norm(x[0], 1.5); }},
      {"global_norm",
       {one, two},
       [](X x) {
         return global_norm({x[0], x[1]});
       }},
      {"squared_difference", {one, two}, [](X x) { return squared_difference(x[0], x[1]); }},
      {"where", {one, two}, [](X x) { return where(x[0] > x[1], x[0] * 2, x[1] * 3); }},
      {"clip_by_value", {one}, [](X x) { return clip_by_value(x[0], -1, 0.5); }},
  };
}

}  // namespace xtape::libtorch
