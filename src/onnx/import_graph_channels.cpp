// The order of axes in networks of images.
#include <algorithm>
#include <unordered_map>

#include "onnx/import_graph.hpp"

namespace xtape::detail {

/// Goes through the nodes in their order and decides for each in which order it takes its inputs. A value may exist in
/// both orders; the one that its node gives, and the other one behind a transpose, if someone asks for it.
class ChannelOrder {
 public:
  explicit ChannelOrder(ImportedGraph& graph) : g_(graph), places_(graph.values_.size()) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (graph.values_[i].kind == ImportedGraph::Value::Kind::input) places_[i].plain = static_cast<int>(i);
    }
  }

  void run() {
    std::vector<ImportedGraph::Node> before = std::move(g_.nodes_);
    g_.nodes_.clear();
    for (auto& node : before) {
      node.to_channels_last.assign(node.inputs.size(), 0);
      bool last = false;
      if (!node.on_host || node.op->layout == OnnxLayout::shape) {
        if (is_undone(node)) continue;
        last = decide(node);
      }
      place_outputs(node, last);
      emit(std::move(node));
    }
    for (int& output : g_.outputs_) {
      if (!g_.value(output).is_known()) output = plain(output);
    }
  }

 private:
  static constexpr int none = ImportedGraph::none;
  struct Places {
    int plain = none, last = none;  ///< the values that hold it in either order
  };

  Places& of(int value) { return places_[static_cast<std::size_t>(value)]; }
  int rank(int value) const { return g_.value(value).shape.rank(); }
  bool known(int value) const { return value == none || g_.value(value).is_known(); }
  bool only_last(int value) { return !known(value) && of(value).plain == none && of(value).last != none; }

  void emit(ImportedGraph::Node node) {
    for (const int output : node.outputs) {
      if (output != none) g_.producers_[static_cast<std::size_t>(output)] = static_cast<int>(g_.nodes_.size());
    }
    g_.nodes_.push_back(std::move(node));
  }

  static Shape permuted(const Shape& shape, const std::vector<int>& permutation) {
    Shape result = shape;
    for (int axis = 0; axis < shape.rank(); ++axis) result[axis] = shape[permutation[static_cast<std::size_t>(axis)]];
    return result;
  }

  int transposed(int from, const std::string& name, const std::vector<int>& permutation) {
    ImportedGraph::Value value{name, ImportedGraph::Value::Kind::result};
    value.shape = permuted(g_.value(from).shape, permutation);
    value.dtype = g_.value(from).dtype;
    const int to = g_.add_value(std::move(value));
    places_.push_back({});
    auto node = std::make_shared<OnnxNode>(OnnxNode{"Transpose", name, {g_.value(from).name}, {name}, {}, {}});
    node->attributes.push_back({"perm", Integers(permutation.begin(), permutation.end())});
    emit({node, find_imported_op("", "Transpose"), {from}, {to}, false, false, false, {0}});
    return to;
  }

  /// The value in the order of the file, or with its channels last.
  int plain(int value) {
    if (of(value).plain == none) {
      const int from = of(value).last;
      of(value).plain =
          transposed(from, g_.value(value).name + "/channels_first", channels_first_permutation(rank(value)));
    }
    return of(value).plain;
  }
  int last(int value) {
    if (of(value).last == none) {
      const int from = of(value).plain;
      of(value).last =
          transposed(from, g_.value(value).name + "/channels_last", channels_last_permutation(rank(value)));
    }
    return of(value).last;
  }

  void take_plain(ImportedGraph::Node& node) {
    for (int& input : node.inputs) {
      if (!known(input) && !g_.value(input).on_host) input = plain(input);
    }
  }

  /// Whether the node is a transpose from one order to the other, after which the value is the same as before.
  bool is_undone(ImportedGraph::Node& node) {
    if (std::string_view(node.op->op) != "Transpose" || known(node.inputs[0]) || g_.value(node.inputs[0]).on_host) {
      return false;
    }
    const int from = node.inputs[0], to = node.outputs[0];
    const auto* perm = std::get_if<Integers>(find_perm(*node.node));
    if (perm == nullptr || rank(from) < 3 || perm->size() != static_cast<std::size_t>(rank(from))) return false;
    const std::vector<int> given(perm->begin(), perm->end());
    if (of(from).plain != none && given == channels_first_permutation(rank(from))) {
      of(to).last = of(from).plain;
    } else if (of(from).last != none && given == channels_last_permutation(rank(from))) {
      of(to).plain = of(from).last;
    } else {
      return false;
    }
    g_.producers_[static_cast<std::size_t>(to)] = none;
    return true;
  }
  static const decltype(OnnxAttribute::value)* find_perm(const OnnxNode& node) {
    static const decltype(OnnxAttribute::value) nothing = std::int64_t{0};
    for (const auto& attribute : node.attributes) {
      if (attribute.name == "perm") return &attribute.value;
    }
    return &nothing;
  }

  /// Chooses the order of the inputs; returns whether the results have their channels last.
  bool decide(ImportedGraph::Node& node) {
    const int first = node.inputs.empty() ? none : node.inputs[0];
    switch (node.op->layout) {
      case OnnxLayout::channels:
        if (known(first) || rank(first) < 3) break;
        node.inputs[0] = last(first);
        return node.channels_last = true;
      case OnnxLayout::shape:
        if (known(first) || g_.value(first).on_host) return false;
        node.channels_last = of(first).plain == none;
        node.inputs[0] = node.channels_last ? of(first).last : of(first).plain;
        return false;
      case OnnxLayout::follows:
        if (follow(node)) return node.channels_last = true;
        break;
      case OnnxLayout::all_axes:
        if (same_ranks(node) && follow(node)) return node.channels_last = true;
        break;
      case OnnxLayout::axes:
        if (only_last(first)) return take_axes(node);
        break;
      case OnnxLayout::plain:
        break;
    }
    take_plain(node);
    return false;
  }

  bool same_ranks(const ImportedGraph::Node& node) const {
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](int input) {
      return input != none && shape_of_value(input).rank() == shape_of_value(node.inputs[0]).rank();
    });
  }
  const Shape& shape_of_value(int value) const { return g_.value(value).shape; }

  /// If an input exists with its channels last only, brings all inputs into this order.
  bool follow(ImportedGraph::Node& node) {
    const int result = rank(*std::find_if(node.outputs.begin(), node.outputs.end(), [](int o) { return o != none; }));
    bool any = false;
    for (const int input : node.inputs) {
      if (input == none || !only_last(input)) continue;
      if (rank(input) != result) return false;
      any = true;
    }
    if (!any) return false;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      int& input = node.inputs[i];
      if (input == none) continue;
      if (known(input) || g_.value(input).on_host || rank(input) != result) {
        node.to_channels_last[i] = result;
      } else {
        input = last(input);
      }
    }
    return true;
  }

  /// The first input has its channels last only, and the op looks after axes.
  bool take_axes(ImportedGraph::Node& node) {
    const std::string_view op = node.op->op;
    const int value = node.inputs[0];
    if ((op == "Softmax" || op == "LogSoftmax") && g_.model_.opset < 13) {  // joins axes
      take_plain(node);
      return false;
    }
    // Axes that remain after a reduction, in the order in which the result has them.
    std::vector<int> remaining{0};
    for (int axis = 2; axis < rank(value); ++axis) remaining.push_back(axis);
    remaining.push_back(1);
    const int result = g_.value(node.outputs[0] == none ? node.outputs.back() : node.outputs[0]).shape.rank();
    if (result != rank(value)) {
      const auto gone = reduced_axes(node, rank(value));
      std::erase_if(remaining, [&](int axis) { return std::find(gone.begin(), gone.end(), axis) != gone.end(); });
      if (static_cast<int>(remaining.size()) != result) remaining.clear();
    }
    std::vector<int> sorted = remaining;
    std::sort(sorted.begin(), sorted.end());
    std::vector<int> as_last;
    if (remaining.size() > 2) {
      for (const int place : channels_last_permutation(static_cast<int>(sorted.size()))) {
        as_last.push_back(sorted[static_cast<std::size_t>(place)]);
      }
    }
    if (remaining.empty() || (remaining != sorted && remaining != as_last)) {
      take_plain(node);
      return false;
    }
    node.inputs[0] = of(value).last;
    node.channels_last = true;
    return remaining != sorted;
  }

  /// The axes of a reduction with keepdims = 0; none if they are not known.
  std::vector<int> reduced_axes(const ImportedGraph::Node& node, int rank_of_input) const {
    Integers axes;
    for (const auto& attribute : node.node->attributes) {
      if (const auto* several = std::get_if<Integers>(&attribute.value); several && attribute.name == "axes") {
        axes = *several;
      }
      if (const auto* one = std::get_if<std::int64_t>(&attribute.value); one && attribute.name == "axis") axes = {*one};
    }
    if (axes.empty() && std::string_view(node.op->op).starts_with("Arg")) axes = {0};
    if (node.inputs.size() > 1 && node.inputs[1] != none) {
      const auto& given = g_.value(node.inputs[1]);
      if (given.kind != ImportedGraph::Value::Kind::constant || given.constant.dtype() != int64) return {};
      axes = given.constant.to_vector<std::int64_t>();
    }
    std::vector<int> result;
    for (const auto axis : axes) result.push_back(normal_axis("axes", axis, rank_of_input));
    return result;
  }

  void place_outputs(const ImportedGraph::Node& node, bool channels_last) {
    for (const int output : node.outputs) {
      if (output == none) continue;
      if (!channels_last || rank(output) < 3) {
        of(output).plain = output;
        continue;
      }
      of(output).last = output;
      auto& value = g_.at(output);
      value.shape = permuted(value.shape, channels_last_permutation(value.shape.rank()));
    }
  }

  ImportedGraph& g_;
  std::vector<Places> places_;
};

void order_channels_last(ImportedGraph& graph) { ChannelOrder(graph).run(); }

}  // namespace xtape::detail
