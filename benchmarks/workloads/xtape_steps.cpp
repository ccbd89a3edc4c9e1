#include "workloads/xtape_steps.hpp"

#include <memory>
#include <xtape/layers/conv2d.hpp>
#include <xtape/layers/dense.hpp>
#include <xtape/layers/flatten.hpp>
#include <xtape/layers/max_pooling2d.hpp>
#include <xtape/losses/mean_squared_error.hpp>
#include <xtape/losses/sparse_categorical_crossentropy.hpp>
#include <xtape/models/sequential.hpp>
#include <xtape/optimizers/adam.hpp>
#include <xtape/xtape.hpp>

namespace bench {
namespace {

namespace xp = xtape;

/// The layers, and the logits' softmax at the end of a classifier.
struct Model : xp::Model {
  explicit Model(const Network& network) : kind(network.kind) {
    for (const std::int64_t filters : network.filters) {
      convolutions.push_back(
          track(xp::layers::Conv2D(filters, Network::kernel_side, {.padding = "same", .activation = "relu"})));
    }
    for (std::size_t i = 1; i < network.widths.size(); ++i) {
      const bool last = i + 1 == network.widths.size();
      const char* activation = kind == Network::Kind::logic ? "sigmoid" : last ? "softmax" : "relu";
      layers.push_back(track(xp::layers::Dense(network.widths[i], {.activation = activation})));
    }
    if (network.dropout > 0) dropout.push_back(track(xp::layers::Dropout(network.dropout)));
  }

  xp::Tensor call(const xp::Tensor& inputs) override {
    xp::Tensor x = inputs;
    for (auto& convolution : convolutions) x = pool(convolution(x));
    if (!convolutions.empty()) x = flatten(x);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      x = layers[i](x);
      if (!dropout.empty() && i + 1 < layers.size()) x = dropout[0](x);
    }
    return x;
  }

  Network::Kind kind;
  std::vector<xp::layers::Conv2D> convolutions;
  xp::layers::MaxPooling2D pool = track(xp::layers::MaxPooling2D());
  xp::layers::Flatten flatten = track(xp::layers::Flatten());
  std::vector<xp::layers::Dense> layers;
  std::vector<xp::layers::Dropout> dropout;
};

xp::Tensor loss_of(Network::Kind kind, const xp::Tensor& expected, const xp::Tensor& output) {
  return xp::reduce_mean(kind == Network::Kind::logic ? xp::losses::mean_squared_error(expected, output)
                                                      : xp::losses::sparse_categorical_crossentropy(expected, output));
}

struct Data {
  xp::Tensor inputs;
  xp::Tensor expected;
};

std::vector<Data> tensors(const Network& network, const Batches& batches) {
  std::vector<Data> result;
  for (const auto& batch : batches.items) {
    const xp::Shape shape = network.filters.empty()
                                ? xp::Shape{network.batch, network.inputs()}
                                : xp::Shape{network.batch, Network::image_side, Network::image_side, 1};
    result.push_back(
        {xp::constant(batch.inputs, shape), network.kind == Network::Kind::logic
                                                ? xp::constant(batch.targets, {network.batch, network.widths.back()})
                                                : xp::constant(batch.labels, {network.batch})});
  }
  return result;
}

}  // namespace

std::function<void()> training_step(const Network& network, const Batches& batches) {
  auto model = std::make_shared<Model>(network);
  auto optimizer = std::make_shared<xp::optimizers::Adam>();
  return [model, optimizer, data = tensors(network, batches), next = std::size_t{0}]() mutable {
    const Data& batch = data[next++ % data.size()];
    xp::GradientTape tape;
    const auto output = (*model)(batch.inputs, {.training = true});
    const auto loss = loss_of(model->kind, batch.expected, output);
    const auto gradients = tape.gradient(loss, model->trainable_variables());
    optimizer->apply_gradients(xp::zip(gradients, model->trainable_variables()));
  };
}

std::function<void()> traced_training_step(const Network& network, const Batches& batches) {
  auto model = std::make_shared<Model>(network);
  auto optimizer = std::make_shared<xp::optimizers::Adam>();
  auto step = xp::function([model, optimizer](const xp::Tensor& inputs, const xp::Tensor& expected) {
    xp::GradientTape tape;
    const auto loss = loss_of(model->kind, expected, (*model)(inputs, {.training = true}));
    const auto gradients = tape.gradient(loss, model->trainable_variables());
    optimizer->apply_gradients(xp::zip(gradients, model->trainable_variables()));
    return loss;
  });
  return [step, data = tensors(network, batches), next = std::size_t{0}]() mutable {
    const Data& batch = data[next++ % data.size()];
    (void)step(batch.inputs, batch.expected);
  };
}

std::pair<std::function<void()>, std::function<void()>> inference_steps(const Network& network, std::int64_t batch) {
  auto model = std::make_shared<Model>(network);
  const xp::Tensor x = xp::random::uniform({batch, network.inputs()});
  (*model)(x);
  return {[model, x] { (*model)(x); }, [model, x] { model->predict(x); }};
}

std::function<void()> chain_step(int operations) {
  return [x = xp::constant(1.0f), c = xp::constant(1.0001f), operations] {
    xp::GradientTape tape;
    tape.watch(x);
    auto y = x;
    for (int i = 0; i < operations; ++i) y = y * c;
    const auto gradient = tape.gradient(y, x);
  };
}

}  // namespace bench
