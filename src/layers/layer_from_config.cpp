// The classes of layers that from_config() knows, with the names of their constructors' arguments before the options. A
// test compares them with the headers.
#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/layers/activation.hpp"
#include "xtape/layers/activations.hpp"
#include "xtape/layers/activity_regularization.hpp"
#include "xtape/layers/adaptive_pooling.hpp"
#include "xtape/layers/attention.hpp"
#include "xtape/layers/average_pooling2d.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/category_encoding.hpp"
#include "xtape/layers/center_crop.hpp"
#include "xtape/layers/conv1d.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/conv_transpose.hpp"
#include "xtape/layers/cropping.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/depthwise_conv.hpp"
#include "xtape/layers/discretization.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/einsum_dense.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/global_pooling.hpp"
#include "xtape/layers/group_normalization.hpp"
#include "xtape/layers/group_query_attention.hpp"
#include "xtape/layers/gru.hpp"
#include "xtape/layers/identity.hpp"
#include "xtape/layers/lambda.hpp"
#include "xtape/layers/layer_normalization.hpp"
#include "xtape/layers/layer_scale.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/masking.hpp"
#include "xtape/layers/max_pooling2d.hpp"
#include "xtape/layers/merging.hpp"
#include "xtape/layers/multi_head_attention.hpp"
#include "xtape/layers/noise.hpp"
#include "xtape/layers/normalization.hpp"
#include "xtape/layers/not_equal.hpp"
#include "xtape/layers/permute.hpp"
#include "xtape/layers/pooling1d.hpp"
#include "xtape/layers/prelu.hpp"
#include "xtape/layers/random_crop.hpp"
#include "xtape/layers/random_images.hpp"
#include "xtape/layers/repeat_vector.hpp"
#include "xtape/layers/rescaling.hpp"
#include "xtape/layers/reshape.hpp"
#include "xtape/layers/resizing.hpp"
#include "xtape/layers/rms_normalization.hpp"
#include "xtape/layers/rnn.hpp"
#include "xtape/layers/separable_conv1d.hpp"
#include "xtape/layers/separable_conv2d.hpp"
#include "xtape/layers/simple_rnn.hpp"
#include "xtape/layers/spectral_normalization.hpp"
#include "xtape/layers/stacked_rnn_cells.hpp"
#include "xtape/layers/stochastic_depth.hpp"
#include "xtape/layers/time_distributed.hpp"
#include "xtape/layers/unit_normalization.hpp"
#include "xtape/layers/upsampling.hpp"
#include "xtape/layers/zero_padding.hpp"

namespace xtape {
namespace {

template <class L, xtape::detail::ArgumentName... names>
AnyLayer make(const Config& config) {
  return xtape::detail::make_from_config<L>(config, std::array<const char*, sizeof...(names)>{names.text...});
}

using namespace layers;

struct KnownLayer {
  const char* class_name;
  AnyLayer (*make)(const Config&);
};

constexpr KnownLayer known[] = {
    {"Activation", make<Activation, "activation">},
    {"ActivityRegularization", make<ActivityRegularization>},
    {"AdaptiveAveragePooling1D", make<AdaptiveAveragePooling1D, "output_size">},
    {"AdaptiveAveragePooling2D", make<AdaptiveAveragePooling2D, "output_size">},
    {"AdaptiveAveragePooling3D", make<AdaptiveAveragePooling3D, "output_size">},
    {"AdaptiveMaxPooling1D", make<AdaptiveMaxPooling1D, "output_size">},
    {"AdaptiveMaxPooling2D", make<AdaptiveMaxPooling2D, "output_size">},
    {"AdaptiveMaxPooling3D", make<AdaptiveMaxPooling3D, "output_size">},
    {"Add", make<Add>},
    {"AdditiveAttention", make<AdditiveAttention>},
    {"AlphaDropout", make<AlphaDropout, "rate">},
    {"Attention", make<Attention>},
    {"Average", make<Average>},
    {"AveragePooling1D", make<AveragePooling1D, "pool_size">},
    {"AveragePooling2D", make<AveragePooling2D, "pool_size">},
    {"BatchNormalization", make<BatchNormalization>},
    {"Bidirectional", make<Bidirectional, "layer">},
    {"CategoryEncoding", make<CategoryEncoding, "num_tokens">},
    {"CenterCrop", make<CenterCrop, "height", "width">},
    {"Concatenate", make<Concatenate, "axis">},
    {"Conv1D", make<Conv1D, "filters", "kernel_size">},
    {"Conv1DTranspose", make<Conv1DTranspose, "filters", "kernel_size">},
    {"Conv2D", make<Conv2D, "filters", "kernel_size">},
    {"Conv2DTranspose", make<Conv2DTranspose, "filters", "kernel_size">},
    {"Cropping1D", make<Cropping1D, "cropping">},
    {"Cropping2D", make<Cropping2D, "cropping">},
    {"Dense", make<Dense, "units">},
    {"DepthwiseConv1D", make<DepthwiseConv1D, "kernel_size">},
    {"DepthwiseConv2D", make<DepthwiseConv2D, "kernel_size">},
    {"Discretization", make<Discretization>},
    {"Dot", make<Dot, "axes">},
    {"Dropout", make<Dropout, "rate">},
    {"ELU", make<ELU, "alpha">},
    {"EinsumDense", make<EinsumDense, "equation", "output_shape">},
    {"Embedding", make<Embedding, "input_dim", "output_dim">},
    {"Flatten", make<Flatten>},
    {"GRU", make<GRU, "units">},
    {"GRUCell", make<GRUCell, "units">},
    {"GaussianDropout", make<GaussianDropout, "rate">},
    {"GaussianNoise", make<GaussianNoise, "stddev">},
    {"GlobalAveragePooling1D", make<GlobalAveragePooling1D>},
    {"GlobalAveragePooling2D", make<GlobalAveragePooling2D>},
    {"GlobalMaxPooling1D", make<GlobalMaxPooling1D>},
    {"GlobalMaxPooling2D", make<GlobalMaxPooling2D>},
    {"GroupNormalization", make<GroupNormalization>},
    {"GroupQueryAttention", make<GroupQueryAttention, "head_dim", "num_query_heads", "num_key_value_heads">},
    {"Identity", make<Identity>},
    {"LSTM", make<LSTM, "units">},
    {"LSTMCell", make<LSTMCell, "units">},
    {"LayerNormalization", make<LayerNormalization>},
    {"LayerScale", make<LayerScale, "init_values", "projection_dim">},
    {"LeakyReLU", make<LeakyReLU, "negative_slope">},
    {"Masking", make<Masking, "mask_value">},
    {"MaxPooling1D", make<MaxPooling1D, "pool_size">},
    {"MaxPooling2D", make<MaxPooling2D, "pool_size">},
    {"Maximum", make<Maximum>},
    {"Minimum", make<Minimum>},
    {"MultiHeadAttention", make<MultiHeadAttention, "num_heads", "key_dim">},
    {"Multiply", make<Multiply>},
    {"Normalization", make<Normalization>},
    {"NotEqual", make<NotEqual, "value">},
    {"PReLU", make<PReLU>},
    {"Permute", make<Permute, "dims">},
    {"RMSNormalization", make<RMSNormalization>},
    {"RandomBrightness", make<RandomBrightness, "factor">},
    {"RandomContrast", make<RandomContrast, "factor">},
    {"RandomCrop", make<RandomCrop, "height", "width">},
    {"RandomFlip", make<RandomFlip, "mode">},
    {"RandomRotation", make<RandomRotation, "factor">},
    {"RandomTranslation", make<RandomTranslation, "height_factor", "width_factor">},
    {"RandomZoom", make<RandomZoom, "height_factor">},
    {"ReLU", make<ReLU>},
    {"RepeatVector", make<RepeatVector, "n">},
    {"Rescaling", make<Rescaling, "scale">},
    {"Reshape", make<Reshape, "target_shape">},
    {"Resizing", make<Resizing, "height", "width">},
    {"SeparableConv1D", make<SeparableConv1D, "filters", "kernel_size">},
    {"SeparableConv2D", make<SeparableConv2D, "filters", "kernel_size">},
    {"SimpleRNN", make<SimpleRNN, "units">},
    {"SimpleRNNCell", make<SimpleRNNCell, "units">},
    {"Softmax", make<Softmax, "axis">},
    {"SpatialDropout1D", make<SpatialDropout1D, "rate">},
    {"SpatialDropout2D", make<SpatialDropout2D, "rate">},
    {"SpectralNormalization", make<SpectralNormalization, "layer">},
    {"StackedRNNCells", make<StackedRNNCells, "cells">},
    {"StochasticDepth", make<StochasticDepth, "drop_path_rate">},
    {"Subtract", make<Subtract>},
    {"TimeDistributed", make<TimeDistributed, "layer">},
    {"UnitNormalization", make<UnitNormalization, "axis">},
    {"UpSampling1D", make<UpSampling1D, "size">},
    {"UpSampling2D", make<UpSampling2D, "size">},
    {"ZeroPadding1D", make<ZeroPadding1D, "padding">},
    {"ZeroPadding2D", make<ZeroPadding2D, "padding">},
    {"RNN", make<RNN>},
};

std::shared_ptr<const xtape::detail::Registry<AnyLayer>::Maker> maker_of(const std::string& class_name) {
  if (auto maker = AnyLayer::registry().find(class_name)) return maker;
  for (const auto& [name, make_layer] : known) {
    if (class_name == name) return std::make_shared<const xtape::detail::Registry<AnyLayer>::Maker>(make_layer);
  }
  if (class_name == "Lambda") {
    xtape::detail::fail<ValueError>("from_config",
                                    "a Lambda holds a function, which files cannot hold: make it a class derived from "
                                    "LayerBase, and register it with register_serializable");
  }
  xtape::detail::fail_unknown_class("layer", class_name);
}

}  // namespace

AnyLayer AnyLayer::from_config(const ConfigValue& value) {
  const Config& config = xtape::detail::config_of(value);
  AnyLayer layer = (*maker_of(config.class_name()))(config);
  if (config.contains("name") && !config["name"].is_none()) layer->set_name(xtape::detail::text_of(config["name"]));
  // Only if it is false: true would thaw inner layers that are frozen by themselves.
  if (config.contains("trainable") && !xtape::detail::bool_of(config["trainable"])) layer->set_trainable(false);
  // Not of a model, whose config is its whole graph and need not be writable.
  if (!config.contains("layers")) xtape::detail::report_unknown_arguments(config, layer->config());
  return layer;
}

xtape::detail::Registry<AnyLayer>& AnyLayer::registry() {
  static xtape::detail::Registry<AnyLayer> classes;
  return classes;
}

}  // namespace xtape
