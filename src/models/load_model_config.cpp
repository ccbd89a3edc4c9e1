// Models from their Configs: those of Keras 3, and of Keras 1 and 2, which list the calls of a layer in another way.
#include <algorithm>
#include <map>
#include <optional>

#include "base/check.hpp"
#include "io/config_json.hpp"
#include "layers/op_node.hpp"
#include "models/keras_ops.hpp"
#include "models/model_config.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/rnn.hpp"
#include "xtape/models/load_model.hpp"
#include "xtape/models/sequential.hpp"

namespace xtape {
namespace detail {
namespace {

SymbolicTensor input_of(const Config& layer) {
  ConfigValue found;
  for (const char* key : {"batch_shape", "batch_input_shape"}) {
    if (layer.contains(key)) found = layer[key];
  }
  if (found.is_none() && layer.contains("shape")) {
    ConfigValue::List sizes = list_of(layer["shape"]);
    sizes.insert(sizes.begin(), ConfigValue());
    found = sizes;
  }
  if (found.is_none()) fail_missing(layer, "batch_shape");
  std::optional<Shape> shape;
  read_argument(layer.class_name(), "batch_shape", [&] { shape = value_as<Shape>(found); });
  if (shape->rank() == 0) fail<ValueError>("from_config", "InputLayer.batch_shape: expected a batch axis");
  InputOptions options;
  options.batch_size = shape->begin()[0];
  if (layer.contains("dtype") && !layer["dtype"].is_none()) {
    options.dtype = DTypePolicy::from_config(layer["dtype"]).compute_dtype();
  }
  if (layer.contains("name") && !layer["name"].is_none()) options.name = text_of(layer["name"]);
  return Input(Shape(std::span<const std::int64_t>(shape->begin() + 1, shape->end())), options);
}

bool is_op(const Config& config) {
  return config.module().starts_with("keras.src.ops") || config.module().starts_with("keras.ops");
}

/// Whether a call is one of an op, in a .h5 file of Keras 3, which has no modules. Layers of these names take a list.
bool is_op_by_arguments(const Config& config, const ConfigValue::List& args) {
  if (!config.module().empty() || args.size() < 2) return false;
  for (const char* name : {"Add", "Subtract", "Multiply", "Maximum", "Minimum"}) {
    if (config.class_name() == name) return true;
  }
  return false;
}

const ConfigValue& entry(const Config& config, const char* name) {
  if (!config.contains(name)) fail_missing(config, name);
  return config[name];
}

/// A Sequential model. Keras 2 has the shape of the input in the first layer, not in an InputLayer.
AnyLayer sequential_from_config(const Config& config) {
  Sequential model;
  bool first = true;
  for (const auto& each : list_of(entry(config, "layers"))) {
    const Config& layer = config_of(each);
    if (layer.class_name() == "InputLayer") {
      model.add(input_of(layer));
    } else {
      if (first && layer.contains("batch_input_shape") && !layer["batch_input_shape"].is_none()) {
        Config input("InputLayer", {{"batch_shape", layer["batch_input_shape"]}});
        if (layer.contains("dtype") && layer.class_name() != "Embedding") input.set("dtype", layer["dtype"]);
        model.add(input_of(input));
      }
      model.add(model_or_layer_from_config(layer));
    }
    first = false;
  }
  if (config.contains("build_input_shape") && !config["build_input_shape"].is_none() && !model.built()) {
    const Shape shape = value_as<Shape>(config["build_input_shape"]);
    model.build_for(shape);
  }
  return model;
}

/// A call of a layer or op in a graph, with markers for its tensors.
struct PendingCall {
  std::size_t layer;
  ConfigValue::List args;
  Config kwargs;
  /// What the markers stand for, by their numbers: [layer, call, output].
  struct Source {
    std::string layer;
    std::int64_t call, output;
    friend bool operator==(const Source&, const Source&) = default;
  };
  std::vector<Source> tensors;
};

PendingCall::Source source_of(const ConfigValue& value) {
  const auto parts = list_of(value);
  if (parts.size() < 3) fail_config("[layer, call, output]", value);
  return {text_of(parts[0]), value_as<std::int64_t>(parts[1]), value_as<std::int64_t>(parts[2])};
}

/// Replaces the tensors in an argument by markers with numbers.
ConfigValue marked(const ConfigValue& value, std::vector<PendingCall::Source>& tensors) {
  const auto marker = [&](PendingCall::Source source) {
    tensors.push_back(std::move(source));
    return Config("__keras_tensor__", {{"number", static_cast<std::int64_t>(tensors.size() - 1)}});
  };
  if (const auto* config = value.get<Config>()) {
    if (config->class_name() == "__keras_tensor__") return marker(source_of(entry(*config, "keras_history")));
    if (!config->class_name().empty()) return value;
    Config result;
    for (const auto& [key, each] : config->entries()) result.set(key, marked(each, tensors));
    return result;
  }
  if (const auto* list = value.get<ConfigValue::List>()) {
    ConfigValue::List result;
    for (const auto& each : *list) result.push_back(marked(each, tensors));
    return result;
  }
  return value;
}

/// One of the calls of a layer: {"args": [...], "kwargs": {...}}, or in Keras 2 [["name", call, output, {kwargs}],
/// ...].
PendingCall call_of(std::size_t layer, const ConfigValue& node) {
  PendingCall call{layer, {}, {}, {}};
  if (const auto* config = node.get<Config>()) {
    for (const auto& each : list_of(entry(*config, "args"))) call.args.push_back(marked(each, call.tensors));
    if (config->contains("kwargs")) call.kwargs = *marked((*config)["kwargs"], call.tensors).get<Config>();
    return call;
  }
  ConfigValue::List tensors;
  const auto old_tensor = [&](const ConfigValue& value) {
    const Config history("__keras_tensor__", {{"keras_history", value}});
    return marked(history, call.tensors);
  };
  for (const auto& each : list_of(node)) {
    const auto parts = list_of(each);
    tensors.push_back(old_tensor(each));
    if (parts.size() < 4) continue;
    for (const auto& [key, value] : config_of(parts[3]).entries()) {
      // A tensor among the keyword arguments is ["name", call, output].
      const auto* list = value.get<ConfigValue::List>();
      const bool tensor = list != nullptr && list->size() == 3 && list->front().get<std::string>() != nullptr;
      call.kwargs.set(key, tensor ? old_tensor(value) : value);
    }
  }
  if (tensors.size() == 1) {
    call.args = tensors;
  } else {
    call.args.emplace_back(tensors);
  }
  return call;
}

/// Functional models.
class GraphBuilder {
 public:
  explicit GraphBuilder(const Config& config) : config_(config) {
    for (const auto& each : list_of(entry(config, "layers"))) add_layer(config_of(each));
  }

  Model build() {
    run_calls();
    const SymbolicList inputs = ports("input_layers"), outputs = ports("output_layers");
    const bool named = config_.contains("name") && !config_["name"].is_none();
    return Model(inputs, outputs, named ? text_of(config_["name"]) : "");
  }

 private:
  struct Made {
    std::string name;
    Config config;
    std::optional<AnyLayer> layer;                     ///< none for ops
    std::vector<std::optional<SymbolicList>> results;  ///< of each call
  };

  void add_layer(const Config& config) {
    const auto& attached = config.attached("name");
    const std::string name = attached.is_none() ? text_of(entry(config, "name")) : text_of(attached);
    if (!by_name_.emplace(name, made_.size()).second) {
      fail<ValueError>("from_config", "the model has two layers named '{}'", name);
    }
    const std::size_t index = made_.size();
    made_.push_back({name, config, {}, {}});
    Made& made = made_.back();
    const auto nodes = config.attached("inbound_nodes");
    if (config.class_name() == "InputLayer") {
      Config input = config;
      input.set("name", name);
      made.results.push_back(SymbolicList(input_of(input)));
      return;
    }
    bool op = is_op(config);
    for (const auto& node : nodes.is_none() ? ConfigValue::List{} : list_of(nodes)) {
      calls_.push_back(call_of(index, node));
      op = op || is_op_by_arguments(config, calls_.back().args);
      made.results.emplace_back();
    }
    if (op) return;
    if (config.class_name() == "TFOpLambda" || config.class_name() == "SlicingOpLambda") {
      fail<ValueError>("from_config",
                       "the layer '{}' is a {}, an op of TensorFlow, which xtape does not load: save the model with "
                       "Keras 3",
                       name, config.class_name());
    }
    Config own = config;
    own.set("name", name);
    for (const auto& call : calls_) {  // what Keras sets in the call is an option here
      for (const char* option : {"use_causal_mask", "return_attention_scores"}) {
        if (call.layer == index && call.kwargs.contains(option)) own.set(option, call.kwargs[option]);
      }
    }
    made.layer = model_or_layer_from_config(own);
  }

  /// Runs the calls whose inputs exist until none is left.
  void run_calls() {
    std::vector<std::size_t> count(made_.size(), 0);
    std::vector<std::pair<const PendingCall*, std::size_t>> pending;
    for (const auto& call : calls_) pending.emplace_back(&call, count[call.layer]++);
    while (!pending.empty()) {
      std::vector<std::pair<const PendingCall*, std::size_t>> later;
      for (const auto& [call, number] : pending) {
        if (!run_call(*call, number)) later.emplace_back(call, number);
      }
      if (later.size() == pending.size()) {
        std::string names;
        for (const auto& [call, number] : later) names += (names.empty() ? "" : ", ") + made_[call->layer].name;
        fail<ValueError>("from_config", "layers of the model wait for each other: {}", names);
      }
      pending = std::move(later);
    }
  }

  const Made& layer_named(const std::string& name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end())
      fail<ValueError>("from_config", "the model has no layer '{}', which a call uses", name);
    return made_[found->second];
  }

  /// Null if it has not been computed yet.
  const SymbolicTensor* find(const PendingCall::Source& source) const {
    const Made& made = layer_named(source.layer);
    if (source.call < 0 || static_cast<std::size_t>(source.call) >= made.results.size()) {
      fail<ValueError>("from_config", "the model uses call {} of layer '{}', which is called {} times", source.call,
                       source.layer, made.results.size());
    }
    const auto& results = made.results[static_cast<std::size_t>(source.call)];
    if (!results) return nullptr;
    if (source.output < 0 || static_cast<std::size_t>(source.output) >= results->size()) {
      fail<ValueError>("from_config", "the model uses output {} of layer '{}', which has {}", source.output,
                       source.layer, results->size());
    }
    return &(*results)[static_cast<std::size_t>(source.output)];
  }

  bool run_call(const PendingCall& call, std::size_t number) {
    std::vector<SymbolicTensor> tensors;
    for (const auto& source : call.tensors) {
      const SymbolicTensor* tensor = find(source);
      if (tensor == nullptr) return false;
      tensors.push_back(*tensor);
    }
    Made& made = made_[call.layer];
    try {
      if (made.layer) {
        made.results[number] = (*made.layer)->outputs(inputs_of(call, tensors));
      } else {
        made.results[number] = call_keras_op({made.config, call.args, call.kwargs}, tensors);
        const GraphLayer& layer = made.results[number]->front().node()->layer;
        if (op_description(*layer) != nullptr && number == 0) layer->set_name(made.name);
      }
    } catch (ValueError& error) {
      error.add_context("in the call of layer '" + made.name + "' of the loaded model");
      throw;
    }
    return true;
  }

  /// The sources of the tensors of a layer's first call.
  std::vector<PendingCall::Source> inputs_of_layer(const Made& made) const {
    for (const auto& call : calls_) {
      if (&made_[call.layer] == &made) return call.tensors;
    }
    return {};
  }

  /// Whether a mask is one that the layers pass to each other in xtape without being told: Keras has written the ops
  /// with which an Embedding or a Masking makes it from its input. A mask that the model makes itself is passed on.
  bool is_automatic_mask(const PendingCall::Source& source) const {
    const Made& made = layer_named(source.layer);
    if (!is_op(made.config)) return false;
    const auto operands = inputs_of_layer(made);
    const std::string& op = made.config.class_name();
    if (op == "Any" || op == "LogicalAnd" || op == "LogicalOr") {
      return std::any_of(operands.begin(), operands.end(), [&](const auto& each) { return is_automatic_mask(each); });
    }
    if (op != "NotEqual" || operands.empty()) return false;
    return std::any_of(made_.begin(), made_.end(), [&](const Made& layer) {
      const bool makes_mask = layer.config.class_name() == "Masking" ||
                              (layer.config.class_name() == "Embedding" && layer.config.contains("mask_zero") &&
                               layer.config["mask_zero"] == ConfigValue(true));
      if (!makes_mask) return false;
      const auto inputs = inputs_of_layer(layer);
      return !inputs.empty() && inputs[0] == operands[0];
    });
  }

  /// The tensors of a call in the order in which xtape's layers take them.
  SymbolicList inputs_of(const PendingCall& call, const std::vector<SymbolicTensor>& tensors) const {
    SymbolicList inputs, masks, states;
    const auto collect = [&](const auto& self, const ConfigValue& value, SymbolicList& to) -> void {
      if (const auto* config = value.get<Config>(); config != nullptr && config->class_name() == "__keras_tensor__") {
        to.push_back(tensors[static_cast<std::size_t>(*(*config)["number"].get<std::int64_t>())]);
      } else if (const auto* list = value.get<ConfigValue::List>()) {
        for (const auto& each : *list) self(self, each, to);
      } else if (config != nullptr) {
        const std::map<std::string, ConfigValue> sorted(config->entries().begin(), config->entries().end());
        for (const auto& [key, each] : sorted) self(self, each, to);  // as Keras does
      }
    };
    const auto number_of = [&](const ConfigValue& value) -> std::optional<std::size_t> {
      const auto* config = value.get<Config>();
      if (config == nullptr || config->class_name() != "__keras_tensor__") return std::nullopt;
      return static_cast<std::size_t>(*(*config)["number"].get<std::int64_t>());
    };
    for (const auto& each : call.args) collect(collect, each, inputs);
    for (const char* name : {"query", "inputs", "sequence", "value", "key"}) {
      if (call.kwargs.contains(name)) collect(collect, call.kwargs[name], inputs);
    }
    for (const char* name : {"mask", "attention_mask"}) {
      if (!call.kwargs.contains(name)) continue;
      const ConfigValue mask = call.kwargs[name];
      if (const auto number = number_of(mask); number && is_automatic_mask(call.tensors[*number])) continue;
      if (const auto* list = mask.get<ConfigValue::List>()) {
        const bool automatic = std::all_of(list->begin(), list->end(), [&](const ConfigValue& each) {
          const auto number = number_of(each);
          return !number || is_automatic_mask(call.tensors[*number]);
        });
        if (automatic) continue;
      }
      collect(collect, mask, masks);
    }
    if (call.kwargs.contains("initial_state")) collect(collect, call.kwargs["initial_state"], states);
    // Attention of several heads takes the keys before the mask.
    if (!masks.empty() && inputs.size() == 2 && takes_query_value_key(**made_[call.layer].layer)) {
      inputs.push_back(inputs[1]);
    }
    inputs.insert(inputs.end(), masks.begin(), masks.end());
    inputs.insert(inputs.end(), states.begin(), states.end());
    return inputs;
  }

  /// One tensor [name, call, output], a list of them, or a dictionary, whose values are taken in the order of the
  /// names.
  SymbolicList ports(const char* name) const {
    SymbolicList all;
    const auto add = [&](const auto& self, const ConfigValue& value) -> void {
      if (const auto* dictionary = value.get<Config>()) {
        std::map<std::string, ConfigValue> sorted(dictionary->entries().begin(), dictionary->entries().end());
        for (const auto& [key, each] : sorted) self(self, each);
        return;
      }
      const auto* list = value.get<ConfigValue::List>();
      if (list == nullptr || list->empty()) fail_config("[layer, call, output]", value);
      if (list->front().get<std::string>() == nullptr) {
        for (const auto& each : *list) self(self, each);
        return;
      }
      const auto source = source_of(value);
      const SymbolicTensor* tensor = find(source);
      if (tensor == nullptr) fail<ValueError>("from_config", "{}: the layer '{}' is not computed", name, source.layer);
      all.push_back(*tensor);
    };
    add(add, entry(config_, name));
    return all;
  }

  const Config& config_;
  std::vector<Made> made_;
  std::map<std::string, std::size_t> by_name_;
  std::vector<PendingCall> calls_;
};

AnyLayer functional_from_config(const Config& config) {
  if (!config.contains("input_layers")) {
    fail<ValueError>(
        "from_config",
        "the config of the {} '{}' has no layers, since it is of a subclassed model: make the model in C++ "
        "and load its weights",
        config.class_name(), config.contains("name") ? config["name"].str() : "");
  }
  return GraphBuilder(config).build();
}

}  // namespace

AnyLayer model_or_layer_from_config(const Config& config) {
  [[maybe_unused]] static const bool registered = [] {
    AnyLayer::registry().add("Sequential", sequential_from_config);
    for (const char* name : {"Functional", "Model"}) AnyLayer::registry().add(name, functional_from_config);
    return true;
  }();
  return AnyLayer::from_config(config);
}

}  // namespace detail

namespace models {

Model model_from_config(const Config& config) {
  AnyLayer layer = detail::model_or_layer_from_config(config);
  return Model(std::move(layer));
}

Model model_from_json(const std::string& json) {
  const ConfigValue value = [&] {
    try {
      return detail::parse_config(json, "the text");
    } catch (const DataError& error) {
      throw ValueError(error.message());
    }
  }();
  return model_from_config(detail::config_of(value));
}

}  // namespace models
}  // namespace xtape
