#include "libtorch/libtorch_steps.hpp"

#include <torch/torch.h>

#include <memory>

namespace bench::libtorch {
namespace {

struct Net : torch::nn::Module {
  explicit Net(const Network& network) : kind(network.kind), rate(network.dropout) {
    std::int64_t channels = 1;
    for (std::size_t i = 0; i < network.filters.size(); ++i) {
      const auto options =
          torch::nn::Conv2dOptions(channels, network.filters[i], Network::kernel_side).padding(torch::kSame);
      convolutions.push_back(register_module("conv" + std::to_string(i), torch::nn::Conv2d(options)));
      // Channels last, which made this network a tenth faster than libtorch's default.
      auto& weight = convolutions.back()->weight;
      weight.set_data(weight.detach().contiguous(torch::MemoryFormat::ChannelsLast));
      channels = network.filters[i];
    }
    for (std::size_t i = 0; i + 1 < network.widths.size(); ++i) {
      layers.push_back(
          register_module("dense" + std::to_string(i), torch::nn::Linear(network.widths[i], network.widths[i + 1])));
    }
  }

  torch::Tensor forward(torch::Tensor x) {
    for (auto& convolution : convolutions) x = torch::max_pool2d(torch::relu(convolution->forward(x)), 2);
    if (!convolutions.empty()) x = x.flatten(1);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      x = layers[i]->forward(x);
      if (kind == Network::Kind::logic) {
        x = torch::sigmoid(x);
      } else if (i + 1 < layers.size()) {
        x = torch::relu(x);
        if (rate > 0) x = torch::dropout(x, rate, /*train=*/true);
      }
    }
    return x;
  }

  Network::Kind kind;
  double rate;
  std::vector<torch::nn::Conv2d> convolutions;
  std::vector<torch::nn::Linear> layers;
};

struct Data {
  torch::Tensor inputs;
  torch::Tensor expected;
};

std::vector<Data> tensors(const Network& network, const Batches& batches) {
  std::vector<Data> result;
  for (const auto& batch : batches.items) {
    // The vectors are copied: from_blob only borrows them.
    const auto tensor = [](const auto& values, torch::IntArrayRef shape, torch::ScalarType type) {
      return torch::from_blob(const_cast<void*>(static_cast<const void*>(values.data())), shape, type).clone();
    };
    const std::vector<std::int64_t> shape =
        network.filters.empty() ? std::vector<std::int64_t>{network.batch, network.inputs()}
                                : std::vector<std::int64_t>{network.batch, 1, Network::image_side, Network::image_side};
    result.push_back({tensor(batch.inputs, shape, torch::kFloat32),
                      network.kind == Network::Kind::logic
                          ? tensor(batch.targets, {network.batch, network.widths.back()}, torch::kFloat32)
                          : tensor(batch.labels, {network.batch}, torch::kInt64)});
  }
  return result;
}

}  // namespace

std::function<void()> training_step(const Network& network, const Batches& batches) {
  auto net = std::make_shared<Net>(network);
  auto optimizer = std::make_shared<torch::optim::Adam>(net->parameters(), torch::optim::AdamOptions(0.001).eps(1e-7));
  return [net, optimizer, data = tensors(network, batches), next = std::size_t{0}]() mutable {
    const Data& batch = data[next++ % data.size()];
    net->zero_grad(/*set_to_none=*/true);
    const auto output = net->forward(batch.inputs);
    const auto loss = net->kind == Network::Kind::logic ? torch::mse_loss(output, batch.expected)
                                                        : torch::nn::functional::cross_entropy(output, batch.expected);
    loss.backward();
    optimizer->step();
  };
}

std::function<void()> chain_step(int operations) {
  const auto x = torch::full({}, 1.0f, torch::requires_grad());
  const auto c = torch::full({}, 1.0001f);
  return [x, c, operations] {
    auto y = x;
    for (int i = 0; i < operations; ++i) y = y * c;
    const auto gradient = torch::autograd::grad({y}, {x});
  };
}

void set_num_threads(int threads) { torch::set_num_threads(threads); }

std::string version() { return TORCH_VERSION; }

}  // namespace bench::libtorch
