#include "libtorch/compare.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/attention.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/pool.hpp"
#include "xtape/ops/recurrent.hpp"

namespace xtape::libtorch {
namespace {

using X = const std::vector<Tensor>&;
const Shape one = {3, 5};

}  // namespace

std::vector<Row> nn_rows() {
  return {
      {"relu", {one}, [](X x) { return nn::relu(x[0]); }},
      {"leaky_relu", {one}, [](X x) { return nn::leaky_relu(x[0], 0.3); }},
      {"softplus", {one}, [](X x) { return nn::softplus(x[0]); }, -15, 15},
      {"softmax", {one}, [](X x) { return nn::softmax(x[0]); }, -20, 20},
      {"softmax, axis 0", {one}, [](X x) { return nn::softmax(x[0], 0); }},
      {"log_softmax", {one}, [](X x) { return nn::log_softmax(x[0]); }, -20, 20},
      {"softmax_cross_entropy_with_logits",
       {one, one},
       [](X x) { return nn::softmax_cross_entropy_with_logits(nn::softmax(x[0]), x[1]); }},
      {"sparse_softmax_cross_entropy_with_logits",
       {one},
       [](X x) {
         return nn::sparse_softmax_cross_entropy_with_logits(constant({2, 0, 4}), x[0]);
       }},
      {"scaled_dot_product_attention",
       {{2, 3, 4}, {2, 5, 4}, {2, 5, 6}},
       [](X x) { return nn::scaled_dot_product_attention(x[0], x[1], x[2]); }},
      {"scaled_dot_product_attention, causal",
       {{2, 5, 4}, {2, 5, 4}, {2, 5, 6}},
       [](X x) { return nn::scaled_dot_product_attention(x[0], x[1], x[2], {.is_causal = true}); }},
      {"dot_product_attention",
       {{2, 3, 2, 4}, {2, 5, 2, 4}, {2, 5, 2, 6}},
       [](X x) { return nn::dot_product_attention(x[0], x[1], x[2]); }},
      {"lstm", {{2, 4, 3}, {3, 20}, {5, 20}, {20}}, [](X x) { return nn::lstm(x[0], x[1], x[2], x[3]).outputs; }},
      {"gru", {{2, 4, 3}, {3, 15}, {5, 15}, {2, 15}}, [](X x) { return nn::gru(x[0], x[1], x[2], x[3]).outputs; }},

      {"relu6", {one}, [](X x) { return nn::relu6(x[0]); }, -9, 9},
      {"elu", {one}, [](X x) { return nn::elu(x[0], 0.7); }},
      {"selu", {one}, [](X x) { return nn::selu(x[0]); }},
      {"gelu", {one}, [](X x) { return nn::gelu(x[0]); }, -6, 6},
      {"gelu, approximate", {one}, [](X x) { return nn::gelu(x[0], {.approximate = true}); }, -6, 6},
      {"silu", {one}, [](X x) { return nn::silu(x[0]); }, -20, 20},
      {"mish", {one}, [](X x) { return nn::mish(x[0]); }, -15, 15},
      {"hard_sigmoid", {one}, [](X x) { return nn::hard_sigmoid(x[0]); }, -5, 5},
      {"hard_silu", {one}, [](X x) { return nn::hard_silu(x[0]); }, -5, 5},
      {"log_sigmoid", {one}, [](X x) { return nn::log_sigmoid(x[0]); }, -20, 20},
      {"softsign", {one}, [](X x) { return nn::softsign(x[0]); }},
      {"celu", {one}, [](X x) { return nn::celu(x[0], 0.5); }},
      {"hard_tanh", {one}, [](X x) { return nn::hard_tanh(x[0]); }},
      {"hard_shrink", {one}, [](X x) { return nn::hard_shrink(x[0], 0.4); }},
      {"soft_shrink", {one}, [](X x) { return nn::soft_shrink(x[0], 0.4); }},
      {"threshold", {one}, [](X x) { return nn::threshold(x[0], 0.3, -2); }},
      {"glu", {{2, 4, 3}}, [](X x) { return nn::glu(x[0], 1); }},

      {"sigmoid_cross_entropy_with_logits",
       {one, one},
       [](X x) { return nn::sigmoid_cross_entropy_with_logits(nn::sigmoid(x[0]), x[1]); }},
      {"bias_add", {{2, 3, 4}, {4}}, [](X x) { return nn::bias_add(x[0], x[1]); }},
      {"embedding_lookup",
       {{4, 3}},
       [](X x) {
         return nn::embedding_lookup(x[0], constant({3, 0, 3}));
       }},
      {"l2_normalize", {one}, [](X x) { return nn::l2_normalize(x[0], 1); }},
      {"layer_norm", {{4, 5}, {5}, {5}}, [](X x) { return nn::layer_norm(x[0], x[1], x[2]); }},
      {"batch_norm",
       {{4, 5}, {5}, {5}, {5}, {5}},
       [](X x) { return nn::batch_norm(x[0], x[1], x[2] + 3, x[3], x[4]); }},
      {"batch_norm_training", {{4, 5}, {5}, {5}}, [](X x) { return nn::batch_norm_training(x[0], x[1], x[2]).y; }},
      {"moments", {{4, 5}}, [](X x) { return nn::moments(x[0], 0).second; }},

      {"conv2d", {{2, 7, 6, 4}, {3, 2, 4, 5}}, [](X x) { return nn::conv2d(x[0], x[1]); }},
      {"conv2d, same", {{2, 7, 6, 4}, {3, 5, 4, 5}}, [](X x) { return nn::conv2d(x[0], x[1], {.padding = "same"}); }},
      {"conv2d, same, strides",
       {{2, 7, 6, 4}, {3, 3, 4, 5}},
       [](X x) { return nn::conv2d(x[0], x[1], {.strides = 2, .padding = "same"}); }},
      {"conv2d, strides, dilations",
       {{2, 9, 8, 4}, {3, 2, 4, 5}},
       [](X x) {
         return nn::conv2d(x[0], x[1], {.strides = {2, 1}, .dilations = {1, 3}});
       }},
      {"conv2d, groups", {{2, 7, 6, 4}, {3, 2, 2, 6}}, [](X x) { return nn::conv2d(x[0], x[1]); }},
      {"conv1d", {{2, 9, 4}, {3, 4, 5}}, [](X x) { return nn::conv1d(x[0], x[1], {.strides = 2}); }},
      {"depthwise_conv2d", {{2, 7, 6, 3}, {3, 2, 3, 2}}, [](X x) { return nn::depthwise_conv2d(x[0], x[1]); }},
      {"conv2d_transpose",
       {{2, 4, 3, 5}, {3, 3, 2, 5}},
       [](X x) { return nn::conv2d_transpose(x[0], x[1], {.strides = 2}); }},
      {"max_pool2d",
       {{2, 7, 6, 3}},
       [](X x) {
         return nn::max_pool2d(x[0], {3, 2});
       }},
      {"max_pool2d, overlapping", {{2, 7, 6, 3}}, [](X x) { return nn::max_pool2d(x[0], 3, {.strides = 2}); }},
      {"max_pool1d", {{2, 7, 3}}, [](X x) { return nn::max_pool1d(x[0], 2); }},
      {"avg_pool2d", {{2, 7, 6, 3}}, [](X x) { return nn::avg_pool2d(x[0], 2); }},
      {"avg_pool2d, same",
       {{2, 7, 7, 3}},
       [](X x) { return nn::avg_pool2d(x[0], 3, {.strides = 2, .padding = "same"}); }},
      {"avg_pool1d", {{2, 7, 3}}, [](X x) { return nn::avg_pool1d(x[0], 3, {.strides = 1}); }},
      {"global_average_pool", {{2, 4, 5, 3}}, [](X x) { return nn::global_average_pool(x[0]); }},
      {"global_max_pool", {{2, 4, 5, 3}}, [](X x) { return nn::global_max_pool(x[0]); }},
  };
}

}  // namespace xtape::libtorch
