#pragma once

#include "xtape/layers/layer.hpp"

namespace xtape {

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
/// A model is a layer: it can be called, tracked by another model, frozen.
class Model : public Layer {
 public:
  /// The model's output for all rows of x, computed in batches, with training = false and unseen by any tape. Throws a
  /// ValueError for a batch size below 1 or a scalar x.
  Tensor predict(const Tensor& x, PredictOptions options = {});

 protected:
  explicit Model(std::string name = "") : Layer(std::move(name)) {}
};

}  // namespace xtape
