#include <torch/torch.h>

#include <memory>

#include "libtorch/libtorch_steps.hpp"

namespace bench::libtorch {
namespace {

struct SequenceNet : torch::nn::Module {
  explicit SequenceNet(const SequenceNetwork& n)
      : dense(register_module("dense", torch::nn::Linear(n.kind == SequenceNetwork::Kind::lstm ? n.units : n.features,
                                                         SequenceNetwork::classes))) {
    if (n.kind == SequenceNetwork::Kind::lstm) {
      lstm = register_module("lstm", torch::nn::LSTM(torch::nn::LSTMOptions(n.features, n.units).batch_first(true)));
      return;
    }
    for (std::int64_t l = 0; l < n.layers; ++l) {
      const auto options =
          torch::nn::TransformerEncoderLayerOptions(n.features, n.heads).dim_feedforward(n.feed_forward).dropout(0);
      layers.push_back(register_module("layer" + std::to_string(l), torch::nn::TransformerEncoderLayer(options)));
    }
  }

  torch::Tensor forward(torch::Tensor x) {
    if (lstm) return dense(std::get<0>(lstm(x)).select(1, -1));
    for (auto& layer : layers) x = layer(x);
    return dense(x.mean(0));
  }

  torch::nn::Linear dense;
  torch::nn::LSTM lstm = nullptr;
  std::vector<torch::nn::TransformerEncoderLayer> layers;
};

}  // namespace

std::function<void()> training_step(const SequenceNetwork& network, const Batches& batches) {
  auto net = std::make_shared<SequenceNet>(network);
  auto optimizer = std::make_shared<torch::optim::Adam>(net->parameters(), torch::optim::AdamOptions(0.001).eps(1e-7));
  std::vector<std::pair<torch::Tensor, torch::Tensor>> data;
  for (const auto& batch : batches.items) {
    auto x = torch::from_blob(const_cast<float*>(batch.inputs.data()), {network.batch, network.steps, network.features})
                 .clone();
    // Its layers of attention take the steps first.
    if (network.kind == SequenceNetwork::Kind::attention) x = x.transpose(0, 1).contiguous();
    data.emplace_back(x, torch::tensor(batch.labels));
  }
  return [net, optimizer, data, next = std::size_t{0}]() mutable {
    const auto& [x, y] = data[next++ % data.size()];
    net->zero_grad(/*set_to_none=*/true);
    torch::nn::functional::cross_entropy(net->forward(x), y).backward();
    optimizer->step();
  };
}

}  // namespace bench::libtorch
