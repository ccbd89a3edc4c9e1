#include "xtape/models/sequential.hpp"

#include "base/check.hpp"
#include "layers/graph_node.hpp"
#include "models/fitted_input.hpp"

namespace xtape {

Tensor Sequential::call(const Tensor& input) {
  Tensor x = stack_->input ? detail::fitted_input(input, stack_->input->shape, stack_->input->dtype, 0, name()) : input;
  for (const auto& layer : stack_->layers) x = (*layer)(x);
  return x;
}

TensorList Sequential::call_list(const TensorList& inputs) {
  if (stack_->input) return call(inputs.only());
  TensorList x = inputs;
  for (const auto& layer : stack_->layers) x = (*layer)(x);
  return x;
}

void Sequential::add(AnyLayer layer) {
  std::optional<Known> output;
  if (stack_->output) {
    const Shape sample(std::vector<std::int64_t>(stack_->output->shape.begin() + 1, stack_->output->shape.end()));
    const SymbolicTensor result =
        (*layer)(Input(sample, {.batch_size = stack_->output->shape[0], .dtype = stack_->output->dtype}));
    output = Known{result.shape(), result.dtype()};
  }
  adopt(*layer);
  stack_->layers.push_back(std::move(layer));
  stack_->output = output;
  if (stack_->output) detail::LayerState::of(*this).set_built(*this);
}

void Sequential::add(const SymbolicTensor& input) {
  if (!input.node()->inputs.empty()) {
    detail::fail<ValueError>("Sequential.add", "expected a layer or an Input, received {}", input.str());
  }
  if (!stack_->layers.empty() || stack_->output) {
    detail::fail<ValueError>("Sequential.add", "the Input must come before all layers, there are {}",
                             stack_->layers.size());
  }
  stack_->input = stack_->output = Known{input.shape(), input.dtype()};
}

Layer& Sequential::layer(std::size_t index) const& {
  if (index >= stack_->layers.size()) {
    detail::fail<IndexError>("Sequential.layer", "expected an index below {}, received {}", stack_->layers.size(),
                             index);
  }
  return *stack_->layers[index];
}

}  // namespace xtape
