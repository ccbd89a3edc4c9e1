#include "xtape/models/sequential.hpp"

#include <typeinfo>

#include "base/check.hpp"
#include "layers/graph_node.hpp"
#include "models/fitted_input.hpp"

namespace xtape {

Sequential::SharedStack::SharedStack(const SharedStack& other) : stack_(other.stack_) {
  if (detail::CloneScope::current() == nullptr) return;
  stack_ = std::make_shared<Stack>(*other.stack_);
  if (stack_->ends != nullptr) stack_->ends = std::make_shared<detail::GraphEnds>(detail::cloned(*stack_->ends));
}

const detail::GraphEnds* Sequential::graph_ends() const { return stack_->ends.get(); }

Tensor Sequential::call(const Tensor& input) {
  Tensor x = input;
  if (stack_->ends != nullptr) {
    const SymbolicTensor& expected = stack_->ends->inputs.only();
    x = detail::fitted_input(input, expected.shape(), expected.dtype(), 0, name());
  }
  for (const auto& layer : stack_->layers) x = (*layer)(x);
  return x;
}

TensorList Sequential::call_list(const TensorList& inputs) {
  // A derived class may have a call() of its own.
  const bool derived = typeid(*this) != typeid(Sequential);
  if (stack_->ends != nullptr || (derived && inputs.size() == 1)) return call(inputs.only());
  TensorList x = inputs;
  for (const auto& layer : stack_->layers) x = (*layer)(x);
  return x;
}

void Sequential::add(AnyLayer layer) {
  std::shared_ptr<const detail::GraphEnds> ends;
  if (stack_->ends != nullptr) {
    const auto& [inputs, outputs] = *stack_->ends;
    ends = std::make_shared<detail::GraphEnds>(detail::GraphEnds{inputs, (*layer)(outputs.only())});
  }
  adopt(*layer);
  stack_->layers.push_back(std::move(layer));
  stack_->ends = std::move(ends);
  if (stack_->ends != nullptr) detail::LayerState::of(*this).set_built(*this);
}

void Sequential::add(const SymbolicTensor& input) {
  if (!input.node()->inputs.empty()) {
    detail::fail<ValueError>("Sequential.add", "expected a layer or an Input, received {}", input.str());
  }
  if (!stack_->layers.empty() || stack_->ends != nullptr) {
    detail::fail<ValueError>("Sequential.add", "the Input must come before all layers, there are {}",
                             stack_->layers.size());
  }
  stack_->ends = std::make_shared<detail::GraphEnds>(detail::GraphEnds{input, input});
}

Layer& Sequential::layer(std::size_t index) const& {
  if (index >= stack_->layers.size()) {
    detail::fail<IndexError>("Sequential.layer", "expected an index below {}, received {}", stack_->layers.size(),
                             index);
  }
  return *stack_->layers[index];
}

}  // namespace xtape
