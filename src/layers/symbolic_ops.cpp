#include "xtape/layers/symbolic_ops.hpp"

// Made of the headers in include/xtape/ops by tests/layers/symbolic_ops_test.cpp, which says how. Do not edit.

#include <span>
#include <utility>
#include <vector>

#include "layers/op_node.hpp"

namespace xtape {

using detail::op_node;
using detail::operands_and;
using detail::OpWidening;

namespace symbolic {
SymbolicTensor take_along_axis(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices, int axis) {
  return op_node("take_along_axis", {x, indices}, OpWidening::none, [axis](std::span<const Tensor> in) -> TensorList {
    return xtape::take_along_axis(in[0], in[1], axis);
  });
}
SymbolicTensor put_along_axis(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices,
                              const detail::SymbolicOperand& values, int axis) {
  return op_node(
      "put_along_axis", {x, indices, values}, OpWidening::none,
      [axis](std::span<const Tensor> in) -> TensorList { return xtape::put_along_axis(in[0], in[1], in[2], axis); });
}
SymbolicTensor divide_no_nan(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("divide_no_nan", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::divide_no_nan(in[0], in[1]); });
}
SymbolicTensor floordiv(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("floordiv", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::floordiv(in[0], in[1]); });
}
SymbolicTensor mod(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("mod", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::mod(in[0], in[1]); });
}
SymbolicTensor squared_difference(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("squared_difference", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::squared_difference(in[0], in[1]); });
}
SymbolicTensor atan2(const detail::SymbolicOperand& y, const detail::SymbolicOperand& x) {
  return op_node("atan2", {y, x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::atan2(in[0], in[1]); });
}
SymbolicTensor logical_xor(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("logical_xor", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::logical_xor(in[0], in[1]); });
}
}  // namespace symbolic
namespace nn::symbolic {
SymbolicTensor scaled_dot_product_attention(const detail::SymbolicOperand& q, const detail::SymbolicOperand& k,
                                            const detail::SymbolicOperand& v, const AttentionOptions& options) {
  return op_node("scaled_dot_product_attention", {q, k, v}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::scaled_dot_product_attention(in[0], in[1], in[2], options);
                 });
}
SymbolicTensor dot_product_attention(const detail::SymbolicOperand& q, const detail::SymbolicOperand& k,
                                     const detail::SymbolicOperand& v, const AttentionOptions& options) {
  return op_node("dot_product_attention", {q, k, v}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::dot_product_attention(in[0], in[1], in[2], options);
                 });
}
}  // namespace nn::symbolic
namespace symbolic {
SymbolicTensor bitwise_and(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("bitwise_and", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::bitwise_and(in[0], in[1]); });
}
SymbolicTensor bitwise_or(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("bitwise_or", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::bitwise_or(in[0], in[1]); });
}
SymbolicTensor bitwise_xor(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("bitwise_xor", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::bitwise_xor(in[0], in[1]); });
}
}  // namespace symbolic
SymbolicTensor bitwise_not(const SymbolicTensor& x) {
  return op_node("bitwise_not", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::bitwise_not(in[0]); });
}
namespace symbolic {
SymbolicTensor bitwise_left_shift(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("bitwise_left_shift", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::bitwise_left_shift(in[0], in[1]); });
}
SymbolicTensor bitwise_right_shift(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("bitwise_right_shift", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::bitwise_right_shift(in[0], in[1]); });
}
SymbolicTensor clip_by_norm(const detail::SymbolicOperand& x, const detail::SymbolicOperand& clip_norm,
                            const Axes& axes) {
  return op_node("clip_by_norm", {x, clip_norm}, OpWidening::none,
                 [axes](std::span<const Tensor> in) -> TensorList { return xtape::clip_by_norm(in[0], in[1], axes); });
}
SymbolicTensor global_norm(const detail::SymbolicOperands& tensors) {
  return op_node("global_norm", operands_and(tensors, {}), OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::global_norm(in.subspan(0)); });
}
std::pair<SymbolicList, SymbolicTensor> clip_by_global_norm(const detail::SymbolicOperands& tensors,
                                                            const detail::SymbolicOperand& clip_norm) {
  auto all = op_node("clip_by_global_norm", operands_and(tensors, {clip_norm}), OpWidening::none,
                     [](std::span<const Tensor> in) -> TensorList {
                       auto y = xtape::clip_by_global_norm(in.subspan(1), in[0]);
                       y.first.push_back(y.second);
                       return std::move(y.first);
                     });
  const SymbolicTensor last = all.back();
  all.pop_back();
  return {std::move(all), last};
}
SymbolicTensor einsum(const std::string& equation, const detail::SymbolicOperands& operands) {
  return op_node("einsum", operands_and(operands, {}), OpWidening::none,
                 [equation](std::span<const Tensor> in) -> TensorList {
                   return xtape::einsum(equation, std::vector<Tensor>(in.begin() + 0, in.end()));
                 });
}
SymbolicTensor tensordot(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, int axes) {
  return op_node("tensordot", {a, b}, OpWidening::none,
                 [axes](std::span<const Tensor> in) -> TensorList { return xtape::tensordot(in[0], in[1], axes); });
}
SymbolicTensor tensordot(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b,
                         const std::pair<std::vector<int>, std::vector<int>>& axes) {
  return op_node("tensordot", {a, b}, OpWidening::none,
                 [axes](std::span<const Tensor> in) -> TensorList { return xtape::tensordot(in[0], in[1], axes); });
}
SymbolicTensor dot(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("dot", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::dot(in[0], in[1]); });
}
SymbolicTensor outer(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("outer", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::outer(in[0], in[1]); });
}
SymbolicTensor inner(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("inner", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::inner(in[0], in[1]); });
}
SymbolicTensor cross(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, int axis) {
  return op_node("cross", {a, b}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::cross(in[0], in[1], axis); });
}
SymbolicTensor kron(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("kron", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::kron(in[0], in[1]); });
}
}  // namespace symbolic
namespace linalg::symbolic {
SymbolicTensor matvec(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, MatvecOptions options) {
  return op_node("matvec", {a, b}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::linalg::matvec(in[0], in[1], options);
  });
}
}  // namespace linalg::symbolic
namespace nn::symbolic {
SymbolicTensor conv2d(const detail::SymbolicOperand& x, const detail::SymbolicOperand& filters,
                      const Conv2dOptions& options) {
  return op_node("conv2d", {x, filters}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::conv2d(in[0], in[1], options);
  });
}
SymbolicTensor conv1d(const detail::SymbolicOperand& x, const detail::SymbolicOperand& filters,
                      const Conv1dOptions& options) {
  return op_node("conv1d", {x, filters}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::conv1d(in[0], in[1], options);
  });
}
SymbolicTensor depthwise_conv2d(const detail::SymbolicOperand& x, const detail::SymbolicOperand& filters,
                                const Conv2dOptions& options) {
  return op_node("depthwise_conv2d", {x, filters}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::depthwise_conv2d(in[0], in[1], options);
                 });
}
SymbolicTensor conv2d_transpose(const detail::SymbolicOperand& x, const detail::SymbolicOperand& filters,
                                const Conv2dTransposeOptions& options) {
  return op_node("conv2d_transpose", {x, filters}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::conv2d_transpose(in[0], in[1], options);
                 });
}
SymbolicTensor conv2d_backprop_input(const Shape& input_shape, const detail::SymbolicOperand& filters,
                                     const detail::SymbolicOperand& dy, const Conv2dOptions& options) {
  return op_node("conv2d_backprop_input", {filters, dy}, OpWidening::none,
                 [input_shape, options](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::conv2d_backprop_input(input_shape, in[0], in[1], options);
                 });
}
SymbolicTensor conv2d_backprop_filter(const detail::SymbolicOperand& x, const Shape& filter_shape,
                                      const detail::SymbolicOperand& dy, const Conv2dOptions& options) {
  return op_node("conv2d_backprop_filter", {x, dy}, OpWidening::none,
                 [filter_shape, options](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::conv2d_backprop_filter(in[0], filter_shape, in[1], options);
                 });
}
}  // namespace nn::symbolic
SymbolicTensor argwhere(const SymbolicTensor& x) {
  return op_node("argwhere", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::argwhere(in[0]); });
}
SymbolicList nonzero(const SymbolicTensor& x) {
  return op_node("nonzero", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nonzero(in[0]); });
}
SymbolicUnique unique(const SymbolicTensor& x) {
  const auto all = op_node("unique", {x}, OpWidening::none, [](std::span<const Tensor> in) -> TensorList {
    const auto y = xtape::unique(in[0]);
    return {y.values, y.indices, y.inverse, y.counts};
  });
  return {all[0], all[1], all[2], all[3]};
}
SymbolicTensor bincount(const SymbolicTensor& x, const BincountOptions& options) {
  return op_node("bincount", {x}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList { return xtape::bincount(in[0], options); });
}
namespace symbolic {
SymbolicTensor bincount(const detail::SymbolicOperand& x, const detail::SymbolicOperand& weights,
                        const BincountOptions& options) {
  return op_node("bincount", {x, weights}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::bincount(in[0], in[1], options);
  });
}
SymbolicTensor searchsorted(const detail::SymbolicOperand& sorted_sequence, const detail::SymbolicOperand& values,
                            const SearchsortedOptions& options) {
  return op_node(
      "searchsorted", {sorted_sequence, values}, OpWidening::none,
      [options](std::span<const Tensor> in) -> TensorList { return xtape::searchsorted(in[0], in[1], options); });
}
}  // namespace symbolic
SymbolicHistogram histogram(const SymbolicTensor& x, const HistogramOptions& options) {
  const auto all = op_node("histogram", {x}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    const auto y = xtape::histogram(in[0], options);
    return {y.counts, y.edges};
  });
  return {all[0], all[1]};
}
SymbolicTensor cov(const SymbolicTensor& x, const CovOptions& options) {
  return op_node("cov", {x}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList { return xtape::cov(in[0], options); });
}
SymbolicTensor corrcoef(const SymbolicTensor& x) {
  return op_node("corrcoef", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::corrcoef(in[0]); });
}
namespace symbolic {
SymbolicTensor average(const detail::SymbolicOperand& x, const Axes& axes, const detail::SymbolicOperand& weights,
                       bool keepdims) {
  return op_node("average", {x, weights}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::average(in[0], axes, in[1], keepdims);
  });
}
}  // namespace symbolic
namespace nn::symbolic {
SymbolicTensor ctc_loss(const detail::SymbolicOperand& target, const detail::SymbolicOperand& output,
                        const detail::SymbolicOperand& target_length, const detail::SymbolicOperand& output_length,
                        std::int64_t mask_index) {
  return op_node("ctc_loss", {target, output, target_length, output_length}, OpWidening::none,
                 [mask_index](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::ctc_loss(in[0], in[1], in[2], in[3], mask_index);
                 });
}
}  // namespace nn::symbolic
namespace linalg {
SymbolicTensor matrix_transpose(const SymbolicTensor& x) {
  return op_node("matrix_transpose", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::matrix_transpose(in[0]); });
}
SymbolicTensor diag(const SymbolicTensor& x, std::int64_t k) {
  return op_node("diag", {x}, OpWidening::none,
                 [k](std::span<const Tensor> in) -> TensorList { return xtape::linalg::diag(in[0], k); });
}
SymbolicTensor diag_part(const SymbolicTensor& x, std::int64_t k) {
  return op_node("diag_part", {x}, OpWidening::none,
                 [k](std::span<const Tensor> in) -> TensorList { return xtape::linalg::diag_part(in[0], k); });
}
}  // namespace linalg
namespace linalg::symbolic {
SymbolicTensor set_diag(const detail::SymbolicOperand& x, const detail::SymbolicOperand& diagonal) {
  return op_node("set_diag", {x, diagonal}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::set_diag(in[0], in[1]); });
}
}  // namespace linalg::symbolic
namespace linalg {
SymbolicTensor trace(const SymbolicTensor& x) {
  return op_node("trace", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::trace(in[0]); });
}
SymbolicTensor band_part(const SymbolicTensor& x, std::int64_t lower, std::int64_t upper) {
  return op_node("band_part", {x}, OpWidening::none, [lower, upper](std::span<const Tensor> in) -> TensorList {
    return xtape::linalg::band_part(in[0], lower, upper);
  });
}
}  // namespace linalg
namespace nn {
SymbolicTensor dropout(const SymbolicTensor& x, double rate, const DropoutOptions& options) {
  return op_node("dropout", {x}, OpWidening::none, [rate, options](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::dropout(in[0], rate, options);
  });
}
}  // namespace nn
SymbolicTensor reciprocal(const SymbolicTensor& x) {
  return op_node("reciprocal", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::reciprocal(in[0]); });
}
SymbolicTensor rsqrt(const SymbolicTensor& x) {
  return op_node("rsqrt", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::rsqrt(in[0]); });
}
SymbolicTensor expm1(const SymbolicTensor& x) {
  return op_node("expm1", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::expm1(in[0]); });
}
SymbolicTensor log1p(const SymbolicTensor& x) {
  return op_node("log1p", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::log1p(in[0]); });
}
SymbolicTensor sin(const SymbolicTensor& x) {
  return op_node("sin", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::sin(in[0]); });
}
SymbolicTensor cos(const SymbolicTensor& x) {
  return op_node("cos", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::cos(in[0]); });
}
SymbolicTensor tan(const SymbolicTensor& x) {
  return op_node("tan", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::tan(in[0]); });
}
SymbolicTensor asin(const SymbolicTensor& x) {
  return op_node("asin", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::asin(in[0]); });
}
SymbolicTensor acos(const SymbolicTensor& x) {
  return op_node("acos", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::acos(in[0]); });
}
SymbolicTensor atan(const SymbolicTensor& x) {
  return op_node("atan", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::atan(in[0]); });
}
SymbolicTensor sinh(const SymbolicTensor& x) {
  return op_node("sinh", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::sinh(in[0]); });
}
SymbolicTensor cosh(const SymbolicTensor& x) {
  return op_node("cosh", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::cosh(in[0]); });
}
SymbolicTensor asinh(const SymbolicTensor& x) {
  return op_node("asinh", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::asinh(in[0]); });
}
SymbolicTensor acosh(const SymbolicTensor& x) {
  return op_node("acosh", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::acosh(in[0]); });
}
SymbolicTensor atanh(const SymbolicTensor& x) {
  return op_node("atanh", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::atanh(in[0]); });
}
SymbolicTensor erf(const SymbolicTensor& x) {
  return op_node("erf", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::erf(in[0]); });
}
SymbolicTensor erfc(const SymbolicTensor& x) {
  return op_node("erfc", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::erfc(in[0]); });
}
SymbolicTensor lgamma(const SymbolicTensor& x) {
  return op_node("lgamma", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::lgamma(in[0]); });
}
SymbolicTensor digamma(const SymbolicTensor& x) {
  return op_node("digamma", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::digamma(in[0]); });
}
SymbolicTensor polygamma(int n, const SymbolicTensor& x) {
  return op_node("polygamma", {x}, OpWidening::none,
                 [n](std::span<const Tensor> in) -> TensorList { return xtape::polygamma(n, in[0]); });
}
SymbolicTensor floor(const SymbolicTensor& x) {
  return op_node("floor", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::floor(in[0]); });
}
SymbolicTensor ceil(const SymbolicTensor& x) {
  return op_node("ceil", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::ceil(in[0]); });
}
SymbolicTensor round(const SymbolicTensor& x) {
  return op_node("round", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::round(in[0]); });
}
SymbolicTensor is_nan(const SymbolicTensor& x) {
  return op_node("is_nan", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::is_nan(in[0]); });
}
SymbolicTensor is_inf(const SymbolicTensor& x) {
  return op_node("is_inf", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::is_inf(in[0]); });
}
SymbolicTensor is_finite(const SymbolicTensor& x) {
  return op_node("is_finite", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::is_finite(in[0]); });
}
namespace image::symbolic {
SymbolicTensor affine_transform(const detail::SymbolicOperand& images, const detail::SymbolicOperand& transform,
                                const AffineTransformOptions& options) {
  return op_node("affine_transform", {images, transform}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList {
                   return xtape::image::affine_transform(in[0], in[1], options);
                 });
}
}  // namespace image::symbolic
namespace image {
SymbolicTensor extract_patches(const SymbolicTensor& images, Size2d size, const ExtractPatchesOptions& options) {
  return op_node("extract_patches", {images}, OpWidening::none,
                 [size, options](std::span<const Tensor> in) -> TensorList {
                   return xtape::image::extract_patches(in[0], size, options);
                 });
}
}  // namespace image
namespace image::symbolic {
SymbolicTensor grid_sample(const detail::SymbolicOperand& images, const detail::SymbolicOperand& grid,
                           const GridSampleOptions& options) {
  return op_node("grid_sample", {images, grid}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::image::grid_sample(in[0], in[1], options);
  });
}
}  // namespace image::symbolic
namespace image {
SymbolicTensor resize(const SymbolicTensor& images, Size2d size, const std::string& interpolation) {
  return op_node("resize", {images}, OpWidening::none, [size, interpolation](std::span<const Tensor> in) -> TensorList {
    return xtape::image::resize(in[0], size, interpolation);
  });
}
}  // namespace image
SymbolicTensor index(const SymbolicTensor& x, ListOf<IndexItem> items) {
  return op_node("index", {x}, OpWidening::none,
                 [items = std::vector<IndexItem>(items.begin(), items.end())](
                     std::span<const Tensor> in) -> TensorList { return xtape::index(in[0], items); });
}
SymbolicTensor strided_slice(const SymbolicTensor& x, ListOf<std::int64_t> begin, ListOf<std::int64_t> end,
                             ListOf<std::int64_t> strides) {
  return op_node(
      "strided_slice", {x}, OpWidening::none,
      [begin = std::vector<std::int64_t>(begin.begin(), begin.end()),
       end = std::vector<std::int64_t>(end.begin(), end.end()),
       strides = std::vector<std::int64_t>(strides.begin(), strides.end())](std::span<const Tensor> in) -> TensorList {
        return xtape::strided_slice(in[0], begin, end, strides);
      });
}
namespace symbolic {
SymbolicTensor gather_nd(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices) {
  return op_node("gather_nd", {x, indices}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::gather_nd(in[0], in[1]); });
}
SymbolicTensor scatter_nd(const detail::SymbolicOperand& indices, const detail::SymbolicOperand& updates,
                          const Shape& shape) {
  return op_node("scatter_nd", {indices, updates}, OpWidening::none,
                 [shape](std::span<const Tensor> in) -> TensorList { return xtape::scatter_nd(in[0], in[1], shape); });
}
SymbolicTensor tensor_scatter_add(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices,
                                  const detail::SymbolicOperand& updates) {
  return op_node(
      "tensor_scatter_add", {x, indices, updates}, OpWidening::none,
      [](std::span<const Tensor> in) -> TensorList { return xtape::tensor_scatter_add(in[0], in[1], in[2]); });
}
SymbolicTensor tensor_scatter_update(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices,
                                     const detail::SymbolicOperand& updates) {
  return op_node(
      "tensor_scatter_update", {x, indices, updates}, OpWidening::none,
      [](std::span<const Tensor> in) -> TensorList { return xtape::tensor_scatter_update(in[0], in[1], in[2]); });
}
SymbolicTensor boolean_mask(const detail::SymbolicOperand& x, const detail::SymbolicOperand& mask, int axis) {
  return op_node("boolean_mask", {x, mask}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::boolean_mask(in[0], in[1], axis); });
}
SymbolicTensor matmul(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, MatmulOptions options) {
  return op_node("matmul", {a, b}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList { return xtape::matmul(in[0], in[1], options); });
}
SymbolicTensor linear(const detail::SymbolicOperand& x, const detail::SymbolicOperand& w,
                      const detail::SymbolicOperand& b) {
  return op_node("linear", {x, w, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linear(in[0], in[1], in[2]); });
}
}  // namespace symbolic
namespace linalg {
SymbolicQr qr(const SymbolicTensor& x) {
  const auto all = op_node("qr", {x}, OpWidening::none, [](std::span<const Tensor> in) -> TensorList {
    const auto y = xtape::linalg::qr(in[0]);
    return {y.q, y.r};
  });
  return {all[0], all[1]};
}
SymbolicSvd svd(const SymbolicTensor& x) {
  const auto all = op_node("svd", {x}, OpWidening::none, [](std::span<const Tensor> in) -> TensorList {
    const auto y = xtape::linalg::svd(in[0]);
    return {y.s, y.u, y.v};
  });
  return {all[0], all[1], all[2]};
}
SymbolicEigh eigh(const SymbolicTensor& x) {
  const auto all = op_node("eigh", {x}, OpWidening::none, [](std::span<const Tensor> in) -> TensorList {
    const auto y = xtape::linalg::eigh(in[0]);
    return {y.w, y.v};
  });
  return {all[0], all[1]};
}
}  // namespace linalg
namespace linalg::symbolic {
SymbolicTensor lstsq(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, LstsqOptions options) {
  return op_node("lstsq", {a, b}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::linalg::lstsq(in[0], in[1], options);
  });
}
}  // namespace linalg::symbolic
namespace linalg {
SymbolicTensor matrix_norm(const SymbolicTensor& x, const std::string& ord, bool keepdims) {
  return op_node("matrix_norm", {x}, OpWidening::none, [ord, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::linalg::matrix_norm(in[0], ord, keepdims);
  });
}
SymbolicTensor matrix_norm(const SymbolicTensor& x, double ord, bool keepdims) {
  return op_node("matrix_norm", {x}, OpWidening::none, [ord, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::linalg::matrix_norm(in[0], ord, keepdims);
  });
}
SymbolicTensor pinv(const SymbolicTensor& x, const PinvOptions& options) {
  return op_node("pinv", {x}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList { return xtape::linalg::pinv(in[0], options); });
}
SymbolicTensor eigvalsh(const SymbolicTensor& x) {
  return op_node("eigvalsh", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::eigvalsh(in[0]); });
}
SymbolicTensor logdet(const SymbolicTensor& x) {
  return op_node("logdet", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::logdet(in[0]); });
}
SymbolicTensor matrix_power(const SymbolicTensor& x, int n) {
  return op_node("matrix_power", {x}, OpWidening::none,
                 [n](std::span<const Tensor> in) -> TensorList { return xtape::linalg::matrix_power(in[0], n); });
}
SymbolicTensor expm(const SymbolicTensor& x) {
  return op_node("expm", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::expm(in[0]); });
}
SymbolicTensor matrix_rank(const SymbolicTensor& x, const MatrixRankOptions& options) {
  return op_node("matrix_rank", {x}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::linalg::matrix_rank(in[0], options);
  });
}
SymbolicTensor cond(const SymbolicTensor& x, double p) {
  return op_node("cond", {x}, OpWidening::none,
                 [p](std::span<const Tensor> in) -> TensorList { return xtape::linalg::cond(in[0], p); });
}
SymbolicTensor inv(const SymbolicTensor& x) {
  return op_node("inv", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::inv(in[0]); });
}
SymbolicTensor inverse(const SymbolicTensor& x) {
  return op_node("inverse", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::inverse(in[0]); });
}
SymbolicTensor det(const SymbolicTensor& x) {
  return op_node("det", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::det(in[0]); });
}
SymbolicSlogdet slogdet(const SymbolicTensor& x) {
  const auto all = op_node("slogdet", {x}, OpWidening::none, [](std::span<const Tensor> in) -> TensorList {
    const auto y = xtape::linalg::slogdet(in[0]);
    return {y.sign, y.logdet};
  });
  return {all[0], all[1]};
}
}  // namespace linalg
namespace linalg::symbolic {
SymbolicTensor solve(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, SolveOptions options) {
  return op_node("solve", {a, b}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::linalg::solve(in[0], in[1], options);
  });
}
SymbolicTensor triangular_solve(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b,
                                TriangularSolveOptions options) {
  return op_node("triangular_solve", {a, b}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::linalg::triangular_solve(in[0], in[1], options);
  });
}
}  // namespace linalg::symbolic
namespace linalg {
SymbolicTensor cholesky(const SymbolicTensor& x) {
  return op_node("cholesky", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::linalg::cholesky(in[0]); });
}
}  // namespace linalg
namespace symbolic {
SymbolicTensor add(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("add", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::add(in[0], in[1]); });
}
SymbolicTensor subtract(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("subtract", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::subtract(in[0], in[1]); });
}
SymbolicTensor multiply(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("multiply", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::multiply(in[0], in[1]); });
}
SymbolicTensor divide(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("divide", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::divide(in[0], in[1]); });
}
SymbolicTensor pow(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("pow", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::pow(in[0], in[1]); });
}
SymbolicTensor maximum(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("maximum", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::maximum(in[0], in[1]); });
}
SymbolicTensor minimum(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("minimum", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::minimum(in[0], in[1]); });
}
}  // namespace symbolic
SymbolicTensor negative(const SymbolicTensor& x) {
  return op_node("negative", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::negative(in[0]); });
}
SymbolicTensor abs(const SymbolicTensor& x) {
  return op_node("abs", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::abs(in[0]); });
}
SymbolicTensor sign(const SymbolicTensor& x) {
  return op_node("sign", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::sign(in[0]); });
}
SymbolicTensor square(const SymbolicTensor& x) {
  return op_node("square", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::square(in[0]); });
}
SymbolicTensor sqrt(const SymbolicTensor& x) {
  return op_node("sqrt", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::sqrt(in[0]); });
}
SymbolicTensor exp(const SymbolicTensor& x) {
  return op_node("exp", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::exp(in[0]); });
}
SymbolicTensor log(const SymbolicTensor& x) {
  return op_node("log", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::log(in[0]); });
}
SymbolicTensor tanh(const SymbolicTensor& x) {
  return op_node("tanh", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::tanh(in[0]); });
}
SymbolicTensor sigmoid(const SymbolicTensor& x) {
  return op_node("sigmoid", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::sigmoid(in[0]); });
}
namespace symbolic {
SymbolicTensor clip_by_value(const detail::SymbolicOperand& x, const detail::SymbolicOperand& low,
                             const detail::SymbolicOperand& high) {
  return op_node("clip_by_value", {x, low, high}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::clip_by_value(in[0], in[1], in[2]); });
}
SymbolicTensor where(const detail::SymbolicOperand& condition, const detail::SymbolicOperand& a,
                     const detail::SymbolicOperand& b) {
  return op_node("where", {condition, a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::where(in[0], in[1], in[2]); });
}
}  // namespace symbolic
SymbolicTensor cast(const SymbolicTensor& x, AnyDType dtype) {
  return op_node("cast", {x}, OpWidening::float32,
                 [dtype](std::span<const Tensor> in) -> TensorList { return xtape::cast(in[0], dtype); });
}
namespace symbolic {
SymbolicTensor equal(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("equal", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::equal(in[0], in[1]); });
}
SymbolicTensor not_equal(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("not_equal", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::not_equal(in[0], in[1]); });
}
SymbolicTensor less(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("less", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::less(in[0], in[1]); });
}
SymbolicTensor less_equal(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("less_equal", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::less_equal(in[0], in[1]); });
}
SymbolicTensor greater(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("greater", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::greater(in[0], in[1]); });
}
SymbolicTensor greater_equal(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("greater_equal", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::greater_equal(in[0], in[1]); });
}
SymbolicTensor logical_and(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("logical_and", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::logical_and(in[0], in[1]); });
}
SymbolicTensor logical_or(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("logical_or", {a, b}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::logical_or(in[0], in[1]); });
}
}  // namespace symbolic
SymbolicTensor logical_not(const SymbolicTensor& x) {
  return op_node("logical_not", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::logical_not(in[0]); });
}
SymbolicTensor stop_gradient(const SymbolicTensor& x) {
  return op_node("stop_gradient", {x}, OpWidening::float32,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::stop_gradient(in[0]); });
}
SymbolicTensor reshape(const SymbolicTensor& x, const Shape& shape) {
  return op_node("reshape", {x}, OpWidening::none,
                 [shape](std::span<const Tensor> in) -> TensorList { return xtape::reshape(in[0], shape); });
}
SymbolicTensor flatten(const SymbolicTensor& x) {
  return op_node("flatten", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::flatten(in[0]); });
}
SymbolicTensor expand_dims(const SymbolicTensor& x, int axis) {
  return op_node("expand_dims", {x}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::expand_dims(in[0], axis); });
}
SymbolicTensor squeeze(const SymbolicTensor& x) {
  return op_node("squeeze", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::squeeze(in[0]); });
}
SymbolicTensor squeeze(const SymbolicTensor& x, int axis) {
  return op_node("squeeze", {x}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::squeeze(in[0], axis); });
}
SymbolicTensor transpose(const SymbolicTensor& x) {
  return op_node("transpose", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::transpose(in[0]); });
}
SymbolicTensor transpose(const SymbolicTensor& x, ListOf<int> permutation) {
  return op_node("transpose", {x}, OpWidening::none,
                 [permutation = std::vector<int>(permutation.begin(), permutation.end())](
                     std::span<const Tensor> in) -> TensorList { return xtape::transpose(in[0], permutation); });
}
SymbolicTensor swapaxes(const SymbolicTensor& x, int axis1, int axis2) {
  return op_node("swapaxes", {x}, OpWidening::none, [axis1, axis2](std::span<const Tensor> in) -> TensorList {
    return xtape::swapaxes(in[0], axis1, axis2);
  });
}
SymbolicTensor moveaxis(const SymbolicTensor& x, int source, int destination) {
  return op_node("moveaxis", {x}, OpWidening::none, [source, destination](std::span<const Tensor> in) -> TensorList {
    return xtape::moveaxis(in[0], source, destination);
  });
}
namespace symbolic {
SymbolicTensor concat(const detail::SymbolicOperands& values, int axis) {
  return op_node(
      "concat", operands_and(values, {}), OpWidening::none,
      [axis](std::span<const Tensor> in) -> TensorList { return xtape::concat(ListOf<Tensor>(in.subspan(0)), axis); });
}
SymbolicTensor stack(const detail::SymbolicOperands& values, int axis) {
  return op_node("stack", operands_and(values, {}), OpWidening::none, [axis](std::span<const Tensor> in) -> TensorList {
    return xtape::stack(ListOf<Tensor>(in.subspan(0)), axis);
  });
}
}  // namespace symbolic
SymbolicList unstack(const SymbolicTensor& x, int axis) {
  return op_node("unstack", {x}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::unstack(in[0], axis); });
}
SymbolicList split(const SymbolicTensor& x, ListOf<std::int64_t> sizes, int axis) {
  return op_node("split", {x}, OpWidening::none,
                 [sizes = std::vector<std::int64_t>(sizes.begin(), sizes.end()),
                  axis](std::span<const Tensor> in) -> TensorList { return xtape::split(in[0], sizes, axis); });
}
namespace symbolic {
SymbolicList split(const SymbolicTensor& x, std::int64_t n, int axis) {
  return op_node("split", {x}, OpWidening::none,
                 [n, axis](std::span<const Tensor> in) -> TensorList { return xtape::split(in[0], n, axis); });
}
}  // namespace symbolic
SymbolicTensor slice(const SymbolicTensor& x, ListOf<std::int64_t> begin, ListOf<std::int64_t> size) {
  return op_node("slice", {x}, OpWidening::none,
                 [begin = std::vector<std::int64_t>(begin.begin(), begin.end()),
                  size = std::vector<std::int64_t>(size.begin(), size.end())](
                     std::span<const Tensor> in) -> TensorList { return xtape::slice(in[0], begin, size); });
}
SymbolicTensor slice_axis(const SymbolicTensor& x, int axis, std::int64_t begin, std::int64_t size) {
  return op_node("slice_axis", {x}, OpWidening::none, [axis, begin, size](std::span<const Tensor> in) -> TensorList {
    return xtape::slice_axis(in[0], axis, begin, size);
  });
}
namespace symbolic {
SymbolicTensor gather(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices, int axis) {
  return op_node("gather", {x, indices}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::gather(in[0], in[1], axis); });
}
SymbolicTensor gather(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices, int axis,
                      int batch_dims) {
  return op_node("gather", {x, indices}, OpWidening::none,
                 [axis, batch_dims](std::span<const Tensor> in) -> TensorList {
                   return xtape::gather(in[0], in[1], axis, batch_dims);
                 });
}
}  // namespace symbolic
SymbolicTensor broadcast_to(const SymbolicTensor& x, const Shape& shape) {
  return op_node("broadcast_to", {x}, OpWidening::none,
                 [shape](std::span<const Tensor> in) -> TensorList { return xtape::broadcast_to(in[0], shape); });
}
SymbolicTensor tile(const SymbolicTensor& x, ListOf<std::int64_t> multiples) {
  return op_node("tile", {x}, OpWidening::none,
                 [multiples = std::vector<std::int64_t>(multiples.begin(), multiples.end())](
                     std::span<const Tensor> in) -> TensorList { return xtape::tile(in[0], multiples); });
}
SymbolicTensor repeat(const SymbolicTensor& x, ListOf<std::int64_t> repeats, int axis) {
  return op_node("repeat", {x}, OpWidening::none,
                 [repeats = std::vector<std::int64_t>(repeats.begin(), repeats.end()),
                  axis](std::span<const Tensor> in) -> TensorList { return xtape::repeat(in[0], repeats, axis); });
}
SymbolicTensor repeat(const SymbolicTensor& x, ListOf<std::int64_t> repeats) {
  return op_node("repeat", {x}, OpWidening::none,
                 [repeats = std::vector<std::int64_t>(repeats.begin(), repeats.end())](
                     std::span<const Tensor> in) -> TensorList { return xtape::repeat(in[0], repeats); });
}
namespace symbolic {
SymbolicTensor repeat(const SymbolicTensor& x, std::int64_t repeats, int axis) {
  return op_node("repeat", {x}, OpWidening::none, [repeats, axis](std::span<const Tensor> in) -> TensorList {
    return xtape::repeat(in[0], repeats, axis);
  });
}
SymbolicTensor repeat(const SymbolicTensor& x, std::int64_t repeats) {
  return op_node("repeat", {x}, OpWidening::none,
                 [repeats](std::span<const Tensor> in) -> TensorList { return xtape::repeat(in[0], repeats); });
}
}  // namespace symbolic
SymbolicTensor reverse(const SymbolicTensor& x, ListOf<int> axes) {
  return op_node("reverse", {x}, OpWidening::none,
                 [axes = std::vector<int>(axes.begin(), axes.end())](std::span<const Tensor> in) -> TensorList {
                   return xtape::reverse(in[0], axes);
                 });
}
SymbolicTensor roll(const SymbolicTensor& x, std::int64_t shift, int axis) {
  return op_node("roll", {x}, OpWidening::none,
                 [shift, axis](std::span<const Tensor> in) -> TensorList { return xtape::roll(in[0], shift, axis); });
}
SymbolicTensor roll(const SymbolicTensor& x, ListOf<std::int64_t> shifts, ListOf<int> axes) {
  return op_node("roll", {x}, OpWidening::none,
                 [shifts = std::vector<std::int64_t>(shifts.begin(), shifts.end()),
                  axes = std::vector<int>(axes.begin(), axes.end())](std::span<const Tensor> in) -> TensorList {
                   return xtape::roll(in[0], shifts, axes);
                 });
}
namespace symbolic {
SymbolicList meshgrid(const detail::SymbolicOperands& vectors, const MeshgridOptions& options) {
  return op_node("meshgrid", operands_and(vectors, {}), OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList {
                   return xtape::meshgrid(std::vector<Tensor>(in.begin() + 0, in.end()), options);
                 });
}
}  // namespace symbolic
SymbolicTensor tril(const SymbolicTensor& x, std::int64_t k) {
  return op_node("tril", {x}, OpWidening::none,
                 [k](std::span<const Tensor> in) -> TensorList { return xtape::tril(in[0], k); });
}
SymbolicTensor triu(const SymbolicTensor& x, std::int64_t k) {
  return op_node("triu", {x}, OpWidening::none,
                 [k](std::span<const Tensor> in) -> TensorList { return xtape::triu(in[0], k); });
}
SymbolicTensor nansum(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("nansum", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::nansum(in[0], axes, keepdims);
  });
}
SymbolicTensor nanprod(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("nanprod", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::nanprod(in[0], axes, keepdims);
  });
}
SymbolicTensor nanmean(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("nanmean", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::nanmean(in[0], axes, keepdims);
  });
}
SymbolicTensor nanmax(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("nanmax", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::nanmax(in[0], axes, keepdims);
  });
}
SymbolicTensor nanmin(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("nanmin", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::nanmin(in[0], axes, keepdims);
  });
}
SymbolicTensor nanvar(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("nanvar", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::nanvar(in[0], axes, keepdims);
  });
}
SymbolicTensor nanstd(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("nanstd", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::nanstd(in[0], axes, keepdims);
  });
}
namespace nn {
SymbolicTensor relu(const SymbolicTensor& x) {
  return op_node("relu", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::relu(in[0]); });
}
SymbolicTensor leaky_relu(const SymbolicTensor& x) {
  return op_node("leaky_relu", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::leaky_relu(in[0]); });
}
SymbolicTensor leaky_relu(const SymbolicTensor& x, double negative_slope) {
  return op_node("leaky_relu", {x}, OpWidening::none, [negative_slope](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::leaky_relu(in[0], negative_slope);
  });
}
SymbolicTensor softplus(const SymbolicTensor& x) {
  return op_node("softplus", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::softplus(in[0]); });
}
SymbolicTensor sigmoid(const SymbolicTensor& x) {
  return op_node("sigmoid", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::sigmoid(in[0]); });
}
SymbolicTensor tanh(const SymbolicTensor& x) {
  return op_node("tanh", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::tanh(in[0]); });
}
SymbolicTensor linear(const SymbolicTensor& x) {
  return op_node("linear", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::linear(in[0]); });
}
SymbolicTensor softmax(const SymbolicTensor& x) {
  return op_node("softmax", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::softmax(in[0]); });
}
SymbolicTensor softmax(const SymbolicTensor& x, int axis) {
  return op_node("softmax", {x}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::nn::softmax(in[0], axis); });
}
SymbolicTensor log_softmax(const SymbolicTensor& x) {
  return op_node("log_softmax", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::log_softmax(in[0]); });
}
SymbolicTensor log_softmax(const SymbolicTensor& x, int axis) {
  return op_node("log_softmax", {x}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::nn::log_softmax(in[0], axis); });
}
}  // namespace nn
namespace nn::symbolic {
SymbolicTensor softmax_cross_entropy_with_logits(const detail::SymbolicOperand& labels,
                                                 const detail::SymbolicOperand& logits) {
  return op_node("softmax_cross_entropy_with_logits", {labels, logits}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::softmax_cross_entropy_with_logits(in[0], in[1]);
                 });
}
SymbolicTensor sparse_softmax_cross_entropy_with_logits(const detail::SymbolicOperand& labels,
                                                        const detail::SymbolicOperand& logits) {
  return op_node("sparse_softmax_cross_entropy_with_logits", {labels, logits}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::sparse_softmax_cross_entropy_with_logits(in[0], in[1]);
                 });
}
SymbolicTensor sigmoid_cross_entropy_with_logits(const detail::SymbolicOperand& labels,
                                                 const detail::SymbolicOperand& logits) {
  return op_node("sigmoid_cross_entropy_with_logits", {labels, logits}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::sigmoid_cross_entropy_with_logits(in[0], in[1]);
                 });
}
SymbolicTensor bias_add(const detail::SymbolicOperand& x, const detail::SymbolicOperand& bias) {
  return op_node("bias_add", {x, bias}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::bias_add(in[0], in[1]); });
}
SymbolicTensor embedding_lookup(const detail::SymbolicOperand& params, const detail::SymbolicOperand& ids) {
  return op_node("embedding_lookup", {params, ids}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::embedding_lookup(in[0], in[1]); });
}
}  // namespace nn::symbolic
namespace nn {
SymbolicTensor relu(const SymbolicTensor& x, const ReluOptions& options) {
  return op_node("relu", {x}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList { return xtape::nn::relu(in[0], options); });
}
SymbolicTensor relu6(const SymbolicTensor& x) {
  return op_node("relu6", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::relu6(in[0]); });
}
SymbolicTensor elu(const SymbolicTensor& x) {
  return op_node("elu", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::elu(in[0]); });
}
SymbolicTensor elu(const SymbolicTensor& x, double alpha) {
  return op_node("elu", {x}, OpWidening::none,
                 [alpha](std::span<const Tensor> in) -> TensorList { return xtape::nn::elu(in[0], alpha); });
}
SymbolicTensor selu(const SymbolicTensor& x) {
  return op_node("selu", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::selu(in[0]); });
}
SymbolicTensor gelu(const SymbolicTensor& x) {
  return op_node("gelu", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::gelu(in[0]); });
}
SymbolicTensor gelu(const SymbolicTensor& x, const GeluOptions& options) {
  return op_node("gelu", {x}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList { return xtape::nn::gelu(in[0], options); });
}
SymbolicTensor silu(const SymbolicTensor& x) {
  return op_node("silu", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::silu(in[0]); });
}
SymbolicTensor swish(const SymbolicTensor& x) {
  return op_node("swish", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::swish(in[0]); });
}
SymbolicTensor mish(const SymbolicTensor& x) {
  return op_node("mish", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::mish(in[0]); });
}
SymbolicTensor hard_sigmoid(const SymbolicTensor& x) {
  return op_node("hard_sigmoid", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::hard_sigmoid(in[0]); });
}
SymbolicTensor hard_silu(const SymbolicTensor& x) {
  return op_node("hard_silu", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::hard_silu(in[0]); });
}
SymbolicTensor hard_swish(const SymbolicTensor& x) {
  return op_node("hard_swish", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::hard_swish(in[0]); });
}
SymbolicTensor log_sigmoid(const SymbolicTensor& x) {
  return op_node("log_sigmoid", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::log_sigmoid(in[0]); });
}
SymbolicTensor softsign(const SymbolicTensor& x) {
  return op_node("softsign", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::softsign(in[0]); });
}
SymbolicTensor exponential(const SymbolicTensor& x) {
  return op_node("exponential", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::exponential(in[0]); });
}
SymbolicTensor celu(const SymbolicTensor& x) {
  return op_node("celu", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::celu(in[0]); });
}
SymbolicTensor celu(const SymbolicTensor& x, double alpha) {
  return op_node("celu", {x}, OpWidening::none,
                 [alpha](std::span<const Tensor> in) -> TensorList { return xtape::nn::celu(in[0], alpha); });
}
SymbolicTensor squareplus(const SymbolicTensor& x) {
  return op_node("squareplus", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::squareplus(in[0]); });
}
SymbolicTensor squareplus(const SymbolicTensor& x, double b) {
  return op_node("squareplus", {x}, OpWidening::none,
                 [b](std::span<const Tensor> in) -> TensorList { return xtape::nn::squareplus(in[0], b); });
}
SymbolicTensor hard_tanh(const SymbolicTensor& x) {
  return op_node("hard_tanh", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::hard_tanh(in[0]); });
}
SymbolicTensor hard_shrink(const SymbolicTensor& x) {
  return op_node("hard_shrink", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::hard_shrink(in[0]); });
}
SymbolicTensor hard_shrink(const SymbolicTensor& x, double threshold) {
  return op_node("hard_shrink", {x}, OpWidening::none, [threshold](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::hard_shrink(in[0], threshold);
  });
}
SymbolicTensor soft_shrink(const SymbolicTensor& x) {
  return op_node("soft_shrink", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::soft_shrink(in[0]); });
}
SymbolicTensor soft_shrink(const SymbolicTensor& x, double threshold) {
  return op_node("soft_shrink", {x}, OpWidening::none, [threshold](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::soft_shrink(in[0], threshold);
  });
}
SymbolicTensor tanh_shrink(const SymbolicTensor& x) {
  return op_node("tanh_shrink", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::tanh_shrink(in[0]); });
}
SymbolicTensor threshold(const SymbolicTensor& x, double threshold, double default_value) {
  return op_node("threshold", {x}, OpWidening::none,
                 [threshold, default_value](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::threshold(in[0], threshold, default_value);
                 });
}
SymbolicTensor sparse_plus(const SymbolicTensor& x) {
  return op_node("sparse_plus", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::sparse_plus(in[0]); });
}
SymbolicTensor sparse_sigmoid(const SymbolicTensor& x) {
  return op_node("sparse_sigmoid", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::sparse_sigmoid(in[0]); });
}
SymbolicTensor glu(const SymbolicTensor& x) {
  return op_node("glu", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::glu(in[0]); });
}
SymbolicTensor glu(const SymbolicTensor& x, int axis) {
  return op_node("glu", {x}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::nn::glu(in[0], axis); });
}
SymbolicTensor sparsemax(const SymbolicTensor& x) {
  return op_node("sparsemax", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::nn::sparsemax(in[0]); });
}
SymbolicTensor sparsemax(const SymbolicTensor& x, int axis) {
  return op_node("sparsemax", {x}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::nn::sparsemax(in[0], axis); });
}
SymbolicTensor l2_normalize(const SymbolicTensor& x, const Axes& axes, double epsilon) {
  return op_node("l2_normalize", {x}, OpWidening::none, [axes, epsilon](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::l2_normalize(in[0], axes, epsilon);
  });
}
std::pair<SymbolicTensor, SymbolicTensor> moments(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  const auto all =
      op_node("moments", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
        const auto y = xtape::nn::moments(in[0], axes, keepdims);
        return {y.first, y.second};
      });
  return {all[0], all[1]};
}
}  // namespace nn
namespace nn::symbolic {
SymbolicTensor layer_norm(const detail::SymbolicOperand& x, const detail::SymbolicOperand& gamma,
                          const detail::SymbolicOperand& beta, const LayerNormOptions& options) {
  return op_node("layer_norm", {x, gamma, beta}, OpWidening::none, [options](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::layer_norm(in[0], in[1], in[2], options);
  });
}
SymbolicTensor batch_norm(const detail::SymbolicOperand& x, const detail::SymbolicOperand& mean,
                          const detail::SymbolicOperand& variance, const detail::SymbolicOperand& offset,
                          const detail::SymbolicOperand& scale, double epsilon) {
  return op_node("batch_norm", {x, mean, variance, offset, scale}, OpWidening::none,
                 [epsilon](std::span<const Tensor> in) -> TensorList {
                   return xtape::nn::batch_norm(in[0], in[1], in[2], in[3], in[4], epsilon);
                 });
}
SymbolicBatchNorm batch_norm_training(const detail::SymbolicOperand& x, const detail::SymbolicOperand& scale,
                                      const detail::SymbolicOperand& offset, double epsilon) {
  const auto all = op_node("batch_norm_training", {x, scale, offset}, OpWidening::none,
                           [epsilon](std::span<const Tensor> in) -> TensorList {
                             const auto y = xtape::nn::batch_norm_training(in[0], in[1], in[2], epsilon);
                             return {y.y, y.mean, y.variance};
                           });
  return {all[0], all[1], all[2]};
}
}  // namespace nn::symbolic
SymbolicTensor exp2(const SymbolicTensor& x) {
  return op_node("exp2", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::exp2(in[0]); });
}
SymbolicTensor log2(const SymbolicTensor& x) {
  return op_node("log2", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::log2(in[0]); });
}
SymbolicTensor log10(const SymbolicTensor& x) {
  return op_node("log10", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::log10(in[0]); });
}
SymbolicTensor trunc(const SymbolicTensor& x) {
  return op_node("trunc", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::trunc(in[0]); });
}
SymbolicTensor deg2rad(const SymbolicTensor& x) {
  return op_node("deg2rad", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::deg2rad(in[0]); });
}
SymbolicTensor rad2deg(const SymbolicTensor& x) {
  return op_node("rad2deg", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::rad2deg(in[0]); });
}
SymbolicTensor signbit(const SymbolicTensor& x) {
  return op_node("signbit", {x}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::signbit(in[0]); });
}
namespace symbolic {
SymbolicTensor copysign(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("copysign", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::copysign(in[0], in[1]); });
}
SymbolicTensor heaviside(const detail::SymbolicOperand& x, const detail::SymbolicOperand& value) {
  return op_node("heaviside", {x, value}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::heaviside(in[0], in[1]); });
}
SymbolicTensor hypot(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("hypot", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::hypot(in[0], in[1]); });
}
SymbolicTensor logaddexp(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b) {
  return op_node("logaddexp", {a, b}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::logaddexp(in[0], in[1]); });
}
}  // namespace symbolic
SymbolicTensor nan_to_num(const SymbolicTensor& x, const NanToNumOptions& options) {
  return op_node("nan_to_num", {x}, OpWidening::none,
                 [options](std::span<const Tensor> in) -> TensorList { return xtape::nan_to_num(in[0], options); });
}
SymbolicTensor count_nonzero(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("count_nonzero", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::count_nonzero(in[0], axes, keepdims);
  });
}
SymbolicTensor pad(const SymbolicTensor& x, const std::vector<std::array<std::int64_t, 2>>& paddings,
                   const PadOptions& options) {
  return op_node("pad", {x}, OpWidening::none, [paddings, options](std::span<const Tensor> in) -> TensorList {
    return xtape::pad(in[0], paddings, options);
  });
}
namespace nn {
SymbolicTensor max_pool2d(const SymbolicTensor& x, Size2d ksize, const Pool2dOptions& options) {
  return op_node("max_pool2d", {x}, OpWidening::none, [ksize, options](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::max_pool2d(in[0], ksize, options);
  });
}
SymbolicTensor max_pool1d(const SymbolicTensor& x, std::int64_t ksize, const Pool1dOptions& options) {
  return op_node("max_pool1d", {x}, OpWidening::none, [ksize, options](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::max_pool1d(in[0], ksize, options);
  });
}
SymbolicTensor avg_pool2d(const SymbolicTensor& x, Size2d ksize, const Pool2dOptions& options) {
  return op_node("avg_pool2d", {x}, OpWidening::none, [ksize, options](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::avg_pool2d(in[0], ksize, options);
  });
}
SymbolicTensor avg_pool1d(const SymbolicTensor& x, std::int64_t ksize, const Pool1dOptions& options) {
  return op_node("avg_pool1d", {x}, OpWidening::none, [ksize, options](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::avg_pool1d(in[0], ksize, options);
  });
}
SymbolicTensor global_average_pool(const SymbolicTensor& x, bool keepdims) {
  return op_node("global_average_pool", {x}, OpWidening::none, [keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::global_average_pool(in[0], keepdims);
  });
}
SymbolicTensor global_max_pool(const SymbolicTensor& x, bool keepdims) {
  return op_node("global_max_pool", {x}, OpWidening::none, [keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::global_max_pool(in[0], keepdims);
  });
}
}  // namespace nn
namespace symbolic {
SymbolicTensor quantile(const detail::SymbolicOperand& x, const detail::SymbolicOperand& q, const Axes& axes,
                        const QuantileOptions& options, bool keepdims) {
  return op_node("quantile", {x, q}, OpWidening::none,
                 [axes, options, keepdims](std::span<const Tensor> in) -> TensorList {
                   return xtape::quantile(in[0], in[1], axes, options, keepdims);
                 });
}
}  // namespace symbolic
SymbolicTensor median(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("median", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::median(in[0], axes, keepdims);
  });
}
SymbolicTensor ptp(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("ptp", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::ptp(in[0], axes, keepdims);
  });
}
namespace random {
SymbolicTensor bernoulli(const SymbolicTensor& probabilities, Generator& generator) {
  return op_node(
      "bernoulli", {probabilities}, OpWidening::none,
      [&generator](std::span<const Tensor> in) -> TensorList { return xtape::random::bernoulli(in[0], generator); });
}
SymbolicTensor categorical(const SymbolicTensor& logits, std::int64_t count, Generator& generator) {
  return op_node("categorical", {logits}, OpWidening::none,
                 [count, &generator](std::span<const Tensor> in) -> TensorList {
                   return xtape::random::categorical(in[0], count, generator);
                 });
}
SymbolicTensor gamma(const SymbolicTensor& alpha, Generator& generator) {
  return op_node("gamma", {alpha}, OpWidening::none, [&generator](std::span<const Tensor> in) -> TensorList {
    return xtape::random::gamma(in[0], generator);
  });
}
}  // namespace random
namespace random::symbolic {
SymbolicTensor beta(const detail::SymbolicOperand& alpha, const detail::SymbolicOperand& beta, Generator& generator) {
  return op_node("beta", {alpha, beta}, OpWidening::none, [&generator](std::span<const Tensor> in) -> TensorList {
    return xtape::random::beta(in[0], in[1], generator);
  });
}
}  // namespace random::symbolic
namespace random {
SymbolicTensor poisson(const SymbolicTensor& rate, Generator& generator) {
  return op_node("poisson", {rate}, OpWidening::none, [&generator](std::span<const Tensor> in) -> TensorList {
    return xtape::random::poisson(in[0], generator);
  });
}
}  // namespace random
namespace random::symbolic {
SymbolicTensor binomial(const detail::SymbolicOperand& n, const detail::SymbolicOperand& p, Generator& generator) {
  return op_node("binomial", {n, p}, OpWidening::none, [&generator](std::span<const Tensor> in) -> TensorList {
    return xtape::random::binomial(in[0], in[1], generator);
  });
}
}  // namespace random::symbolic
namespace random {
SymbolicTensor choice(const SymbolicTensor& x, std::int64_t count, const ChoiceOptions& options, Generator& generator) {
  return op_node("choice", {x}, OpWidening::none,
                 [count, options, &generator](std::span<const Tensor> in) -> TensorList {
                   return xtape::random::choice(in[0], count, options, generator);
                 });
}
SymbolicTensor shuffle(const SymbolicTensor& x, Generator& generator) {
  return op_node("shuffle", {x}, OpWidening::none, [&generator](std::span<const Tensor> in) -> TensorList {
    return xtape::random::shuffle(in[0], generator);
  });
}
}  // namespace random
SymbolicTensor rot90(const SymbolicTensor& x, int k, int axis1, int axis2) {
  return op_node("rot90", {x}, OpWidening::none, [k, axis1, axis2](std::span<const Tensor> in) -> TensorList {
    return xtape::rot90(in[0], k, axis1, axis2);
  });
}
namespace nn {
SymbolicTensor space_to_depth(const SymbolicTensor& x, std::int64_t block_size) {
  return op_node("space_to_depth", {x}, OpWidening::none, [block_size](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::space_to_depth(in[0], block_size);
  });
}
SymbolicTensor depth_to_space(const SymbolicTensor& x, std::int64_t block_size) {
  return op_node("depth_to_space", {x}, OpWidening::none, [block_size](std::span<const Tensor> in) -> TensorList {
    return xtape::nn::depth_to_space(in[0], block_size);
  });
}
}  // namespace nn
namespace nn::symbolic {
SymbolicLstmResult lstm(const detail::SymbolicOperand& x, const detail::SymbolicOperand& kernel,
                        const detail::SymbolicOperand& recurrent_kernel, const detail::SymbolicOperand& bias,
                        const LstmOptions& options) {
  const auto all = op_node("lstm", {x, kernel, recurrent_kernel, bias}, OpWidening::none,
                           [options](std::span<const Tensor> in) -> TensorList {
                             const auto y = xtape::nn::lstm(in[0], in[1], in[2], in[3], options);
                             return {y.outputs, y.h, y.c};
                           });
  return {all[0], all[1], all[2]};
}
SymbolicGruResult gru(const detail::SymbolicOperand& x, const detail::SymbolicOperand& kernel,
                      const detail::SymbolicOperand& recurrent_kernel, const detail::SymbolicOperand& bias,
                      const GruOptions& options) {
  const auto all = op_node("gru", {x, kernel, recurrent_kernel, bias}, OpWidening::none,
                           [options](std::span<const Tensor> in) -> TensorList {
                             const auto y = xtape::nn::gru(in[0], in[1], in[2], in[3], options);
                             return {y.outputs, y.h};
                           });
  return {all[0], all[1]};
}
}  // namespace nn::symbolic
SymbolicTensor reduce_sum(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_sum", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_sum(in[0], axes, keepdims);
  });
}
SymbolicTensor reduce_mean(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_mean", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_mean(in[0], axes, keepdims);
  });
}
SymbolicTensor reduce_prod(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_prod", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_prod(in[0], axes, keepdims);
  });
}
SymbolicTensor reduce_max(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_max", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_max(in[0], axes, keepdims);
  });
}
SymbolicTensor reduce_min(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_min", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_min(in[0], axes, keepdims);
  });
}
SymbolicTensor reduce_all(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_all", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_all(in[0], axes, keepdims);
  });
}
SymbolicTensor reduce_any(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_any", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_any(in[0], axes, keepdims);
  });
}
SymbolicTensor argmax(const SymbolicTensor& x, int axis) {
  return op_node("argmax", {x}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::argmax(in[0], axis); });
}
SymbolicTensor argmin(const SymbolicTensor& x, int axis) {
  return op_node("argmin", {x}, OpWidening::none,
                 [axis](std::span<const Tensor> in) -> TensorList { return xtape::argmin(in[0], axis); });
}
SymbolicTensor cumsum(const SymbolicTensor& x, int axis, const ScanOptions& options) {
  return op_node("cumsum", {x}, OpWidening::none, [axis, options](std::span<const Tensor> in) -> TensorList {
    return xtape::cumsum(in[0], axis, options);
  });
}
SymbolicTensor cumprod(const SymbolicTensor& x, int axis, const ScanOptions& options) {
  return op_node("cumprod", {x}, OpWidening::none, [axis, options](std::span<const Tensor> in) -> TensorList {
    return xtape::cumprod(in[0], axis, options);
  });
}
SymbolicTensor diff(const SymbolicTensor& x, std::int64_t n, int axis) {
  return op_node("diff", {x}, OpWidening::none,
                 [n, axis](std::span<const Tensor> in) -> TensorList { return xtape::diff(in[0], n, axis); });
}
namespace symbolic {
SymbolicTensor unsorted_segment_sum(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                    std::int64_t num_segments) {
  return op_node("unsorted_segment_sum", {data, segment_ids}, OpWidening::none,
                 [num_segments](std::span<const Tensor> in) -> TensorList {
                   return xtape::unsorted_segment_sum(in[0], in[1], num_segments);
                 });
}
SymbolicTensor unsorted_segment_mean(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                     std::int64_t num_segments) {
  return op_node("unsorted_segment_mean", {data, segment_ids}, OpWidening::none,
                 [num_segments](std::span<const Tensor> in) -> TensorList {
                   return xtape::unsorted_segment_mean(in[0], in[1], num_segments);
                 });
}
SymbolicTensor unsorted_segment_prod(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                     std::int64_t num_segments) {
  return op_node("unsorted_segment_prod", {data, segment_ids}, OpWidening::none,
                 [num_segments](std::span<const Tensor> in) -> TensorList {
                   return xtape::unsorted_segment_prod(in[0], in[1], num_segments);
                 });
}
SymbolicTensor unsorted_segment_max(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                    std::int64_t num_segments) {
  return op_node("unsorted_segment_max", {data, segment_ids}, OpWidening::none,
                 [num_segments](std::span<const Tensor> in) -> TensorList {
                   return xtape::unsorted_segment_max(in[0], in[1], num_segments);
                 });
}
SymbolicTensor unsorted_segment_min(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                    std::int64_t num_segments) {
  return op_node("unsorted_segment_min", {data, segment_ids}, OpWidening::none,
                 [num_segments](std::span<const Tensor> in) -> TensorList {
                   return xtape::unsorted_segment_min(in[0], in[1], num_segments);
                 });
}
SymbolicTensor segment_sum(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids) {
  return op_node("segment_sum", {data, segment_ids}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::segment_sum(in[0], in[1]); });
}
SymbolicTensor segment_mean(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids) {
  return op_node("segment_mean", {data, segment_ids}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::segment_mean(in[0], in[1]); });
}
SymbolicTensor segment_prod(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids) {
  return op_node("segment_prod", {data, segment_ids}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::segment_prod(in[0], in[1]); });
}
SymbolicTensor segment_max(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids) {
  return op_node("segment_max", {data, segment_ids}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::segment_max(in[0], in[1]); });
}
SymbolicTensor segment_min(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids) {
  return op_node("segment_min", {data, segment_ids}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::segment_min(in[0], in[1]); });
}
}  // namespace symbolic
SymbolicTensor sequence_mask(const SymbolicTensor& lengths, std::int64_t maxlen) {
  return op_node("sequence_mask", {lengths}, OpWidening::none,
                 [maxlen](std::span<const Tensor> in) -> TensorList { return xtape::sequence_mask(in[0], maxlen); });
}
SymbolicTensor sequence_mask(const SymbolicTensor& lengths) {
  return op_node("sequence_mask", {lengths}, OpWidening::none,
                 [](std::span<const Tensor> in) -> TensorList { return xtape::sequence_mask(in[0]); });
}
SymbolicTensor sort(const SymbolicTensor& x, int axis, SortDirection direction) {
  return op_node("sort", {x}, OpWidening::none, [axis, direction](std::span<const Tensor> in) -> TensorList {
    return xtape::sort(in[0], axis, direction);
  });
}
SymbolicTensor argsort(const SymbolicTensor& x, int axis, SortDirection direction) {
  return op_node("argsort", {x}, OpWidening::none, [axis, direction](std::span<const Tensor> in) -> TensorList {
    return xtape::argsort(in[0], axis, direction);
  });
}
SymbolicTopK top_k(const SymbolicTensor& x, std::int64_t k) {
  const auto all = op_node("top_k", {x}, OpWidening::none, [k](std::span<const Tensor> in) -> TensorList {
    const auto y = xtape::top_k(in[0], k);
    return {y.values, y.indices};
  });
  return {all[0], all[1]};
}
SymbolicTensor reduce_logsumexp(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_logsumexp", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_logsumexp(in[0], axes, keepdims);
  });
}
SymbolicTensor reduce_variance(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_variance", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_variance(in[0], axes, keepdims);
  });
}
SymbolicTensor reduce_std(const SymbolicTensor& x, const Axes& axes, bool keepdims) {
  return op_node("reduce_std", {x}, OpWidening::none, [axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::reduce_std(in[0], axes, keepdims);
  });
}
SymbolicTensor norm(const SymbolicTensor& x, const NormOptions& options, const Axes& axes, bool keepdims) {
  return op_node("norm", {x}, OpWidening::none, [options, axes, keepdims](std::span<const Tensor> in) -> TensorList {
    return xtape::norm(in[0], options, axes, keepdims);
  });
}

}  // namespace xtape
