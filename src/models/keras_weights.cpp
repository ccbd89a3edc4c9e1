#include "models/keras_weights.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>

#include "base/check.hpp"
#include "layers/layer_state.hpp"
#include "layers/op_node.hpp"
#include "models/model_config.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/group_query_attention.hpp"
#include "xtape/layers/rnn.hpp"
#include "xtape/layers/spectral_normalization.hpp"
#include "xtape/layers/stacked_rnn_cells.hpp"
#include "xtape/layers/time_distributed.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

std::string joined(const std::string& path, const std::string& name) { return path.empty() ? name : path + "/" + name; }

/// Walks through a model as Keras's saving_lib does.
class GroupWalk {
 public:
  std::vector<KerasGroup> groups;

  void visit(Layer& handle, const std::string& path, const std::string& name) {
    Layer& layer = LayerState::object(handle);
    LayerState& state = LayerState::of(layer);
    if (!visited_.insert(&state).second) return;
    if (takes_query_value_key(layer)) {
      groups.push_back({path, layer.name(), {}, {}});
      add_attention(state, path, name);
      return;
    }
    add_own(layer, state, path, name);
    visit_children(layer, state, path, name);
  }

 private:
  void add_own(Layer& layer, LayerState& state, const std::string& path, const std::string& name) {
    KerasGroup group{path, layer.name(), {}, {}};
    if (auto* spectral = dynamic_cast<layers::SpectralNormalization*>(&layer)) {
      // An attribute of the wrapper as well: Keras writes it twice.
      group.variables.push_back(spectral->kernel());
      group.names.push_back(joined(name, "kernel"));
    }
    for (const bool trainable : {true, false}) {
      for (const auto& weight : state.weights) {
        if (weight.trainable != trainable) continue;
        group.variables.push_back(weight.variable);
        group.names.push_back(joined(name, weight.name));
      }
    }
    groups.push_back(std::move(group));
  }

  /// Keras has a layer for each projection: the weight "query/kernel" is query_dense/vars/0.
  void add_attention(LayerState& state, const std::string& path, const std::string& name) {
    for (const char* part : {"query", "key", "gate", "value", "attention_output"}) {
      const std::string prefix = std::string(part) + "/";
      const std::string own = std::string(part) == "attention_output" ? "output" : part;
      KerasGroup group{joined(path, own + "_dense"), part, {}, {}};
      for (const auto& weight : state.weights) {
        if (!weight.name.starts_with(prefix)) continue;
        group.variables.push_back(weight.variable);
        group.names.push_back(joined(name, weight.name));
      }
      if (!group.variables.empty()) groups.push_back(std::move(group));
    }
  }

  void visit_children(Layer& layer, LayerState& state, const std::string& path, const std::string& name) {
    const auto inner = [&](Layer& child, const std::string& attribute) {
      visit(child, joined(path, attribute), joined(name, child.name()));
    };
    if (auto* bidirectional = dynamic_cast<layers::Bidirectional*>(&layer)) {
      inner(bidirectional->forward_layer(), "forward_layer");
      inner(bidirectional->backward_layer(), "backward_layer");
    } else if (auto* recurrent = dynamic_cast<layers::RNN*>(&layer)) {
      inner(recurrent->cell(), "cell");
    } else if (auto* distributed = dynamic_cast<layers::TimeDistributed*>(&layer)) {
      inner(distributed->layer(), "layer");
    } else if (auto* spectral = dynamic_cast<layers::SpectralNormalization*>(&layer)) {
      inner(spectral->layer(), "layer");
    } else {
      auto* model = dynamic_cast<Model*>(&layer);
      const GraphEnds* ends = model != nullptr && model->graph() != nullptr ? &model->graph()->ends() : nullptr;
      std::vector<Layer*> children;
      if (ends != nullptr) {
        for (const GraphLayer* child : keras_order(*ends)) {
          if (op_description(**child) == nullptr) children.push_back(&**child);
        }
      } else {
        for (const auto& child : state.children) {
          if (Layer* object = child->handle()) children.push_back(object);
        }
      }
      // The list of layers, if they are in one.
      const char* list = dynamic_cast<layers::StackedRNNCells*>(&layer) != nullptr ? "cells" : nullptr;
      if (ends != nullptr || dynamic_cast<Sequential*>(&layer) != nullptr) list = "layers";
      std::map<std::string, int> used;
      for (Layer* child : children) {
        std::string attribute;
        if (list == nullptr && LayerState::of(*child).named_by_user) {
          attribute = child->name();
        } else {
          const std::string kind = snake_case(object_class(*child));
          const int count = used[kind]++;
          attribute = count == 0 ? kind : fmt::format("{}_{}", kind, count);
        }
        inner(*child, list != nullptr ? joined(list, attribute) : attribute);
      }
    }
  }

  static std::string object_class(Layer& handle) {
    Layer& layer = LayerState::object(handle);
    auto* model = dynamic_cast<Model*>(&layer);
    if (model != nullptr && model->graph() != nullptr) return "Functional";
    // Keras's class has another name than its API.
    return dynamic_cast<layers::GroupQueryAttention*>(&layer) != nullptr ? "GroupedQueryAttention" : layer.class_name();
  }

  std::unordered_set<const LayerState*> visited_;
};

/// Adds the value of a dataset for a variable, or says why not.
bool take(const Hdf5Reader& file, const std::string& dataset, const Variable& variable, const std::string& name,
          std::vector<Assignment>& assignments, Differences& differences) {
  const auto spec = file.spec(dataset);
  if (spec.shape != variable.shape() || is_floating(spec.dtype) != is_floating(variable.dtype())) {
    differences.note(fmt::format("'{}' is {} {} in the file ({}), expected {} {}", shown(name), spec.dtype, spec.shape,
                                 shown(dataset), variable.dtype(), variable.shape()));
    return false;
  }
  assignments.push_back({variable, dataset});
  return true;
}

/// The groups "x/vars" of a file of Keras 3, with their datasets in order.
struct FileGroup {
  std::string path, layer;
  std::vector<std::string> datasets;
};

std::vector<FileGroup> file_groups(const Hdf5Reader& file) {
  std::map<std::string, std::map<std::int64_t, std::string>> found;
  std::vector<std::string> order;
  for (const auto& dataset : file.datasets_below("")) {
    const auto slash = dataset.rfind('/');
    if (slash == std::string::npos) continue;
    const std::string group = dataset.substr(0, slash), number = dataset.substr(slash + 1);
    if (!(group == "vars" || group.ends_with("/vars")) || group.starts_with("optimizer/")) continue;
    if (number.empty() || number.size() > 9 ||
        !std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      continue;
    }
    if (!found.contains(group)) order.push_back(group);
    found[group][std::stoll(number)] = dataset;
  }
  std::vector<FileGroup> groups;
  for (const auto& group : order) {
    FileGroup each{
        group == "vars" ? "" : group.substr(0, group.size() - 5), file.text_attribute(group, "name").value_or(""), {}};
    for (const auto& [number, dataset] : found.at(group)) each.datasets.push_back(dataset);
    groups.push_back(std::move(each));
  }
  return groups;
}

void report_group(const KerasGroup& group, const FileGroup& from, const Hdf5Reader& file,
                  std::vector<Assignment>& assignments, Differences& differences, LoadedWeights& report,
                  std::set<std::string>& used) {
  for (std::size_t i = 0; i < group.variables.size(); ++i) {
    if (i >= from.datasets.size()) {
      differences.note(fmt::format("'{}' is missing in the file", shown(group.names[i])));
      report.missing.push_back(group.names[i]);
      continue;
    }
    used.insert(from.datasets[i]);
    const bool taken = take(file, from.datasets[i], group.variables[i], group.names[i], assignments, differences);
    (taken ? report.loaded : report.missing).push_back(group.names[i]);
  }
}

std::vector<Assignment> match_keras3(const char* method, const Hdf5Reader& file, Model& model,
                                     const LoadWeightsOptions& options, LoadedWeights& report) {
  const std::vector<FileGroup> found = file_groups(file);
  // Keras 2.13's name for the list of layers.
  const std::string old = "_layer_checkpoint_dependencies";
  const bool renamed = !file.exists("layers") && file.exists(old);
  std::map<std::string, const FileGroup*> by_path, by_name;
  for (const auto& group : found) {
    std::string path = group.path;
    if (renamed) {
      for (std::size_t at; (at = path.find(old)) != std::string::npos;) path.replace(at, old.size(), "layers");
    }
    by_path[path] = &group;
    if (!group.layer.empty() && !by_name.emplace(group.layer, &group).second) by_name[group.layer] = nullptr;
  }
  std::vector<KerasGroup> groups = keras_groups(model);
  std::erase_if(groups, [](const KerasGroup& group) { return group.variables.empty(); });
  const auto count = [&](const auto& map, auto key) {
    return std::count_if(groups.begin(), groups.end(), [&](const auto& group) {
      const auto at = map.find(key(group));
      return at != map.end() && at->second != nullptr;
    });
  };
  const auto path_of = [](const KerasGroup& group) { return group.path; };
  const auto name_of = [](const KerasGroup& group) { return group.layer; };
  const auto all = static_cast<std::ptrdiff_t>(groups.size());

  std::vector<Assignment> assignments;
  Differences differences;
  std::set<std::string> used;
  const FileGroup nothing;
  const bool subclassed = model.graph() == nullptr && dynamic_cast<Sequential*>(&LayerState::object(model)) == nullptr;
  if (options.by_name) {
    report.matched_by = "names";
    for (const auto& group : groups) {
      const auto at = by_name.find(group.layer);
      if (at == by_name.end() || at->second == nullptr) {
        report.missing.insert(report.missing.end(), group.names.begin(), group.names.end());
        continue;
      }
      report_group(group, *at->second, file, assignments, differences, report, used);
    }
    differences.check(method, file.path(), options.skip_mismatch);
  } else if (!subclassed || count(by_path, path_of) == all) {
    report.matched_by = "places";
    for (const auto& group : groups) {
      const auto at = by_path.find(group.path);
      report_group(group, at == by_path.end() ? nothing : *at->second, file, assignments, differences, report, used);
    }
  } else if (count(by_name, name_of) == all) {
    report.matched_by = "names";
    for (const auto& group : groups) {
      report_group(group, *by_name.at(group.layer), file, assignments, differences, report, used);
    }
  } else {
    report.matched_by = "order and shape";
    for (const auto& group : groups) {
      // Keras writes attributes in the order of their names, C++ members have the order of their declarations: the next
      // group of the same shapes.
      const auto same_shapes = [&](const FileGroup& each) {
        if (used.contains(each.datasets.empty() ? "" : each.datasets[0])) return false;
        if (each.datasets.size() != group.variables.size()) return false;
        for (std::size_t i = 0; i < group.variables.size(); ++i) {
          if (file.spec(each.datasets[i]).shape != group.variables[i].shape()) return false;
        }
        return true;
      };
      const auto at = std::find_if(found.begin(), found.end(), same_shapes);
      report_group(group, at == found.end() ? nothing : *at, file, assignments, differences, report, used);
    }
  }
  for (const auto& group : found) {
    for (const auto& dataset : group.datasets) {
      if (used.contains(dataset)) continue;
      report.unused.push_back(dataset);
      if (!options.by_name) differences.only_in_file(fmt::format("'{}'", shown(dataset)));
    }
  }
  differences.check(method, file.path(), options.skip_mismatch);
  return assignments;
}

/// The weights of the layers in a file of Keras 1 or 2, or of the .h5 that Keras 3 still writes.
std::vector<Assignment> match_legacy(const char* method, const Hdf5Reader& file, Model& model,
                                     const LoadWeightsOptions& options, LoadedWeights& report) {
  const std::string root = file.is_group("model_weights") ? "model_weights" : "";
  const auto layer_names = file.text_list_attribute(root, "layer_names");
  if (!layer_names) fail<DataError>(method, "{}: expected weights of Keras, found no 'layer_names'", file.path());
  struct Stored {
    std::string layer;
    std::vector<std::string> datasets;
  };
  std::vector<Stored> stored;
  for (const auto& layer : *layer_names) {
    const std::string group = joined(root, layer);
    Stored each{layer, {}};
    for (const auto& weight : file.text_list_attribute(group, "weight_names").value_or(std::vector<std::string>())) {
      each.datasets.push_back(joined(group, weight));
    }
    if (!each.datasets.empty()) stored.push_back(std::move(each));
  }
  // The model's layers that have weights, in Keras's order.
  std::vector<Layer*> layers;
  const auto add = [&](Layer* layer) {
    if (layer != nullptr && !layer->variables().empty()) layers.push_back(layer);
  };
  if (model.graph() != nullptr) {
    for (const GraphLayer* layer : keras_order(model.graph()->ends())) add(&**layer);
  } else {
    for (const auto& child : LayerState::of(model).children) add(child->handle());
  }
  std::vector<Assignment> assignments;
  Differences differences;
  std::set<std::string> used;
  report.matched_by = options.by_name ? "names" : "places";
  if (!options.by_name && layers.size() != stored.size()) {
    differences.note(fmt::format("the file has {} layers with weights, the model {}", stored.size(), layers.size()));
    differences.check(method, file.path(), false);
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    Layer& layer = *layers[i];
    const auto same = [&](const Stored& each) { return each.layer == layer.name(); };
    const auto at = options.by_name ? std::find_if(stored.begin(), stored.end(), same)
                                    : stored.begin() + static_cast<std::ptrdiff_t>(i);
    std::vector<Variable> variables = layer.trainable_variables();
    const auto& frozen = layer.non_trainable_variables();
    variables.insert(variables.end(), frozen.begin(), frozen.end());
    if (at == stored.end()) {
      for (const auto& variable : variables) report.missing.push_back(variable.name());
      continue;
    }
    if (at->datasets.size() != variables.size()) {
      differences.note(fmt::format("layer '{}' has {} weights in the file, the model's '{}' has {}", shown(at->layer),
                                   at->datasets.size(), layer.name(), variables.size()));
      continue;
    }
    for (std::size_t k = 0; k < variables.size(); ++k) {
      used.insert(at->datasets[k]);
      const bool taken = take(file, at->datasets[k], variables[k], variables[k].name(), assignments, differences);
      (taken ? report.loaded : report.missing).push_back(variables[k].name());
    }
  }
  for (const auto& each : stored) {
    for (const auto& dataset : each.datasets) {
      if (!used.contains(dataset)) report.unused.push_back(dataset);
    }
  }
  differences.check(method, file.path(), options.skip_mismatch);
  return assignments;
}

}  // namespace

std::vector<KerasGroup> keras_groups(Model& model) {
  GroupWalk walk;
  walk.visit(model, "", "");
  return std::move(walk.groups);
}

std::vector<Assignment> match_keras_weights(const char* method, const Hdf5Reader& file, Model& model,
                                            const LoadWeightsOptions& options, LoadedWeights& report) {
  const bool legacy = file.is_group("model_weights") || file.has_attribute("", "layer_names");
  return legacy ? match_legacy(method, file, model, options, report)
                : match_keras3(method, file, model, options, report);
}

void write_keras_weights(Hdf5Writer& file, Model& model) {
  for (const auto& group : keras_groups(model)) {
    const std::string vars = joined(group.path, "vars");
    file.group(vars);
    file.text_attribute(vars, "name", group.layer);
    for (std::size_t i = 0; i < group.variables.size(); ++i) {
      file.dataset(fmt::format("{}/{}", vars, i), group.variables[i].peek());
    }
  }
}

void write_keras_optimizer(Hdf5Writer& file, const optimizers::Optimizer& optimizer) {
  const std::string vars = "optimizer/vars";
  file.group(vars);
  file.text_attribute(vars, "name", optimizer.name());
  std::size_t number = 0;
  for (const auto& variable : optimizer.variables()) {
    file.dataset(fmt::format("{}/{}", vars, number++), variable.peek());
  }
}

std::vector<Assignment> match_keras_optimizer(const char* method, const Hdf5Reader& file,
                                              const optimizers::Optimizer& optimizer) {
  const auto variables = optimizer.variables();
  std::vector<std::string> datasets;
  if (file.is_group("optimizer/vars")) {
    for (std::size_t i = 0; file.is_dataset(fmt::format("optimizer/vars/{}", i)); ++i) {
      datasets.push_back(fmt::format("optimizer/vars/{}", i));
    }
  } else if (file.is_group("optimizer_weights")) {
    const auto names = file.text_list_attribute("optimizer_weights", "weight_names");
    for (const auto& name : names.value_or(std::vector<std::string>())) {
      datasets.push_back("optimizer_weights/" + name);
    }
    // Keras 2 has no learning rate among them, and lists all first slots before all second ones.
    const bool has_rate = std::any_of(datasets.begin(), datasets.end(), [](const std::string& name) {
      return name.ends_with("learning_rate") || name.ends_with("learning_rate:0");
    });
    const bool rate_expected = variables.size() > 1 && variables[1].name().ends_with("/learning_rate");
    if (!has_rate && rate_expected && !datasets.empty()) datasets.insert(datasets.begin() + 1, "");
    const std::size_t first = rate_expected ? 2 : 1;
    const auto is_second = [](const std::string& name) { return name.ends_with("/v:0"); };
    const auto seconds = std::count_if(datasets.begin(), datasets.end(), is_second);
    if (seconds > 0 && datasets.size() == first + 2 * static_cast<std::size_t>(seconds)) {
      std::vector<std::string> together(datasets.begin(), datasets.begin() + static_cast<std::ptrdiff_t>(first));
      for (std::size_t i = 0; i < static_cast<std::size_t>(seconds); ++i) {
        together.push_back(datasets[first + i]);
        together.push_back(datasets[first + static_cast<std::size_t>(seconds) + i]);
      }
      datasets = std::move(together);
    }
  } else {
    return {};
  }
  std::vector<Assignment> assignments;
  Differences differences;
  if (datasets.size() != variables.size()) {
    differences.note(
        fmt::format("the optimizer has {} variables in the file, expected {}", datasets.size(), variables.size()));
    differences.check(method, file.path(), false);
  }
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (datasets[i].empty()) continue;
    const auto spec = file.spec(datasets[i]);
    if (spec.shape.numel() != variables[i].shape().numel()) {
      differences.note(fmt::format("'{}' is {} {} in the file, expected {} {}", shown(datasets[i]), spec.dtype,
                                   spec.shape, variables[i].dtype(), variables[i].shape()));
      continue;
    }
    assignments.push_back({variables[i], datasets[i]});
  }
  differences.check(method, file.path(), false);
  return assignments;
}

void assign_all(const Hdf5Reader& file, const std::vector<Assignment>& assignments, bool at_once) {
  const auto value_of = [&](const Assignment& each) {
    return reshape(cast(file.read(each.dataset), each.variable.dtype()), each.variable.shape());
  };
  xtape::Tensors values;
  for (const auto& each : assignments) {
    if (at_once) {
      values.push_back(value_of(each));
    } else {
      Variable(each.variable).assign(value_of(each));
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i) Variable(assignments[i].variable).assign(values[i]);
}

}  // namespace xtape::detail
