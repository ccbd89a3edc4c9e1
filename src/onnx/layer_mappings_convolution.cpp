// Convolutions. ONNX has the channels before the spatial axes: transposes around each node, of which simplify_onnx()
// removes those between two such nodes.
#include <algorithm>
#include <numeric>

#include "onnx/layer_mappings.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/window_options.hpp"

namespace xtape::detail {

OnnxValue channels_first(OnnxBuilder& g, const OnnxValue& x) { return g.move_axis(x, -1, 1); }
OnnxValue channels_last(OnnxBuilder& g, const OnnxValue& x) { return g.move_axis(x, 1, -1); }

std::array<std::int64_t, 2> same_padding(std::int64_t size, std::int64_t window, std::int64_t stride,
                                         std::int64_t dilation) {
  const std::int64_t windows = (size + stride - 1) / stride;
  const std::int64_t all = std::max<std::int64_t>((windows - 1) * stride + (window - 1) * dilation + 1 - size, 0);
  return {all / 2, all - all / 2};
}

namespace {

/// Appends `pads`, or auto_pad where they depend on a size that is known only at run time. Returns the sizes of the
/// result.
std::vector<std::int64_t> add_padding(const OnnxValue& x, const std::string& padding,
                                      const std::vector<std::int64_t>& window, const std::vector<std::int64_t>& strides,
                                      const std::vector<std::int64_t>& dilations, const std::string& where,
                                      std::vector<OnnxAttribute>& attributes) {
  const std::size_t n = window.size();
  std::vector<std::int64_t> pads(2 * n, 0), sizes;
  bool open = false;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t size = x.shape[static_cast<int>(i) + 1], reach = (window[i] - 1) * dilations[i] + 1;
    if (padding == "same") {
      if (size < 0 && strides[i] > 1) {
        open = true;
        if (std::any_of(dilations.begin(), dilations.end(), [](std::int64_t d) { return d > 1; })) {
          fail<ValueError>(OnnxBuilder::method,
                           "{}: padding \"same\" with strides and dilation needs an input of known size, found one of "
                           "shape {}",
                           Whole{where}, x.shape.str());
        }
      } else {
        const auto [before, after] = same_padding(size < 0 ? reach : size, window[i], strides[i], dilations[i]);
        pads[i] = before;
        pads[n + i] = after;
      }
      sizes.push_back(size < 0 ? (strides[i] == 1 ? size : -1) : (size + strides[i] - 1) / strides[i]);
    } else {
      sizes.push_back(size < 0 ? -1 : (size - reach) / strides[i] + 1);
    }
  }
  if (open) {
    attributes.push_back({"auto_pad", std::string("SAME_UPPER")});
  } else if (std::any_of(pads.begin(), pads.end(), [](std::int64_t pad) { return pad != 0; })) {
    attributes.push_back({"pads", pads});
  }
  return sizes;
}

Shape channels_first_shape(const OnnxValue& x, std::int64_t channels, const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> shape{x.shape[0], channels};
  shape.insert(shape.end(), sizes.begin(), sizes.end());
  return Shape(shape);
}

}  // namespace

OnnxValue map_convolution(OnnxBuilder& g, const OnnxValue& x, const OnnxConvolution& c, const std::string& where) {
  std::vector<OnnxAttribute> attributes{
      {"kernel_shape", c.window}, {"strides", c.strides}, {"dilations", c.dilations}, {"group", c.groups}};
  const auto sizes = add_padding(x, c.padding, c.window, c.strides, c.dilations, where, attributes);
  OnnxValues inputs{channels_first(g, x), c.kernel};
  if (!c.bias.name.empty()) inputs.push_back(c.bias);
  const Shape shape = channels_first_shape(x, c.kernel.shape[0], sizes);
  return channels_last(g, g.node("Conv", inputs, std::move(attributes), shape, x.dtype));
}

OnnxValue map_transposed_convolution(OnnxBuilder& g, const OnnxValue& x, const OnnxTransposedConvolution& c) {
  const std::size_t n = c.window.size();
  std::vector<std::int64_t> pads(2 * n, 0), extra(n, 0), sizes;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t reach = (c.window[i] - 1) * c.dilations[i] + 1, stride = c.strides[i];
    // The size of the result is (size - 1) * stride + grown.
    std::int64_t grown = c.padding == "same" ? stride : std::max(reach, stride);
    if (c.output_padding) {
      grown = reach - (c.padding == "same" ? 2 * (reach / 2) : 0) + (*c.output_padding)[i];
    }
    const std::int64_t cut = reach - grown;
    if (cut >= 0) {
      pads[i] = cut / 2;
      pads[n + i] = cut - cut / 2;
    } else {
      extra[i] = -cut;
    }
    const std::int64_t size = x.shape[static_cast<int>(i) + 1];
    sizes.push_back(size < 0 ? -1 : (size - 1) * stride + grown);
  }
  OnnxValues inputs{channels_first(g, x), c.kernel};
  if (!c.bias.name.empty()) inputs.push_back(c.bias);
  const Shape shape = channels_first_shape(x, c.kernel.shape[1], sizes);
  return channels_last(g, g.node("ConvTranspose", inputs,
                                 {{"kernel_shape", c.window},
                                  {"strides", c.strides},
                                  {"dilations", c.dilations},
                                  {"pads", pads},
                                  {"output_padding", extra}},
                                 shape, x.dtype));
}

OnnxValue map_pooling(OnnxBuilder& g, const char* op, const OnnxValue& x, const std::vector<std::int64_t>& window,
                      const std::vector<std::int64_t>& strides, const std::string& padding, const std::string& where) {
  std::vector<OnnxAttribute> attributes{{"kernel_shape", window}, {"strides", strides}};
  const std::vector<std::int64_t> dense(window.size(), 1);
  const auto sizes = add_padding(x, padding, window, strides, dense, where, attributes);
  const Shape shape = channels_first_shape(x, x.shape.back(), sizes);
  return channels_last(g, g.node(op, {channels_first(g, x)}, std::move(attributes), shape, x.dtype));
}

Tensor onnx_kernel(const Tensor& kernel) {
  std::vector<int> permutation{kernel.rank() - 1, kernel.rank() - 2};
  for (int axis = 0; axis < kernel.rank() - 2; ++axis) permutation.push_back(axis);
  return xtape::transpose(kernel, permutation);
}

Tensor onnx_depthwise_kernel(const Tensor& kernel) {
  std::vector<int> permutation{kernel.rank() - 2, kernel.rank() - 1};
  std::vector<std::int64_t> shape{kernel.shape()[-1] * kernel.shape()[-2], 1};
  for (int axis = 0; axis < kernel.rank() - 2; ++axis) {
    permutation.push_back(axis);
    shape.push_back(kernel.shape()[axis]);
  }
  return xtape::reshape(xtape::transpose(kernel, permutation), Shape(shape));
}

namespace {

/// A number for each spatial axis.
std::vector<std::int64_t> per_axis(const ConfigValue& value) {
  if (value.get<std::int64_t>() != nullptr) return {*value.get<std::int64_t>()};
  return value_as<std::vector<std::int64_t>>(value);
}

OnnxConvolution described(OnnxBuilder& g, const OnnxCall& call, const char* kernel, const Tensor& in_layout) {
  OnnxConvolution c;
  c.kernel = g.weight(call.weight_name(kernel), in_layout);
  if (call.find("bias") != nullptr) c.bias = g.weight(call.weight_name("bias"), call.weight("bias"));
  c.window = per_axis(call.argument("kernel_size"));
  c.strides = per_axis(call.argument("strides"));
  c.dilations = per_axis(call.argument("dilation_rate"));
  c.padding = call.get<std::string>("padding");
  return c;
}

OnnxValues conv(OnnxBuilder& g, const OnnxCall& call) {
  OnnxConvolution c = described(g, call, "kernel", onnx_kernel(call.weight("kernel")));
  c.groups = call.get<std::int64_t>("groups");
  OnnxValue x = call.x();
  if (c.padding == "causal") {
    x = g.pad(x, {{{0, 0}}, {{(c.window[0] - 1) * c.dilations[0], 0}}, {{0, 0}}}, "constant", 0);
    c.padding = "valid";
  }
  return {map_activation(g, call, map_convolution(g, x, c, call.where()))};
}

OnnxValues depthwise(OnnxBuilder& g, const OnnxCall& call) {
  OnnxConvolution c = described(g, call, "kernel", onnx_depthwise_kernel(call.weight("kernel")));
  c.groups = call.weight("kernel").shape()[-2];
  return {map_activation(g, call, map_convolution(g, call.x(), c, call.where()))};
}

OnnxValues separable(OnnxBuilder& g, const OnnxCall& call) {
  const Tensor kernel = call.weight("depthwise_kernel");
  OnnxConvolution each = described(g, call, "depthwise_kernel", onnx_depthwise_kernel(kernel));
  each.groups = kernel.shape()[-2];
  const std::vector<std::int64_t> ones(each.window.size(), 1);
  OnnxConvolution mix{
      .kernel = g.weight(call.weight_name("pointwise_kernel"), onnx_kernel(call.weight("pointwise_kernel"))),
      .bias = each.bias,
      .window = ones,
      .strides = ones,
      .dilations = ones};
  each.bias = {};
  return {
      map_activation(g, call, map_convolution(g, map_convolution(g, call.x(), each, call.where()), mix, call.where()))};
}

OnnxValues transposed(OnnxBuilder& g, const OnnxCall& call) {
  // [spatial..., out, in] -> [in, out, spatial...], which is the order of onnx_kernel().
  OnnxTransposedConvolution c{described(g, call, "kernel", onnx_kernel(call.weight("kernel")))};
  if (!call.argument("output_padding").is_none()) c.output_padding = per_axis(call.argument("output_padding"));
  return {map_activation(g, call, map_transposed_convolution(g, call.x(), c))};
}

constexpr OnnxLayerMapping mappings[] = {
    {"Conv1D", conv},
    {"Conv1DTranspose", transposed},
    {"Conv2D", conv},
    {"Conv2DTranspose", transposed},
    {"DepthwiseConv1D", depthwise},
    {"DepthwiseConv2D", depthwise},
    {"SeparableConv1D", separable},
    {"SeparableConv2D", separable},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_convolution_layers() { return mappings; }

}  // namespace xtape::detail
