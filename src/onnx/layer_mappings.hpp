#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "layers/layer_state.hpp"
#include "onnx/graph_builder.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/ops/reduce.hpp"

// How the classes of layers become nodes of ONNX: one function for each class, in tables by family.
namespace xtape::detail {

/// A call of a layer in inference.
class OnnxCall {
 public:
  OnnxCall(Layer& layer, OnnxValues inputs, std::vector<Shape> output_shapes);

  Layer& layer() const noexcept { return layer_; }
  const OnnxValues& inputs() const noexcept { return inputs_; }
  const OnnxValue& x() const { return inputs_.front(); }
  /// The shapes of the outputs if they are known from elsewhere, otherwise empty.
  const std::vector<Shape>& output_shapes() const noexcept { return output_shapes_; }
  /// The dtype in which the layer computes; bfloat16 is float32.
  DType dtype() const { return OnnxBuilder::stored(LayerState::of(layer_).policy.compute_dtype()); }

  /// An argument of the layer, as T.
  template <class T>
  T get(std::string_view name) const {
    return value_as<T>(config_[name]);
  }
  const ConfigValue& argument(std::string_view name) const { return config_[name]; }
  bool has(std::string_view name) const { return config_.contains(name); }
  /// The class in the layer's config, as in Keras.
  const Config& config() const noexcept { return config_; }

  /// A weight of the layer itself, of its own dtype; null if it has none of that name. "kernel", ...
  const Variable* find(std::string_view weight) const;
  /// The same in the compute dtype. Throws a RuntimeError if it does not exist.
  Tensor weight(std::string_view name) const;
  /// Its name in the file.
  std::string weight_name(std::string_view name) const;

  /// The first input, with the mask that is given as the second input, if there is one.
  OnnxValue with_given_mask() const;

  /// Throws a ValueError that names the layer: "layer 'lstm' (LSTM): ...".
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) const {
    refuse_text(fmt::format(text, std::forward<Args>(args)...));
  }
  [[noreturn]] void refuse_text(const std::string& text) const;
  /// "layer 'lstm' (LSTM)"
  std::string where() const;

 private:
  Layer& layer_;
  Config config_;
  OnnxValues inputs_;
  std::vector<Shape> output_shapes_;
};

/// Whether the first output gets the mask of the first input if the layer supports masking, or the mapping itself gives
/// masks.
enum class OnnxMasks : std::uint8_t { of_input, own };

struct OnnxLayerMapping {
  const char* class_name;
  OnnxValues (*map)(OnnxBuilder&, const OnnxCall&);
  OnnxMasks masks = OnnxMasks::of_input;
};

std::span<const OnnxLayerMapping> onnx_core_layers();
std::span<const OnnxLayerMapping> onnx_activation_layers();
std::span<const OnnxLayerMapping> onnx_convolution_layers();
std::span<const OnnxLayerMapping> onnx_pooling_layers();
std::span<const OnnxLayerMapping> onnx_normalization_layers();
std::span<const OnnxLayerMapping> onnx_recurrent_layers();
std::span<const OnnxLayerMapping> onnx_attention_layers();
std::span<const OnnxLayerMapping> onnx_merging_layers();
std::span<const OnnxLayerMapping> onnx_reshaping_layers();
std::span<const OnnxLayerMapping> onnx_preprocessing_layers();
/// Null for a class without a mapping.
const OnnxLayerMapping* find_onnx_layer(const std::string& class_name);

/// Completes the shape that a mapping has computed by one that is known from elsewhere.
void complete(OnnxValue& value, const Shape& known);

/// The nodes of any layer or model: casts its inputs as the layer does, and gives its outputs their masks. A layer
/// without a mapping is traced (traced_call.hpp).
OnnxValues map_layer(OnnxBuilder& builder, Layer& layer, const OnnxValues& inputs,
                     const std::vector<Shape>& output_shapes = {});

/// The nodes of the layers of a Sequential or functional model; nothing for a layer that is neither, or has a call of
/// its own.
std::optional<OnnxValues> map_model(OnnxBuilder& builder, Layer& layer, const OnnxValues& inputs);

/// The nodes of the node of an op.
OnnxValues map_op(OnnxBuilder& builder, const OnnxCall& call);

/// An activation by Keras's name, as a layer's config has it. Throws a ValueError for a function without a name.
OnnxValue map_activation(OnnxBuilder& builder, const OnnxCall& call, const OnnxValue& x,
                         std::string_view argument = "activation");
/// Returns false for an unknown name.
bool map_named_activation(OnnxBuilder& builder, const std::string& name, const OnnxValue& x, OnnxValue& y);

OnnxValue map_elu(OnnxBuilder& builder, const OnnxValue& x, double alpha);
OnnxValue map_gelu(OnnxBuilder& builder, const OnnxValue& x, bool approximate);
OnnxValue map_leaky_relu(OnnxBuilder& builder, const OnnxValue& x, double slope);
OnnxValue map_relu(OnnxBuilder& builder, const OnnxValue& x, double slope, std::optional<double> max_value,
                   double threshold);
OnnxValue map_celu(OnnxBuilder& builder, const OnnxValue& x, double alpha);
OnnxValue map_squareplus(OnnxBuilder& builder, const OnnxValue& x, double b);
/// x - bias where x > threshold, x + bias where x < -threshold, else 0.
OnnxValue map_shrink(OnnxBuilder& builder, const OnnxValue& x, double threshold, double bias);
/// Along an axis of known size; throw a ValueError for another.
OnnxValue map_glu(OnnxBuilder& builder, const OnnxValue& x, int axis);
OnnxValue map_sparsemax(OnnxBuilder& builder, const OnnxValue& x, int axis);
/// x / max(|x|, sqrt(epsilon)) over the axes, all if there are none.
OnnxValue map_l2_normalize(OnnxBuilder& builder, const OnnxValue& x, const std::vector<std::int64_t>& axes,
                           double epsilon);
/// Images [batch, height, width, channels] as image::resize makes them.
OnnxValue map_resize(OnnxBuilder& builder, const OnnxValue& x, std::int64_t height, std::int64_t width,
                     const std::string& interpolation);
/// The padding of an axis that makes ceil(size / stride) windows.
std::array<std::int64_t, 2> same_padding(std::int64_t size, std::int64_t window, std::int64_t stride,
                                         std::int64_t dilation);

/// A convolution of [batch, spatial..., channels] with 1 or 2 spatial axes.
struct OnnxConvolution {
  OnnxValue kernel;     ///< in ONNX's layout
  OnnxValue bias = {};  ///< without a name: none
  std::vector<std::int64_t> window, strides, dilations;
  std::int64_t groups = 1;
  std::string padding = "valid";  ///< or "same"
};
/// `where` is for errors.
OnnxValue map_convolution(OnnxBuilder& builder, const OnnxValue& x, const OnnxConvolution& convolution,
                          const std::string& where);
struct OnnxTransposedConvolution : OnnxConvolution {
  std::optional<std::vector<std::int64_t>> output_padding = {};
};
OnnxValue map_transposed_convolution(OnnxBuilder& builder, const OnnxValue& x,
                                     const OnnxTransposedConvolution& convolution);
/// "MaxPool" or "AveragePool".
OnnxValue map_pooling(OnnxBuilder& builder, const char* op, const OnnxValue& x, const std::vector<std::int64_t>& window,
                      const std::vector<std::int64_t>& strides, const std::string& padding, const std::string& where);
/// [spatial..., in, out] -> [out, in, spatial...], and for a convolution of each channel by itself [spatial...,
/// channels, multiplier] -> [channels * multiplier, 1, spatial...].
Tensor onnx_kernel(const Tensor& kernel);
Tensor onnx_depthwise_kernel(const Tensor& kernel);
/// [batch, spatial..., channels] -> [batch, channels, spatial...], and back.
OnnxValue channels_first(OnnxBuilder& builder, const OnnxValue& x);
OnnxValue channels_last(OnnxBuilder& builder, const OnnxValue& x);

/// (x - mean) / sqrt(variance + epsilon) with moments over the axes.
OnnxValue map_standardize(OnnxBuilder& builder, const OnnxValue& x, const std::vector<std::int64_t>& axes,
                          double epsilon);

/// Softmax of scores [..., T, S], 0 where the mask is false, as detail::attention_weights.
OnnxValue map_attention_weights(OnnxBuilder& builder, const OnnxValue& scores, const std::optional<OnnxValue>& mask,
                                bool causal);

}  // namespace xtape::detail
