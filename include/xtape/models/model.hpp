#pragma once

#include <memory>

#include "xtape/layers/layer.hpp"
#include "xtape/layers/symbolic.hpp"

namespace xtape {

namespace detail {
class FunctionalGraph;
}

/// Keyword arguments of Model::predict.
struct PredictOptions {
  std::int64_t batch_size = 256;  ///< rows that go through the model at a time; the result does not depend on it
};

/// The base of models (keras.Model): a subclass tracks its layers as members and writes `call`.
///
///     struct MLP : xp::Model {
///       xp::layers::Dense dense1 = track(xp::layers::Dense(100, {.activation = xp::nn::relu}));
///       xp::layers::Dense dense2 = track(xp::layers::Dense(10));
///       xp::Tensor call(const xp::Tensor& x) override { return dense2(dense1(x)); }
///     };
///
/// Without a subclass it is made of symbolic tensors, in the functional style:
///
///     auto inputs = xp::Input({784});
///     auto outputs = xp::layers::Dense(10)(xp::layers::Dense(100, {.activation = "relu"})(inputs));
///     xp::Model model(inputs, outputs);
///
/// A model is a layer: it can be called, also with symbolic tensors, tracked by another model, frozen.
class Model : public LayerBase<Model> {
 public:
  /// The model that computes `outputs` from `inputs` by the layers between them. Throws a ValueError when an output
  /// depends on an Input that is not among `inputs`.
  Model(const SymbolicList& inputs, const SymbolicList& outputs, std::string name = "");
  Model(const Model& other);
  Model(Model&&) noexcept = default;
  Model& operator=(const Model& other) = default;
  Model& operator=(Model&&) noexcept = default;

  /// The model's output for all rows of x, computed in batches, with training = false and unseen by any tape. Throws a
  /// ValueError for a batch size below 1 or a scalar x.
  Tensor predict(const Tensor& x, PredictOptions options = {});

  /// The graph of a functional model; null for another one.
  const detail::FunctionalGraph* graph() const noexcept { return graph_.get(); }

 protected:
  explicit Model(std::string name = "") : LayerBase(std::move(name)) {}

  Tensor call(const Tensor& input) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  std::shared_ptr<detail::FunctionalGraph> graph_;
};

}  // namespace xtape
