#include "models/pytorch_rows.hpp"

#include "xtape/core/creation.hpp"
#include "xtape/layers/activations.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/conv1d.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/conv_transpose.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/depthwise_conv.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/group_normalization.hpp"
#include "xtape/layers/gru.hpp"
#include "xtape/layers/layer_normalization.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/max_pooling2d.hpp"
#include "xtape/layers/multi_head_attention.hpp"
#include "xtape/layers/permute.hpp"
#include "xtape/layers/prelu.hpp"
#include "xtape/layers/separable_conv2d.hpp"
#include "xtape/layers/simple_rnn.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::testing {
namespace {

using X = const std::vector<Tensor>&;

Tensor channels_last(const Tensor& x) { return x.rank() == 4 ? transpose(x, {0, 2, 3, 1}) : transpose(x, {0, 2, 1}); }
Tensor channels_first(const Tensor& x) { return x.rank() == 4 ? transpose(x, {0, 3, 1, 2}) : transpose(x, {0, 2, 1}); }

/// A model of one layer; `shape` is that of its inputs.
template <class L>
Model model_of(const Shape& shape, const L& layer, DType dtype = float32) {
  return Sequential(Input(shape, {.dtype = dtype}), layer);
}

Tensor plain(Model& model, X x) { return model(x[0]); }
Tensor images(Model& model, X x) { return channels_first(model(channels_last(x[0]))); }
Tensor channels_to_flat(Model& model, X x) { return model(channels_last(x[0])); }
/// In PyTorch's order: query, key, value.
Tensor attend(Model& model, X x) { return model(TensorList{x[0], x[2], x[1]}); }
Tensor step(Model& model, X x) { return model(TensorList(x.begin(), x.end())); }

Model attention(std::int64_t keys, std::int64_t values, bool use_bias) {
  const auto q = Input({-1, 4}), v = Input({-1, values}), k = Input({-1, keys});
  return Model({q, v, k}, layers::MultiHeadAttention(2, 2, {.use_bias = use_bias, .name = "m"})({q, v, k}));
}

struct LstmStep : Model {
  layers::LSTMCell m = track(layers::LSTMCell(2, {.name = "m"}));
  TensorList call_list(const TensorList& in) override { return {m.outputs(in)[0]}; }
};
struct GruStep : Model {
  layers::GRUCell m = track(layers::GRUCell(2, {.name = "m"}));
  TensorList call_list(const TensorList& in) override { return {m.outputs(in)[0]}; }
};

template <class Step>
Model called(Step model, int states) {
  TensorList inputs(zeros({1, 3}));
  for (int i = 0; i < states; ++i) inputs.push_back(zeros({1, 2}));
  (void)model(inputs);
  return model;
}

/// Modules inside of a module, and Flatten in PyTorch's order of channels.
Model net() {
  Sequential features(Input({6, 6, 2}), layers::Conv2D(3, 3, {.use_bias = false, .name = "0"}),
                      layers::BatchNormalization({.epsilon = 1e-5, .name = "1"}), layers::ReLU(),
                      layers::MaxPooling2D(2));
  features.set_name("features");
  Sequential m(Input({6, 6, 2}), features, layers::Permute({3, 1, 2}), layers::Flatten(),
               layers::Dense(4, {.name = "classifier"}));
  m.set_name("m");
  return Sequential(Input({6, 6, 2}), m);
}

}  // namespace

const std::vector<PytorchRow>& pytorch_rows() {
  static const std::vector<PytorchRow> rows = {
      {"linear", [] { return model_of({3}, layers::Dense(4, {.name = "m"})); }, plain},
      {"linear_square", [] { return model_of({3}, layers::Dense(3, {.use_bias = false, .name = "m"})); }, plain},
      {"conv1d",
       [] {
         return model_of({7, 2}, layers::Conv1D(3, 3, {.strides = 2, .name = "m"}));
       },
       images},
      {"conv2d",
       [] {
         return model_of({5, 4, 2}, layers::Conv2D(3, {3, 2}, {.name = "m"}));
       },
       images},
      {"conv2d_groups",
       [] {
         return model_of({3, 4, 4}, layers::Conv2D(6, 2, {.groups = 2, .name = "m"}));
       },
       images},
      {"conv1d_groups",
       [] {
         return model_of({3, 4}, layers::Conv1D(6, 2, {.groups = 2, .name = "m"}));
       },
       images},
      {"depthwise2d",
       [] {
         return model_of({4, 4, 3}, layers::DepthwiseConv2D({3, 2}, {.depth_multiplier = 2, .name = "m"}));
       },
       images},
      {"depthwise1d",
       [] {
         return model_of({5, 3}, layers::DepthwiseConv1D(3, {.depth_multiplier = 2, .name = "m"}));
       },
       images},
      {"separable",
       [] {
         return model_of({4, 4, 3}, layers::SeparableConv2D(4, 2, {.depth_multiplier = 2, .name = "m"}));
       },
       images},
      {"conv_transpose1d",
       [] {
         return model_of({4, 2}, layers::Conv1DTranspose(3, 3, {.strides = 2, .name = "m"}));
       },
       images},
      {"conv_transpose2d",
       [] {
         return model_of({3, 4, 2}, layers::Conv2DTranspose(3, {3, 2}, {.strides = 2, .name = "m"}));
       },
       images},
      {"batch_norm1d", [] { return model_of({3}, layers::BatchNormalization({.epsilon = 1e-5, .name = "m"})); }, plain},
      {"batch_norm2d",
       [] {
         return model_of({2, 2, 3}, layers::BatchNormalization({.epsilon = 1e-5, .name = "m"}));
       },
       images},
      {"layer_norm",
       [] {
         return model_of({4, 3}, layers::LayerNormalization({.epsilon = 1e-5, .name = "m"}));
       },
       plain},
      {"layer_norm_images",
       [] {
         return model_of({3, 4, 2}, layers::LayerNormalization({.axis = {1, 2, 3}, .epsilon = 1e-5, .name = "m"}));
       },
       images},
      {"group_norm",
       [] {
         return model_of({2, 3, 4}, layers::GroupNormalization({.groups = 2, .epsilon = 1e-5, .name = "m"}));
       },
       images},
      {"embedding", [] { return model_of({2}, layers::Embedding(5, 3, {.name = "m"}), int64); }, plain},
      {"prelu",
       [] {
         return model_of({4, 2, 3}, layers::PReLU({.shared_axes = {1, 2, 3}, .name = "m"}));
       },
       images},
      {"prelu_channels",
       [] {
         return model_of({4, 2, 3}, layers::PReLU({.shared_axes = {1, 2}, .name = "m"}));
       },
       images},
      {"rnn",
       [] {
         return model_of({4, 3}, layers::SimpleRNN(2, {.return_sequences = true, .name = "m"}));
       },
       plain},
      {"lstm",
       [] {
         return model_of({4, 3}, layers::LSTM(2, {.return_sequences = true, .name = "m"}));
       },
       plain},
      {"lstm_no_bias",
       [] {
         return model_of({4, 3}, layers::LSTM(2, {.use_bias = false, .return_sequences = true, .name = "m"}));
       },
       plain},
      {"gru",
       [] {
         return model_of({4, 3}, layers::GRU(2, {.return_sequences = true, .name = "m"}));
       },
       plain},
      {"lstm_layers",
       [] {
         return Model(Sequential(Input({4, 3}), layers::LSTM(2, {.return_sequences = true, .name = "m"}),
                                 layers::LSTM(2, {.return_sequences = true, .name = "m2"})));
       },
       plain,
       {{"^m\\.(\\w+)_l1$", "m2.$1_l0"}}},
      {"lstm_bidirectional",
       [] {
         return model_of({4, 3}, layers::Bidirectional(layers::LSTM(2, {.return_sequences = true}), {.name = "m"}));
       },
       plain},
      {"gru_bidirectional",
       [] {
         return model_of({4, 3}, layers::Bidirectional(layers::GRU(2, {.return_sequences = true}), {.name = "m"}));
       },
       plain},
      {"lstm_cell", [] { return called(LstmStep(), 2); }, step},
      {"gru_cell", [] { return called(GruStep(), 1); }, step},
      {"attention", [] { return attention(4, 4, true); }, attend},
      {"attention_inputs", [] { return attention(3, 3, true); }, attend},
      {"attention_no_bias", [] { return attention(4, 4, false); }, attend},
      {"net", net, channels_to_flat},
  };
  return rows;
}

}  // namespace xtape::testing
