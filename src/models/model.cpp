#include "xtape/models/model.hpp"

#include <typeinfo>
#include <utility>

#include "base/check.hpp"
#include "models/functional_graph.hpp"
#include "models/train_state.hpp"

namespace xtape {

Model::Model(std::string name) : LayerBase(std::move(name)), model_(std::make_shared<detail::ModelState>()) {}

Model::Model(const SymbolicList& inputs, const SymbolicList& outputs, std::string name)
    : LayerBase(std::move(name)),
      graph_(std::make_shared<detail::FunctionalGraph>(detail::GraphEnds{inputs, outputs})),
      model_(std::make_shared<detail::ModelState>()) {
  set_casts_inputs(false);  // its layers cast
  detail::LayerState::of(*this).name_unless_given("functional");
  for (const auto& layer : graph_->layers()) adopt(*layer);
  graph_->name_ports();
  detail::LayerState::of(*this).set_built(*this);  // its layers are built
}

Model::Keeping::Keeping() noexcept : before_(std::exchange(detail::layer_thread.keeping, true)) {}
Model::Keeping::~Keeping() { detail::layer_thread.keeping = before_; }

Model* Model::of_class() const {
  if (!sliced_ || typeid(*this) != typeid(Model)) return nullptr;
  if (of_class_) return static_cast<Model*>(&**of_class_);
  for (Layer* handle : state().handles()) {
    auto* model = dynamic_cast<Model*>(handle);
    if (model != nullptr && typeid(*model) != typeid(Model)) return model;
  }
  detail::fail<RuntimeError>("Model",
                             "'{}' was copied as a plain Model through a reference, and the objects of its class are "
                             "gone: copy it as what it is",
                             name());
}

Model::Model(Model&& other) noexcept
    : LayerBase(std::move(other)),
      graph_(std::move(other.graph_)),
      model_(std::move(other.model_)),
      of_class_(std::move(other.of_class_)),
      sliced_(other.sliced_ || typeid(other) != typeid(Model)) {}

Model::Model(const Model& other)
    : LayerBase(other),
      graph_(other.graph_),
      model_(other.model_),
      of_class_(other.of_class_),
      sliced_(other.sliced_ || typeid(other) != typeid(Model)) {
  if (sliced_ && other.state_ != nullptr) (void)other.name();  // so that the name is made from the class's name
  if (detail::CloneScope::current() == nullptr) return;
  if (graph_ != nullptr) graph_ = std::make_shared<detail::FunctionalGraph>(*graph_);
  // The clone has copied the pointers to metrics that are members.
  if (model_ != nullptr) model_ = std::make_shared<detail::ModelState>(detail::ModelState{{}, model_->tracked_metrics});
}

Model::Model(AnyLayer model)
    : Model([&]() -> const Model& {
        const auto* object = dynamic_cast<const Model*>(&*model);
        if (object != nullptr) return *object;
        detail::fail<ValueError>("Model", "expected a model, received the layer '{}' of class {}", model->name(),
                                 model->class_name());
      }()) {
  const Layer& object = *model;
  if (typeid(object) != typeid(Model)) of_class_ = std::move(model);
}

detail::ModelState& Model::model_state() const {
  (void)state();  // throws for an object that was moved from
  return *model_;
}

Layer& Model::object() {
  Model* model = of_class();
  return model == nullptr ? *this : *model;
}

const detail::GraphEnds* Model::graph_ends() const {
  if (const Model* model = of_class()) return model->graph_ends();
  return graph_ == nullptr ? nullptr : &graph_->ends();
}

Tensor Model::compute_mask(const Tensor& inputs, const Tensor& previous_mask) {
  if (Model* model = of_class()) return model->compute_mask(inputs, previous_mask);
  return supports_masking() ? previous_mask : Tensor();
}

TensorList Model::compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) {
  if (Model* model = of_class()) return model->compute_mask_list(inputs, previous_masks);
  return LayerBase::compute_mask_list(inputs, previous_masks);
}

Tensor Model::call(const Tensor& input) {
  if (Model* model = of_class()) return model->call(input);
  return graph_ != nullptr ? Tensor(graph_->run(input, name()).only()) : Layer::call(input);
}

TensorList Model::call_list(const TensorList& inputs) {
  if (Model* model = of_class()) return model->call_list(inputs);
  if (graph_ == nullptr) return Layer::call_list(inputs);
  // A derived class may have a call() of its own.
  if (inputs.size() == 1 && graph_->outputs().size() == 1) return call(inputs.front());
  return graph_->run(inputs, name());
}

}  // namespace xtape
