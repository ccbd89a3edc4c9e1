// The losses that calls of layers add. They belong to the thread that made the calls.
#include <algorithm>
#include <unordered_map>

#include "base/per_thread.hpp"
#include "layers/layer_state.hpp"

namespace xtape::detail {
namespace {

struct AddedLosses {
  std::weak_ptr<LayerState> layer;  ///< weak: the address of a destroyed layer may be reused
  std::shared_ptr<std::vector<Tensor>> losses;
};
struct LossesOfThread {
  std::unordered_map<const LayerState*, AddedLosses> all;
  std::size_t limit = 64;  ///< when there are as many, entries of destroyed layers are dropped
};

LossesOfThread& losses_of_thread() {
  static auto* const losses = new PerThread<LossesOfThread>;
  return losses->get();
}

/// Drops the entries of destroyed layers, which are empty, whenever the number of entries has doubled.
void forget_destroyed_layers(LossesOfThread& losses) {
  if (losses.all.size() < losses.limit) return;
  std::erase_if(losses.all, [](const auto& each) { return each.second.layer.expired(); });
  losses.limit = std::max<std::size_t>(64, 2 * losses.all.size());
}

}  // namespace

std::atomic<bool> LayerState::losses_in_use{false};

void LayerState::add_loss(const std::shared_ptr<LayerState>& layer, const Tensor& loss) {
  losses_in_use.store(true, std::memory_order_relaxed);
  LossesOfThread& losses = losses_of_thread();
  forget_destroyed_layers(losses);
  auto added = losses.all.find(layer.get());
  if (added == losses.all.end() || added->second.layer.expired()) {
    auto list = std::make_shared<std::vector<Tensor>>();
    {
      const std::lock_guard lock(layer->mutex);
      std::erase_if(layer->added_losses_, [](const auto& of_thread) { return of_thread.expired(); });
      layer->added_losses_.push_back(list);
    }
    added = losses.all.insert_or_assign(layer.get(), AddedLosses{layer, std::move(list)}).first;
  }
  added->second.losses->push_back(loss);
}

void LayerState::free_losses() noexcept {
  // The tables of threads have only empty lists of this layer afterwards. A thread may be dropping its list meanwhile.
  for (const auto& of_thread : added_losses_) {
    if (const auto losses = of_thread.lock()) losses->clear();
  }
}

void LayerState::clear_losses() {
  auto& all = losses_of_thread().all;
  if (all.empty()) return;
  const std::lock_guard lock(structure_mutex());
  visit([&](const LayerState& layer) {
    if (const auto added = all.find(&layer); added != all.end()) added->second.losses->clear();
  });
}

std::vector<Tensor> LayerState::losses() {
  struct Penalty {  // a loss, or the regularizer of a weight
    Tensor loss;
    Regularizer regularizer;
    Variable variable;
  };
  std::vector<Penalty> penalties;
  {
    const auto& all = losses_of_thread().all;
    const std::lock_guard lock(structure_mutex());
    visit([&](const LayerState& layer) {
      const auto added = all.find(&layer);
      if (added != all.end() && !added->second.layer.expired()) {
        for (const Tensor& loss : *added->second.losses) penalties.push_back({loss, {}, {}});
      }
      for (const auto& weight : layer.weights) {
        if (weight.regularizer && weight.variable.trainable())
          penalties.push_back({{}, weight.regularizer, weight.variable});
      }
    });
  }
  std::vector<Tensor> losses;
  losses.reserve(penalties.size());
  for (const auto& [loss, regularizer, variable] :
       penalties)  // without the lock, since users' regularizers may call functions of layers
    losses.push_back(loss.defined() ? loss : regularizer(variable));
  return losses;
}

}  // namespace xtape::detail
