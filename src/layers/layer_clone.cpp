// Cloning. A layer is cloned by copying it inside a CloneScope. Each copied handle, also one that is a member of
// another layer, then gets a new state with the same settings. When all are copied, the new states get their tracked
// layers: the copies of the original's tracked layers. What build() has made is not copied; the clone's build() makes
// it again.
#include <unordered_map>

#include "base/check.hpp"
#include "layers/layer_state.hpp"

namespace xtape {
namespace detail {

struct CloneScope::Copies {
  LayerThreadScope thread;
  /// In the order of copying, in which finish() visits them.
  std::vector<std::pair<std::shared_ptr<LayerState>, std::shared_ptr<LayerState>>> states;
  std::unordered_map<const LayerState*, std::shared_ptr<LayerState>> copies;
};

CloneScope::CloneScope() : copies_(std::make_unique<Copies>()) { layer_thread.cloning = this; }
CloneScope::~CloneScope() = default;
CloneScope* CloneScope::current() noexcept { return layer_thread.cloning; }

const std::shared_ptr<LayerState>& CloneScope::copy_of(const std::shared_ptr<LayerState>& original) {
  auto& copy = copies_->copies[original.get()];
  if (copy == nullptr) {
    copy = std::make_shared<LayerState>();
    static_cast<LayerSettings&>(*copy) = *original;
    copy->has_name = true;
    copies_->states.emplace_back(original, copy);
  }
  return copy;
}

void CloneScope::finish() {
  for (const auto& [original, copy] : copies_->states) {
    const auto& from = original->made_from;
    const auto& to = original->made_to;
    const auto made_outside = [](std::size_t i, std::size_t begin, std::size_t end) { return i < begin || i >= end; };
    for (std::size_t i = 0; i < original->weights.size(); ++i) {
      if (!made_outside(i, from.weights, to.weights)) continue;
      fail<ValueError>("clone", "layer '{}' holds the variable '{}', made outside of build(), and cannot be copied",
                       original->path(), original->weights[i].name);
    }
    for (std::size_t i = 0; i < original->generators.size(); ++i) {
      if (made_outside(i, from.generators, to.generators)) copy->generators.push_back(original->generators[i]);
    }
    for (std::size_t i = 0; i < original->children.size(); ++i) {
      if (!made_outside(i, from.children, to.children)) continue;
      const auto child = copies_->copies.find(original->children[i].get());
      if (child == copies_->copies.end()) {
        fail<ValueError>("clone", "layer '{}' tracks the layer '{}', which is not a member of it and cannot be copied",
                         original->path(), original->children[i]->name);
      }
      child->second->parent = copy;
      copy->children.push_back(child->second);
    }
  }
}

}  // namespace detail

AnyLayer::AnyLayer(const AnyLayer& other) : layer_(other.layer_), copy_(other.copy_) {
  if (detail::CloneScope::current() == nullptr) return;
  layer_ = copy_ != nullptr ? copy_(*other.layer_) : std::shared_ptr<Layer>(other.layer_->copy());
  if (layer_ == nullptr) {
    detail::fail<ValueError>("clone", "layer '{}' of class {} cannot be copied: derive the class from LayerBase",
                             other.layer_->name(), other.layer_->class_name());
  }
}

AnyLayer& AnyLayer::operator=(AnyLayer other) noexcept {
  std::swap(layer_, other.layer_);
  std::swap(copy_, other.copy_);
  return *this;
}

AnyLayer AnyLayer::clone() const {
  detail::CloneScope scope;
  AnyLayer copy(*this);
  scope.finish();
  return copy;
}

}  // namespace xtape
