// Ops between the layers of functional models, run by ONNX Runtime.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <string_view>

#include "onnxruntime/cases.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::testing {
namespace {

using X = SymbolicTensor;

struct OpRow {
  const char* name;
  std::function<SymbolicList(const X& x, const X& y)> op;
  double low = -2, high = 2;
};

// x: [batch, 4, 6], y: [batch, 4, 6]
const std::vector<OpRow>& rows() {
  static const std::vector<OpRow> all = {
      {"abs", [](const X& x, const X&) -> SymbolicList { return abs(x); }},
      {"negative", [](const X& x, const X&) -> SymbolicList { return -x; }},
      {"square", [](const X& x, const X&) -> SymbolicList { return square(x); }},
      {"sqrt", [](const X& x, const X&) -> SymbolicList { return sqrt(x); }, 0.1, 4},
      {"rsqrt", [](const X& x, const X&) -> SymbolicList { return rsqrt(x); }, 0.1, 4},
      {"reciprocal", [](const X& x, const X&) -> SymbolicList { return reciprocal(x); }, 0.1, 4},
      {"exp", [](const X& x, const X&) -> SymbolicList { return exp(x); }},
      {"expm1", [](const X& x, const X&) -> SymbolicList { return expm1(x); }},
      {"log", [](const X& x, const X&) -> SymbolicList { return log(x); }, 0.1, 4},
      {"log1p", [](const X& x, const X&) -> SymbolicList { return log1p(x); }, 0.1, 4},
      {"sin, cos, tan",
       [](const X& x, const X&) -> SymbolicList {
         return {sin(x), cos(x), tan(x)};
       },
       -1, 1},
      {"asin, acos, atan",
       [](const X& x, const X&) -> SymbolicList {
         return {asin(x), acos(x), atan(x)};
       },
       -0.9, 0.9},
      {"sinh, cosh, tanh",
       [](const X& x, const X&) -> SymbolicList {
         return {sinh(x), cosh(x), tanh(x)};
       }},
      {"asinh, atanh",
       [](const X& x, const X&) -> SymbolicList {
         return {asinh(x), atanh(x)};
       },
       -0.9, 0.9},
      {"acosh", [](const X& x, const X&) -> SymbolicList { return acosh(x); }, 1.1, 4},
      {"erf, erfc",
       [](const X& x, const X&) -> SymbolicList {
         return {erf(x), erfc(x)};
       }},
      {"sign, floor, ceil, round",
       [](const X& x, const X&) -> SymbolicList {
         return {sign(x), floor(x), ceil(x), round(x)};
       }},
      {"sigmoid",
       [](const X& x, const X&) -> SymbolicList {
         return {sigmoid(x), nn::log_sigmoid(x)};
       }},
      {"relu",
       [](const X& x, const X&) -> SymbolicList {
         return {nn::relu(x), nn::relu6(x * 4), nn::leaky_relu(x)};
       }},
      {"softplus, softsign, silu",
       [](const X& x, const X&) -> SymbolicList {
         return {nn::softplus(x), nn::softsign(x), nn::silu(x)};
       }},
      {"selu, elu, mish",
       [](const X& x, const X&) -> SymbolicList {
         return {nn::selu(x), nn::elu(x), nn::mish(x)};
       }},
      {"hard_sigmoid, hard_silu",
       [](const X& x, const X&) -> SymbolicList {
         return {nn::hard_sigmoid(x * 2), nn::hard_silu(x * 2)};
       }},
      {"gelu",
       [](const X& x, const X&) -> SymbolicList {
         return {nn::gelu(x), nn::gelu(x, nn::GeluOptions{.approximate = true})};
       }},
      {"softmax",
       [](const X& x, const X&) -> SymbolicList {
         return {nn::softmax(x), nn::log_softmax(x, 1)};
       }},
      {"arithmetic", [](const X& x, const X& y) -> SymbolicList { return {x + y, x - y, x * y, x / y, 3 - x, x * 2}; }},
      {"maximum, minimum",
       [](const X& x, const X& y) -> SymbolicList {
         return {symbolic::maximum(x, y), symbolic::minimum(x, Tensor(0.5)), symbolic::squared_difference(x, y)};
       }},
      {"pow",
       [](const X& x, const X& y) -> SymbolicList {
         return {symbolic::pow(x, y), symbolic::pow(x, Tensor(2))};
       },
       0.2, 2},
      {"floordiv, mod, atan2, divide_no_nan",
       [](const X& x, const X& y) -> SymbolicList {
         return {symbolic::floordiv(x, y), symbolic::mod(x, y), symbolic::atan2(x, y),
                 symbolic::divide_no_nan(x, nn::relu(y))};
       }},
      {"comparisons",
       [](const X& x, const X& y) -> SymbolicList {
         return {symbolic::less(x, y),          symbolic::less_equal(x, y), symbolic::greater(x, Tensor(0.3)),
                 symbolic::greater_equal(x, y), symbolic::equal(x, y),      symbolic::not_equal(x, y)};
       }},
      {"logical",
       [](const X& x, const X& y) -> SymbolicList {
         const X a = symbolic::less(x, y), b = symbolic::greater(x, Tensor(0.3));
         return {symbolic::logical_and(a, b), symbolic::logical_or(a, b), symbolic::logical_xor(a, b), logical_not(a)};
       }},
      {"where, clip",
       [](const X& x, const X& y) -> SymbolicList {
         return {symbolic::where(symbolic::less(x, y), x, Tensor(0.0)), symbolic::clip_by_value(x, -0.5, 0.5)};
       }},
      {"cast",
       [](const X& x, const X&) -> SymbolicList {
         return {cast(x * 3, int32), cast(x > 0, float32)};
       }},
      {"reductions",
       [](const X& x, const X&) -> SymbolicList {
         return {reduce_sum(x, {1}),           reduce_mean(x, {1, 2}, true), reduce_max(x, -1),
                 reduce_min(x, {1}),           reduce_prod(x, {2}),          reduce_std(x, {1, 2}),
                 reduce_variance(x, -1, true), reduce_logsumexp(x, {-1}),    reduce_any(x > 1, {2}),
                 reduce_all(x > -1, {1}, true)};
       }},
      {"argmax, argmin, cumsum",
       [](const X& x, const X&) -> SymbolicList {
         return {argmax(x, -1), argmin(x, 1)};
       }},
      {"moments, top_k",
       [](const X& x, const X&) -> SymbolicList {
         const auto [mean, variance] = nn::moments(x, {1});
         const auto [values, indices] = top_k(x, 3);
         return {mean, variance, values, indices};
       }},
      {"strided_slice",
       [](const X& x, const X&) -> SymbolicList {
         return strided_slice(reshape(x, {-1, 24}), {0, 3}, {1, 20}, {1, 4});
       }},
      {"reshape",
       [](const X& x, const X&) -> SymbolicList {
         return {reshape(x, {-1, 24}), reshape(x, {-1, 2, 2, 6}), flatten(x)};
       }},
      {"transpose",
       [](const X& x, const X&) -> SymbolicList {
         return {transpose(x, {0, 2, 1}), swapaxes(x, 1, 2), moveaxis(x, -1, 1), transpose(x)};
       }},
      {"expand_dims, squeeze",
       [](const X& x, const X&) -> SymbolicList {
         const X wide = expand_dims(x, 1);
         return {wide, squeeze(wide, 1)};
       }},
      {"concat, stack",
       [](const X& x, const X& y) -> SymbolicList {
         return {concat(std::vector<X>{x, y}, -1), stack(std::vector<X>{x, y}, 1)};
       }},
      {"split, unstack, slice_axis",
       [](const X& x, const X&) -> SymbolicList {
         SymbolicList parts = split(x, 2, 1);
         for (const X& part : split(x, {1, 2, 3}, 2)) parts.push_back(part);
         for (const X& part : unstack(x, 1)) parts.push_back(part);
         parts.push_back(slice_axis(x, 2, 1, 3));
         return parts;
       }},
      {"matmul",
       [](const X& x, const X& y) -> SymbolicList {
         return {symbolic::matmul(x, transpose(y, {0, 2, 1}), {}), symbolic::matmul(x, y, {.transpose_b = true})};
       }},
      {"einsum",
       [](const X& x, const X& y) -> SymbolicList {
         return symbolic::einsum("bij,bkj->bik", std::vector<X>{x, y});
       }},
      {"gather",
       [](const X& x, const X&) -> SymbolicList {
         return symbolic::gather(x, constant(std::vector<std::int64_t>{2, 0}), 1);
       }},
      {"tile, repeat, reverse, roll",
       [](const X& x, const X&) -> SymbolicList {
         return {tile(x, {1, 2, 1}), repeat(x, std::int64_t{2}, 1), reverse(x, {1, 2}), roll(x, 2, -1)};
       }},
      {"tril, triu",
       [](const X& x, const X&) -> SymbolicList {
         return {tril(x), triu(x, 1)};
       }},
      {"l2_normalize", [](const X& x, const X&) -> SymbolicList { return nn::l2_normalize(x, {-1}, 1e-12); }},
  };
  return all;
}

Tensor data(std::int64_t batch, double low, double high, double start) {
  std::vector<double> values(static_cast<std::size_t>(batch * 24));
  for (double& value : values) {
    start = std::fmod(start + 0.6180339887498949, 1);
    value = low + (high - low) * start;
  }
  return cast(constant(values, {batch, 4, 6}), float32);
}

}  // namespace

TEST_CASE("ONNX Runtime: ops between layers") {
  if (!OnnxRuntimeCases::available()) return;
  constexpr int opsets[] = {17, 13, 18, 21};
  OnnxRuntimeCases cases;
  std::size_t number = 0;
  for (const auto& row : rows()) {
    const auto& [name, op, low, high] = row;
    CAPTURE(row.name);
    const X x = Input({4, 6}, {.name = "x"}), y = Input({4, 6}, {.name = "y"});
    Model model({x, y}, op(x, y));
    std::vector<TensorList> runs;
    for (const std::int64_t batch : {1, 7}) runs.push_back({data(batch, low, high, 0.1), data(batch, low, high, 0.4)});
    const bool new_op = std::string_view(name).starts_with("tril");  // of opset 14
    cases.add(name, model, runs, {.opset = new_op ? 17 : opsets[number % 4]});
    ++number;
  }
  cases.check();
}

}  // namespace xtape::testing
