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
  if (name.empty() || std::any_of(variables_.begin(), variables_.end(), same) ||
      std::any_of(generators_.begin(), generators_.end(), same)) {
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

void Checkpoint::check_built(const char* method) const {
  if (!model_->built()) {
    detail::fail<ValueError>(method, "the model '{}' is not built yet: call it first, or build_for()", model_->name());
  }
}

Checkpoint::Named Checkpoint::all_variables() const {
  Named all;
  for (auto& [name, variable] : detail::named_weights(*model_)) all.emplace_back("model/" + name, variable);
  const auto of_optimizer = optimizer_->variables();
  for (std::size_t i = 0; i < of_optimizer.size(); ++i) {  // two variables may have the same name
    all.emplace_back(fmt::format("optimizer/{}/{}", i, of_optimizer[i].name()), of_optimizer[i]);
  }
  for (const auto& [name, variable] : variables_) all.emplace_back("variable/" + name, variable);
  return all;
}

Checkpoint::Generators Checkpoint::all_generators() const {
  Generators all{{"random/default", &random::default_generator()}};
  const auto of_layers = detail::LayerState::of(*model_).all_generators();
  for (std::size_t i = 0; i < of_layers.size(); ++i) {
    all.emplace_back(fmt::format("random/layer/{}", i), of_layers[i].get());
  }
  for (const auto& [name, generator] : generators_) all.emplace_back("random/added/" + name, generator);
  return all;
}

void Checkpoint::save(const std::string& path) const {
  check_built("Checkpoint.save");
  io::NamedTensors tensors;
  for (const auto& [name, variable] : all_variables()) tensors.emplace_back(name, variable.peek());
  for (const auto& [name, generator] : all_generators()) tensors.emplace_back(name, packed(generator->state()));
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
  detail::assign_all(method, path, file.tensors, variables);
  for (std::size_t i = 0; i < generators.size(); ++i) generators[i].second->set_state(unpacked(states[i].peek()));
  return true;
}

}  // namespace xtape
