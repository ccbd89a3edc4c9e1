#include <algorithm>
#include <unordered_map>

#include "base/check.hpp"
#include "layers/layer_state.hpp"

namespace xtape {
namespace detail {
namespace {
constinit thread_local CloneScope* current_clones = nullptr;
}

struct CloneScope::Copies {
  /// In the order of copying, which finish() follows.
  std::vector<std::pair<std::shared_ptr<LayerState>, std::shared_ptr<LayerState>>> states;
  std::unordered_map<const LayerState*, std::shared_ptr<LayerState>> of;
};

CloneScope::CloneScope() : copies_(std::make_unique<Copies>()), outer_(current_clones) { current_clones = this; }
CloneScope::~CloneScope() { current_clones = outer_; }
CloneScope* CloneScope::current() noexcept { return current_clones; }

std::shared_ptr<LayerState> CloneScope::copy_of(const std::shared_ptr<LayerState>& original) {
  auto& copy = copies_->of[original.get()];
  if (copy == nullptr) {
    copy = std::make_shared<LayerState>();
    copy->name = original->name;
    copy->has_name = true;
    copy->named_by_user = original->named_by_user;
    copy->trainable = original->trainable;
    copy->policy = original->policy;
    copy->casts_inputs = original->casts_inputs;
    copy->supports_masking = original->supports_masking;
    copy->generators = original->generators;
    copy->activity_regularizer = original->activity_regularizer;
    copies_->states.emplace_back(original, copy);
  }
  return copy;
}

void CloneScope::finish() {
  for (const auto& [original, copy] : copies_->states) {
    for (const auto& weight : original->weights) {
      if (weight.made_in_build) continue;
      fail<ValueError>("clone", "layer '{}' holds the variable '{}', made outside of build(), and cannot be copied",
                       original->path(), weight.name);
    }
    const auto& again = original->children_of_build;
    for (const auto& old_child : original->children) {
      if (std::find(again.begin(), again.end(), old_child) != again.end()) continue;
      const auto child = copies_->of.find(old_child.get());
      if (child == copies_->of.end()) {
        fail<ValueError>("clone", "layer '{}' tracks the layer '{}', which is not a member of it and cannot be copied",
                         original->path(), old_child->name);
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
