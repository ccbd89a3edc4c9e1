// Calls of public ops with any shapes, dtypes, axes and options, and their gradients.
#include <functional>
#include <tuple>
#include <type_traits>

#include "fuzz/choices.hpp"
#include "xtape/base/threads.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/activation_function.hpp"
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
#include "xtape/ops/window_options.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using fuzzing::Choices;

namespace {

/// What is kept for a parameter while the call runs: lists are views.
template <class T>
struct Held {
  using type = T;
};
template <class T>
struct Held<ListOf<T>> {
  using type = std::vector<T>;
};
template <class T>
struct Held<std::span<const T>> {
  using type = std::vector<T>;
};

template <class T>
T make(Choices& c) {
  if constexpr (std::is_same_v<T, Tensor>) {
    return c.tensor();
  } else if constexpr (std::is_same_v<T, std::vector<Tensor>>) {
    return c.tensors();
  } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) {
    return c.numbers<std::int64_t>();
  } else if constexpr (std::is_same_v<T, std::vector<int>>) {
    return c.numbers<int>();
  } else if constexpr (std::is_same_v<T, std::vector<std::array<std::int64_t, 2>>>) {
    T all(c.below(5));
    for (auto& pair : all) pair = {c.integer(), c.integer()};
    return all;
  } else if constexpr (std::is_same_v<T, std::pair<std::vector<int>, std::vector<int>>>) {
    auto first = c.numbers<int>();
    return {first, c.numbers<int>()};
  } else if constexpr (std::is_same_v<T, Axes>) {
    return c.below(3) == 0 ? Axes() : Axes(c.numbers<int>());
  } else if constexpr (std::is_same_v<T, Shape>) {
    return c.below(4) == 0 ? Shape(c.numbers<std::int64_t>()) : c.shape();
  } else if constexpr (std::is_same_v<T, DType> || std::is_same_v<T, AnyDType>) {
    return c.dtype();
  } else if constexpr (std::is_same_v<T, bool>) {
    return c.below(2) == 1;
  } else if constexpr (std::is_same_v<T, double>) {
    return c.real();
  } else if constexpr (std::is_same_v<T, int>) {
    return c.below(20) == 0 ? static_cast<int>(c.integer()) : c.small();
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return c.integer();
  } else if constexpr (std::is_same_v<T, Size2d>) {
    const auto height = c.integer();
    return {height, c.integer()};
  } else if constexpr (std::is_same_v<T, Padding>) {
    return c.below(2) == 1 ? Padding::same : Padding::valid;
  } else if constexpr (std::is_same_v<T, SortDirection>) {
    return c.below(2) == 1 ? SortDirection::descending : SortDirection::ascending;
  } else if constexpr (std::is_same_v<T, std::string>) {
    constexpr const char* words[] = {"bilinear", "nearest", "constant", "reflect", "wrap", "symmetric", "ij",
                                     "xy",       "fro",     "zeros",    "border",  "edge", ""};
    return words[c.below(std::size(words))];
  } else if constexpr (std::is_same_v<T, IndexItem>) {
    switch (c.below(5)) {
      case 0:
        return c.integer();
      case 1:
        return ellipsis;
      case 2:
        return newaxis;
      case 3:
        return Slice(c.integer(), {}, c.integer());
      default: {
        const auto start = c.integer();
        return Slice(start, c.integer());
      }
    }
  } else if constexpr (std::is_same_v<T, std::vector<IndexItem>>) {
    T all;
    for (auto n = c.below(5); n > 0; --n) all.push_back(make<IndexItem>(c));
    return all;
  } else if constexpr (std::is_same_v<T, MatmulOptions>) {
    return {.transpose_a = make<bool>(c), .transpose_b = make<bool>(c)};
  } else if constexpr (std::is_same_v<T, ScanOptions>) {
    return {.exclusive = make<bool>(c), .reverse = make<bool>(c)};
  } else if constexpr (std::is_same_v<T, PadOptions>) {
    return {.mode = make<std::string>(c), .constant_values = c.real()};
  } else if constexpr (std::is_same_v<T, MeshgridOptions>) {
    return {.indexing = make<std::string>(c)};
  } else if constexpr (std::is_same_v<T, NormOptions>) {
    return {.ord = c.real()};
  } else if constexpr (std::is_same_v<T, linalg::MatvecOptions>) {
    return {.transpose_a = make<bool>(c)};
  } else if constexpr (std::is_same_v<T, linalg::LstsqOptions>) {
    return {.l2_regularizer = c.real()};
  } else if constexpr (std::is_same_v<T, linalg::SolveOptions>) {
    return {.adjoint = make<bool>(c)};
  } else if constexpr (std::is_same_v<T, linalg::TriangularSolveOptions>) {
    return {.lower = make<bool>(c), .adjoint = make<bool>(c)};
  } else if constexpr (std::is_same_v<T, nn::Conv2dOptions>) {
    return {.strides = make<Size2d>(c), .padding = make<Padding>(c), .dilations = make<Size2d>(c)};
  } else if constexpr (std::is_same_v<T, nn::Conv1dOptions>) {
    return {.strides = c.integer(), .padding = make<Padding>(c), .dilations = c.integer()};
  } else if constexpr (std::is_same_v<T, nn::Conv2dTransposeOptions>) {
    nn::Conv2dTransposeOptions options;
    if (make<bool>(c)) options.output_shape = make<Shape>(c);
    options.strides = make<Size2d>(c);
    options.padding = make<Padding>(c);
    return options;
  } else if constexpr (std::is_same_v<T, nn::Pool2dOptions>) {
    nn::Pool2dOptions options;
    if (make<bool>(c)) options.strides = make<Size2d>(c);
    options.padding = make<Padding>(c);
    return options;
  } else if constexpr (std::is_same_v<T, nn::Pool1dOptions>) {
    nn::Pool1dOptions options;
    if (make<bool>(c)) options.strides = c.integer();
    options.padding = make<Padding>(c);
    return options;
  } else if constexpr (std::is_same_v<T, nn::LayerNormOptions>) {
    return {.axes = make<Axes>(c), .epsilon = c.real()};
  } else if constexpr (std::is_same_v<T, nn::AttentionOptions>) {
    nn::AttentionOptions options;
    if (make<bool>(c)) options.mask = c.tensor();
    options.is_causal = make<bool>(c);
    if (make<bool>(c)) options.scale = c.real();
    if (make<bool>(c)) options.dropout = c.real();
    return options;
  } else if constexpr (std::is_same_v<T, nn::LstmOptions>) {
    nn::LstmOptions options;
    if (make<bool>(c)) options.initial_h = c.tensor();
    if (make<bool>(c)) options.mask = c.tensor();
    return options;
  } else if constexpr (std::is_same_v<T, nn::GruOptions>) {
    nn::GruOptions options;
    if (make<bool>(c)) options.initial_h = c.tensor();
    options.reset_after = make<bool>(c);
    if (make<bool>(c)) options.mask = c.tensor();
    return options;
  } else if constexpr (std::is_same_v<T, nn::GeluOptions>) {
    return {.approximate = make<bool>(c)};
  } else if constexpr (std::is_same_v<T, image::AffineTransformOptions>) {
    return {.interpolation = make<std::string>(c), .fill_mode = make<std::string>(c), .fill_value = c.real()};
  } else if constexpr (std::is_same_v<T, nn::ReluOptions>) {
    nn::ReluOptions options{.negative_slope = c.real(), .threshold = c.real()};
    if (make<bool>(c)) options.max_value = c.real();
    return options;
  } else if constexpr (std::is_same_v<T, image::ExtractPatchesOptions>) {
    image::ExtractPatchesOptions options{.dilation_rate = make<Size2d>(c), .padding = make<Padding>(c)};
    if (make<bool>(c)) options.strides = make<Size2d>(c);
    return options;
  } else if constexpr (std::is_same_v<T, image::GridSampleOptions>) {
    return {
        .interpolation = make<std::string>(c), .padding_mode = make<std::string>(c), .align_corners = make<bool>(c)};
  } else if constexpr (std::is_same_v<T, BincountOptions>) {
    BincountOptions options{.minlength = c.integer()};
    if (make<bool>(c)) options.length = c.integer();
    return options;
  } else if constexpr (std::is_same_v<T, SearchsortedOptions>) {
    return {.side = make<bool>(c) ? "right" : "left"};
  } else if constexpr (std::is_same_v<T, HistogramOptions>) {
    HistogramOptions options{.bins = c.integer()};
    if (make<bool>(c)) options.range = {c.real(), c.real()};
    return options;
  } else if constexpr (std::is_same_v<T, CovOptions>) {
    return {.rowvar = make<bool>(c), .ddof = make<int>(c)};
  } else if constexpr (std::is_same_v<T, linalg::PinvOptions>) {
    return {.rcond = c.real()};
  } else if constexpr (std::is_same_v<T, linalg::MatrixRankOptions>) {
    return {.tol = c.real()};
  } else if constexpr (std::is_same_v<T, NanToNumOptions>) {
    return {.nan = c.real(), .posinf = c.real()};
  } else if constexpr (std::is_same_v<T, QuantileOptions>) {
    constexpr const char* methods[] = {"linear", "lower", "higher", "midpoint", "nearest"};
    return {.method = methods[c.below(std::size(methods))]};
  } else {
    static_assert(std::is_same_v<T, nn::DropoutOptions>);
    return {.seed = c.byte()};
  }
}

/// The tensor that the gradient is of; empty for other results.
Tensor first_of(const Tensor& result) { return result; }
Tensor first_of(const Tensors& result) { return result.empty() ? Tensor() : result.front(); }
template <class A, class B>
Tensor first_of(const std::pair<A, B>& result) {
  return first_of(result.first);
}
Tensor first_of(const linalg::Qr& result) { return result.r; }
Tensor first_of(const linalg::Svd& result) { return result.s; }
Tensor first_of(const linalg::Eigh& result) { return result.w; }
Tensor first_of(const linalg::Slogdet& result) { return result.logdet; }
Tensor first_of(const nn::BatchNorm& result) { return result.y; }
Tensor first_of(const nn::LstmResult& result) { return result.outputs; }
Tensor first_of(const nn::GruResult& result) { return result.outputs; }
Tensor first_of(const TopK& result) { return result.values; }
Tensor first_of(const Unique& result) { return result.values; }
Tensor first_of(const Histogram& result) { return result.edges; }

using Call = std::function<void(Choices&)>;

template <class R, class... P>
Call call(R (*f)(P...)) {
  return [f](Choices& c) {
    const std::tuple arguments{make<typename Held<std::decay_t<P>>::type>(c)...};  // braces: one after the other
    GradientTape tape;
    for (const Tensor& t : c.made()) {
      if (is_floating(t.dtype())) tape.watch(t);
    }
    const Tensor y = std::apply([f](const auto&... a) { return first_of(f(a...)); }, arguments);
    if (!y.defined() || !is_floating(y.dtype())) return;
    for (const Tensor& t : c.made()) {
      if (!is_floating(t.dtype())) continue;
      static_cast<void>(tape.gradient(y, t));
      return;
    }
  };
}
/// Of one of several functions of a name.
template <class F>
Call call_of(F* f) {
  return call(f);
}

using One = Tensor(const Tensor&);
using Two = Tensor(const Tensor&, const Tensor&);
using Scalar = Tensor(const Tensor&, double);
using Axis = Tensor(const Tensor&, int);

const Call calls[] = {
    call(add), call(subtract), call(multiply), call(divide), call(pow), call(maximum), call(minimum), call(negative),
    call_of<One>(abs), call(sign), call(square), call_of<One>(sqrt), call_of<One>(exp), call_of<One>(log),
    call_of<One>(tanh), call(sigmoid), call(clip_by_value), call(where), call(cast), call(equal), call(less),
    call(greater_equal), call(logical_and), call(logical_not), call(divide_no_nan), call(floordiv), call(mod),
    call(squared_difference), call_of<Tensor(const Tensor&, const Tensor&)>(atan2), call(logical_xor), call(reciprocal),
    call(rsqrt), call_of<One>(expm1), call_of<One>(log1p), call_of<One>(sin), call_of<One>(tan), call_of<One>(asin),
    call_of<One>(acosh), call_of<One>(atanh), call_of<One>(erf), call_of<One>(lgamma), call(digamma), call(polygamma),
    call_of<One>(floor), call_of<One>(round), call(is_nan), call(is_finite), call_of<One>(exp2), call_of<One>(log2),
    call_of<One>(log10), call_of<One>(trunc), call(deg2rad), call(signbit), call(copysign), call(heaviside),
    call_of<Two>(hypot), call(logaddexp), call(nan_to_num), call(bitwise_and), call(bitwise_xor), call(bitwise_not),
    call(bitwise_left_shift), call(bitwise_right_shift),
    // places
    call(reshape), call(flatten), call(expand_dims), call_of<One>(squeeze), call_of<Axis>(squeeze),
    call_of<One>(transpose), call_of<Tensor(const Tensor&, ListOf<int>)>(transpose), call(swapaxes), call(moveaxis),
    call(concat), call(stack), call(unstack), call_of<Tensors(const Tensor&, ListOf<std::int64_t>, int)>(split),
    call_of<Tensors(const Tensor&, std::int64_t, int)>(split<std::int64_t>), call(slice), call(slice_axis),
    call_of<Tensor(const Tensor&, const Tensor&, int)>(gather),
    call_of<Tensor(const Tensor&, const Tensor&, int, int)>(gather), call(broadcast_to), call(tile),
    call_of<Tensor(const Tensor&, ListOf<std::int64_t>, int)>(repeat),
    call_of<Tensor(const Tensor&, ListOf<std::int64_t>)>(repeat), call(reverse),
    call_of<Tensor(const Tensor&, std::int64_t, int)>(roll),
    call_of<Tensor(const Tensor&, ListOf<std::int64_t>, ListOf<int>)>(roll), call(meshgrid), call(tril), call(triu),
    call(xtape::index), call(strided_slice), call(gather_nd), call(scatter_nd), call(tensor_scatter_add),
    call(tensor_scatter_update), call(boolean_mask), call(pad), call(cumsum), call(cumprod), call(sort), call(argsort),
    call(top_k), call(take_along_axis), call(put_along_axis), call(rot90), call(nn::space_to_depth),
    call(nn::depth_to_space), call(diff), call(argwhere), call(nonzero), call(unique),
    call_of<Tensor(const Tensor&, const BincountOptions&)>(bincount),
    call_of<Tensor(const Tensor&, const Tensor&, const BincountOptions&)>(bincount), call(searchsorted),
    call(histogram), call(unsorted_segment_sum), call(unsorted_segment_mean), call(unsorted_segment_prod),
    call(unsorted_segment_max), call(segment_sum), call(segment_min),
    call_of<Tensor(const Tensor&, std::int64_t)>(sequence_mask), call_of<One>(sequence_mask),
    // reductions
    call(reduce_sum), call(reduce_mean), call(reduce_prod), call(reduce_max), call(reduce_min), call(reduce_all),
    call(reduce_any), call(argmax), call(argmin), call(reduce_logsumexp), call(reduce_variance), call(reduce_std),
    call(nansum), call(nanprod), call(nanmean), call(nanmax), call(nanvar), call(nanstd), call(quantile), call(median),
    call(ptp), call(count_nonzero), call(cov), call(corrcoef), call(average), call(norm), call(clip_by_norm),
    call_of<Tensor(std::span<const Tensor>)>(global_norm),
    // products
    call(matmul), call(linear), call(einsum), call_of<Tensor(const Tensor&, const Tensor&, int)>(tensordot),
    call_of<Tensor(const Tensor&, const Tensor&, const std::pair<std::vector<int>, std::vector<int>>&)>(tensordot),
    call(dot), call(outer), call(inner), call(cross), call(kron), call(linalg::matvec), call(linalg::matrix_transpose),
    call(linalg::diag), call(linalg::diag_part), call(linalg::set_diag), call(linalg::trace), call(linalg::band_part),
    call(linalg::qr), call(linalg::svd), call(linalg::eigh), call(linalg::lstsq),
    call_of<Tensor(const Tensor&, double, bool)>(linalg::matrix_norm), call(linalg::inv), call(linalg::det),
    call(linalg::slogdet), call(linalg::solve), call(linalg::triangular_solve), call(linalg::cholesky),
    call(linalg::pinv), call(linalg::eigvalsh), call(linalg::logdet), call(linalg::matrix_power), call(linalg::expm),
    call(linalg::matrix_rank), call(linalg::cond),
    // networks
    call(nn::conv2d), call(nn::conv1d), call(nn::depthwise_conv2d), call(nn::conv2d_transpose),
    call(nn::conv2d_backprop_input), call(nn::conv2d_backprop_filter), call(nn::max_pool2d), call(nn::max_pool1d),
    call(nn::avg_pool2d), call(nn::avg_pool1d), call(nn::global_average_pool), call(nn::global_max_pool),
    call_of<Tensor(const Tensor&)>(nn::relu), call_of<Tensor(const Tensor&, const nn::ReluOptions&)>(nn::relu),
    call_of<Scalar>(nn::celu), call_of<Scalar>(nn::squareplus), call(nn::hard_tanh), call_of<Scalar>(nn::hard_shrink),
    call_of<Scalar>(nn::soft_shrink), call(nn::tanh_shrink), call(nn::threshold), call(nn::sparse_plus),
    call(nn::sparse_sigmoid), call_of<Axis>(nn::glu), call_of<Axis>(nn::sparsemax), call_of<Scalar>(nn::leaky_relu),
    call(nn::softplus), call_of<Axis>(nn::softmax), call_of<Axis>(nn::log_softmax),
    call(nn::softmax_cross_entropy_with_logits), call(nn::sparse_softmax_cross_entropy_with_logits),
    call(nn::sigmoid_cross_entropy_with_logits), call(nn::bias_add), call(nn::embedding_lookup),
    call_of<Scalar>(nn::elu), call(nn::selu), call_of<Tensor(const Tensor&, const nn::GeluOptions&)>(nn::gelu),
    call(nn::silu), call(nn::mish), call(nn::hard_sigmoid), call(nn::log_sigmoid), call(nn::softsign),
    call(nn::l2_normalize), call(nn::moments), call(nn::layer_norm), call(nn::batch_norm),
    call(nn::batch_norm_training), call(nn::dropout), call(nn::scaled_dot_product_attention),
    call(nn::dot_product_attention), call(nn::lstm), call(nn::gru), call(image::affine_transform), call(image::resize),
    call(image::extract_patches), call(image::grid_sample), call(nn::ctc_loss),
    // new tensors
    call(zeros), call(full), call(eye), call(linspace), call(one_hot),
    call_of<Tensor(std::int64_t, std::int64_t, std::int64_t, AnyDType)>(arange<std::int64_t>),
    call_of<Tensor(double, double, double, AnyDType)>(arange<double>)};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool once = (set_num_threads(1), true);  // its tensors are small
  static_cast<void>(once);
  Choices choices(data, size);
  const Call& chosen = calls[choices.below(std::size(calls))];
  return fuzzing::only_errors([&] { chosen(choices); });
}

std::vector<std::string> fuzzing::seeds() {
  std::vector<std::string> all;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < std::size(calls); ++i) {
    std::string bytes{static_cast<char>(i)};
    for (int k = 0; k < 60; ++k) bytes += static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    all.push_back(bytes);
  }
  return all;
}
