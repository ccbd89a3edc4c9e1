// Weights and layers of models by name.
#include <algorithm>
#include "base/check.hpp"
#include "layers/layer_state.hpp"
#include "models/named_weights.hpp"
#include "xtape/models/model.hpp"

namespace xtape {
namespace detail {

std::vector<std::pair<std::string, Variable>> named_weights(const Layer& layer) {
  return LayerState::of(layer).named_weights();
}

void assign_all(const char* method, const std::string& path, const io::NamedTensors& tensors,
                const std::vector<std::pair<std::string, Variable>>& variables) {
  std::string wrong;
  const auto note = [&](const std::string& what) { wrong += "\n  " + what; };
  for (const auto& [name, variable] : variables) {
    const Tensor value = io::find(tensors, name);
    if (!value.defined()) {
      note(fmt::format("'{}' is missing in the file", shown(name)));
    } else if (value.shape() != variable.shape() || value.dtype() != variable.dtype()) {
      note(fmt::format("'{}' is {} {} in the file, expected {} {}", shown(name), value.dtype(), value.shape(),
                       variable.dtype(), variable.shape()));
    }
  }
  for (const auto& [name, value] : tensors) {
    const auto known = [&, &wanted = name](const auto& each) { return each.first == wanted; };
    if (std::none_of(variables.begin(), variables.end(), known))
      note(fmt::format("'{}' is in the file only", shown(name)));
  }
  if (!wrong.empty()) fail<DataError>(method, "{} does not match:{}", path, Whole{wrong});
  for (auto [name, variable] : variables) variable.assign(io::find(tensors, name));
}

}  // namespace detail

std::vector<Layer*> Model::layers() const& {
  std::vector<Layer*> all;
  for (const auto& child : detail::LayerState::of(*this).children) {
    if (Layer* layer = child->handle()) all.push_back(layer);
  }
  return all;
}

Layer& Model::get_layer(const std::string& name) const& {
  std::string names;
  for (Layer* layer : layers()) {
    if (layer->name() == name) return *layer;
    names += (names.empty() ? "" : ", ") + layer->name();
  }
  detail::fail<ValueError>("Model.get_layer", "no such layer: {}. Existing layers are: {}", name, names);
}

const Layer& Model::layer_of_class(const std::string& name, const std::type_info& wanted,
                                   bool (*is)(const Layer&)) const {
  const Layer& found = get_layer(name);
  for (const Layer* handle : detail::LayerState::of(found).handles()) {
    if (is(*handle)) return *handle;
  }
  detail::fail<TypeError>("Model.get_layer", "layer '{}' is a {}, not a {}", name, found.class_name(),
                          detail::class_of(wanted));
}

}  // namespace xtape
