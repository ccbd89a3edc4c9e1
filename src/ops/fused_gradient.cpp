#include "ops/fused_gradient.hpp"

#include "tape/gradients_of.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::detail {

Grads recorded_gradients(const std::function<std::vector<Tensor>(const Tensors&)>& f, const Tensors& inputs,
                         std::span<const Tensor> dys) {
  GradientTape tape;
  tape.watch(std::span<const Tensor>(inputs));
  const std::vector<Tensor> results = f(inputs);
  std::vector<Tensor> targets, incoming;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!dys[i].defined()) continue;
    targets.push_back(results[i]);
    incoming.push_back(dys[i]);
  }
  const PoolVector<Source> sources(inputs.begin(), inputs.end());
  return gradients_of_each(tape, targets, sources, incoming);
}

}  // namespace xtape::detail
