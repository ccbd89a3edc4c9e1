#include "xtape/models/model.hpp"

#include "core/check.hpp"
#include "models/functional_graph.hpp"
#include "models/train_state.hpp"

namespace xtape {

Model::Model(std::string name) : LayerBase(std::move(name)), model_(std::make_shared<detail::ModelState>()) {}

Model::Model(const SymbolicList& inputs, const SymbolicList& outputs, std::string name)
    : LayerBase(std::move(name)),
      graph_(std::make_shared<detail::FunctionalGraph>(inputs, outputs)),
      model_(std::make_shared<detail::ModelState>()) {
  set_casts_inputs(false);  // its layers do
  detail::LayerState::of(*this).name_unless_given("functional");
  for (const auto& layer : graph_->layers()) adopt(*layer);
  graph_->name_ports(inputs, outputs);
  detail::LayerState::of(*this).built = true;  // its layers are
}

Model::Model(const Model& other) : LayerBase(other), graph_(other.graph_), model_(other.model_) {
  if (detail::CloneScope::current() == nullptr) return;
  if (graph_ != nullptr) graph_ = std::make_shared<detail::FunctionalGraph>(*graph_);
  // Metrics are members that the clone has copied the pointers of.
  if (model_ != nullptr) model_ = std::make_shared<detail::ModelState>(detail::ModelState{{}, model_->tracked_metrics});
}

detail::ModelState& Model::model_state() const {
  (void)state();  // throws where it has been moved from
  return *model_;
}

Tensor Model::call(const Tensor& input) {
  return graph_ != nullptr ? Tensor(graph_->run(input, name()).only()) : Layer::call(input);
}

TensorList Model::call_list(const TensorList& inputs) {
  return graph_ != nullptr ? graph_->run(inputs, name()) : Layer::call_list(inputs);
}

}  // namespace xtape
