#include "xtape/models/checkpoint.hpp"

#include <algorithm>
#include <bit>

#include "base/check.hpp"
#include "base/files.hpp"
#include "layers/layer_state.hpp"
#include "models/named_weights.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/io/safetensors.hpp"

namespace xtape {
namespace {

constexpr const char* kind = "xtape training checkpoint";

Tensor packed(const random::GeneratorState& state) {
  return constant({std::bit_cast<std::int64_t>(state.seed), std::bit_cast<std::int64_t>(state.position)}, int64);
}

random::GeneratorState unpacked(const Tensor& tensor) {
  const auto values = tensor.to_vector<std::int64_t>();
  return {std::bit_cast<std::uint64_t>(values[0]), std::bit_cast<std::uint64_t>(values[1])};
}

}  // namespace

void Checkpoint::check_new(const std::string& name) const {
  const auto same = [&](const auto& other) { return other.first == name; };
  const auto taken = [&](const auto& list) { return std::any_of(list.begin(), list.end(), same); };
  if (name.empty() || taken(variables_) || taken(generators_) || taken(metrics_) || taken(models_) ||
      taken(optimizers_)) {
    detail::fail<ValueError>("Checkpoint.add", "expected a name that is not taken yet, received \"{}\"", name);
  }
}

void Checkpoint::add(const std::string& name, const Variable& variable) {
  check_new(name);
  variables_.emplace_back(name, variable);
}

void Checkpoint::add(const std::string& name, random::Generator& generator) {
  check_new(name);
  generators_.emplace_back(name, &generator);
}

void Checkpoint::add(const std::string& name, metrics::Metric& metric) {
  check_new(name);
  metrics_.emplace_back(name, &metric);
}

void Checkpoint::add(const std::string& name, Model& model) {
  check_new(name);
  models_.emplace_back(name, &model);
}

void Checkpoint::add(const std::string& name, optimizers::Optimizer& optimizer) {
  check_new(name);
  optimizers_.emplace_back(name, &optimizer);
}

void Checkpoint::add_optimizer(Named& all, const std::string& prefix, const optimizers::Optimizer& optimizer) {
  const auto variables = optimizer.variables();
  for (std::size_t i = 0; i < variables.size(); ++i) {  // two variables may have the same name
    all.emplace_back(fmt::format("{}/{}/{}", prefix, i, variables[i].name()), variables[i]);
  }
}

void Checkpoint::check_built(const char* method) const {
  const auto check = [&](const Model& model) {
    if (model.built()) return;
    detail::fail<ValueError>(method, "the model '{}' is not built yet: call it first, or build_for()", model.name());
  };
  check(*model_);
  for (const auto& [name, model] : models_) check(*model);
  for (const auto& [name, optimizer] : optimizers_) {
    if (!optimizer->built()) {
      detail::fail<ValueError>(method, "the optimizer added as '{}' is not built yet: call its build() first", name);
    }
  }
}

Checkpoint::Named Checkpoint::all_variables() const {
  Named all;
  for (auto& [name, variable] : detail::named_weights(*model_)) all.emplace_back("model/" + name, variable);
  add_optimizer(all, "optimizer", *optimizer_);
  for (const auto& [added, model] : models_) {
    for (auto& [name, variable] : detail::named_weights(*model)) {
      all.emplace_back(fmt::format("added/{}/{}", added, name), variable);
    }
  }
  for (const auto& [added, optimizer] : optimizers_) add_optimizer(all, "added_optimizer/" + added, *optimizer);
  for (const auto& [name, variable] : variables_) all.emplace_back("variable/" + name, variable);
  return all;
}

Checkpoint::Generators Checkpoint::all_generators() const {
  Generators all{{"random/default", &random::default_generator()}};
  const auto add_layers = [&](const std::string& prefix, Model& model) {
    const auto of_layers = detail::LayerState::of(model).all_generators();
    for (std::size_t i = 0; i < of_layers.size(); ++i) {
      all.emplace_back(fmt::format("{}/{}", prefix, i), of_layers[i].get());
    }
  };
  add_layers("random/layer", *model_);
  for (const auto& [added, model] : models_) add_layers("random/added_layer/" + added, *model);
  for (const auto& [name, generator] : generators_) all.emplace_back("random/added/" + name, generator);
  return all;
}

void Checkpoint::save(const std::string& path) const {
  check_built("Checkpoint.save");
  io::NamedTensors tensors;
  for (const auto& [name, variable] : all_variables()) tensors.emplace_back(name, variable.peek());
  for (const auto& [name, generator] : all_generators()) tensors.emplace_back(name, packed(generator->state()));
  for (const auto& [name, metric] : metrics_) tensors.emplace_back("metric/" + name, metric->state());
  io::save_safetensors(path, tensors, {{"format", kind}});
}

bool Checkpoint::restore(const std::string& path) {
  constexpr const char* method = "Checkpoint.restore";
  check_built(method);
  if (!detail::is_there(method, path)) return false;
  const io::SafeTensors file = io::load_safetensors(path);
  if (const auto format = file.metadata.find("format"); format == file.metadata.end() || format->second != kind) {
    detail::fail<DataError>(method, "{} holds tensors, but is no checkpoint of a training", path);
  }
  optimizer_->build(model_->trainable_variables());
  auto variables = all_variables();
  const auto generators = all_generators();
  // The states of generators are restored as variables, so that everything is checked before anything changes.
  std::vector<Variable> states;
  for (const auto& [name, generator] : generators) {
    states.push_back(Variable(packed(generator->state()), {.trainable = false, .name = name}));
    variables.emplace_back(name, states.back());
  }
  // So are those of metrics, which may have another shape than now.
  std::vector<Tensor> before, found;
  for (const auto& [name, metric] : metrics_) {
    before.push_back(metric->state());
    const std::string key = "metric/" + name;
    const auto same = [&](const auto& tensor) { return tensor.first == key; };
    const auto at = std::find_if(file.tensors.begin(), file.tensors.end(), same);
    found.push_back(at == file.tensors.end() ? before.back() : at->second);
    variables.emplace_back(key, Variable(found.back(), {.trainable = false, .name = key}));
  }
  const auto set_metrics = [this](const std::vector<Tensor>& states) {
    for (std::size_t i = 0; i < states.size(); ++i) metrics_[i].second->set_state(states[i]);
  };
  try {
    set_metrics(found);
    detail::assign_all(method, path, file.tensors, variables);
  } catch (const ValueError& error) {
    set_metrics(before);
    detail::fail<DataError>(method, "{}: {}", path, error.what());
  } catch (...) {
    set_metrics(before);
    throw;
  }
  for (std::size_t i = 0; i < generators.size(); ++i) generators[i].second->set_state(unpacked(states[i].peek()));
  return true;
}

}  // namespace xtape
