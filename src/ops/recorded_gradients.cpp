#include "ops/recorded_gradients.hpp"

#include <algorithm>

#include "xtape/tape/gradient_tape.hpp"

namespace xtape::detail {

bool any_tracked_of(const Tensors& inputs, std::span<const Tensor> dys) {
  if (!is_recording()) return false;
  const auto tracked = [](const Tensor& t) { return t.defined() && is_tracked({t}); };
  return std::any_of(inputs.begin(), inputs.end(), tracked) || std::any_of(dys.begin(), dys.end(), tracked);
}

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
  // A tensor that was given twice gets its whole gradient once.
  std::vector<Tensor> sources;
  std::vector<std::size_t> place;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool again =
        std::any_of(sources.begin(), sources.end(), [&](const Tensor& s) { return s.is_same(inputs[i]); });
    if (again) continue;
    sources.push_back(inputs[i]);
    place.push_back(i);
  }
  const Tensors found = tape.gradient(targets, sources, {.output_gradients = incoming});
  std::vector<Tensor> all(inputs.size());
  for (std::size_t i = 0; i < place.size(); ++i) all[place[i]] = found[i];
  Grads result;
  for (auto& gradient : all) result.push_back(std::move(gradient));
  return result;
}

}  // namespace xtape::detail
