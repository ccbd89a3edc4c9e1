#include <cmath>
#include <limits>
#include <numbers>

#include "onnx/op_mappings.hpp"

namespace xtape::detail {
namespace {

/// A node of one operand.
template <const auto& name>
OnnxValues unary(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.alike(name, {call.x()})};
}
template <const auto& name>
OnnxValues binary(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.binary(name, call.operands[0], call.operands[1])};
}
template <const auto& name>
OnnxValues comparison(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.compare(name, call.operands[0], call.operands[1])};
}
template <const auto& name>
OnnxValues logical(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.binary(name, g.cast(call.operands[0], boolean), g.cast(call.operands[1], boolean))};
}

#define XTAPE_ONNX_NAME(variable, text) constexpr char variable[] = text
XTAPE_ONNX_NAME(Abs, "Abs");
XTAPE_ONNX_NAME(Acos, "Acos");
XTAPE_ONNX_NAME(Acosh, "Acosh");
XTAPE_ONNX_NAME(Add, "Add");
XTAPE_ONNX_NAME(And, "And");
XTAPE_ONNX_NAME(Asin, "Asin");
XTAPE_ONNX_NAME(Asinh, "Asinh");
XTAPE_ONNX_NAME(Atan, "Atan");
XTAPE_ONNX_NAME(Atanh, "Atanh");
XTAPE_ONNX_NAME(BitwiseAnd, "BitwiseAnd");
XTAPE_ONNX_NAME(BitwiseOr, "BitwiseOr");
XTAPE_ONNX_NAME(BitwiseXor, "BitwiseXor");
XTAPE_ONNX_NAME(Ceil, "Ceil");
XTAPE_ONNX_NAME(Cos, "Cos");
XTAPE_ONNX_NAME(Cosh, "Cosh");
XTAPE_ONNX_NAME(Equal, "Equal");
XTAPE_ONNX_NAME(Erf, "Erf");
XTAPE_ONNX_NAME(Exp, "Exp");
XTAPE_ONNX_NAME(Floor, "Floor");
XTAPE_ONNX_NAME(Greater, "Greater");
XTAPE_ONNX_NAME(GreaterOrEqual, "GreaterOrEqual");
XTAPE_ONNX_NAME(IsInf, "IsInf");
XTAPE_ONNX_NAME(IsNaN, "IsNaN");
XTAPE_ONNX_NAME(Less, "Less");
XTAPE_ONNX_NAME(LessOrEqual, "LessOrEqual");
XTAPE_ONNX_NAME(Log, "Log");
XTAPE_ONNX_NAME(Max, "Max");
XTAPE_ONNX_NAME(Min, "Min");
XTAPE_ONNX_NAME(Mul, "Mul");
XTAPE_ONNX_NAME(Neg, "Neg");
XTAPE_ONNX_NAME(Or, "Or");
XTAPE_ONNX_NAME(Reciprocal, "Reciprocal");
XTAPE_ONNX_NAME(Round, "Round");
XTAPE_ONNX_NAME(Sign, "Sign");
XTAPE_ONNX_NAME(Sin, "Sin");
XTAPE_ONNX_NAME(Sinh, "Sinh");
XTAPE_ONNX_NAME(Sqrt, "Sqrt");
XTAPE_ONNX_NAME(Sub, "Sub");
XTAPE_ONNX_NAME(Tan, "Tan");
XTAPE_ONNX_NAME(Xor, "Xor");
#undef XTAPE_ONNX_NAME

OnnxValue square(OnnxBuilder& g, const OnnxValue& x) { return g.multiply(x, x); }

OnnxValue floating(OnnxBuilder& g, const OnnxValue& x) { return is_floating(x.dtype) ? x : g.cast(x, float32); }

OnnxValues divide(OnnxBuilder& g, const OnnxOpCall& call) {
  OnnxValue a = call.operands[0], b = call.operands[1];
  if (!is_floating(OnnxBuilder::promoted(a, b))) {
    call.refuse("the division of integers differs between xtape and ONNX: cast them to float32 first");
  }
  return {g.divide(a, b)};
}

OnnxValues divide_no_nan(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue &a = call.operands[0], &b = call.operands[1];
  const OnnxValue zero = g.compare("Equal", b, g.scalar(0, b.dtype));
  const OnnxValue quotient = g.divide(a, g.where(zero, g.scalar(1, b.dtype), b));
  return {g.where(zero, g.scalar(0, quotient.dtype), quotient)};
}

OnnxValue floor_quotient(OnnxBuilder& g, const OnnxOpCall& call) {
  if (!is_floating(OnnxBuilder::promoted(call.operands[0], call.operands[1]))) {
    call.refuse("the division of integers differs between xtape and ONNX: cast them to float32 first");
  }
  return g.alike("Floor", {g.divide(call.operands[0], call.operands[1])});
}

OnnxValues mod(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.subtract(call.operands[0], g.multiply(floor_quotient(g, call), call.operands[1]))};
}

OnnxValues power(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.binary("Pow", call.operands[0], call.operands[1])};
}

/// atan(y / x), moved to the quadrant.
OnnxValues atan2(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue &y = call.operands[0], &x = call.operands[1];
  constexpr double pi = 3.14159265358979323846;
  const OnnxValue zero = g.scalar(0, x.dtype);
  const OnnxValue on_axis = g.compare("Equal", x, zero);
  const OnnxValue angle = g.alike("Atan", {g.divide(y, g.where(on_axis, g.scalar(1, x.dtype), x))});
  const OnnxValue turn = g.where(g.compare("Less", y, zero), g.scalar(-pi, x.dtype), g.scalar(pi, x.dtype));
  const OnnxValue moved = g.where(g.compare("Less", x, zero), g.add(angle, turn), angle);
  return {g.where(on_axis, g.with_scalar("Mul", g.alike("Sign", {y}), pi / 2), moved)};
}

OnnxValues clip(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.binary("Min", g.binary("Max", call.operands[0], call.operands[1]), call.operands[2])};
}

OnnxValues where(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.where(call.operands[0], call.operands[1], call.operands[2])};
}

OnnxValues cast(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.cast(call.x(), DTypePolicy(call.get<std::string>("dtype", "float32")).variable_dtype())};
}

OnnxValues truth(OnnxBuilder& g, const OnnxOpCall& call, const char* op) {
  OnnxValue y = g.alike(op, {floating(g, call.x())});
  y.dtype = boolean;
  return {y};
}

/// A logarithm to another base than e.
template <const double& over_log_of_base>
OnnxValues logarithm(OnnxBuilder& g, const OnnxOpCall& call) {
  return {g.with_scalar("Mul", g.alike("Log", {call.x()}), over_log_of_base)};
}
constexpr double log2e = std::numbers::log2e, log10e = std::numbers::log10e;

/// The nodes for bits of integers are of operator set 18.
template <const auto& name>
OnnxValues bitwise(OnnxBuilder& g, const OnnxOpCall& call) {
  if (g.opset() < 18) call.refuse("its node needs operator set 18, this file has {}", g.opset());
  return {g.binary(name, call.operands[0], call.operands[1])};
}

OnnxValues logaddexp(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue &a = call.operands[0], &b = call.operands[1];
  const OnnxValue apart = g.alike("Neg", {g.alike("Abs", {g.subtract(a, b)})});
  return {g.add(g.binary("Max", a, b), g.alike("Log", {g.with_scalar("Add", g.alike("Exp", {apart}), 1)}))};
}

OnnxValues heaviside(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue &x = call.operands[0], zero = g.scalar(0, x.dtype), one = g.scalar(1, x.dtype);
  const OnnxValue elsewhere = g.where(g.compare("Greater", x, zero), one, g.where(g.compare("Less", x, zero), zero, x));
  return {g.where(g.compare("Equal", x, zero), call.operands[1], elsewhere)};
}

OnnxValues nan_to_num(OnnxBuilder& g, const OnnxOpCall& call) {
  const OnnxValue& x = call.x();
  const double largest =
      x.dtype == float64 ? std::numeric_limits<double>::max() : static_cast<double>(std::numeric_limits<float>::max());
  const OnnxValue infinite = truth(g, call, IsInf)[0], positive = g.compare("Greater", x, g.scalar(0, x.dtype));
  const OnnxValue bound = g.where(positive, g.scalar(call.option<double>("posinf", largest), x.dtype),
                                  g.scalar(call.option<double>("neginf", -largest), x.dtype));
  return {
      g.where(truth(g, call, IsNaN)[0], g.scalar(call.option<double>("nan", 0), x.dtype), g.where(infinite, bound, x))};
}

constexpr OnnxOpMapping mappings[] = {
    {"abs", unary<Abs>},
    {"acos", unary<Acos>},
    {"acosh", unary<Acosh>},
    {"add", binary<Add>},
    {"asin", unary<Asin>},
    {"asinh", unary<Asinh>},
    {"atan", unary<Atan>},
    {"atan2", atan2},
    {"atanh", unary<Atanh>},
    {"bitwise_and", bitwise<BitwiseAnd>},
    {"bitwise_not",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       if (g.opset() < 18) call.refuse("its node needs operator set 18, this file has {}", g.opset());
       return {g.alike("BitwiseNot", {call.x()})};
     }},
    {"bitwise_or", bitwise<BitwiseOr>},
    {"bitwise_xor", bitwise<BitwiseXor>},
    {"cast", cast},
    {"ceil", unary<Ceil>},
    {"clip_by_value", clip},
    {"cos", unary<Cos>},
    {"cosh", unary<Cosh>},
    {"deg2rad",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.with_scalar("Mul", call.x(), std::numbers::pi / 180)};
     }},
    {"divide", divide},
    {"divide_no_nan", divide_no_nan},
    {"equal", comparison<Equal>},
    {"erf", unary<Erf>},
    {"erfc",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.subtract(g.scalar(1, call.x().dtype), g.alike("Erf", {call.x()}))};
     }},
    {"exp", unary<Exp>},
    {"exp2",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.binary("Pow", g.scalar(2, call.x().dtype), call.x())};
     }},
    {"expm1",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.with_scalar("Sub", g.alike("Exp", {call.x()}), 1)};
     }},
    {"floor", unary<Floor>},
    {"floordiv", [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {floor_quotient(g, call)}; }},
    {"greater", comparison<Greater>},
    {"greater_equal", comparison<GreaterOrEqual>},
    {"heaviside", heaviside},
    {"hypot",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.alike("Sqrt", {g.add(square(g, call.operands[0]), square(g, call.operands[1]))})};
     }},
    {"is_finite",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.logical_not(g.logical_or(truth(g, call, "IsNaN")[0], truth(g, call, "IsInf")[0]))};
     }},
    {"is_inf", [](OnnxBuilder& g, const OnnxOpCall& call) { return truth(g, call, IsInf); }},
    {"is_nan", [](OnnxBuilder& g, const OnnxOpCall& call) { return truth(g, call, IsNaN); }},
    {"less", comparison<Less>},
    {"less_equal", comparison<LessOrEqual>},
    {"log", unary<Log>},
    {"log10", logarithm<log10e>},
    {"log1p",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.alike("Log", {g.with_scalar("Add", call.x(), 1)})};
     }},
    {"log2", logarithm<log2e>},
    {"logaddexp", logaddexp},
    {"logical_and", logical<And>},
    {"logical_not",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {g.logical_not(g.cast(call.x(), boolean))}; }},
    {"logical_or", logical<Or>},
    {"logical_xor", logical<Xor>},
    {"maximum", binary<Max>},
    {"minimum", binary<Min>},
    {"mod", mod},
    {"multiply", binary<Mul>},
    {"nan_to_num", nan_to_num},
    {"negative", unary<Neg>},
    {"not_equal",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.logical_not(g.compare("Equal", call.operands[0], call.operands[1]))};
     }},
    {"pow", power},
    {"rad2deg",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.with_scalar("Mul", call.x(), 180 / std::numbers::pi)};
     }},
    {"reciprocal", unary<Reciprocal>},
    {"round", unary<Round>},
    {"rsqrt",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.alike("Reciprocal", {g.alike("Sqrt", {call.x()})})};
     }},
    {"sign", unary<Sign>},
    {"sin", unary<Sin>},
    {"sinh", unary<Sinh>},
    {"sqrt", unary<Sqrt>},
    {"square", [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues { return {square(g, call.x())}; }},
    {"squared_difference",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {square(g, g.subtract(call.operands[0], call.operands[1]))};
     }},
    {"stop_gradient", [](OnnxBuilder&, const OnnxOpCall& call) -> OnnxValues { return {call.x()}; }},
    {"subtract", binary<Sub>},
    {"tan", unary<Tan>},
    {"trunc",
     [](OnnxBuilder& g, const OnnxOpCall& call) -> OnnxValues {
       return {g.multiply(g.alike("Sign", {call.x()}), g.alike("Floor", {g.alike("Abs", {call.x()})}))};
     }},
    {"where", where},
};

}  // namespace

std::span<const OnnxOpMapping> onnx_elementwise_ops() { return mappings; }

}  // namespace xtape::detail
