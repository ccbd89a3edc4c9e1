// Ops that compute element by element, with broadcasting.
#include <cmath>
#include <limits>
#include <numbers>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/bitwise.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

template <Tensor (*op)(const Tensor&)>
TensorList unary(Call call) {
  return op(call.x());
}
template <Tensor (*op)(const Tensor&, const Tensor&)>
TensorList binary(Call call) {
  return op(call.in(0), call.in(1));
}
template <Tensor (*op)(const Tensor&, const Tensor&)>
TensorList of_all(Call call) {
  Tensor result = call.x();
  for (std::size_t i = 1; i < call.inputs.size(); ++i) result = op(result, call.in(i));
  return result;
}

/// Integers become float64, for functions that xtape has of floating numbers only.
Tensor as_floating(const Tensor& x) { return is_floating(x.dtype()) ? x : cast(x, float64); }

TensorList mean_of_all(Call call) {
  return TensorList(of_all<add>(call).only() * (1.0 / static_cast<double>(call.inputs.size())));
}

/// Versions before 7 of binary ops aligned the second operand at an axis.
Tensor aligned(Call call) {
  const Tensor &a = call.in(0), &b = call.in(1);
  if (!call.has_attribute("axis") || b.rank() >= a.rank()) return b;
  const int axis = call.axis(call.integer("axis", 0), a.rank());
  Integers sizes(b.shape().begin(), b.shape().end());
  if (axis + b.rank() > a.rank()) call.refuse("its axis {} does not fit", axis);
  sizes.insert(sizes.end(), static_cast<std::size_t>(a.rank() - axis - b.rank()), 1);
  return reshape(b, sizes);
}
template <Tensor (*op)(const Tensor&, const Tensor&)>
TensorList arithmetic(Call call) {
  return op(call.in(0), aligned(call));
}

/// Integers are truncated towards zero, as in C.
Tensor quotient(const Tensor& a, const Tensor& b) {
  if (is_floating(a.dtype())) return a / b;
  if (a.dtype() == uint8) return floordiv(a, b);
  return sign(a) * sign(b) * floordiv(abs(a), abs(b));
}

TensorList modulo(Call call) {
  const Tensor &a = call.in(0), &b = call.in(1);
  if (!call.flag("fmod")) return mod(a, b);
  return sign(a) * mod(abs(a), abs(b));  // the sign of the dividend, as C's fmod
}

TensorList power(Call call) {
  const Tensor &a = call.in(0), &b = call.in(1);
  if (is_floating(a.dtype())) {
    // A known exponent of 2 is the most frequent, in norms.
    if (has_bit(call.known, 1) && b.size() == 1 && call.one_number(1) == 2) return square(a);
    return pow(a, cast(b, a.dtype()));
  }
  return cast(pow(cast(a, float64), cast(b, float64)), a.dtype());
}

Tensor round_to_even(const Tensor& x) { return round(x); }

TensorList absolute(Call call) { return call.x().dtype() == uint8 ? call.x() : abs(call.x()); }

TensorList clip(Call call) {
  const Tensor& x = call.x();
  const auto bound = [&](std::size_t input, const char* attribute) -> Tensor {
    if (call.has(input)) return call.in(input);
    if (!call.has_attribute(attribute)) return {};
    return constant(call.number(attribute, 0), x.dtype());
  };
  const Tensor low = bound(1, "min"), high = bound(2, "max");
  if (low.defined() && high.defined() && has_bit(call.known, 1) && has_bit(call.known, 2) && x.dtype() == float32 &&
      call.one_number(1) == 0 && call.one_number(2) == 6) {
    return nn::relu6(x);
  }
  Tensor y = x;
  if (low.defined()) y = maximum(y, low);
  if (high.defined()) y = minimum(y, high);
  return y;
}

Tensor hard_sigmoid(const Tensor& x, double alpha, double beta) { return clip_by_value(x * alpha + beta, 0, 1); }
Tensor thresholded(const Tensor& x, double alpha) { return where(x > alpha, x, zeros({}, x.dtype())); }

TensorList gelu(Call call) { return nn::gelu(call.x(), {.approximate = call.text("approximate", "none") == "tanh"}); }
TensorList leaky_relu(Call call) { return nn::leaky_relu(call.x(), call.number("alpha", 0.01)); }
TensorList elu(Call call) { return nn::elu(call.x(), call.number("alpha", 1)); }
TensorList selu(Call call) {
  constexpr double alpha = 1.6732632423543772, gamma = 1.0507009873554805;
  const double a = call.number("alpha", alpha), g = call.number("gamma", gamma);
  if (std::abs(a - alpha) < 1e-4 && std::abs(g - gamma) < 1e-4) return nn::selu(call.x());
  return nn::elu(call.x(), a) * g;
}
TensorList celu(Call call) {
  const double alpha = call.number("alpha", 1);
  return nn::elu(call.x() / constant(alpha, call.x().dtype())) * alpha;
}
TensorList swish(Call call) { return call.x() * sigmoid(call.x() * call.number("alpha", 1)); }
TensorList prelu(Call call) {
  const Tensor &x = call.x(), &slope = call.in(1);
  return where(x < zeros({}, x.dtype()), x * slope, x);
}
TensorList shrink(Call call) {
  const Tensor& x = call.x();
  const double lambda = call.number("lambd", 0.5), bias = call.number("bias", 0);
  const Tensor values = as_floating(x);
  const Tensor none = zeros({}, values.dtype());
  return cast(where(values < -lambda, values + bias, where(values > lambda, values - bias, none)), x.dtype());
}

TensorList is_infinite(Call call) {
  const Tensor& x = call.x();
  const bool negative = call.flag("detect_negative", true), positive = call.flag("detect_positive", true);
  if (negative && positive) return is_inf(x);
  const Tensor none = zeros({}, x.dtype());
  if (!negative && !positive) return logical_and(is_inf(x), logical_not(is_inf(x)));
  return logical_and(is_inf(x), negative ? x < none : x > none);
}

/// Comparisons of bools, which xtape's equal has as well.
TensorList equals(Call call) {
  const Tensor &a = call.in(0), b = aligned(call);
  if (a.dtype() == boolean && b.dtype() == boolean) return logical_not(logical_xor(a, b));
  return equal(a, b);
}

/// Numbers of one byte are compared as such.
TensorList choose(Call call) { return where(call.in(0), call.in(1), call.in(2)); }

template <Tensor (*op)(const Tensor&)>
TensorList floating(Call call) {
  return cast(op(as_floating(call.x())), call.x().dtype());
}
template <Tensor (*op)(const Tensor&)>
TensorList or_integer(Call call) {  // rounding, for instance, leaves integers as they are
  return is_floating(call.x().dtype()) ? op(call.x()) : call.x();
}

TensorList dropout(Call call) {
  const Tensor& x = call.x();
  const double ratio = call.has(1) ? call.one_number(1) : call.number("ratio", 0.5);
  const bool drops = call.training && ratio > 0;
  if (drops && !(ratio < 1)) call.refuse("expected a ratio from 0 to 1, received {}", ratio);
  TensorList results = drops ? nn::dropout(x, ratio) : x;
  // What was dropped is 0 in the result, and also where x is.
  if (call.outputs() > 1) {
    call.expect_moderate(x.shape());
    results.push_back(drops ? not_equal(results[0], zeros({}, x.dtype())) : ones(x.shape(), boolean));
  }
  return results;
}

constexpr OnnxLayout follows = OnnxLayout::follows;

constexpr OnnxImportOp one(const char* op, TensorList (*run)(Call)) { return {op, run, 1, 1, 0, 0, 0, follows}; }
constexpr OnnxImportOp two(const char* op, TensorList (*run)(Call)) { return {op, run, 2, 2, 0, 0, 0, follows}; }
constexpr OnnxImportOp many(const char* op, TensorList (*run)(Call)) {
  return {op, run, 1, any_number, 0, 0, 0, follows};
}

constexpr OnnxImportOp table[] = {
    one("Abs", absolute),
    one("Acos", unary<acos>),
    one("Acosh", unary<acosh>),
    two("Add", arithmetic<add>),
    two("And", arithmetic<logical_and>),
    one("Asin", unary<asin>),
    one("Asinh", unary<asinh>),
    one("Atan", unary<atan>),
    one("Atanh", unary<atanh>),
    two("BitwiseAnd", binary<bitwise_and>),
    one("BitwiseNot", unary<bitwise_not>),
    two("BitwiseOr", binary<bitwise_or>),
    two("BitwiseXor", binary<bitwise_xor>),
    one("Ceil", or_integer<ceil>),
    one("Celu", celu),
    {"Clip", clip, 1, 3, 0, 0, input_bits(1, 2), follows},
    one("Cos", unary<cos>),
    one("Cosh", unary<cosh>),
    two("Div", arithmetic<quotient>),
    {"Dropout", dropout, 1, 3, input_bits(1), 0, input_bits(1, 2), follows, 0, true},
    one("Elu", elu),
    two("Equal", equals),
    one("Erf", floating<erf>),
    one("Exp", unary<exp>),
    one("Floor", or_integer<floor>),
    one("Gelu", gelu),
    two("Greater", arithmetic<greater>),
    two("GreaterOrEqual", arithmetic<greater_equal>),
    one("HardSigmoid",
        [](Call call) -> TensorList {
          return hard_sigmoid(call.x(), call.number("alpha", 0.2), call.number("beta", 0.5));
        }),
    one("HardSwish", [](Call call) -> TensorList { return call.x() * hard_sigmoid(call.x(), 1.0 / 6, 0.5); }),
    one("Identity", [](Call call) -> TensorList { return call.x(); }),
    one("IsInf", is_infinite),
    one("IsNaN", unary<is_nan>),
    one("LeakyRelu", leaky_relu),
    two("Less", arithmetic<less>),
    two("LessOrEqual", arithmetic<less_equal>),
    one("Log", unary<log>),
    many("Max", of_all<maximum>),
    many("Mean", mean_of_all),
    many("Min", of_all<minimum>),
    one("Mish", unary<nn::mish>),
    two("Mod", modulo),
    two("Mul", arithmetic<multiply>),
    one("Neg", unary<negative>),
    one("Not", unary<logical_not>),
    two("Or", arithmetic<logical_or>),
    {"PRelu", prelu, 2, 2, 0, input_bits(1), 0, follows},
    {"Pow", power, 2, 2, 0, 0, input_bits(1), follows},
    one("Reciprocal", unary<reciprocal>),
    one("Relu", unary<nn::relu>),
    one("Round", or_integer<round_to_even>),
    one("Selu", selu),
    one("Shrink", shrink),
    one("Sigmoid", unary<sigmoid>),
    one("Sign", unary<sign>),
    one("Sin", unary<sin>),
    one("Sinh", unary<sinh>),
    one("Softplus", unary<nn::softplus>),
    one("Softsign", unary<nn::softsign>),
    one("Sqrt", unary<sqrt>),
    two("Sub", arithmetic<subtract>),
    many("Sum", of_all<add>),
    one("Swish", swish),
    one("Tan", unary<tan>),
    one("Tanh", unary<tanh>),
    one("ThresholdedRelu", [](Call call) -> TensorList { return thresholded(call.x(), call.number("alpha", 1)); }),
    {"Where", choose, 3, 3, 0, 0, 0, follows},
    two("Xor", arithmetic<logical_xor>),
};

}  // namespace

std::span<const OnnxImportOp> imported_elementwise_ops() { return table; }

Tensor onnx_activation(const OnnxImportCall& call, const std::string& name, const Tensor& x, double alpha,
                       double beta) {
  const auto or_else = [](double number, double otherwise) { return std::isnan(number) ? otherwise : number; };
  if (name == "Sigmoid") return sigmoid(x);
  if (name == "Tanh") return tanh(x);
  if (name == "Relu") return nn::relu(x);
  if (name == "Softsign") return nn::softsign(x);
  if (name == "Softplus") return nn::softplus(x);
  if (name == "HardSigmoid") return hard_sigmoid(x, or_else(alpha, 0.2), or_else(beta, 0.5));
  if (name == "LeakyRelu") return nn::leaky_relu(x, or_else(alpha, 0.01));
  if (name == "Elu") return nn::elu(x, or_else(alpha, 1));
  if (name == "Affine") return x * or_else(alpha, 1) + or_else(beta, 0);
  if (name == "ScaledTanh") return tanh(x * or_else(beta, 1)) * or_else(alpha, 1);
  if (name == "ThresholdedRelu") return thresholded(x, or_else(alpha, 1));
  call.refuse("xtape does not have its activation '{}'", name);
}

}  // namespace xtape::detail
