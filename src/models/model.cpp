#include "xtape/models/model.hpp"

#include "core/check.hpp"
#include "models/functional_graph.hpp"

namespace xtape {

Model::Model(const SymbolicList& inputs, const SymbolicList& outputs, std::string name)
    : LayerBase(name.empty() ? "functional" : std::move(name)),
      graph_(std::make_shared<detail::FunctionalGraph>(inputs, outputs)) {
  set_casts_inputs(false);  // its layers do
  for (const auto& layer : graph_->layers()) adopt(*layer);
  detail::LayerState::of(*this).built = true;  // its layers are
}

Model::Model(const Model& other) : LayerBase(other), graph_(other.graph_), train_(other.train_) {
  if (detail::CloneScope::current() == nullptr) return;
  if (graph_ != nullptr) graph_ = std::make_shared<detail::FunctionalGraph>(*graph_);
  train_ = nullptr;
}

Tensor Model::call(const Tensor& input) {
  return graph_ != nullptr ? Tensor(graph_->run(input, name()).only()) : Layer::call(input);
}

TensorList Model::call_list(const TensorList& inputs) {
  return graph_ != nullptr ? graph_->run(inputs, name()) : Layer::call_list(inputs);
}

}  // namespace xtape
