#pragma once

// Made of the headers in include/xtape/ops by tests/layers/symbolic_ops_test.cpp, which says how. Do not edit.

#include <concepts>
#include <cstdint>
#include <utility>

#include "xtape/layers/symbolic.hpp"
#include "xtape/ops/aliases.hpp"
#include "xtape/ops/along_axis.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/attention.hpp"
#include "xtape/ops/bitwise.hpp"
#include "xtape/ops/clip.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/counting.hpp"
#include "xtape/ops/covariance.hpp"
#include "xtape/ops/ctc_loss.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/image.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_functions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nan_statistics.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/numeric.hpp"
#include "xtape/ops/padding.hpp"
#include "xtape/ops/pool.hpp"
#include "xtape/ops/quantile.hpp"
#include "xtape/ops/random.hpp"
#include "xtape/ops/rearrange.hpp"
#include "xtape/ops/recurrent.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/scan.hpp"
#include "xtape/ops/segments.hpp"
#include "xtape/ops/sort.hpp"
#include "xtape/ops/statistics.hpp"

// Family: the ops on symbolic tensors, as nodes of the graph (as in Keras 3): nn::relu(x), x * 2 + y,
// reduce_mean(x, {1}), concat({x, y}, -1). Each does in the model what the op of its name does to tensors, with
// its options and its errors, and is described there. Of several operands at least one is symbolic. Others may be
// tensors, numbers and variables; variables are weights of the model. Tensors in options stay tensors. Results have
// no masks. An op whose result has a shape that depends on elements, such as boolean_mask, is a RuntimeError.
//
// == and != tell whether two symbolic tensors are the same one: see equal() and not_equal(). The functions in the
// namespaces `symbolic` are for the templates of their names alone.
namespace xtape {

/// Unique of symbolic tensors.
struct SymbolicUnique {
  SymbolicTensor values;
  SymbolicTensor indices;
  SymbolicTensor inverse;
  SymbolicTensor counts;
};
/// Histogram of symbolic tensors.
struct SymbolicHistogram {
  SymbolicTensor counts;
  SymbolicTensor edges;
};
namespace linalg {
/// Qr of symbolic tensors.
struct SymbolicQr {
  SymbolicTensor q;
  SymbolicTensor r;
};
/// Svd of symbolic tensors.
struct SymbolicSvd {
  SymbolicTensor s;
  SymbolicTensor u;
  SymbolicTensor v;
};
/// Eigh of symbolic tensors.
struct SymbolicEigh {
  SymbolicTensor w;
  SymbolicTensor v;
};
/// Slogdet of symbolic tensors.
struct SymbolicSlogdet {
  SymbolicTensor sign;
  SymbolicTensor logdet;
};
}  // namespace linalg
namespace nn {
/// BatchNorm of symbolic tensors.
struct SymbolicBatchNorm {
  SymbolicTensor y;
  SymbolicTensor mean;
  SymbolicTensor variance;
};
/// LstmResult of symbolic tensors.
struct SymbolicLstmResult {
  SymbolicTensor outputs;
  SymbolicTensor h;
  SymbolicTensor c;
};
/// GruResult of symbolic tensors.
struct SymbolicGruResult {
  SymbolicTensor outputs;
  SymbolicTensor h;
};
}  // namespace nn
/// TopK of symbolic tensors.
struct SymbolicTopK {
  SymbolicTensor values;
  SymbolicTensor indices;
};
namespace symbolic {
SymbolicTensor take_along_axis(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices, int axis);
SymbolicTensor put_along_axis(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices,
                              const detail::SymbolicOperand& values, int axis);
SymbolicTensor divide_no_nan(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor floordiv(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor mod(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor squared_difference(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor atan2(const detail::SymbolicOperand& y, const detail::SymbolicOperand& x);
SymbolicTensor logical_xor(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
}  // namespace symbolic
namespace nn::symbolic {
SymbolicTensor scaled_dot_product_attention(const detail::SymbolicOperand& q, const detail::SymbolicOperand& k,
                                            const detail::SymbolicOperand& v, const AttentionOptions& options);
SymbolicTensor dot_product_attention(const detail::SymbolicOperand& q, const detail::SymbolicOperand& k,
                                     const detail::SymbolicOperand& v, const AttentionOptions& options);
}  // namespace nn::symbolic
namespace symbolic {
SymbolicTensor bitwise_and(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor bitwise_or(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor bitwise_xor(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor bitwise_left_shift(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor bitwise_right_shift(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor clip_by_norm(const detail::SymbolicOperand& x, const detail::SymbolicOperand& clip_norm,
                            const Axes& axes);
SymbolicTensor global_norm(const detail::SymbolicOperands& tensors);
std::pair<SymbolicList, SymbolicTensor> clip_by_global_norm(const detail::SymbolicOperands& tensors,
                                                            const detail::SymbolicOperand& clip_norm);
SymbolicTensor einsum(const std::string& equation, const detail::SymbolicOperands& operands);
SymbolicTensor tensordot(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, int axes);
SymbolicTensor tensordot(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b,
                         const std::pair<std::vector<int>, std::vector<int>>& axes);
SymbolicTensor dot(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor outer(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor inner(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor cross(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, int axis);
SymbolicTensor kron(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
}  // namespace symbolic
namespace linalg::symbolic {
SymbolicTensor matvec(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, MatvecOptions options);
}  // namespace linalg::symbolic
namespace nn::symbolic {
SymbolicTensor conv2d(const detail::SymbolicOperand& x, const detail::SymbolicOperand& filters,
                      const Conv2dOptions& options);
SymbolicTensor conv1d(const detail::SymbolicOperand& x, const detail::SymbolicOperand& filters,
                      const Conv1dOptions& options);
SymbolicTensor depthwise_conv2d(const detail::SymbolicOperand& x, const detail::SymbolicOperand& filters,
                                const Conv2dOptions& options);
SymbolicTensor conv2d_transpose(const detail::SymbolicOperand& x, const detail::SymbolicOperand& filters,
                                const Conv2dTransposeOptions& options);
SymbolicTensor conv2d_backprop_input(const Shape& input_shape, const detail::SymbolicOperand& filters,
                                     const detail::SymbolicOperand& dy, const Conv2dOptions& options);
SymbolicTensor conv2d_backprop_filter(const detail::SymbolicOperand& x, const Shape& filter_shape,
                                      const detail::SymbolicOperand& dy, const Conv2dOptions& options);
}  // namespace nn::symbolic
namespace symbolic {
SymbolicTensor bincount(const detail::SymbolicOperand& x, const detail::SymbolicOperand& weights,
                        const BincountOptions& options);
SymbolicTensor searchsorted(const detail::SymbolicOperand& sorted_sequence, const detail::SymbolicOperand& values,
                            const SearchsortedOptions& options);
SymbolicTensor average(const detail::SymbolicOperand& x, const Axes& axes, const detail::SymbolicOperand& weights,
                       bool keepdims);
}  // namespace symbolic
namespace nn::symbolic {
SymbolicTensor ctc_loss(const detail::SymbolicOperand& target, const detail::SymbolicOperand& output,
                        const detail::SymbolicOperand& target_length, const detail::SymbolicOperand& output_length,
                        std::int64_t mask_index);
}  // namespace nn::symbolic
namespace linalg::symbolic {
SymbolicTensor set_diag(const detail::SymbolicOperand& x, const detail::SymbolicOperand& diagonal);
}  // namespace linalg::symbolic
namespace image::symbolic {
SymbolicTensor affine_transform(const detail::SymbolicOperand& images, const detail::SymbolicOperand& transform,
                                const AffineTransformOptions& options);
SymbolicTensor grid_sample(const detail::SymbolicOperand& images, const detail::SymbolicOperand& grid,
                           const GridSampleOptions& options);
}  // namespace image::symbolic
namespace symbolic {
SymbolicTensor gather_nd(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices);
SymbolicTensor scatter_nd(const detail::SymbolicOperand& indices, const detail::SymbolicOperand& updates,
                          const Shape& shape);
SymbolicTensor tensor_scatter_add(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices,
                                  const detail::SymbolicOperand& updates);
SymbolicTensor tensor_scatter_update(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices,
                                     const detail::SymbolicOperand& updates);
SymbolicTensor boolean_mask(const detail::SymbolicOperand& x, const detail::SymbolicOperand& mask, int axis);
SymbolicTensor matmul(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, MatmulOptions options);
SymbolicTensor linear(const detail::SymbolicOperand& x, const detail::SymbolicOperand& w,
                      const detail::SymbolicOperand& b);
}  // namespace symbolic
namespace linalg::symbolic {
SymbolicTensor lstsq(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, LstsqOptions options);
SymbolicTensor solve(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b, SolveOptions options);
SymbolicTensor triangular_solve(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b,
                                TriangularSolveOptions options);
}  // namespace linalg::symbolic
namespace symbolic {
SymbolicTensor add(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor subtract(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor multiply(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor divide(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor pow(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor maximum(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor minimum(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor clip_by_value(const detail::SymbolicOperand& x, const detail::SymbolicOperand& low,
                             const detail::SymbolicOperand& high);
SymbolicTensor where(const detail::SymbolicOperand& condition, const detail::SymbolicOperand& a,
                     const detail::SymbolicOperand& b);
SymbolicTensor equal(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor not_equal(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor less(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor less_equal(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor greater(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor greater_equal(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor logical_and(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor logical_or(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor concat(const detail::SymbolicOperands& values, int axis);
SymbolicTensor stack(const detail::SymbolicOperands& values, int axis);
SymbolicList split(const SymbolicTensor& x, std::int64_t n, int axis);
SymbolicTensor gather(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices, int axis);
SymbolicTensor gather(const detail::SymbolicOperand& x, const detail::SymbolicOperand& indices, int axis,
                      int batch_dims);
SymbolicTensor repeat(const SymbolicTensor& x, std::int64_t repeats, int axis);
SymbolicTensor repeat(const SymbolicTensor& x, std::int64_t repeats);
SymbolicList meshgrid(const detail::SymbolicOperands& vectors, const MeshgridOptions& options);
}  // namespace symbolic
namespace nn::symbolic {
SymbolicTensor softmax_cross_entropy_with_logits(const detail::SymbolicOperand& labels,
                                                 const detail::SymbolicOperand& logits);
SymbolicTensor sparse_softmax_cross_entropy_with_logits(const detail::SymbolicOperand& labels,
                                                        const detail::SymbolicOperand& logits);
SymbolicTensor sigmoid_cross_entropy_with_logits(const detail::SymbolicOperand& labels,
                                                 const detail::SymbolicOperand& logits);
SymbolicTensor bias_add(const detail::SymbolicOperand& x, const detail::SymbolicOperand& bias);
SymbolicTensor embedding_lookup(const detail::SymbolicOperand& params, const detail::SymbolicOperand& ids);
SymbolicTensor layer_norm(const detail::SymbolicOperand& x, const detail::SymbolicOperand& gamma,
                          const detail::SymbolicOperand& beta, const LayerNormOptions& options);
SymbolicTensor batch_norm(const detail::SymbolicOperand& x, const detail::SymbolicOperand& mean,
                          const detail::SymbolicOperand& variance, const detail::SymbolicOperand& offset,
                          const detail::SymbolicOperand& scale, double epsilon);
SymbolicBatchNorm batch_norm_training(const detail::SymbolicOperand& x, const detail::SymbolicOperand& scale,
                                      const detail::SymbolicOperand& offset, double epsilon);
}  // namespace nn::symbolic
namespace symbolic {
SymbolicTensor copysign(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor heaviside(const detail::SymbolicOperand& x, const detail::SymbolicOperand& value);
SymbolicTensor hypot(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor logaddexp(const detail::SymbolicOperand& a, const detail::SymbolicOperand& b);
SymbolicTensor quantile(const detail::SymbolicOperand& x, const detail::SymbolicOperand& q, const Axes& axes,
                        const QuantileOptions& options, bool keepdims);
}  // namespace symbolic
namespace random::symbolic {
SymbolicTensor beta(const detail::SymbolicOperand& alpha, const detail::SymbolicOperand& beta, Generator& generator);
SymbolicTensor binomial(const detail::SymbolicOperand& n, const detail::SymbolicOperand& p, Generator& generator);
}  // namespace random::symbolic
namespace nn::symbolic {
SymbolicLstmResult lstm(const detail::SymbolicOperand& x, const detail::SymbolicOperand& kernel,
                        const detail::SymbolicOperand& recurrent_kernel, const detail::SymbolicOperand& bias,
                        const LstmOptions& options);
SymbolicGruResult gru(const detail::SymbolicOperand& x, const detail::SymbolicOperand& kernel,
                      const detail::SymbolicOperand& recurrent_kernel, const detail::SymbolicOperand& bias,
                      const GruOptions& options);
}  // namespace nn::symbolic
namespace symbolic {
SymbolicTensor unsorted_segment_sum(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                    std::int64_t num_segments);
SymbolicTensor unsorted_segment_mean(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                     std::int64_t num_segments);
SymbolicTensor unsorted_segment_prod(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                     std::int64_t num_segments);
SymbolicTensor unsorted_segment_max(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                    std::int64_t num_segments);
SymbolicTensor unsorted_segment_min(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids,
                                    std::int64_t num_segments);
SymbolicTensor segment_sum(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids);
SymbolicTensor segment_mean(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids);
SymbolicTensor segment_prod(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids);
SymbolicTensor segment_max(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids);
SymbolicTensor segment_min(const detail::SymbolicOperand& data, const detail::SymbolicOperand& segment_ids);
}  // namespace symbolic
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor take_along_axis(const A& x, const B& indices, int axis = -1) {
  return symbolic::take_along_axis(x, indices, axis);
}
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor put_along_axis(const A& x, const B& indices, const C& values,
                                                                    int axis = -1) {
  return symbolic::put_along_axis(x, indices, values, axis);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor divide_no_nan(const A& a, const B& b) {
  return symbolic::divide_no_nan(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor floordiv(const A& a, const B& b) { return symbolic::floordiv(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor mod(const A& a, const B& b) { return symbolic::mod(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor squared_difference(const A& a, const B& b) {
  return symbolic::squared_difference(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor atan2(const A& y, const B& x) { return symbolic::atan2(y, x); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor logical_xor(const A& a, const B& b) {
  return symbolic::logical_xor(a, b);
}
namespace nn {
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor
scaled_dot_product_attention(const A& q, const B& k, const C& v, const AttentionOptions& options = {}) {
  return symbolic::scaled_dot_product_attention(q, k, v, options);
}
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor dot_product_attention(const A& q, const B& k, const C& v,
                                                                           const AttentionOptions& options = {}) {
  return symbolic::dot_product_attention(q, k, v, options);
}
}  // namespace nn
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor bitwise_and(const A& a, const B& b) {
  return symbolic::bitwise_and(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor bitwise_or(const A& a, const B& b) {
  return symbolic::bitwise_or(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor bitwise_xor(const A& a, const B& b) {
  return symbolic::bitwise_xor(a, b);
}
SymbolicTensor bitwise_not(const SymbolicTensor& x);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor bitwise_left_shift(const A& a, const B& b) {
  return symbolic::bitwise_left_shift(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor bitwise_right_shift(const A& a, const B& b) {
  return symbolic::bitwise_right_shift(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor clip_by_norm(const A& x, const B& clip_norm, const Axes& axes = {}) {
  return symbolic::clip_by_norm(x, clip_norm, axes);
}
template <detail::SymbolicOperandList L = detail::SymbolicOperands>
SymbolicTensor global_norm(const L& tensors) {
  return symbolic::global_norm(tensors);
}
template <detail::SymbolicOperandList L = detail::SymbolicOperands>
std::pair<SymbolicList, SymbolicTensor> clip_by_global_norm(const L& tensors,
                                                            const detail::SymbolicOperand& clip_norm) {
  return symbolic::clip_by_global_norm(tensors, clip_norm);
}
template <detail::SymbolicOperandList L = detail::SymbolicOperands>
SymbolicTensor einsum(const std::string& equation, const L& operands) {
  return symbolic::einsum(equation, operands);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor tensordot(const A& a, const B& b, int axes = 2) {
  return symbolic::tensordot(a, b, axes);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor tensordot(const A& a, const B& b,
                                                            const std::pair<std::vector<int>, std::vector<int>>& axes) {
  return symbolic::tensordot(a, b, axes);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor dot(const A& a, const B& b) { return symbolic::dot(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor outer(const A& a, const B& b) { return symbolic::outer(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor inner(const A& a, const B& b) { return symbolic::inner(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor cross(const A& a, const B& b, int axis = -1) {
  return symbolic::cross(a, b, axis);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor kron(const A& a, const B& b) { return symbolic::kron(a, b); }
namespace linalg {
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor matvec(const A& a, const B& b, MatvecOptions options = {}) {
  return symbolic::matvec(a, b, options);
}
}  // namespace linalg
namespace nn {
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor conv2d(const A& x, const B& filters,
                                                         const Conv2dOptions& options = {}) {
  return symbolic::conv2d(x, filters, options);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor conv1d(const A& x, const B& filters,
                                                         const Conv1dOptions& options = {}) {
  return symbolic::conv1d(x, filters, options);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor depthwise_conv2d(const A& x, const B& filters,
                                                                   const Conv2dOptions& options = {}) {
  return symbolic::depthwise_conv2d(x, filters, options);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor conv2d_transpose(const A& x, const B& filters,
                                                                   const Conv2dTransposeOptions& options = {}) {
  return symbolic::conv2d_transpose(x, filters, options);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor conv2d_backprop_input(const Shape& input_shape, const A& filters,
                                                                        const B& dy,
                                                                        const Conv2dOptions& options = {}) {
  return symbolic::conv2d_backprop_input(input_shape, filters, dy, options);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor conv2d_backprop_filter(const A& x, const Shape& filter_shape,
                                                                         const B& dy,
                                                                         const Conv2dOptions& options = {}) {
  return symbolic::conv2d_backprop_filter(x, filter_shape, dy, options);
}
}  // namespace nn
SymbolicTensor argwhere(const SymbolicTensor& x);
SymbolicList nonzero(const SymbolicTensor& x);
SymbolicUnique unique(const SymbolicTensor& x);
SymbolicTensor bincount(const SymbolicTensor& x, const BincountOptions& options = {});
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor bincount(const A& x, const B& weights,
                                                           const BincountOptions& options = {}) {
  return symbolic::bincount(x, weights, options);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor searchsorted(const A& sorted_sequence, const B& values,
                                                               const SearchsortedOptions& options = {}) {
  return symbolic::searchsorted(sorted_sequence, values, options);
}
SymbolicHistogram histogram(const SymbolicTensor& x, const HistogramOptions& options = {});
SymbolicTensor cov(const SymbolicTensor& x, const CovOptions& options = {});
SymbolicTensor corrcoef(const SymbolicTensor& x);
template <class A, class B = Tensor>
requires detail::AnySymbolic<A, B> SymbolicTensor average(const A& x, const Axes& axes = {}, const B& weights = {},
                                                          bool keepdims = false) {
  return symbolic::average(x, axes, weights, keepdims);
}
namespace nn {
template <class A, class B, class C, class D>
requires detail::AnySymbolic<A, B, C, D> SymbolicTensor ctc_loss(const A& target, const B& output,
                                                                 const C& target_length, const D& output_length,
                                                                 std::int64_t mask_index = 0) {
  return symbolic::ctc_loss(target, output, target_length, output_length, mask_index);
}
}  // namespace nn
namespace linalg {
SymbolicTensor matrix_transpose(const SymbolicTensor& x);
SymbolicTensor diag(const SymbolicTensor& x, std::int64_t k = 0);
SymbolicTensor diag_part(const SymbolicTensor& x, std::int64_t k = 0);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor set_diag(const A& x, const B& diagonal) {
  return symbolic::set_diag(x, diagonal);
}
SymbolicTensor trace(const SymbolicTensor& x);
SymbolicTensor band_part(const SymbolicTensor& x, std::int64_t lower, std::int64_t upper);
}  // namespace linalg
namespace nn {
SymbolicTensor dropout(const SymbolicTensor& x, double rate, const DropoutOptions& options = {});
}  // namespace nn
SymbolicTensor reciprocal(const SymbolicTensor& x);
SymbolicTensor rsqrt(const SymbolicTensor& x);
SymbolicTensor expm1(const SymbolicTensor& x);
SymbolicTensor log1p(const SymbolicTensor& x);
SymbolicTensor sin(const SymbolicTensor& x);
SymbolicTensor cos(const SymbolicTensor& x);
SymbolicTensor tan(const SymbolicTensor& x);
SymbolicTensor asin(const SymbolicTensor& x);
SymbolicTensor acos(const SymbolicTensor& x);
SymbolicTensor atan(const SymbolicTensor& x);
SymbolicTensor sinh(const SymbolicTensor& x);
SymbolicTensor cosh(const SymbolicTensor& x);
SymbolicTensor asinh(const SymbolicTensor& x);
SymbolicTensor acosh(const SymbolicTensor& x);
SymbolicTensor atanh(const SymbolicTensor& x);
SymbolicTensor erf(const SymbolicTensor& x);
SymbolicTensor erfc(const SymbolicTensor& x);
SymbolicTensor lgamma(const SymbolicTensor& x);
SymbolicTensor digamma(const SymbolicTensor& x);
SymbolicTensor polygamma(int n, const SymbolicTensor& x);
SymbolicTensor floor(const SymbolicTensor& x);
SymbolicTensor ceil(const SymbolicTensor& x);
SymbolicTensor round(const SymbolicTensor& x);
SymbolicTensor is_nan(const SymbolicTensor& x);
SymbolicTensor is_inf(const SymbolicTensor& x);
SymbolicTensor is_finite(const SymbolicTensor& x);
namespace image {
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor affine_transform(const A& images, const B& transform,
                                                                   const AffineTransformOptions& options = {}) {
  return symbolic::affine_transform(images, transform, options);
}
SymbolicTensor extract_patches(const SymbolicTensor& images, Size2d size, const ExtractPatchesOptions& options = {});
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor grid_sample(const A& images, const B& grid,
                                                              const GridSampleOptions& options = {}) {
  return symbolic::grid_sample(images, grid, options);
}
SymbolicTensor resize(const SymbolicTensor& images, Size2d size, const std::string& interpolation = "bilinear");
}  // namespace image
SymbolicTensor index(const SymbolicTensor& x, ListOf<IndexItem> items);
SymbolicTensor strided_slice(const SymbolicTensor& x, ListOf<std::int64_t> begin, ListOf<std::int64_t> end,
                             ListOf<std::int64_t> strides = {});
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor gather_nd(const A& x, const B& indices) {
  return symbolic::gather_nd(x, indices);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor scatter_nd(const A& indices, const B& updates, const Shape& shape) {
  return symbolic::scatter_nd(indices, updates, shape);
}
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor tensor_scatter_add(const A& x, const B& indices,
                                                                        const C& updates) {
  return symbolic::tensor_scatter_add(x, indices, updates);
}
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor tensor_scatter_update(const A& x, const B& indices,
                                                                           const C& updates) {
  return symbolic::tensor_scatter_update(x, indices, updates);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor boolean_mask(const A& x, const B& mask, int axis = 0) {
  return symbolic::boolean_mask(x, mask, axis);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor matmul(const A& a, const B& b, MatmulOptions options = {}) {
  return symbolic::matmul(a, b, options);
}
template <class A, class B, class C = Tensor>
requires detail::AnySymbolic<A, B, C> SymbolicTensor linear(const A& x, const B& w, const C& b = {}) {
  return symbolic::linear(x, w, b);
}
namespace linalg {
SymbolicQr qr(const SymbolicTensor& x);
SymbolicSvd svd(const SymbolicTensor& x);
SymbolicEigh eigh(const SymbolicTensor& x);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor lstsq(const A& a, const B& b, LstsqOptions options = {}) {
  return symbolic::lstsq(a, b, options);
}
SymbolicTensor matrix_norm(const SymbolicTensor& x, const std::string& ord = "fro", bool keepdims = false);
SymbolicTensor matrix_norm(const SymbolicTensor& x, double ord, bool keepdims = false);
SymbolicTensor pinv(const SymbolicTensor& x, const PinvOptions& options = {});
SymbolicTensor eigvalsh(const SymbolicTensor& x);
SymbolicTensor logdet(const SymbolicTensor& x);
SymbolicTensor matrix_power(const SymbolicTensor& x, int n);
SymbolicTensor expm(const SymbolicTensor& x);
SymbolicTensor matrix_rank(const SymbolicTensor& x, const MatrixRankOptions& options = {});
SymbolicTensor cond(const SymbolicTensor& x, double p = 2);
SymbolicTensor inv(const SymbolicTensor& x);
SymbolicTensor inverse(const SymbolicTensor& x);
SymbolicTensor det(const SymbolicTensor& x);
SymbolicSlogdet slogdet(const SymbolicTensor& x);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor solve(const A& a, const B& b, SolveOptions options = {}) {
  return symbolic::solve(a, b, options);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor triangular_solve(const A& a, const B& b,
                                                                   TriangularSolveOptions options = {}) {
  return symbolic::triangular_solve(a, b, options);
}
SymbolicTensor cholesky(const SymbolicTensor& x);
}  // namespace linalg
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor add(const A& a, const B& b) { return symbolic::add(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor subtract(const A& a, const B& b) { return symbolic::subtract(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor multiply(const A& a, const B& b) { return symbolic::multiply(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor divide(const A& a, const B& b) { return symbolic::divide(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor pow(const A& a, const B& b) { return symbolic::pow(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor maximum(const A& a, const B& b) { return symbolic::maximum(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor minimum(const A& a, const B& b) { return symbolic::minimum(a, b); }
SymbolicTensor negative(const SymbolicTensor& x);
SymbolicTensor abs(const SymbolicTensor& x);
SymbolicTensor sign(const SymbolicTensor& x);
SymbolicTensor square(const SymbolicTensor& x);
SymbolicTensor sqrt(const SymbolicTensor& x);
SymbolicTensor exp(const SymbolicTensor& x);
SymbolicTensor log(const SymbolicTensor& x);
SymbolicTensor tanh(const SymbolicTensor& x);
SymbolicTensor sigmoid(const SymbolicTensor& x);
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor clip_by_value(const A& x, const B& low, const C& high) {
  return symbolic::clip_by_value(x, low, high);
}
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor where(const A& condition, const B& a, const C& b) {
  return symbolic::where(condition, a, b);
}
SymbolicTensor cast(const SymbolicTensor& x, AnyDType dtype);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor equal(const A& a, const B& b) { return symbolic::equal(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor not_equal(const A& a, const B& b) {
  return symbolic::not_equal(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor less(const A& a, const B& b) { return symbolic::less(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor less_equal(const A& a, const B& b) {
  return symbolic::less_equal(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor greater(const A& a, const B& b) { return symbolic::greater(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor greater_equal(const A& a, const B& b) {
  return symbolic::greater_equal(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor logical_and(const A& a, const B& b) {
  return symbolic::logical_and(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor logical_or(const A& a, const B& b) {
  return symbolic::logical_or(a, b);
}
SymbolicTensor logical_not(const SymbolicTensor& x);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator+(const A& a, const B& b) { return add(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator-(const A& a, const B& b) { return subtract(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator*(const A& a, const B& b) { return multiply(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator/(const A& a, const B& b) { return divide(a, b); }
inline SymbolicTensor operator-(const SymbolicTensor& x) { return negative(x); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator<(const A& a, const B& b) { return less(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator<=(const A& a, const B& b) { return less_equal(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator>(const A& a, const B& b) { return greater(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator>=(const A& a, const B& b) { return greater_equal(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator&(const A& a, const B& b) { return logical_and(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor operator|(const A& a, const B& b) { return logical_or(a, b); }
inline SymbolicTensor operator~(const SymbolicTensor& x) { return logical_not(x); }
SymbolicTensor stop_gradient(const SymbolicTensor& x);
SymbolicTensor reshape(const SymbolicTensor& x, const Shape& shape);
SymbolicTensor flatten(const SymbolicTensor& x);
SymbolicTensor expand_dims(const SymbolicTensor& x, int axis);
SymbolicTensor squeeze(const SymbolicTensor& x);
SymbolicTensor squeeze(const SymbolicTensor& x, int axis);
SymbolicTensor transpose(const SymbolicTensor& x);
SymbolicTensor transpose(const SymbolicTensor& x, ListOf<int> permutation);
SymbolicTensor swapaxes(const SymbolicTensor& x, int axis1, int axis2);
SymbolicTensor moveaxis(const SymbolicTensor& x, int source, int destination);
template <detail::SymbolicOperandList L = detail::SymbolicOperands>
SymbolicTensor concat(const L& values, int axis) {
  return symbolic::concat(values, axis);
}
template <detail::SymbolicOperandList L = detail::SymbolicOperands>
SymbolicTensor stack(const L& values, int axis = 0) {
  return symbolic::stack(values, axis);
}
SymbolicList unstack(const SymbolicTensor& x, int axis = 0);
SymbolicList split(const SymbolicTensor& x, ListOf<std::int64_t> sizes, int axis = 0);
template <std::integral N>
SymbolicList split(const SymbolicTensor& x, N n, int axis = 0) {
  return symbolic::split(x, static_cast<std::int64_t>(n), axis);
}
SymbolicTensor slice(const SymbolicTensor& x, ListOf<std::int64_t> begin, ListOf<std::int64_t> size);
SymbolicTensor slice_axis(const SymbolicTensor& x, int axis, std::int64_t begin, std::int64_t size);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor gather(const A& x, const B& indices, int axis = 0) {
  return symbolic::gather(x, indices, axis);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor gather(const A& x, const B& indices, int axis, int batch_dims) {
  return symbolic::gather(x, indices, axis, batch_dims);
}
SymbolicTensor broadcast_to(const SymbolicTensor& x, const Shape& shape);
SymbolicTensor tile(const SymbolicTensor& x, ListOf<std::int64_t> multiples);
SymbolicTensor repeat(const SymbolicTensor& x, ListOf<std::int64_t> repeats, int axis);
SymbolicTensor repeat(const SymbolicTensor& x, ListOf<std::int64_t> repeats);
template <std::integral N>
SymbolicTensor repeat(const SymbolicTensor& x, N repeats, int axis) {
  return symbolic::repeat(x, static_cast<std::int64_t>(repeats), axis);
}
template <std::integral N>
SymbolicTensor repeat(const SymbolicTensor& x, N repeats) {
  return symbolic::repeat(x, static_cast<std::int64_t>(repeats));
}
SymbolicTensor reverse(const SymbolicTensor& x, ListOf<int> axes);
SymbolicTensor roll(const SymbolicTensor& x, std::int64_t shift, int axis);
SymbolicTensor roll(const SymbolicTensor& x, ListOf<std::int64_t> shifts, ListOf<int> axes);
template <detail::SymbolicOperandList L = detail::SymbolicOperands>
SymbolicList meshgrid(const L& vectors, const MeshgridOptions& options = {}) {
  return symbolic::meshgrid(vectors, options);
}
SymbolicTensor tril(const SymbolicTensor& x, std::int64_t k = 0);
SymbolicTensor triu(const SymbolicTensor& x, std::int64_t k = 0);
SymbolicTensor nansum(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor nanprod(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor nanmean(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor nanmax(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor nanmin(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor nanvar(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor nanstd(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
namespace nn {
SymbolicTensor relu(const SymbolicTensor& x);
SymbolicTensor leaky_relu(const SymbolicTensor& x);
SymbolicTensor leaky_relu(const SymbolicTensor& x, double negative_slope);
SymbolicTensor softplus(const SymbolicTensor& x);
SymbolicTensor sigmoid(const SymbolicTensor& x);
SymbolicTensor tanh(const SymbolicTensor& x);
SymbolicTensor linear(const SymbolicTensor& x);
SymbolicTensor softmax(const SymbolicTensor& x);
SymbolicTensor softmax(const SymbolicTensor& x, int axis);
SymbolicTensor log_softmax(const SymbolicTensor& x);
SymbolicTensor log_softmax(const SymbolicTensor& x, int axis);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor softmax_cross_entropy_with_logits(const A& labels, const B& logits) {
  return symbolic::softmax_cross_entropy_with_logits(labels, logits);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor sparse_softmax_cross_entropy_with_logits(const A& labels,
                                                                                           const B& logits) {
  return symbolic::sparse_softmax_cross_entropy_with_logits(labels, logits);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor sigmoid_cross_entropy_with_logits(const A& labels, const B& logits) {
  return symbolic::sigmoid_cross_entropy_with_logits(labels, logits);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor bias_add(const A& x, const B& bias) {
  return symbolic::bias_add(x, bias);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor embedding_lookup(const A& params, const B& ids) {
  return symbolic::embedding_lookup(params, ids);
}
SymbolicTensor relu(const SymbolicTensor& x, const ReluOptions& options);
SymbolicTensor relu6(const SymbolicTensor& x);
SymbolicTensor elu(const SymbolicTensor& x);
SymbolicTensor elu(const SymbolicTensor& x, double alpha);
SymbolicTensor selu(const SymbolicTensor& x);
SymbolicTensor gelu(const SymbolicTensor& x);
SymbolicTensor gelu(const SymbolicTensor& x, const GeluOptions& options);
SymbolicTensor silu(const SymbolicTensor& x);
SymbolicTensor swish(const SymbolicTensor& x);
SymbolicTensor mish(const SymbolicTensor& x);
SymbolicTensor hard_sigmoid(const SymbolicTensor& x);
SymbolicTensor hard_silu(const SymbolicTensor& x);
SymbolicTensor hard_swish(const SymbolicTensor& x);
SymbolicTensor log_sigmoid(const SymbolicTensor& x);
SymbolicTensor softsign(const SymbolicTensor& x);
SymbolicTensor exponential(const SymbolicTensor& x);
SymbolicTensor celu(const SymbolicTensor& x);
SymbolicTensor celu(const SymbolicTensor& x, double alpha);
SymbolicTensor squareplus(const SymbolicTensor& x);
SymbolicTensor squareplus(const SymbolicTensor& x, double b);
SymbolicTensor hard_tanh(const SymbolicTensor& x);
SymbolicTensor hard_shrink(const SymbolicTensor& x);
SymbolicTensor hard_shrink(const SymbolicTensor& x, double threshold);
SymbolicTensor soft_shrink(const SymbolicTensor& x);
SymbolicTensor soft_shrink(const SymbolicTensor& x, double threshold);
SymbolicTensor tanh_shrink(const SymbolicTensor& x);
SymbolicTensor threshold(const SymbolicTensor& x, double threshold, double default_value);
SymbolicTensor sparse_plus(const SymbolicTensor& x);
SymbolicTensor sparse_sigmoid(const SymbolicTensor& x);
SymbolicTensor glu(const SymbolicTensor& x);
SymbolicTensor glu(const SymbolicTensor& x, int axis);
SymbolicTensor sparsemax(const SymbolicTensor& x);
SymbolicTensor sparsemax(const SymbolicTensor& x, int axis);
SymbolicTensor l2_normalize(const SymbolicTensor& x, const Axes& axes = {}, double epsilon = 1e-12);
std::pair<SymbolicTensor, SymbolicTensor> moments(const SymbolicTensor& x, const Axes& axes = {},
                                                  bool keepdims = false);
template <class A, class B = Tensor, class C = Tensor>
requires detail::AnySymbolic<A, B, C> SymbolicTensor layer_norm(const A& x, const B& gamma = {}, const C& beta = {},
                                                                const LayerNormOptions& options = {}) {
  return symbolic::layer_norm(x, gamma, beta, options);
}
template <class A, class B, class C, class D, class E>
requires detail::AnySymbolic<A, B, C, D, E> SymbolicTensor batch_norm(const A& x, const B& mean, const C& variance,
                                                                      const D& offset, const E& scale,
                                                                      double epsilon = 1e-3) {
  return symbolic::batch_norm(x, mean, variance, offset, scale, epsilon);
}
template <class A, class B = Tensor, class C = Tensor>
requires detail::AnySymbolic<A, B, C> SymbolicBatchNorm batch_norm_training(const A& x, const B& scale = {},
                                                                            const C& offset = {},
                                                                            double epsilon = 1e-3) {
  return symbolic::batch_norm_training(x, scale, offset, epsilon);
}
}  // namespace nn
SymbolicTensor exp2(const SymbolicTensor& x);
SymbolicTensor log2(const SymbolicTensor& x);
SymbolicTensor log10(const SymbolicTensor& x);
SymbolicTensor trunc(const SymbolicTensor& x);
SymbolicTensor deg2rad(const SymbolicTensor& x);
SymbolicTensor rad2deg(const SymbolicTensor& x);
SymbolicTensor signbit(const SymbolicTensor& x);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor copysign(const A& a, const B& b) { return symbolic::copysign(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor heaviside(const A& x, const B& value) {
  return symbolic::heaviside(x, value);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor hypot(const A& a, const B& b) { return symbolic::hypot(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor logaddexp(const A& a, const B& b) {
  return symbolic::logaddexp(a, b);
}
SymbolicTensor nan_to_num(const SymbolicTensor& x, const NanToNumOptions& options = {});
SymbolicTensor count_nonzero(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor pad(const SymbolicTensor& x, const std::vector<std::array<std::int64_t, 2>>& paddings,
                   const PadOptions& options = {});
namespace nn {
SymbolicTensor max_pool2d(const SymbolicTensor& x, Size2d ksize, const Pool2dOptions& options = {});
SymbolicTensor max_pool1d(const SymbolicTensor& x, std::int64_t ksize, const Pool1dOptions& options = {});
SymbolicTensor avg_pool2d(const SymbolicTensor& x, Size2d ksize, const Pool2dOptions& options = {});
SymbolicTensor avg_pool1d(const SymbolicTensor& x, std::int64_t ksize, const Pool1dOptions& options = {});
SymbolicTensor global_average_pool(const SymbolicTensor& x, bool keepdims = false);
SymbolicTensor global_max_pool(const SymbolicTensor& x, bool keepdims = false);
}  // namespace nn
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor quantile(const A& x, const B& q, const Axes& axes = {},
                                                           const QuantileOptions& options = {}, bool keepdims = false) {
  return symbolic::quantile(x, q, axes, options, keepdims);
}
SymbolicTensor median(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor ptp(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
namespace random {
SymbolicTensor bernoulli(const SymbolicTensor& probabilities, Generator& generator = default_generator());
SymbolicTensor categorical(const SymbolicTensor& logits, std::int64_t count,
                           Generator& generator = default_generator());
SymbolicTensor gamma(const SymbolicTensor& alpha, Generator& generator = default_generator());
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor beta(const A& alpha, const B& beta,
                                                       Generator& generator = default_generator()) {
  return symbolic::beta(alpha, beta, generator);
}
SymbolicTensor poisson(const SymbolicTensor& rate, Generator& generator = default_generator());
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor binomial(const A& n, const B& p,
                                                           Generator& generator = default_generator()) {
  return symbolic::binomial(n, p, generator);
}
SymbolicTensor choice(const SymbolicTensor& x, std::int64_t count, const ChoiceOptions& options = {},
                      Generator& generator = default_generator());
SymbolicTensor shuffle(const SymbolicTensor& x, Generator& generator = default_generator());
}  // namespace random
SymbolicTensor rot90(const SymbolicTensor& x, int k = 1, int axis1 = 0, int axis2 = 1);
namespace nn {
SymbolicTensor space_to_depth(const SymbolicTensor& x, std::int64_t block_size);
SymbolicTensor depth_to_space(const SymbolicTensor& x, std::int64_t block_size);
template <class A, class B, class C, class D = Tensor>
requires detail::AnySymbolic<A, B, C, D> SymbolicLstmResult lstm(const A& x, const B& kernel, const C& recurrent_kernel,
                                                                 const D& bias = {}, const LstmOptions& options = {}) {
  return symbolic::lstm(x, kernel, recurrent_kernel, bias, options);
}
template <class A, class B, class C, class D = Tensor>
requires detail::AnySymbolic<A, B, C, D> SymbolicGruResult gru(const A& x, const B& kernel, const C& recurrent_kernel,
                                                               const D& bias = {}, const GruOptions& options = {}) {
  return symbolic::gru(x, kernel, recurrent_kernel, bias, options);
}
}  // namespace nn
SymbolicTensor reduce_sum(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor reduce_mean(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor reduce_prod(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor reduce_max(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor reduce_min(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor reduce_all(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor reduce_any(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor argmax(const SymbolicTensor& x, int axis = 0);
SymbolicTensor argmin(const SymbolicTensor& x, int axis = 0);
SymbolicTensor cumsum(const SymbolicTensor& x, int axis = 0, const ScanOptions& options = {});
SymbolicTensor cumprod(const SymbolicTensor& x, int axis = 0, const ScanOptions& options = {});
SymbolicTensor diff(const SymbolicTensor& x, std::int64_t n = 1, int axis = -1);
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor unsorted_segment_sum(const A& data, const B& segment_ids,
                                                                       std::int64_t num_segments) {
  return symbolic::unsorted_segment_sum(data, segment_ids, num_segments);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor unsorted_segment_mean(const A& data, const B& segment_ids,
                                                                        std::int64_t num_segments) {
  return symbolic::unsorted_segment_mean(data, segment_ids, num_segments);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor unsorted_segment_prod(const A& data, const B& segment_ids,
                                                                        std::int64_t num_segments) {
  return symbolic::unsorted_segment_prod(data, segment_ids, num_segments);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor unsorted_segment_max(const A& data, const B& segment_ids,
                                                                       std::int64_t num_segments) {
  return symbolic::unsorted_segment_max(data, segment_ids, num_segments);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor unsorted_segment_min(const A& data, const B& segment_ids,
                                                                       std::int64_t num_segments) {
  return symbolic::unsorted_segment_min(data, segment_ids, num_segments);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor segment_sum(const A& data, const B& segment_ids) {
  return symbolic::segment_sum(data, segment_ids);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor segment_mean(const A& data, const B& segment_ids) {
  return symbolic::segment_mean(data, segment_ids);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor segment_prod(const A& data, const B& segment_ids) {
  return symbolic::segment_prod(data, segment_ids);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor segment_max(const A& data, const B& segment_ids) {
  return symbolic::segment_max(data, segment_ids);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor segment_min(const A& data, const B& segment_ids) {
  return symbolic::segment_min(data, segment_ids);
}
SymbolicTensor sequence_mask(const SymbolicTensor& lengths, std::int64_t maxlen);
SymbolicTensor sequence_mask(const SymbolicTensor& lengths);
SymbolicTensor sort(const SymbolicTensor& x, int axis = -1, SortDirection direction = SortDirection::ascending);
SymbolicTensor argsort(const SymbolicTensor& x, int axis = -1, SortDirection direction = SortDirection::ascending);
SymbolicTopK top_k(const SymbolicTensor& x, std::int64_t k = 1);
SymbolicTensor reduce_logsumexp(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor reduce_variance(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor reduce_std(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false);
SymbolicTensor norm(const SymbolicTensor& x, const NormOptions& options = {}, const Axes& axes = {},
                    bool keepdims = false);
template <detail::SymbolicOperandList L = detail::SymbolicOperands>
SymbolicTensor concatenate(const L& values, int axis = 0) {
  return concat(values, axis);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor take(const A& x, const B& indices) {
  return gather(flatten(x), indices);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor take(const A& x, const B& indices, int axis) {
  return gather(x, indices, axis);
}
inline SymbolicTensor where(const SymbolicTensor& condition) { return argwhere(condition); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor digitize(const A& x, const B& bins) {
  return searchsorted(bins, x, {.side = "right"});
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor segment_sum(const A& data, const B& segment_ids,
                                                              std::int64_t num_segments) {
  return unsorted_segment_sum(data, segment_ids, num_segments);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor segment_max(const A& data, const B& segment_ids,
                                                              std::int64_t num_segments) {
  return unsorted_segment_max(data, segment_ids, num_segments);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor vdot(const A& a, const B& b) { return dot(flatten(a), flatten(b)); }
inline SymbolicTensor flip(const SymbolicTensor& x, int axis) { return reverse(x, {axis}); }
inline SymbolicTensor flip(const SymbolicTensor& x, ListOf<int> axes) { return reverse(x, axes); }
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor clip(const A& x, const B& low, const C& high) {
  return clip_by_value(x, low, high);
}
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor tensor_scatter_nd_add(const A& x, const B& indices,
                                                                           const C& updates) {
  return tensor_scatter_add(x, indices, updates);
}
template <class A, class B, class C>
requires detail::AnySymbolic<A, B, C> SymbolicTensor tensor_scatter_nd_update(const A& x, const B& indices,
                                                                              const C& updates) {
  return tensor_scatter_update(x, indices, updates);
}
inline SymbolicTensor sum(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_sum(x, axes, keepdims);
}
inline SymbolicTensor mean(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_mean(x, axes, keepdims);
}
inline SymbolicTensor prod(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_prod(x, axes, keepdims);
}
inline SymbolicTensor var(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_variance(x, axes, keepdims);
}
inline SymbolicTensor logsumexp(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_logsumexp(x, axes, keepdims);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor percentile(const A& x, const B& q, const Axes& axes = {},
                                                             const QuantileOptions& options = {},
                                                             bool keepdims = false) {
  return quantile(x, q / 100.0, axes, options, keepdims);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor power(const A& a, const B& b) { return pow(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor true_divide(const A& a, const B& b) { return divide(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor floor_divide(const A& a, const B& b) { return floordiv(a, b); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor remainder(const A& a, const B& b) { return mod(a, b); }
inline SymbolicTensor absolute(const SymbolicTensor& x) { return abs(x); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor float_power(const A& a, const B& b) {
  return pow(cast(a, float64), cast(b, float64));
}
inline SymbolicTensor bitwise_invert(const SymbolicTensor& x) { return bitwise_not(x); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor left_shift(const A& a, const B& b) {
  return bitwise_left_shift(a, b);
}
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor right_shift(const A& a, const B& b) {
  return bitwise_right_shift(a, b);
}
inline SymbolicTensor arcsin(const SymbolicTensor& x) { return asin(x); }
inline SymbolicTensor arccos(const SymbolicTensor& x) { return acos(x); }
inline SymbolicTensor arctan(const SymbolicTensor& x) { return atan(x); }
template <class A, class B>
requires detail::AnySymbolic<A, B> SymbolicTensor arctan2(const A& y, const B& x) { return atan2(y, x); }
inline SymbolicTensor arcsinh(const SymbolicTensor& x) { return asinh(x); }
inline SymbolicTensor arccosh(const SymbolicTensor& x) { return acosh(x); }
inline SymbolicTensor arctanh(const SymbolicTensor& x) { return atanh(x); }
inline SymbolicTensor isnan(const SymbolicTensor& x) { return is_nan(x); }
inline SymbolicTensor isinf(const SymbolicTensor& x) { return is_inf(x); }
inline SymbolicTensor isfinite(const SymbolicTensor& x) { return is_finite(x); }
namespace ops {
inline SymbolicTensor max(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_max(x, axes, keepdims);
}
inline SymbolicTensor min(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_min(x, axes, keepdims);
}
inline SymbolicTensor all(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_all(x, axes, keepdims);
}
inline SymbolicTensor any(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_any(x, axes, keepdims);
}
inline SymbolicTensor std(const SymbolicTensor& x, const Axes& axes = {}, bool keepdims = false) {
  return reduce_std(x, axes, keepdims);
}
}  // namespace ops
using nn::softplus;
namespace linalg {
using ::xtape::norm;
}  // namespace linalg
namespace ops {
using ::xtape::sigmoid;
using ::xtape::tanh;
}  // namespace ops

}  // namespace xtape
