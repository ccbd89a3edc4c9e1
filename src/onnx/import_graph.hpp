#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "onnx/imported_layer.hpp"

namespace xtape::detail {

/// The graph of an ONNX file with what is known of its values before anything runs.
class ImportedGraph {
 public:
  static constexpr const char* method = "onnx.load";

  struct Value {
    enum class Kind : std::uint8_t { input, constant, variable, result };
    std::string name;
    Kind kind;
    Tensor constant = {};
    Variable variable = {};
    bool fixed = false;    ///< follows from constants and shapes
    bool on_host = false;  ///< small and fixed: each layer that needs it computes it
    Shape shape = {};      ///< -1 where it depends on the inputs
    DType dtype = float32;

    bool is_known() const { return kind == Kind::constant || kind == Kind::variable; }
  };
  static constexpr int none = -1;
  struct Node {
    std::shared_ptr<const OnnxNode> node;
    const OnnxImportOp* op;
    std::vector<int> inputs, outputs;  ///< values, or none
    bool on_host = false;              ///< whether a value that is on the host comes from it
    bool as_layer = false;             ///< whether a layer or an output needs it
    bool channels_last = false;
    std::vector<int> to_channels_last = {};  ///< see ImportedOperand
  };

  /// Throws a DataError that names the file and the node for what is wrong or unknown.
  ImportedGraph(std::string path, OnnxModel model, bool channels_last);

  const std::string& path() const noexcept { return path_; }
  const OnnxModel& model() const noexcept { return model_; }
  const std::vector<Value>& values() const noexcept { return values_; }
  const Value& value(int index) const { return values_[static_cast<std::size_t>(index)]; }
  const std::vector<Node>& nodes() const noexcept { return nodes_; }
  const std::vector<int>& inputs() const noexcept { return inputs_; }
  const std::vector<int>& outputs() const noexcept { return outputs_; }
  /// The node that computes a value, or none.
  int producer(int value) const { return producers_[static_cast<std::size_t>(value)]; }

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) const {
    fail<DataError>(method, "{}: {}", path_, Whole{fmt::format(fmt::runtime(fmt::string_view(text)), shown(args)...)});
  }
  /// "node 'conv1' (Conv)"
  static std::string shown_node(const OnnxNode& node);
  InputBits known(const Node& node) const;

 private:
  int add_value(Value value);
  Value& at(int index) { return values_[static_cast<std::size_t>(index)]; }
  void find_values();
  void find_ops();
  void check_inputs() const;
  void mark_host();
  void choose_weights();
  void fold();
  void find_shapes();
  void keep_small_on_host();
  void mark_needed();
  std::array<std::vector<Tensor>, 2> try_sizes(std::int64_t size) const;
  std::vector<Tensor> tried(int attempt, std::int64_t size) const;
  TensorList run(const Node& node, const std::vector<Tensor>& values) const;

  friend class ChannelOrder;
  std::string path_;
  OnnxModel model_;
  std::vector<Value> values_;
  std::vector<int> producers_;
  std::vector<Node> nodes_;
  std::vector<int> inputs_, outputs_;
};

/// Brings networks of images into the order of axes in which xtape computes: convolutions and their neighbours take and
/// give tensors with the channels last, and transposes stand only where that begins and ends.
void order_channels_last(ImportedGraph& graph);

}  // namespace xtape::detail
