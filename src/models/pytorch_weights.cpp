#include "models/pytorch_weights.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/check.hpp"
#include "layers/layer_state.hpp"
#include "models/named_weights.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/conv1d.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/conv_transpose.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/depthwise_conv.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/layers/group_normalization.hpp"
#include "xtape/layers/gru.hpp"
#include "xtape/layers/layer_normalization.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/multi_head_attention.hpp"
#include "xtape/layers/prelu.hpp"
#include "xtape/layers/rms_normalization.hpp"
#include "xtape/layers/rnn.hpp"
#include "xtape/layers/separable_conv1d.hpp"
#include "xtape/layers/separable_conv2d.hpp"
#include "xtape/layers/simple_rnn.hpp"
#include "xtape/layers/time_distributed.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

using Values = std::vector<Tensor>;

/// A tensor of a PyTorch module.
struct Part {
  std::string name;  ///< "encoder.dense.weight"
  Shape shape;
};

/// Tensors of a module, and the weights of a layer that have the same numbers.
struct Link {
  std::vector<Part> parts;
  std::vector<Variable> weights;
  std::function<Values(const Values&)> read;   ///< from the parts to the weights
  std::function<Values(const Values&)> write;  ///< from the weights to the parts
};

Shape permuted(const Shape& shape, const std::vector<int>& order) {
  if (order.empty()) return shape;
  std::vector<std::int64_t> sizes;
  for (const int axis : order) sizes.push_back(shape[axis]);
  return Shape(sizes);
}

std::vector<int> inverse(const std::vector<int>& order) {
  std::vector<int> back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) back[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  return back;
}

Tensor in_order(const Tensor& x, const std::vector<int>& order) { return order.empty() ? x : transpose(x, order); }

/// The gates of a GRU along axis 0: z, r, h <-> r, z, n.
Tensor with_swapped_gates(const Tensor& x) {
  const Tensors gates = split(x, 3, 0);
  return concat({gates[1], gates[0], gates[2]}, 0);
}

/// What a row of the table says about one layer.
class Links {
 public:
  std::vector<Link> links;
  std::vector<Part> ignored;         ///< what the module has besides, and its value is 0
  std::vector<std::string> refused;  ///< why PyTorch has no such layer

  Links(Layer& layer, std::string path, FileTensors* file) : layer(layer), path_(std::move(path)), file_(file) {}

  Layer& layer;

  /// A weight of the layer, or of one inside it; empty if it has none of this name.
  static Variable weight(Layer& owner, const std::string& name) {
    for (const auto& each : LayerState::of(LayerState::object(owner)).weights) {
      if (each.name == name) return each.variable;
    }
    return {};
  }
  Variable weight(const std::string& name) const { return weight(layer, name); }

  bool reading() const { return file_ != nullptr; }
  std::string full(const std::string& part) const { return path_.empty() ? part : path_ + "." + part; }
  /// The tensor of the file, if one is being read and has it.
  const Tensor* in_file(const std::string& part) const {
    const auto* entry = file_ == nullptr ? nullptr : file_->find(full(part));
    return entry == nullptr ? nullptr : &entry->value;
  }

  void add(std::vector<Part> parts, std::vector<Variable> weights, std::function<Values(const Values&)> read,
           std::function<Values(const Values&)> write) {
    for (auto& part : parts) part.name = full(part.name);
    links.push_back({std::move(parts), std::move(weights), std::move(read), std::move(write)});
  }
  /// The part is the weight with its axes in this order; nothing if the layer has no such weight.
  void add(const std::string& part, const Variable& weight, const std::vector<int>& order = {}) {
    if (!weight.defined()) return;
    const auto back = inverse(order);
    add(
        {{part, permuted(weight.shape(), order)}}, {weight},
        [back](const Values& x) { return Values{in_order(x[0], back)}; },
        [order](const Values& x) { return Values{in_order(x[0], order)}; });
  }
  /// The part is the weight of another shape, with its axes in this order.
  void add_reshaped(const std::string& part, const Variable& weight, const Shape& before, const std::vector<int>& order,
                    const Shape& after) {
    if (!weight.defined()) return;
    const Shape own = weight.shape(), between = permuted(before, order);
    const auto back = inverse(order);
    add(
        {{part, after}}, {weight},
        [=](const Values& x) { return Values{reshape(in_order(reshape(x[0], between), back), own)}; },
        [=](const Values& x) { return Values{reshape(in_order(reshape(x[0], before), order), after)}; });
  }

 private:
  std::string path_;
  FileTensors* file_;
};

/// [.., channels, multiplier] -> [channels multiplier, 1, ..]
void depthwise(Links& to, const std::string& part, const Variable& kernel) {
  const Shape& shape = kernel.shape();
  const int rank = shape.rank();
  std::vector<int> order{rank - 2, rank - 1};
  std::vector<std::int64_t> after{shape[-2] * shape[-1], 1};
  for (int axis = 0; axis < rank - 2; ++axis) {
    order.push_back(axis);
    after.push_back(shape[axis]);
  }
  to.add_reshaped(part, kernel, shape, order, Shape(after));
}

void separable(Links& to) {
  depthwise(to, "depthwise.weight", to.weight("depthwise_kernel"));
  const Variable pointwise = to.weight("pointwise_kernel");
  to.add("pointwise.weight", pointwise,
         pointwise.shape().rank() == 3 ? std::vector<int>{2, 1, 0} : std::vector<int>{3, 2, 0, 1});
  to.add("pointwise.bias", to.weight("bias"));
}

/// Images of PyTorch have their channels first: [height, width, channels] -> [channels, height, width].
void of_normalization(Links& to, const char* part, const char* own) {
  const Variable weight = to.weight(own);
  if (!weight.defined()) return;
  to.add(part, weight, weight.shape().rank() == 3 ? std::vector<int>{2, 0, 1} : std::vector<int>{});
}

void layer_normalization(Links& to) {
  of_normalization(to, "weight", "gamma");
  of_normalization(to, "bias", "beta");
}

/// PyTorch has one number for each channel, or one for all.
void prelu(Links& to) {
  const Variable alpha = to.weight("alpha");
  if (!alpha.defined()) return;
  const Shape own = alpha.shape();
  const std::int64_t channels = own.rank() == 0 ? 1 : own[-1];
  const Tensor* stored = to.in_file("weight");
  if (!to.reading() && own.numel() != channels) {
    to.refused.push_back(fmt::format(
        "has alpha {}, PyTorch's PReLU has a number for each channel: give the other axes to shared_axes", own));
  }
  const std::int64_t count = stored != nullptr && stored->shape() == Shape{1} ? 1 : channels;
  to.add(
      {{"weight", {count}}}, {alpha}, [own](const Values& x) { return Values{broadcast_to(x[0], own)}; },
      [count](const Values& x) { return Values{reshape(x[0], {count})}; });
}

/// The weights of a cell, as module.weight_ih_l0 and so on.
void recurrent(Links& to, Layer& cell, const std::string& suffix) {
  const bool gru = dynamic_cast<layers::GRUCell*>(&cell) != nullptr;
  const auto gates = [gru](const Tensor& x) { return gru ? with_swapped_gates(x) : x; };
  for (const auto& [part, own] : {std::pair("weight_ih", "kernel"), std::pair("weight_hh", "recurrent_kernel")}) {
    const Variable weight = Links::weight(cell, own);
    if (!weight.defined()) continue;
    to.add(
        {{part + suffix, permuted(weight.shape(), {1, 0})}}, {weight},
        [gates](const Values& x) { return Values{transpose(gates(x[0]))}; },
        [gates](const Values& x) { return Values{gates(transpose(x[0]))}; });
  }
  if (gru) {
    const Config config = cell.config();
    const bool* reset_after = config.contains("reset_after") ? config["reset_after"].get<bool>() : nullptr;
    if (reset_after != nullptr && !*reset_after) {
      to.refused.push_back("has reset_after = false, PyTorch's GRU resets after the product");
      return;
    }
  }
  const Variable bias = Links::weight(cell, "bias");
  if (!bias.defined()) return;
  const std::int64_t width = bias.shape()[-1];
  const std::vector<Part> parts{{"bias_ih" + suffix, {width}}, {"bias_hh" + suffix, {width}}};
  if (gru) {
    to.add(
        parts, {bias},
        [](const Values& x) {
          return Values{stack({with_swapped_gates(x[0]), with_swapped_gates(x[1])})};
        },
        [](const Values& x) {
          const Tensors rows = unstack(x[0]);
          return Values{with_swapped_gates(rows[0]), with_swapped_gates(rows[1])};
        });
  } else {
    to.add(
        parts, {bias}, [](const Values& x) { return Values{x[0] + x[1]}; },
        [](const Values& x) {
          return Values{x[0], zeros_like(x[0])};
        });
  }
}

/// The kernels are [features, heads, size], PyTorch's are those of a Linear: [heads size, features].
void attention(Links& to) {
  std::vector<Variable> kernels, biases;
  for (const char* name : {"query", "key", "value"}) {
    kernels.push_back(to.weight(std::string(name) + "/kernel"));
    biases.push_back(to.weight(std::string(name) + "/bias"));
    if (!kernels.back().defined()) return;  // not built
  }
  const Variable output = to.weight("attention_output/kernel"), output_bias = to.weight("attention_output/bias");
  std::vector<std::int64_t> widths;
  bool one_input = true;
  for (const auto& kernel : kernels) {
    widths.push_back(kernel.shape()[1] * kernel.shape()[2]);
    one_input = one_input && kernel.shape()[0] == kernels[0].shape()[0];
  }
  const std::int64_t features = kernels[0].shape()[0], outputs = output.shape()[2];
  // The sizes that PyTorch's module can have; others are four Linears, as Hugging Face's attention.
  const bool module = widths[0] == features && widths[2] == features && outputs == features;
  const bool linears = to.in_file("q_proj.weight") != nullptr || (to.in_file("in_proj_weight") == nullptr && !module);
  const bool packed = !linears && one_input && to.in_file("q_proj_weight") == nullptr;
  const auto flat = [](const Tensor& kernel) {
    const Shape& shape = kernel.shape();
    return transpose(reshape(kernel, {shape[0], shape[1] * shape[2]}));
  };
  if (packed) {
    std::vector<Shape> shapes;
    for (const auto& kernel : kernels) shapes.push_back(kernel.shape());
    to.add(
        {{"in_proj_weight", {widths[0] + widths[1] + widths[2], features}}}, kernels,
        [=](const Values& x) {
          const Tensors each = split(x[0], widths, 0);
          Values values;
          for (std::size_t i = 0; i < 3; ++i) values.push_back(reshape(transpose(each[i]), shapes[i]));
          return values;
        },
        [=](const Values& x) {
          return Values{concat({flat(x[0]), flat(x[1]), flat(x[2])}, 0)};
        });
  } else {
    const std::string end = linears ? "_proj.weight" : "_proj_weight";
    for (std::size_t i = 0; i < 3; ++i) {
      const Shape& shape = kernels[i].shape();
      to.add_reshaped("qkv"[i] + end, kernels[i], {shape[0], widths[i]}, {1, 0}, {widths[i], shape[0]});
    }
  }
  to.add_reshaped("out_proj.weight", output, {widths[2], outputs}, {1, 0}, {outputs, widths[2]});
  to.add("out_proj.bias", output_bias);
  if (!biases[0].defined()) return;
  if (linears) {
    for (std::size_t i = 0; i < 3; ++i) {
      to.add_reshaped(std::string(1, "qkv"[i]) + "_proj.bias", biases[i], {widths[i]}, {}, {widths[i]});
    }
    return;
  }
  std::vector<Shape> shapes;
  for (const auto& bias : biases) shapes.push_back(bias.shape());
  to.add(
      {{"in_proj_bias", {widths[0] + widths[1] + widths[2]}}}, biases,
      [=](const Values& x) {
        const Tensors each = split(x[0], widths, 0);
        Values values;
        for (std::size_t i = 0; i < 3; ++i) values.push_back(reshape(each[i], shapes[i]));
        return values;
      },
      [=](const Values& x) {
        Values rows;
        for (std::size_t i = 0; i < 3; ++i) rows.push_back(reshape(x[i], {widths[i]}));
        return Values{concat(rows, 0)};
      });
}

bool is_cell(Layer& layer) {
  return dynamic_cast<layers::SimpleRNNCell*>(&layer) != nullptr ||
         dynamic_cast<layers::LSTMCell*>(&layer) != nullptr || dynamic_cast<layers::GRUCell*>(&layer) != nullptr;
}

/// The cell of a recurrent layer, if PyTorch has it; otherwise null.
Layer* cell_of(Layer& handle) {
  auto* rnn = dynamic_cast<layers::RNN*>(&LayerState::object(handle));
  return rnn != nullptr && is_cell(rnn->cell()) ? &rnn->cell() : nullptr;
}

/// A weight of a layer and a tensor of a module that differ in the order of their axes at most.
struct Direct {
  const char* weight;
  const char* part;
  std::vector<int> order = {};  ///< the weight's axes in the order of the part
};

struct Row {
  bool (*is)(Layer&);
  std::vector<Direct> direct;
  void (*other)(Links&) = nullptr;
};

template <class L>
bool is(Layer& layer) {
  return dynamic_cast<L*>(&layer) != nullptr;
}

const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      // Linear
      {is<layers::Dense>, {{"kernel", "weight", {1, 0}}, {"bias", "bias"}}},
      // Conv1d, Conv2d: [filters, channels / groups, ..]
      {is<layers::Conv1D>, {{"kernel", "weight", {2, 1, 0}}, {"bias", "bias"}}},
      {is<layers::Conv2D>, {{"kernel", "weight", {3, 2, 0, 1}}, {"bias", "bias"}}},
      // ConvTranspose1d, ConvTranspose2d: [channels, filters, ..]
      {is<layers::Conv1DTranspose>, {{"kernel", "weight", {2, 1, 0}}, {"bias", "bias"}}},
      {is<layers::Conv2DTranspose>, {{"kernel", "weight", {3, 2, 0, 1}}, {"bias", "bias"}}},
      // Conv1d, Conv2d with as many groups as channels
      {is<layers::DepthwiseConv1D>,
       {{"bias", "bias"}},
       [](Links& to) { depthwise(to, "weight", to.weight("kernel")); }},
      {is<layers::DepthwiseConv2D>,
       {{"bias", "bias"}},
       [](Links& to) { depthwise(to, "weight", to.weight("kernel")); }},
      // Two Conv1d or Conv2d: "depthwise" and "pointwise"
      {is<layers::SeparableConv1D>, {}, separable},
      {is<layers::SeparableConv2D>, {}, separable},
      // BatchNorm1d, BatchNorm2d
      {is<layers::BatchNormalization>,
       {{"gamma", "weight"}, {"beta", "bias"}, {"moving_mean", "running_mean"}, {"moving_variance", "running_var"}},
       [](Links& to) {
         to.ignored.push_back({to.full("num_batches_tracked"), {}});
       }},
      {is<layers::LayerNormalization>, {}, layer_normalization},
      {is<layers::RMSNormalization>, {}, [](Links& to) { of_normalization(to, "weight", "scale"); }},
      {is<layers::GroupNormalization>, {{"gamma", "weight"}, {"beta", "bias"}}},
      {is<layers::Embedding>, {{"embeddings", "weight"}}},
      {is<layers::PReLU>, {}, prelu},
      // RNN, LSTM, GRU, and RNNCell, LSTMCell, GRUCell
      {[](Layer& layer) { return cell_of(layer) != nullptr; },
       {},
       [](Links& to) { recurrent(to, *cell_of(to.layer), "_l0"); }},
      {is_cell, {}, [](Links& to) { recurrent(to, to.layer, ""); }},
      {[](Layer& layer) {
         auto* both = dynamic_cast<layers::Bidirectional*>(&layer);
         return both != nullptr && cell_of(both->forward_layer()) != nullptr &&
                cell_of(both->backward_layer()) != nullptr;
       },
       {},
       [](Links& to) {
         auto& both = dynamic_cast<layers::Bidirectional&>(to.layer);
         recurrent(to, *cell_of(both.forward_layer()), "_l0");
         recurrent(to, *cell_of(both.backward_layer()), "_l0_reverse");
       }},
      {is<layers::MultiHeadAttention>, {}, attention},
  };
  return rows;
}

/// The links of all layers of a model.
class Walk {
 public:
  std::vector<Link> links;
  std::vector<Part> ignored;
  std::vector<std::string> refused;  ///< a line for each layer that PyTorch does not have

  /// `file`: what is read, null when writing.
  Walk(Model& model, FileTensors* file) : file_(file) { visit(model, "", ""); }

 private:
  /// `path` is the module's, "encoder.dense", `name` the layer's, "encoder/dense".
  void visit(Layer& handle, const std::string& path, const std::string& name) {
    Layer& layer = LayerState::object(handle);
    LayerState& state = LayerState::of(layer);
    Links found(layer, path, file_);
    const auto row = std::find_if(table().begin(), table().end(), [&](const Row& each) { return each.is(layer); });
    const bool known = row != table().end();
    if (known) {
      for (const auto& [weight, part, order] : row->direct) found.add(part, found.weight(weight), order);
      if (row->other != nullptr) row->other(found);
    }
    std::unordered_set<const VariableImpl*> linked;
    for (const auto& link : found.links) {
      for (const auto& weight : link.weights) linked.insert(weight.impl());
    }
    add_others(layer, known, linked, found);
    for (const auto& why : found.refused) {
      refused.push_back(fmt::format("'{}' ({}) {}", shown(name), layer.class_name(), Whole{why}));
    }
    if (found.refused.empty()) std::move(found.links.begin(), found.links.end(), std::back_inserter(links));
    std::move(found.ignored.begin(), found.ignored.end(), std::back_inserter(ignored));
    const bool wrapper = is<layers::TimeDistributed>(layer);
    for (const auto& child : state.children) {
      Layer* inner = child->handle();
      if (inner == nullptr || (known && all_linked(LayerState::of(*inner), linked))) continue;
      visit(*inner, wrapper ? path : joined(path, inner->name(), "."), joined(name, inner->name(), "/"));
    }
  }

  /// The weights that no row has: those of users' classes are parameters as in PyTorch.
  static void add_others(Layer& layer, bool known, std::unordered_set<const VariableImpl*>& linked, Links& found) {
    const bool of_library = !known && config_of_class(typeid(layer), {}).module() == "keras.layers";
    for (const auto& weight : LayerState::of(layer).weights) {
      if (!linked.insert(weight.variable.impl()).second) continue;
      if (of_library) {
        if (found.refused.empty()) found.refused.push_back("has weights, and PyTorch has no such module");
      } else if (found.refused.empty()) {
        found.add(weight.name, weight.variable);
      }
    }
  }

  static bool all_linked(LayerState& layer, const std::unordered_set<const VariableImpl*>& linked) {
    const auto named = layer.named_weights();
    return !named.empty() && std::all_of(named.begin(), named.end(),
                                         [&](const auto& each) { return linked.contains(each.second.impl()); });
  }

  static std::string joined(const std::string& path, const std::string& name, const char* separator) {
    return path.empty() ? name : path + separator + name;
  }

  FileTensors* file_;
};

/// "'dense/kernel'", "'attention/query/kernel' and others"
std::string shown_weights(const Link& link, const std::unordered_map<const VariableImpl*, std::string>& names) {
  return fmt::format("'{}'{}", shown(names.at(link.weights[0].impl())), link.weights.size() > 1 ? " and others" : "");
}

}  // namespace

std::vector<NewValue> match_pytorch_weights(const char* method, const std::string& path, io::NamedTensors tensors,
                                            Model& model, const LoadWeightsOptions& options, LoadedWeights& report) {
  FileTensors file(method, path, std::move(tensors), options.rename);
  const Walk walk(model, &file);
  const auto named = named_weights(model);
  std::unordered_map<const VariableImpl*, std::string> names;
  for (const auto& [name, variable] : named) names.emplace(variable.impl(), name);
  Differences differences;
  report.matched_by = "names";
  if (!options.by_name) {
    for (const auto& line : walk.refused) differences.note(line);
  }
  for (const auto& part : walk.ignored) {
    if (auto* entry = file.find(part.name)) entry->used = true;
  }
  // Weights that the model has in several places may be in the file under each of these names.
  std::map<std::vector<const VariableImpl*>, std::vector<const Link*>> places;
  std::vector<const std::vector<const Link*>*> order;
  for (const auto& link : walk.links) {
    std::vector<const VariableImpl*> key;
    for (const auto& weight : link.weights) key.push_back(weight.impl());
    auto& links = places[key];
    if (links.empty()) order.push_back(&links);
    links.push_back(&link);
  }
  const auto parts_of = [&](const Link& link) {
    std::vector<FileTensors::Entry*> entries;
    for (const auto& part : link.parts) entries.push_back(file.find(part.name));
    return entries;
  };
  std::vector<std::pair<const Link*, Values>> fitting;
  for (const auto* links : order) {
    const auto in_file = [&](const Link* link) {
      const auto entries = parts_of(*link);
      return std::all_of(entries.begin(), entries.end(), [](const auto* entry) { return entry != nullptr; });
    };
    const auto at = std::find_if(links->begin(), links->end(), in_file);
    const Link& link = at != links->end() ? **at : *links->front();
    for (const Link* each : *links) {
      for (auto* entry : parts_of(*each)) {
        if (entry != nullptr) entry->used = true;
      }
    }
    const auto entries = parts_of(link);
    const bool none = std::all_of(entries.begin(), entries.end(), [](const auto* entry) { return entry == nullptr; });
    bool fits = true;
    Values values;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& [part, shape] = link.parts[i];
      const DType dtype = link.weights[0].dtype();
      if (entries[i] == nullptr) {
        fits = false;
        if (none && options.by_name) continue;
        differences.note(fmt::format("{} needs '{}' {}, which is missing in the file", shown_weights(link, names),
                                     shown(part), shape));
      } else if (const Tensor& value = entries[i]->value; value.shape() != shape || !castable(value.dtype(), dtype)) {
        fits = false;
        differences.note(fmt::format("{} needs {} of {} {}, the file has {} {}", shown_weights(link, names),
                                     entries[i]->shown_names(), dtype, shape, value.dtype(), value.shape()));
      } else {
        values.push_back(value);
      }
    }
    if (fits) fitting.emplace_back(&link, std::move(values));
  }
  file.finish(report, differences, options.by_name);
  differences.check(method, path, options.skip_mismatch);

  std::vector<NewValue> found;
  std::unordered_set<const VariableImpl*> loaded;
  file.release();  // so that no more is in memory twice than one layer has
  for (auto& [link, parts] : fitting) {
    for (auto& part : parts) part = cast(part, link->weights[0].dtype());
    Values values = link->read(parts);
    parts.clear();
    for (std::size_t i = 0; i < values.size(); ++i) {
      found.push_back({link->weights[i], std::move(values[i])});
      loaded.insert(link->weights[i].impl());
    }
  }
  for (const auto& [name, variable] : named) {
    (loaded.contains(variable.impl()) ? report.loaded : report.missing).push_back(name);
  }
  return found;
}

io::NamedTensors pytorch_state_dict(const char* method, Model& model) {
  const Walk walk(model, nullptr);
  if (!walk.refused.empty()) {
    fail<ValueError>(method, "layout = \"pytorch\": the model '{}' has layers that PyTorch does not have:\n  {}",
                     model.name(), Whole{fmt::format("{}", fmt::join(walk.refused, "\n  "))});
  }
  io::NamedTensors tensors;
  for (const auto& link : walk.links) {
    Values weights;
    for (const auto& weight : link.weights) weights.push_back(weight.peek());
    Values parts = link.write(weights);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      tensors.emplace_back(dotted(link.parts[i].name), std::move(parts[i]));
    }
  }
  for (const auto& part : walk.ignored) tensors.emplace_back(dotted(part.name), zeros(part.shape, int64));
  return tensors;
}

}  // namespace xtape::detail
