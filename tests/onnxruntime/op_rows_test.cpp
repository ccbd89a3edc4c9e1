#include "onnxruntime/op_rows.hpp"

#include <array>

#include "xtape/core/creation.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::testing {
namespace {

template <class T, class... More>
std::vector<T> outputs(const T& first, const More&... more) {
  return {first, more...};
}

#define ROW(name, ...)                                                                               \
  {                                                                                                  \
    name, []([[maybe_unused]] const auto& x, [[maybe_unused]] const auto& y) { return __VA_ARGS__; } \
  }
#define ROW_IN(low, high, name, ...)                                                                            \
  {                                                                                                             \
    name, []([[maybe_unused]] const auto& x, [[maybe_unused]] const auto& y) { return __VA_ARGS__; }, low, high \
  }

/// Numbers of a shape, which differ.
Tensor some(const Shape& shape) {
  return cast(reshape(xtape::sin(cast(arange(shape.numel()), float64) * 1.7), shape), float32);
}

}  // namespace

const std::vector<OnnxOpRow>& onnx_op_rows() {
  using xtape::all, xtape::pow, xtape::round, xtape::sort;
  static const std::vector<OnnxOpRow> rows = {
      ROW("abs", outputs(xtape::abs(x), -x, square(x))),
      ROW_IN(0.1, 4, "sqrt, rsqrt, reciprocal, log, log1p",
             outputs(xtape::sqrt(x), rsqrt(x), reciprocal(x), xtape::log(x), xtape::log1p(x))),
      ROW_IN(0.1, 4, "log2, log10", outputs(xtape::log2(x), xtape::log10(x))),
      ROW("exp2, trunc, deg2rad, rad2deg", outputs(xtape::exp2(x), xtape::trunc(x * 3), deg2rad(x), rad2deg(x))),
      ROW("hypot, logaddexp, heaviside",
          outputs(xtape::hypot(x, y), logaddexp(x, y), heaviside(nn::relu(x), y), heaviside(x, 0.5))),
      ROW("nan_to_num", outputs(nan_to_num(xtape::log(x)), nan_to_num(x / (x - x), NanToNumOptions{.nan = 2}),
                                nan_to_num(x / nn::relu(y), NanToNumOptions{.posinf = 5, .neginf = -6}))),
      ROW("bitwise_and, bitwise_or, bitwise_xor, bitwise_not",
          outputs(bitwise_and(cast(x * 99, int32), cast(y * 99, int32)), bitwise_or(cast(x * 99, int32), 5),
                  bitwise_xor(cast(x * 99, int32), cast(y * 99, int32)), bitwise_not(cast(x * 99, int64)))),
      ROW("count_nonzero", outputs(count_nonzero(x > 0, 1), count_nonzero(cast(x * 2, int32), -1, true))),
      ROW("exp, expm1", outputs(xtape::exp(x), xtape::expm1(x), nn::exponential(y))),
      ROW_IN(-1, 1, "sin, cos, tan", outputs(xtape::sin(x), xtape::cos(x), xtape::tan(x))),
      ROW_IN(-0.9, 0.9, "asin, acos, atan, asinh, atanh",
             outputs(xtape::asin(x), xtape::acos(x), xtape::atan(x), xtape::asinh(x), xtape::atanh(x))),
      ROW("sinh, cosh, tanh", outputs(xtape::sinh(x), xtape::cosh(x), xtape::tanh(x), nn::tanh(y))),
      ROW_IN(1.1, 4, "acosh", xtape::acosh(x)),
      ROW("erf, erfc", outputs(xtape::erf(x), xtape::erfc(x))),
      ROW("sign, floor, ceil, round", outputs(sign(x), xtape::floor(x), xtape::ceil(x), round(x))),
      ROW("sigmoid", outputs(sigmoid(x), nn::sigmoid(x), nn::log_sigmoid(x))),
      ROW("relu", outputs(nn::relu(x), nn::relu6(x * 4), nn::leaky_relu(x), nn::leaky_relu(x, 0.3))),
      ROW("softplus, softsign, silu", outputs(nn::softplus(x), nn::softsign(x), nn::silu(x), nn::swish(x))),
      ROW("selu, elu, mish", outputs(nn::selu(x), nn::elu(x), nn::elu(x, 0.4), nn::mish(x))),
      ROW("hard_sigmoid, hard_silu, linear",
          outputs(nn::hard_sigmoid(x * 2), nn::hard_silu(x * 2), nn::hard_swish(y * 2), nn::linear(x) + y)),
      ROW("gelu", outputs(nn::gelu(x), nn::gelu(x, nn::GeluOptions{.approximate = true}))),
      ROW("relu with options",
          outputs(nn::relu(x, nn::ReluOptions{.negative_slope = 0.3, .max_value = 0.8, .threshold = 0.2}),
                  nn::relu(x * 4, nn::ReluOptions{.max_value = 1.5}))),
      ROW("celu, squareplus", outputs(nn::celu(x), nn::celu(x, 0.4), nn::squareplus(x), nn::squareplus(y, 0.5))),
      ROW("hard_tanh, hard_shrink, soft_shrink, tanh_shrink, threshold",
          outputs(nn::hard_tanh(x * 2), nn::hard_shrink(x), nn::hard_shrink(x, 0.2), nn::soft_shrink(x),
                  nn::soft_shrink(x, 0.2), nn::tanh_shrink(x * 2), nn::threshold(x, 0.3, -2))),
      ROW("sparse_plus, sparse_sigmoid", outputs(nn::sparse_plus(x * 2), nn::sparse_sigmoid(x * 2))),
      ROW("glu, sparsemax",
          outputs(nn::glu(x), nn::glu(x, 1), nn::sparsemax(x), nn::sparsemax(x * 3, 1), nn::sparsemax(y))),
      ROW("softmax", outputs(nn::softmax(x), nn::softmax(x, 1), nn::log_softmax(x, 1), nn::log_softmax(y))),
      ROW("arithmetic", outputs(x + y, x - y, x * y, x / y, 3 - x, x * 2, y * some({6}))),
      ROW("maximum, minimum, squared_difference", outputs(maximum(x, y), minimum(x, 0.5), squared_difference(x, y))),
      ROW_IN(0.2, 2, "pow", outputs(pow(x, y), pow(x, 2))),
      ROW("floordiv, mod, atan2, divide_no_nan",
          outputs(floordiv(x, y), mod(x, y), xtape::atan2(x, y), divide_no_nan(x, nn::relu(y)))),
      ROW("comparisons", outputs(x<y, x <= y, x> 0.3, x >= y, equal(x, y), not_equal(x, y))),
      ROW("logical", outputs((x < y) & (x > 0.3), (x < y) | (x > 0.3), logical_xor(x<y, x> 0.3), ~(x > 0.3))),
      ROW("where, clip", outputs(where(x < y, x, 0), clip_by_value(x, -0.5, 0.5))),
      ROW("is_nan, is_inf, is_finite, stop_gradient",
          outputs(is_nan(x / (x - x)), is_inf(1 / (x - x)), is_finite(x), stop_gradient(x) + y)),
      ROW("cast", outputs(cast(x * 3, int32), cast(x > 0, float32))),
      ROW("reductions",
          outputs(reduce_sum(x, {1}), reduce_mean(x, {1, 2}, true), reduce_max(x, -1), reduce_min(x, {1}),
                  reduce_prod(x, {2}), reduce_std(x, {1, 2}), reduce_variance(x, -1, true), reduce_logsumexp(x, {-1}),
                  reduce_any(x > 1, {2}), reduce_all(x > -1, {1}, true), reduce_sum(y))),
      ROW("norm", outputs(norm(x, NormOptions{}, 1), norm(x, NormOptions{.ord = 1}, {1, 2}, true),
                          norm(y, NormOptions{.ord = std::numeric_limits<double>::infinity()}, -1))),
      ROW("argmax, argmin, argsort, sort",
          outputs(argmax(x, -1), argmin(x, 1), argsort(x), argsort(x, 1, SortDirection::descending))),
      ROW("sort", outputs(sort(x), sort(x, 1, SortDirection::descending))),
      ROW("cumsum", outputs(cumsum(x, 1), cumsum(y, -1, ScanOptions{.exclusive = true, .reverse = true}))),
      ROW("moments, top_k",
          outputs(nn::moments(x, {1}).first, nn::moments(x, {1}).second, top_k(x, 3).values, top_k(x, 3).indices)),
      ROW("reshape", outputs(reshape(x, {-1, 24}), reshape(x, {-1, 2, 2, 6}), flatten(x))),
      ROW("strided_slice", outputs(strided_slice(reshape(x, {-1, 24}), {0, 3}, {1, 20}, {1, 4}))),
      ROW("slice, index", outputs(slice(x, {0, 1, 2}, {-1, 2, 3}), index(x, {all, 1}),
                                  index(x, {Ellipsis(), Slice(1, -1)}), index(y, {all, newaxis, -1, Slice(0, 5, 2)}))),
      ROW("transpose", outputs(transpose(x, {0, 2, 1}), swapaxes(x, 1, 2), moveaxis(x, -1, 1), transpose(x),
                               linalg::matrix_transpose(y))),
      ROW("expand_dims, squeeze", outputs(expand_dims(x, 1), squeeze(expand_dims(x, 1), 1))),
      ROW("concat", concat(outputs(x, y), -1)),
      ROW("stack", stack(outputs(x, y), 1)),
      ROW("split", split(x, 2, 1)),
      ROW("split to sizes", split(x, {1, 2, 3}, 2)),
      ROW("unstack", unstack(x, 1)),
      ROW("slice_axis", slice_axis(x, 2, 1, 3)),
      ROW("matmul", outputs(matmul(x, transpose(y, {0, 2, 1})), matmul(x, y, MatmulOptions{.transpose_b = true}),
                            matmul(x, some({6, 3})))),
      ROW("linear, bias_add", outputs(linear(x, some({6, 3}), some({3})), nn::bias_add(x, some({6})))),
      ROW("dot, outer", outputs(dot(reshape(x, {-1, 24}), some({24, 2})), outer(flatten(x), some({3})))),
      ROW("einsum", einsum("bij,bkj->bik", outputs(x, y))),
      ROW("gather", outputs(gather(x, constant(std::vector<std::int64_t>{2, 0}), 1))),
      ROW("embedding_lookup", nn::embedding_lookup(some({7, 3}), cast(reduce_sum(cast(x > 0, int64), {2}), int64))),
      ROW("broadcast_to", broadcast_to(reduce_mean(x), {2, 3})),
      ROW("tile, repeat", outputs(tile(x, {1, 2, 1}), repeat(x, 2, 1))),
      ROW("reverse, roll", outputs(reverse(x, {1, 2}), roll(x, 2, -1))),
      ROW("tril, triu", outputs(tril(x), triu(x, 1))),
      ROW("pad", outputs(pad(x, {{0, 0}, {1, 2}, {0, 3}}, PadOptions{.constant_values = 0.5}),
                         pad(x, {{0, 0}, {1, 2}, {0, 3}}, PadOptions{.mode = "reflect"}))),
      ROW("pad with the edge", pad(x, {{0, 0}, {1, 2}, {0, 3}}, PadOptions{.mode = "edge"})),
      ROW("take_along_axis", outputs(take_along_axis(x, argsort(y, 1), 1), take_along_axis(x, cast(y > 0, int32), -1))),
      ROW("space_to_depth, depth_to_space",
          outputs(nn::space_to_depth(reshape(x, {-1, 4, 2, 3}), 2), nn::depth_to_space(reshape(y, {-1, 2, 1, 12}), 2))),
      ROW("l2_normalize", nn::l2_normalize(x, {-1}, 1e-12)),
      ROW("layer_norm",
          outputs(nn::layer_norm(x, some({6}), some({6})), nn::layer_norm(x, some({4}), {}, {.axes = 1}))),
      ROW("batch_norm", nn::batch_norm(x, some({6}), square(some({6})), some({6}), some({6}), 0.01)),
      ROW("scaled_dot_product_attention",
          outputs(nn::scaled_dot_product_attention(x, y, y),
                  nn::scaled_dot_product_attention(x, y, x, {.mask = some({4, 4}) > -0.5, .scale = 0.3}),
                  nn::scaled_dot_product_attention(x, y, x, {.mask = some({4, 4}), .is_causal = true}))),
      ROW("dot_product_attention", nn::dot_product_attention(reshape(x, {-1, 4, 2, 3}), reshape(y, {-1, 4, 2, 3}),
                                                             reshape(x, {-1, 4, 2, 3}), {.is_causal = true})),
      ROW("conv1d, conv2d, depthwise_conv2d",
          outputs(nn::conv1d(x, some({2, 6, 3}), {.padding = "same"}),
                  nn::conv2d(reshape(x, {-1, 4, 3, 2}), some({3, 2, 2, 5}), {.strides = 2, .padding = "same"}),
                  nn::conv2d(reshape(x, {-1, 2, 3, 4}), some({2, 2, 2, 6})),
                  nn::depthwise_conv2d(reshape(y, {-1, 4, 3, 2}), some({2, 2, 2, 2})))),
      ROW("conv2d_transpose",
          outputs(
              nn::conv2d_transpose(reshape(x, {-1, 4, 3, 2}), some({3, 2, 4, 2}), {.strides = 2}),
              nn::conv2d_transpose(reshape(x, {-1, 4, 3, 2}), some({3, 3, 4, 2}), {.strides = 2, .padding = "same"}))),
      ROW("pooling", outputs(nn::max_pool1d(x, 2), nn::avg_pool1d(x, 3, {.strides = 1, .padding = "same"}),
                             nn::max_pool2d(reshape(x, {-1, 4, 6, 1}), {2, 3}, {.strides = 1}),
                             nn::avg_pool2d(reshape(x, {-1, 4, 6, 1}), 2))),
      ROW("global pooling", outputs(nn::global_average_pool(x), nn::global_max_pool(x, true))),
      ROW("resize", image::resize(reshape(x, {-1, 4, 3, 2}), {8, 6}, "nearest")),
  };
  return rows;
}

}  // namespace xtape::testing
