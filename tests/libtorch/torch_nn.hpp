#pragma once

#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

// A part of torch_ops.cpp, the only file that includes it.
namespace torch_ops {
namespace {

namespace F = torch::nn::functional;
using Tensor = torch::Tensor;
using X = const std::vector<Tensor>&;
using Op = std::function<Tensor(X)>;

Tensor indices(std::vector<std::int64_t> list) { return torch::tensor(list, torch::kInt64); }
Tensor transposed(const Tensor& x) { return x.transpose(-1, -2); }

// Channels last, as xtape has them, and libtorch's channels first.
Tensor first(const Tensor& x) { return x.dim() == 4 ? x.permute({0, 3, 1, 2}) : x.permute({0, 2, 1}); }
Tensor last(const Tensor& x) { return x.dim() == 4 ? x.permute({0, 2, 3, 1}) : x.permute({0, 2, 1}); }
Tensor filters(const Tensor& w) { return w.dim() == 4 ? w.permute({3, 2, 0, 1}) : w.permute({2, 1, 0}); }

Tensor convolve(const Tensor& x, const Tensor& w, torch::IntArrayRef stride = 1, torch::IntArrayRef padding = 0,
                torch::IntArrayRef dilation = 1, std::int64_t groups = 1) {
  return last(torch::conv2d(first(x), filters(w), {}, stride, padding, dilation, groups));
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, bool causal) {
  Tensor scores = torch::matmul(q, transposed(k)) / std::sqrt(static_cast<double>(q.size(-1)));
  if (causal) {
    const Tensor later = torch::ones({q.size(-2), k.size(-2)}, torch::kBool).triu(1);
    scores = scores.masked_fill(later, -std::numeric_limits<double>::infinity());
  }
  return torch::matmul(torch::softmax(scores, -1), v);
}

Tensor lstm(const Tensor& x, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias) {
  const Tensor zero = torch::zeros({1, x.size(0), recurrent.size(0)}, x.options());
  return std::get<0>(torch::lstm(x, {zero, zero}, {kernel.t(), recurrent.t(), bias, torch::zeros_like(bias)},
                                 /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0, /*train=*/false,
                                 /*bidirectional=*/false, /*batch_first=*/true));
}

/// Its gates are r, z, n where xtape has z, r, n.
Tensor swap_gates(const Tensor& w) {
  const auto parts = w.chunk(3, -1);
  return torch::cat({parts[1], parts[0], parts[2]}, -1);
}

Tensor gru(const Tensor& x, const Tensor& kernel, const Tensor& recurrent, const Tensor& bias) {
  const Tensor zero = torch::zeros({1, x.size(0), recurrent.size(0)}, x.options()), biases = swap_gates(bias);
  return std::get<0>(torch::gru(x, zero, {swap_gates(kernel).t(), swap_gates(recurrent).t(), biases[0], biases[1]},
                                true, 1, 0, false, false, true));
}

const std::map<std::string, Op>& nn() {
  static const std::map<std::string, Op> ops = {
      {"relu", [](X x) { return torch::relu(x[0]); }},
      {"leaky_relu", [](X x) { return torch::leaky_relu(x[0], 0.3); }},
      {"softplus", [](X x) { return torch::softplus(x[0]); }},
      {"softmax", [](X x) { return torch::softmax(x[0], -1); }},
      {"softmax, axis 0", [](X x) { return torch::softmax(x[0], 0); }},
      {"log_softmax", [](X x) { return torch::log_softmax(x[0], -1); }},
      {"softmax_cross_entropy_with_logits",
       [](X x) {
         return F::cross_entropy(x[1], torch::softmax(x[0], -1), F::CrossEntropyFuncOptions().reduction(torch::kNone));
       }},
      {"sparse_softmax_cross_entropy_with_logits",
       [](X x) {
         return F::cross_entropy(x[0], indices({2, 0, 4}), F::CrossEntropyFuncOptions().reduction(torch::kNone));
       }},
      {"scaled_dot_product_attention", [](X x) { return attention(x[0], x[1], x[2], false); }},
      {"scaled_dot_product_attention, causal", [](X x) { return attention(x[0], x[1], x[2], true); }},
      {"dot_product_attention",
       [](X x) {
         const auto swapped = [](const Tensor& t) { return t.transpose(1, 2); };
         return swapped(attention(swapped(x[0]), swapped(x[1]), swapped(x[2]), false));
       }},
      {"lstm", [](X x) { return lstm(x[0], x[1], x[2], x[3]); }},
      {"gru", [](X x) { return gru(x[0], x[1], x[2], x[3]); }},
      {"relu6", [](X x) { return torch::relu6(x[0]); }},
      {"elu", [](X x) { return torch::elu(x[0], 0.7); }},
      {"selu", [](X x) { return torch::selu(x[0]); }},
      {"gelu", [](X x) { return torch::gelu(x[0]); }},
      {"gelu, approximate", [](X x) { return torch::gelu(x[0], "tanh"); }},
      {"silu", [](X x) { return torch::silu(x[0]); }},
      {"mish", [](X x) { return torch::mish(x[0]); }},
      // Its own hardsigmoid multiplies gradients by a sixth in float32.
      {"hard_sigmoid", [](X x) { return torch::relu6(x[0] + 3) / 6; }},
      {"hard_silu", [](X x) { return torch::hardswish(x[0]); }},
      {"log_sigmoid", [](X x) { return torch::log_sigmoid(x[0]); }},
      {"softsign", [](X x) { return F::softsign(x[0]); }},
      {"celu", [](X x) { return torch::celu(x[0], 0.5); }},
      {"hard_tanh", [](X x) { return torch::hardtanh(x[0]); }},
      {"hard_shrink", [](X x) { return torch::hardshrink(x[0], 0.4); }},
      {"soft_shrink", [](X x) { return torch::softshrink(x[0], 0.4); }},
      {"threshold", [](X x) { return torch::threshold(x[0], 0.3, -2); }},
      {"glu", [](X x) { return torch::glu(x[0], 1); }},
      {"sigmoid_cross_entropy_with_logits",
       [](X x) {
         const Tensor labels = torch::sigmoid(x[0]);
         return -labels * torch::log_sigmoid(x[1]) - (1 - labels) * torch::log_sigmoid(-x[1]);
       }},
      {"embedding_lookup",
       [](X x) {
         return torch::embedding(x[0], indices({3, 0, 3}));
       }},
      {"bias_add", [](X x) { return x[0] + x[1]; }},
      {"l2_normalize", [](X x) { return F::normalize(x[0], F::NormalizeFuncOptions().dim(1)); }},
      {"layer_norm", [](X x) { return torch::layer_norm(x[0], {5}, x[1], x[2], 1e-3); }},
      {"batch_norm", [](X x) { return (x[0] - x[1]) / (x[2] + 3 + 1e-3).sqrt() * x[4] + x[3]; }},
      {"batch_norm_training", [](X x) { return torch::batch_norm(x[0], x[1], x[2], {}, {}, true, 0.1, 1e-3, false); }},
      {"moments", [](X x) { return x[0].var(0, /*unbiased=*/false); }},
      {"conv2d", [](X x) { return convolve(x[0], x[1]); }},
      {"conv2d, same",
       [](X x) {
         return convolve(x[0], x[1], 1, {1, 2});
       }},
      // TensorFlow pads an even width behind only: by none before and one after.
      {"conv2d, same, strides",
       [](X x) {
         return convolve(torch::constant_pad_nd(x[0], {0, 0, 0, 1, 1, 1}), x[1], 2);
       }},
      {"conv2d, strides, dilations",
       [](X x) {
         return convolve(x[0], x[1], {2, 1}, 0, {1, 3});
       }},
      {"conv2d, groups", [](X x) { return convolve(x[0], x[1], 1, 0, 1, 2); }},
      {"conv1d", [](X x) { return last(torch::conv1d(first(x[0]), filters(x[1]), {}, 2)); }},
      {"depthwise_conv2d",
       [](X x) {
         const Tensor w = x[1].permute({2, 3, 0, 1}).reshape({6, 1, 3, 2});
         return last(torch::conv2d(first(x[0]), w, {}, 1, torch::IntArrayRef(0), 1, 3));
       }},
      {"conv2d_transpose", [](X x) { return last(torch::conv_transpose2d(first(x[0]), filters(x[1]), {}, 2)); }},
      {"max_pool2d",
       [](X x) {
         return last(torch::max_pool2d(first(x[0]), {3, 2}));
       }},
      {"max_pool2d, overlapping", [](X x) { return last(torch::max_pool2d(first(x[0]), 3, 2)); }},
      {"max_pool1d", [](X x) { return last(torch::max_pool1d(first(x[0]), 2)); }},
      {"avg_pool2d", [](X x) { return last(torch::avg_pool2d(first(x[0]), 2)); }},
      {"avg_pool2d, same",
       [](X x) { return last(torch::avg_pool2d(first(x[0]), 3, 2, 1, false, /*count_include_pad=*/false)); }},
      {"avg_pool1d", [](X x) { return last(torch::avg_pool1d(first(x[0]), 3, 1)); }},
      {"global_average_pool",
       [](X x) {
         return x[0].mean(torch::IntArrayRef({1, 2}));
       }},
      {"global_max_pool",
       [](X x) {
         return x[0].amax(torch::IntArrayRef({1, 2}));
       }},
  };
  return ops;
}

}  // namespace
}  // namespace torch_ops
