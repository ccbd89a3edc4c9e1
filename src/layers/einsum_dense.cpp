#include "xtape/layers/einsum_dense.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "layers/einsum_equation.hpp"
#include "layers/graph_node.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {
namespace {

using xtape::detail::EinsumEquation;

constexpr const char* op = "EinsumDense";

struct EinsumShapes {
  Shape output, kernel, bias;
};

/// The shapes for an input of this shape (keras.src.layers.core.einsum_dense._analyze_split_string).
EinsumShapes shapes_for(const Layer& layer, const EinsumEquation& e, const Shape& given, const Shape& input,
                        const std::optional<std::string>& bias_axes) {
  const int rank = input.rank();
  if (e.ellipsis == EinsumEquation::Ellipsis::none) {
    detail::expect_ndim(layer, input, static_cast<int>(e.input.size()));
  } else {
    detail::expect_min_ndim(layer, input, static_cast<int>(e.input.size()));
  }
  const int elided = e.elided(rank), named = static_cast<int>(e.output.size());
  const bool first = e.ellipsis == EinsumEquation::Ellipsis::first && elided > 0;
  if (given.rank() != (first ? named : named - 1)) {
    detail::fail<ValueError>(
        op,
        "expected output_shape to have a size for each axis of the result '{}' but the batch's: received "
        "{} for an input of shape {}",
        e.output, given, detail::shown_shape(input));
  }
  std::vector<std::int64_t> output;
  if (first) {
    output.assign(input.begin(), input.begin() + elided);
  } else {
    if (e.output.front() != e.input.front() || e.kernel.find(e.input.front()) != std::string::npos) {
      detail::fail<ValueError>(op,
                               "expected the batch, the first axis '{}' of the input, to be the first axis of the "
                               "result '{}' and none of the kernel '{}'",
                               e.input.front(), e.output, e.kernel);
    }
    output.push_back(input[0]);
  }
  output.insert(output.end(), given.begin(), given.end());
  if (e.ellipsis == EinsumEquation::Ellipsis::last) {
    output.insert(output.end(), input.end() - elided, input.end());
  }
  for (const char letter : e.output) {
    const int in = e.place_in_input(letter, rank), out = e.place_in_output(letter, rank);
    std::int64_t& size = output[static_cast<std::size_t>(out)];
    if (in >= 0 && size == -1) size = input[in];
    if (in >= 0 && size != input[in]) {
      detail::fail<ValueError>(
          op,
          "Input shape and output shape do not match at shared dimension '{}'. Input shape is {}, and "
          "output shape is {}",
          letter, input[in], size);
    }
    if (size < 0) {
      detail::fail<ValueError>(
          op, "expected output_shape to have a size for '{}', which the input '{}' does not have: received {}", letter,
          e.input, given);
    }
  }
  EinsumShapes shapes;
  std::vector<std::int64_t> kernel, bias;
  for (const char letter : e.kernel) {
    const int out = e.place_in_output(letter, rank);
    kernel.push_back(out >= 0 ? output[static_cast<std::size_t>(out)] : input[e.place_in_input(letter, rank)]);
  }
  if (bias_axes) {
    const std::size_t begin = e.output.find_first_of(*bias_axes);
    for (std::size_t i = begin; i < e.output.size(); ++i) {
      const bool has = bias_axes->find(e.output[i]) != std::string::npos;
      bias.push_back(has ? output[static_cast<std::size_t>(e.place_in_output(e.output[i], rank))] : 1);
    }
    if (e.ellipsis == EinsumEquation::Ellipsis::last) bias.insert(bias.end(), static_cast<std::size_t>(elided), 1);
  }
  return {Shape(output), Shape(kernel), Shape(bias)};
}

}  // namespace

ConfigValue EinsumDenseShape::config() const {
  ConfigValue::List list;
  for (const std::int64_t size : sizes_) list.push_back(size < 0 ? ConfigValue() : ConfigValue(size));
  return list;
}

EinsumDenseShape EinsumDenseShape::from_config(const ConfigValue& value) {
  return xtape::detail::value_as<Shape>(value);
}

EinsumDense::EinsumDense(std::string equation, EinsumDenseShape output_shape, EinsumDenseOptions options)
    : LayerBase(options, {{"equation", equation}, {"output_shape", output_shape}}),
      equation_(std::move(equation)),
      output_shape_(std::move(output_shape)),
      options_(std::move(options)) {
  const auto e = EinsumEquation::parse(equation_);
  const Shape& sizes = output_shape_.sizes();
  if (std::any_of(sizes.begin(), sizes.end(), [](std::int64_t size) { return size < 1 && size != -1; })) {
    detail::fail<ValueError>(op, "expected positive sizes or -1 as output_shape, received {}", sizes);
  }
  if (options_.bias_axes && options_.bias_axes->empty()) {
    detail::fail<ValueError>(op, "expected bias_axes to have a letter of the result '{}', received none", e.output);
  }
  for (const char letter : options_.bias_axes.value_or("")) {
    if (e.output.find(letter) == std::string::npos) {
      detail::fail<ValueError>(op, "Bias dimension '{}' was requested, but is not part of the output spec '{}'", letter,
                               e.output);
    }
  }
  set_activity_regularizer(options_.activity_regularizer);
}

void EinsumDense::build(const Shape& input_shape) {
  const auto shapes =
      shapes_for(*this, EinsumEquation::parse(equation_), output_shape_.sizes(), input_shape, options_.bias_axes);
  kernel_ = add_weight("kernel", shapes.kernel, detail::kernel_options(options_));
  if (options_.bias_axes) bias_ = add_weight("bias", shapes.bias, detail::bias_options(options_));
}

Tensor EinsumDense::call(const Tensor& inputs) {
  const auto e = EinsumEquation::parse(equation_);
  const auto shapes = shapes_for(*this, e, output_shape_.sizes(), inputs.shape(), options_.bias_axes);
  if (options_.bias_axes && bias_.shape().rank() != shapes.bias.rank()) {
    detail::fail<ValueError>(op, "expected an input with as many axes as that of the first call, received shape {}",
                             detail::shown_shape(inputs.shape()));
  }
  for (std::size_t i = 0; i < e.kernel.size(); ++i) {
    const int axis = e.place_in_input(e.kernel[i], inputs.rank());
    if (axis >= 0) detail::expect_axis(*this, inputs.shape(), axis, kernel_.shape()[static_cast<int>(i)]);
  }
  Tensor y = einsum(equation_, {inputs, kernel_});
  if (options_.bias_axes) y = y + bias_;
  return options_.activation(y);
}

Tensor EinsumDense::compute_mask(const Tensor& inputs, const Tensor& previous_mask) {
  const bool kept =
      previous_mask.defined() && previous_mask.rank() <= EinsumEquation::parse(equation_).kept_axes(inputs.rank());
  return kept ? previous_mask : Layer::compute_mask(inputs, previous_mask);
}

}  // namespace xtape::layers
