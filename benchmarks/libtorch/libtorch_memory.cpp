#include <torch/torch.h>

#include "libtorch/libtorch_steps.hpp"
#include "memory/report.hpp"

namespace bench::libtorch {

int report_training_memory(const std::string& mode, int steps) {
  set_num_threads(1);
  return report_memory([&] {
    torch::nn::Sequential net(torch::nn::Linear(784, 512), torch::nn::ReLU(), torch::nn::Linear(512, 128),
                              torch::nn::ReLU(), torch::nn::Linear(128, 32), torch::nn::ReLU(),
                              torch::nn::Linear(32, 10));
    torch::optim::Adam optimizer(net->parameters());
    const std::int64_t batch = 1024, n = mode == "batches" ? 4 * batch : 60000;
    const auto x = torch::rand({n, 784}), y = torch::randint(10, {n});
    for (int step = 0; step < steps; ++step) {
      torch::Tensor input, labels;
      if (mode == "batches") {
        input = x.narrow(0, step % 4 * batch, batch);
        labels = y.narrow(0, step % 4 * batch, batch);
      } else {
        const auto rows = torch::randint(n, {batch});
        input = x.index_select(0, rows);
        labels = y.index_select(0, rows);
      }
      net->zero_grad(/*set_to_none=*/true);
      torch::nn::functional::cross_entropy(net->forward(input), labels).backward();
      optimizer.step();
    }
    return 0;
  });
}

}  // namespace bench::libtorch
