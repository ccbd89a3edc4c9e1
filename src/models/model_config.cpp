// The Configs of Sequential and functional models, as Keras 3 writes them.
#include "models/model_config.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/check.hpp"
#include "io/config_json.hpp"
#include "layers/op_node.hpp"
#include "models/keras_ops.hpp"
#include "models/own_call.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/layers/attention.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/group_query_attention.hpp"
#include "xtape/layers/multi_head_attention.hpp"
#include "xtape/layers/not_equal.hpp"
#include "xtape/layers/rnn.hpp"
#include "xtape/layers/stacked_rnn_cells.hpp"
#include "xtape/models/sequential.hpp"

namespace xtape {
namespace detail {
namespace {

/// [null, 28, 28] for sizes -1, 28, 28.
ConfigValue keras_shape(const Shape& shape) {
  ConfigValue::List sizes;
  for (const std::int64_t size : shape) sizes.push_back(size < 0 ? ConfigValue() : ConfigValue(size));
  return sizes;
}

/// A layer or op of a graph, with its calls.
struct Operation {
  const GraphLayer* layer;       ///< null: an input
  std::size_t input;             ///< which one
  std::size_t first, depth = 0;  ///< the number of its first visit, and its distance from the outputs
  std::vector<const GraphNode*> calls;
};

/// Keras's order of operations (keras.src.ops.function.map_graph): a walk from the outputs to the inputs numbers the
/// operations; the distance of an operation is its longest way to an output, counted in calls.
class OperationGraph {
 public:
  explicit OperationGraph(const GraphEnds& ends) {
    for (std::size_t i = 0; i < ends.inputs.size(); ++i) input_of_[key(ends.inputs[i])] = i;
    for (const auto& output : ends.outputs) visit(output);
    std::unordered_map<const void*, std::size_t> depth_of_call;
    for (auto call = finished_.rbegin(); call != finished_.rend(); ++call) {
      Operation& operation = operations_.at(call->operation);
      operation.depth = std::max(operation.depth, depth_of_call[call->id]);
      const std::size_t depth = depth_of_call[call->id] = operation.depth;
      if (call->node == nullptr) continue;
      for (const auto& input : call->node->inputs) {
        std::size_t& before = depth_of_call[call_id(input)];
        before = std::max(before, depth + 1);
      }
    }
    for (std::size_t i = 0; i < ends.inputs.size(); ++i) {  // those that no output depends on
      const void* id = call_id(ends.inputs[i]);
      if (!operations_.contains(id)) operations_.emplace(id, Operation{nullptr, i, 0, 0, {}});
    }
    for (auto& [id, operation] : operations_) {
      std::sort(operation.calls.begin(), operation.calls.end(),
                [](const auto* a, const auto* b) { return a->number < b->number; });
      order_.push_back(&operation);
    }
    std::stable_sort(order_.begin(), order_.end(), [](const Operation* a, const Operation* b) {
      return a->depth != b->depth ? a->depth > b->depth : a->first < b->first;
    });
  }
  OperationGraph(const OperationGraph&) = delete;

  const std::vector<const Operation*>& order() const noexcept { return order_; }
  /// The operation that computes a tensor.
  const Operation& source(const SymbolicTensor& tensor) const { return operations_.at(operation_id(tensor)); }

 private:
  using Key = std::pair<const GraphNode*, std::size_t>;
  static Key key(const SymbolicTensor& tensor) { return {tensor.node().get(), tensor.index()}; }
  struct Call {
    const GraphNode* node;  ///< null: an input
    const void* id;
    const void* operation;
  };

  bool is_input(const SymbolicTensor& tensor) const { return input_of_.contains(key(tensor)); }
  const void* call_id(const SymbolicTensor& tensor) const {
    const auto input = input_of_.find(key(tensor));
    return input == input_of_.end() ? static_cast<const void*>(tensor.node().get()) : &input->second;
  }
  const void* operation_id(const SymbolicTensor& tensor) const {
    return is_input(tensor) ? call_id(tensor) : static_cast<const void*>(&tensor.node()->layer.state());
  }

  /// In depth first, without recursion, since a graph may be deep.
  void visit(const SymbolicTensor& output) {
    struct Pending {
      SymbolicTensor tensor;
      std::size_t next;  ///< the input to be visited next
    };
    std::vector<Pending> pending;
    const auto enter = [&](const SymbolicTensor& tensor) {
      if (!entered_.insert(call_id(tensor)).second) return;
      const bool input = is_input(tensor);
      const void* id = operation_id(tensor);
      const auto [at, added] = operations_.try_emplace(id, Operation{input ? nullptr : &tensor.node()->layer,
                                                                     input ? input_of_.at(key(tensor)) : 0,
                                                                     operations_.size(),
                                                                     0,
                                                                     {}});
      if (!input) at->second.calls.push_back(tensor.node().get());
      pending.push_back({tensor, 0});
    };
    enter(output);
    while (!pending.empty()) {
      const SymbolicTensor tensor = pending.back().tensor;
      const bool input = is_input(tensor);
      if (!input && pending.back().next < tensor.node()->inputs.size()) {
        enter(tensor.node()->inputs[pending.back().next++]);
        continue;
      }
      finished_.push_back({input ? nullptr : tensor.node().get(), call_id(tensor), operation_id(tensor)});
      pending.pop_back();
    }
  }

  std::map<Key, std::size_t> input_of_;
  std::unordered_map<const void*, Operation> operations_;
  std::unordered_set<const void*> entered_;
  std::vector<Call> finished_;
  std::vector<const Operation*> order_;
};

/// Arguments of xtape's classes that Keras's constructors do not have. What is true among them is written nevertheless,
/// unless the call of the layer has it.
struct OwnArguments {
  const char* class_name;
  std::vector<const char*> names;
};
const std::vector<OwnArguments>& own_arguments() {
  static const std::vector<const char*> of_cells = {"return_sequences", "return_state",         "go_backwards",
                                                    "stateful",         "zero_output_for_mask", "activity_regularizer"};
  static const std::vector<const char*> of_calls = {"use_causal_mask", "return_attention_scores"};
  static const std::vector<OwnArguments> all = {
      {"SimpleRNNCell", of_cells},
      {"LSTMCell", of_cells},
      {"GRUCell", of_cells},
      {"GroupQueryAttention", of_calls},
      {"MultiHeadAttention", of_calls},
      {"Attention", of_calls},
      {"AdditiveAttention", of_calls},
      {"SpatialDropout1D", {"trainable"}},
      {"SpatialDropout2D", {"trainable"}},
      {"Discretization", {"trainable"}},
  };
  return all;
}

bool is_own(const Config& config, std::string_view name) {
  for (const auto& each : own_arguments()) {
    if (config.class_name() != each.class_name) continue;
    return std::any_of(each.names.begin(), each.names.end(), [&](const char* own) { return name == own; });
  }
  return false;
}

/// The arguments with which Keras calls a layer.
struct CallArguments {
  ConfigValue::List args;
  Config kwargs;
};

/// The states of a cell: those of StackedRNNCells are a list for each cell that has several.
ConfigValue::List states_of(const Layer& cell, const std::vector<Config>& tensors, std::size_t first) {
  ConfigValue::List all;
  const auto* stack = dynamic_cast<const layers::StackedRNNCells*>(&cell);
  if (stack == nullptr) {
    all.assign(tensors.begin() + static_cast<std::ptrdiff_t>(first), tensors.end());
    return all;
  }
  auto next = tensors.begin() + static_cast<std::ptrdiff_t>(first);
  for (std::size_t i = 0; i < stack->size(); ++i) {
    const auto count = static_cast<std::ptrdiff_t>(stack->cell(i).state_size().size());
    all.push_back(count == 1 ? ConfigValue(*next) : ConfigValue(ConfigValue::List(next, next + count)));
    next += count;
  }
  return all;
}

CallArguments call_arguments(const Layer& layer, const std::vector<Config>& tensors, const std::vector<DType>& dtypes) {
  CallArguments call;
  const std::size_t count = tensors.size();
  const bool recurrent = dynamic_cast<const layers::RNN*>(&layer) != nullptr ||
                         dynamic_cast<const layers::Bidirectional*>(&layer) != nullptr;
  if (count == 1) {
    call.args.emplace_back(tensors[0]);
  } else if (recurrent) {
    call.args.emplace_back(tensors[0]);
    std::size_t next = 1;
    if (dtypes[1] == boolean) call.kwargs.set("mask", tensors[next++]);
    if (next < count) {
      const auto* rnn = dynamic_cast<const layers::RNN*>(&layer);
      call.kwargs.set("initial_state", states_of(rnn != nullptr ? rnn->cell() : layer, tensors, next));
    }
  } else if (dynamic_cast<const layers::RecurrentCell*>(&layer) != nullptr) {
    call.args.emplace_back(tensors[0]);
    call.args.emplace_back(states_of(layer, tensors, 1));
  } else if (takes_query_value_key(layer)) {
    call.args.emplace_back(tensors[0]);
    call.args.emplace_back(tensors[1]);
    if (count > 2) call.kwargs.set("key", tensors[2]);
    if (count > 3) call.kwargs.set("attention_mask", tensors[3]);
  } else if (count == 2 && dtypes[1] == boolean && dtypes[0] != boolean) {
    call.args.emplace_back(tensors[0]);
    call.kwargs.set("mask", tensors[1]);
  } else {
    call.args.emplace_back(ConfigValue::List(tensors.begin(), tensors.end()));
  }
  // Keras has these options in the call.
  const Config config = layer.config();
  for (const char* option : {"use_causal_mask", "return_attention_scores"}) {
    if (is_own(config, option) && config[option] == ConfigValue(true)) call.kwargs.set(option, true);
  }
  return call;
}

/// One tensor is [name, call, output], several are a list of those.
ConfigValue ports(const std::vector<ConfigValue>& tensors) {
  return tensors.size() == 1 ? tensors.front() : ConfigValue(ConfigValue::List(tensors));
}

}  // namespace

bool takes_query_value_key(const Layer& layer) {
  return dynamic_cast<const layers::MultiHeadAttention*>(&layer) != nullptr ||
         dynamic_cast<const layers::GroupQueryAttention*>(&layer) != nullptr;
}

ConfigValue keras_form(const ConfigValue& value) {
  if (const auto* list = value.get<ConfigValue::List>()) {
    ConfigValue::List all;
    for (const auto& each : *list) all.push_back(keras_form(each));
    return all;
  }
  const auto* config = value.get<Config>();
  if (config == nullptr || config->class_name() == "Tensor") return value;
  Config result(config->class_name(), {}, config->module());
  for (const auto& [name, each] : config->entries()) {
    if (config->module() == "keras.layers" && is_own(*config, name)) {
      const bool in_call = !config->attached("inbound_nodes").is_none();
      const bool nothing = each.is_none() || each == ConfigValue(name == "trainable");
      if (nothing || in_call) continue;
    }
    ConfigValue adapted = keras_form(each);
    if (config->class_name() == "Dropout" && name == "noise_shape" && !each.is_none()) {
      ConfigValue::List sizes;
      for (const std::int64_t size : *each.get<ConfigValue::Integers>()) {
        sizes.push_back(size < 0 ? ConfigValue() : ConfigValue(size));
      }
      adapted = sizes;
    }
    if (config->class_name() == "Softmax" && name == "axis") {
      if (const auto* axes = each.get<ConfigValue::Integers>(); axes != nullptr && axes->size() == 1)
        adapted = axes->front();
    }
    result.set(name, std::move(adapted));
  }
  for (const auto& [name, each] : config->attachments()) result.attach(name, keras_form(each));
  return result;
}

Config input_layer_config(const SymbolicTensor& input, const std::string& name) {
  return Config("InputLayer",
                {{"batch_shape", keras_shape(input.shape())},
                 {"dtype", std::string(xtape::name(input.dtype()))},
                 {"sparse", false},
                 {"ragged", false},
                 {"name", name}},
                "keras.layers");
}

void attach_build_shapes(Config& config, const Layer& layer) {
  const auto shapes = LayerState::of(layer).build_shapes();
  if (shapes.empty() || layer.variables().empty() || config.module().empty()) return;
  if (takes_query_value_key(layer) && shapes.size() > 1) {
    Config dictionary;
    dictionary.set("query_shape", keras_shape(shapes[0]));
    dictionary.set("value_shape", keras_shape(shapes[1]));
    if (shapes.size() > 2) dictionary.set("key_shape", keras_shape(shapes[2]));
    config.attach("build_config", Config("", {{"shapes_dict", dictionary}}));
  } else if (dynamic_cast<const layers::Attention*>(&layer) != nullptr ||
             dynamic_cast<const layers::AdditiveAttention*>(&layer) != nullptr) {  // which is called with a list
    ConfigValue::List all;
    for (const auto& shape : shapes) all.push_back(keras_shape(shape));
    config.attach("build_config", Config("", {{"input_shape", all}}));
  } else {
    config.attach("build_config", Config("", {{"input_shape", keras_shape(shapes[0])}}));
  }
}

std::vector<const GraphLayer*> keras_order(const GraphEnds& ends) {
  std::vector<const GraphLayer*> all;
  const OperationGraph operations(ends);
  for (const Operation* operation : operations.order()) {
    if (operation->layer != nullptr) all.push_back(operation->layer);
  }
  return all;
}

void add_graph(Config& config, const FunctionalGraph& graph) {
  const GraphEnds& ends = graph.ends();
  const OperationGraph operations(ends);
  std::unordered_map<const Operation*, std::string> names;
  std::map<std::string, int> used;
  for (const Operation* operation : operations.order()) {
    // Names of layers are unique in a model; ops share them with each other.
    std::string name =
        operation->layer == nullptr ? graph.inputs()[operation->input].name : (*operation->layer)->name();
    const int count = used[name]++;
    if (count > 0) name += fmt::format("_{}", count);
    names[operation] = name;
  }
  const auto history = [&](const SymbolicTensor& tensor) -> ConfigValue {
    const Operation& source = operations.source(tensor);
    std::int64_t call = 0, index = 0;
    if (source.layer != nullptr) {
      const auto at = std::find(source.calls.begin(), source.calls.end(), tensor.node().get());
      call = at - source.calls.begin();
      index = static_cast<std::int64_t>(tensor.index());
    }
    return ConfigValue::List{names.at(&source), call, index};
  };
  const auto keras_tensor = [&](const SymbolicTensor& tensor) {
    return Config("__keras_tensor__", {{"shape", keras_shape(tensor.shape())},
                                       {"dtype", std::string(name(tensor.dtype()))},
                                       {"keras_history", history(tensor)}});
  };

  ConfigValue::List layers;
  for (const Operation* operation : operations.order()) {
    ConfigValue::List inbound;
    Config entry;
    if (operation->layer == nullptr) {
      entry = input_layer_config(ends.inputs[operation->input], names.at(operation));
    } else {
      const Layer& layer = **operation->layer;
      const bool is_op = op_description(layer) != nullptr;
      if (!is_op) {
        entry = layer.config();
        attach_build_shapes(entry, layer);
      }
      for (const GraphNode* call : operation->calls) {
        std::vector<Config> tensors;
        std::vector<DType> dtypes;
        for (const auto& input : call->inputs) {
          tensors.push_back(keras_tensor(input));
          dtypes.push_back(input.dtype());
        }
        CallArguments arguments;
        if (is_op) {
          KerasOp op = keras_op(layer, tensors);
          entry = std::move(op.config);
          entry.set("name", names.at(operation));
          arguments = {std::move(op.args), std::move(op.kwargs)};
        } else if (dynamic_cast<const layers::NotEqual*>(&layer) != nullptr) {  // in Keras an op
          arguments.args = {tensors[0], layer.config()["value"]};
          entry = Config("NotEqual", {{"name", names.at(operation)}}, "keras.src.ops.numpy");
        } else {
          arguments = call_arguments(layer, tensors, dtypes);
        }
        inbound.push_back(Config("", {{"args", ConfigValue(arguments.args)}, {"kwargs", arguments.kwargs}}));
      }
    }
    entry.attach("name", names.at(operation));
    entry.attach("inbound_nodes", ConfigValue(inbound));
    layers.push_back(std::move(entry));
  }
  std::vector<ConfigValue> inputs, outputs;
  for (const auto& input : ends.inputs) inputs.push_back(history(input));
  for (const auto& output : ends.outputs) outputs.push_back(history(output));
  config.set("layers", ConfigValue(layers));
  config.set("input_layers", ports(inputs));
  config.set("output_layers", ports(outputs));
}

}  // namespace detail

Config Model::config() const {
  if (const Model* model = of_class()) return model->config();
  if (graph_ == nullptr || detail::has_registered_name(typeid(*this))) return LayerBase::config();
  detail::expect_no_own_call(*this);
  Config config("Functional", {{"name", name()}, {"trainable", trainable()}}, "keras.src.models.functional");
  detail::add_graph(config, *graph_);
  return config;
}

Config Sequential::config() const {
  if (detail::has_registered_name(typeid(*this))) return LayerBase::config();
  detail::expect_no_own_call(*this);
  Config config("Sequential", {{"name", name()}, {"trainable", trainable()}, {"dtype", dtype_policy()}}, "keras");
  ConfigValue::List layers;
  if (stack_->ends != nullptr) {
    const SymbolicTensor& input = stack_->ends->inputs.only();
    layers.push_back(detail::input_layer_config(input, input.name()));
  }
  for (const auto& layer : stack_->layers) {
    Config entry = layer->config();
    detail::attach_build_shapes(entry, *layer);
    layers.push_back(std::move(entry));
  }
  config.set("layers", ConfigValue(layers));
  const auto shapes = detail::LayerState::of(*this).build_shapes();
  if (!shapes.empty()) config.set("build_input_shape", detail::keras_shape(shapes.front()));
  return config;
}

std::string Model::to_json() const { return detail::config_json(detail::keras_form(config())); }

}  // namespace xtape
