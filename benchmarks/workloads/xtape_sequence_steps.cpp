#include <memory>
#include <xtape/xtape.hpp>

#include "workloads/xtape_steps.hpp"

namespace bench {
namespace {

namespace xp = xtape;

struct LstmModel : xp::Model {
  explicit LstmModel(const SequenceNetwork& n) : lstm(track(xp::layers::LSTM(n.units))) {}
  xp::Tensor call(const xp::Tensor& x) override { return dense(lstm(x)); }

  xp::layers::LSTM lstm;
  xp::layers::Dense dense = track(xp::layers::Dense(SequenceNetwork::classes, {.activation = "softmax"}));
};

struct AttentionLayer : xp::LayerBase<AttentionLayer> {
  explicit AttentionLayer(const SequenceNetwork& n)
      : attention(track(xp::layers::MultiHeadAttention(n.heads, n.features / n.heads))),
        dense1(track(xp::layers::Dense(n.feed_forward, {.activation = "relu"}))),
        dense2(track(xp::layers::Dense(n.features))) {}

  xp::Tensor call(const xp::Tensor& inputs) override {
    xp::Tensor x = norm1(inputs + attention({inputs, inputs}));
    return norm2(x + dense2(dense1(x)));
  }

  xp::layers::MultiHeadAttention attention;
  xp::layers::Dense dense1, dense2;
  xp::layers::LayerNormalization norm1 = track(xp::layers::LayerNormalization());
  xp::layers::LayerNormalization norm2 = track(xp::layers::LayerNormalization());
};

struct AttentionModel : xp::Model {
  explicit AttentionModel(const SequenceNetwork& n) {
    for (std::int64_t l = 0; l < n.layers; ++l) layers.push_back(track(AttentionLayer(n)));
  }
  xp::Tensor call(const xp::Tensor& inputs) override {
    xp::Tensor x = inputs;
    for (auto& layer : layers) x = layer(x);
    return dense(xp::reduce_mean(x, 1));
  }

  std::vector<AttentionLayer> layers;
  xp::layers::Dense dense = track(xp::layers::Dense(SequenceNetwork::classes, {.activation = "softmax"}));
};

}  // namespace

std::function<void()> training_step(const SequenceNetwork& network, const Batches& batches) {
  std::shared_ptr<xp::Model> model;
  if (network.kind == SequenceNetwork::Kind::lstm) {
    model = std::make_shared<LstmModel>(network);
  } else {
    model = std::make_shared<AttentionModel>(network);
  }
  std::vector<std::pair<xp::Tensor, xp::Tensor>> data;
  for (const auto& batch : batches.items) {
    data.emplace_back(xp::constant(batch.inputs, {network.batch, network.steps, network.features}),
                      xp::constant(batch.labels, {network.batch}));
  }
  auto optimizer = std::make_shared<xp::optimizers::Adam>();
  return [model, optimizer, data, next = std::size_t{0}]() mutable {
    const auto& [x, y] = data[next++ % data.size()];
    xp::GradientTape tape;
    const auto output = (*model)(x, {.training = true});
    const auto loss = xp::reduce_mean(xp::losses::sparse_categorical_crossentropy(y, output));
    const auto gradients = tape.gradient(loss, model->trainable_variables());
    optimizer->apply_gradients(xp::zip(gradients, model->trainable_variables()));
  };
}

}  // namespace bench
