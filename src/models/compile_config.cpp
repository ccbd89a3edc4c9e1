#include "models/compile_config.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "models/functional_graph.hpp"
#include "xtape/base/from_config.hpp"

namespace xtape::detail {
namespace {

std::vector<std::string> output_names(TrainState& train) {
  std::vector<std::string> names;
  for (const auto& output : train.outputs()) names.push_back(output.name);
  return names;
}

/// The names of a model's outputs, sorted as Keras sorts the keys of dictionaries; empty for a model without a graph.
std::vector<std::string> output_names(const Model& model) {
  std::vector<std::string> names;
  if (model.graph() == nullptr) return names;
  for (const auto& port : model.graph()->outputs()) names.push_back(port.name);
  return names;
}

/// A dictionary by output. Keras's may have the keys of the structure of the outputs, in place of their names: then it
/// becomes a list, in the order of the sorted keys, which is that of the outputs.
ConfigValue by_output(const ConfigValue& value, const Model& model) {
  const auto* dictionary = value.get<Config>();
  if (dictionary == nullptr || !dictionary->class_name().empty()) return value;
  const auto names = output_names(model);
  const auto known = [&](const auto& entry) {
    return std::find(names.begin(), names.end(), entry.first) != names.end();
  };
  const auto& entries = dictionary->entries();
  if (names.size() != entries.size() || std::all_of(entries.begin(), entries.end(), known)) return value;
  std::map<std::string, ConfigValue> sorted(entries.begin(), entries.end());
  ConfigValue::List list;
  for (const auto& [key, each] : sorted) list.push_back(each);
  return list;
}

bool is_dictionary(const ConfigValue& value) {
  const auto* config = value.get<Config>();
  return config != nullptr && config->class_name().empty();
}
bool is_list(const ConfigValue& value) {
  return value.get<ConfigValue::List>() != nullptr || value.get<ConfigValue::Integers>() != nullptr ||
         value.get<ConfigValue::Numbers>() != nullptr;
}

AnyLoss loss_of(const ConfigValue& value) { return value.is_none() ? AnyLoss() : AnyLoss::from_config(value); }

Losses losses_of(const ConfigValue& value) {
  if (value.is_none()) return {};
  if (is_dictionary(value)) {
    std::map<std::string, AnyLoss> losses;
    for (const auto& [name, each] : value.get<Config>()->entries()) losses[name] = loss_of(each);
    return losses;
  }
  if (!is_list(value)) return AnyLoss::from_config(value);
  std::vector<AnyLoss> losses;
  for (const auto& each : list_of(value)) losses.push_back(loss_of(each));
  return losses;
}

LossWeights loss_weights_of(const ConfigValue& value) {
  if (value.is_none()) return {};
  if (is_dictionary(value)) {
    std::map<std::string, double> weights;
    for (const auto& [name, each] : value.get<Config>()->entries()) weights[name] = number_of(each);
    return weights;
  }
  if (!is_list(value)) return number_of(value);
  return value_as<std::vector<double>>(value);
}

std::vector<AnyMetric> metrics_in(const ConfigValue& value) {
  std::vector<AnyMetric> metrics;
  if (value.is_none()) return metrics;
  if (!is_list(value)) return {AnyMetric::from_config(value)};
  for (const auto& each : list_of(value)) {
    if (!each.is_none()) metrics.push_back(AnyMetric::from_config(each));
  }
  return metrics;
}

Metrics metrics_of(const ConfigValue& value, const Model& model) {
  if (value.is_none()) return {};
  if (is_dictionary(value)) {
    std::map<std::string, std::vector<AnyMetric>> metrics;
    for (const auto& [name, each] : value.get<Config>()->entries()) metrics[name] = metrics_in(each);
    return metrics;
  }
  const auto list = list_of(value);
  if (std::none_of(list.begin(), list.end(), is_list)) return metrics_in(value);
  // A list of lists has one for each output.
  const auto names = output_names(model);
  if (names.size() <= 1 && list.size() == 1) return metrics_in(list.front());
  if (names.size() != list.size()) {
    fail_config("one list of metrics for each output of the model", value);
  }
  std::map<std::string, std::vector<AnyMetric>> metrics;
  for (std::size_t i = 0; i < names.size(); ++i) metrics[names[i]] = metrics_in(list[i]);
  return metrics;
}

ConfigValue entry(const Config& config, const char* name) {
  return config.contains(name) ? config[name] : ConfigValue();
}

}  // namespace

Config compile_config(TrainState& train) {
  const auto outputs = output_names(train);
  return Config("", {{"optimizer", train.optimizer->config()},
                     {"loss", train.compiled_losses().config()},
                     {"loss_weights", train.compiled_loss_weights().config()},
                     {"metrics", train.compiled_metrics().config(outputs)},
                     {"weighted_metrics", train.compiled_weighted_metrics().config(outputs)},
                     {"run_eagerly", false},
                     {"steps_per_execution", std::int64_t{1}},
                     {"jit_compile", false}});
}

void compile_from_config(Model& model, const Config& config) {
  CompileOptions options;
  // Keras 1 and 2 call it optimizer_config.
  const ConfigValue optimizer = entry(config, config.contains("optimizer") ? "optimizer" : "optimizer_config");
  const auto read = [&](const char* name, auto& option, const auto& from) {
    read_argument("compile_config", name, [&] { option = from(by_output(entry(config, name), model)); });
  };
  if (!optimizer.is_none()) {
    read_argument("compile_config", "optimizer", [&] { options.optimizer = AnyOptimizer::from_config(optimizer); });
  }
  read("loss", options.loss, losses_of);
  read("loss_weights", options.loss_weights, loss_weights_of);
  const auto metrics = [&](const ConfigValue& value) { return metrics_of(value, model); };
  read("metrics", options.metrics, metrics);
  read("weighted_metrics", options.weighted_metrics, metrics);
  model.compile(options);
}

}  // namespace xtape::detail
