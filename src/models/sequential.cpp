#include "xtape/models/sequential.hpp"

#include "core/check.hpp"
#include "layers/graph_node.hpp"
#include "models/fitted_input.hpp"

namespace xtape {

Tensor Sequential::call(const Tensor& input) {
  Tensor x = input_ ? detail::fitted_input(input, input_->shape, input_->dtype, 0, name()) : input;
  for (const auto& layer : layers_) x = (*layer)(x);
  return x;
}

TensorList Sequential::call_list(const TensorList& inputs) {
  if (input_) return call(inputs.only());
  TensorList x = inputs;
  for (const auto& layer : layers_) x = (*layer)(x);
  return x;
}

void Sequential::add(AnyLayer layer) {
  std::optional<Known> output;
  if (output_) {
    const Shape sample(std::vector<std::int64_t>(output_->shape.begin() + 1, output_->shape.end()));
    const SymbolicTensor result = (*layer)(Input(sample, {.batch_size = output_->shape[0], .dtype = output_->dtype}));
    output = Known{result.shape(), result.dtype()};
  }
  adopt(*layer);
  layers_.push_back(std::move(layer));
  output_ = output;
  if (output_) detail::LayerState::of(*this).built = true;
}

void Sequential::add(const SymbolicTensor& input) {
  if (!input.node()->inputs.empty()) {
    detail::fail<ValueError>("Sequential.add", "expected a layer or an Input, received {}", input.str());
  }
  if (!layers_.empty() || output_) {
    detail::fail<ValueError>("Sequential.add", "the Input must come before all layers, there are {}", layers_.size());
  }
  input_ = output_ = Known{input.shape(), input.dtype()};
}

Layer& Sequential::layer(std::size_t index) const {
  if (index >= layers_.size()) {
    detail::fail<IndexError>("Sequential.layer", "expected an index below {}, received {}", layers_.size(), index);
  }
  return *layers_[index];
}

}  // namespace xtape
