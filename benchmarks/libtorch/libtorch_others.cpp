#include <torch/torch.h>

#include <memory>
#include <stdexcept>

#include "libtorch/libtorch_steps.hpp"

namespace bench::libtorch {

std::function<void()> optimizer_step(const std::string& name, std::int64_t size) {
  namespace optim = torch::optim;
  auto w = torch::rand({size}, torch::requires_grad());
  w.mutable_grad() = torch::rand({size});
  const std::vector<torch::Tensor> parameters = {w};
  std::shared_ptr<optim::Optimizer> optimizer;
  if (name == "SGD") {
    optimizer = std::make_shared<optim::SGD>(parameters, optim::SGDOptions(0.01));
  } else if (name == "momentum") {
    optimizer = std::make_shared<optim::SGD>(parameters, optim::SGDOptions(0.01).momentum(0.9));
  } else if (name == "Adam") {
    optimizer = std::make_shared<optim::Adam>(parameters);
  } else if (name == "AdamW") {
    optimizer = std::make_shared<optim::AdamW>(parameters);
  } else if (name == "RMSprop") {
    optimizer = std::make_shared<optim::RMSprop>(parameters);
  } else if (name == "Adagrad") {
    optimizer = std::make_shared<optim::Adagrad>(parameters);
  } else {
    throw std::invalid_argument(name);
  }
  return [optimizer, w] { optimizer->step(); };
}

std::function<void()> inference_step(const Network& network, std::int64_t batch) {
  struct Net : torch::nn::Module {
    std::vector<torch::nn::Linear> layers;
  };
  auto net = std::make_shared<Net>();
  for (std::size_t i = 0; i + 1 < network.widths.size(); ++i) {
    net->layers.push_back(
        net->register_module("dense" + std::to_string(i), torch::nn::Linear(network.widths[i], network.widths[i + 1])));
  }
  net->eval();
  return [net, x = torch::rand({batch, network.inputs()})] {
    const torch::NoGradGuard no_grad;
    auto y = x;
    for (std::size_t i = 0; i < net->layers.size(); ++i) {
      y = net->layers[i](y);
      y = i + 1 < net->layers.size() ? torch::relu(y) : torch::softmax(y, -1);
    }
  };
}

}  // namespace bench::libtorch
