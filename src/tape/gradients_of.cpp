#include "tape/gradients_of.hpp"

#include <algorithm>

#include "tape/source.hpp"

namespace xtape::detail {

Grads gradients_of_each(GradientTape& tape, const std::vector<Tensor>& targets, std::span<const Source> sources,
                        const std::vector<Tensor>& output_gradients) {
  PoolVector<Source> asked;
  PoolVector<std::size_t> place;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Source& source = sources[i];
    const auto same = [&](const Source& other) { return same_source(source, other); };
    if (!is_floating(source.peek().dtype()) || std::any_of(asked.begin(), asked.end(), same)) continue;
    asked.push_back(source);
    place.push_back(i);
  }
  const Tensors found = tape.gradient(targets, std::span<const Source>(asked), {.output_gradients = output_gradients});
  Tensors all(sources.size());
  for (std::size_t i = 0; i < place.size(); ++i) all[place[i]] = found[i];
  Grads result;
  for (auto& gradient : all) result.push_back(std::move(gradient));
  return result;
}

}  // namespace xtape::detail
