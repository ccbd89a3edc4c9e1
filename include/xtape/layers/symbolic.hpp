#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "xtape/base/dtype.hpp"
#include "xtape/base/shape.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape {

namespace detail {

/// One call of a layer in a graph of symbolic tensors.
struct GraphNode;

}  // namespace detail

/// Keyword arguments of Input.
struct InputOptions {
  std::int64_t batch_size = -1;  ///< -1: any
  DType dtype = float32;
  std::string name = {};  ///< unset: "input_layer"
};

/// The output of a layer before there are data (keras.KerasTensor): it has a shape and a dtype, and knows the layers
/// that lead to it. Made by Input and by calling layers on other symbolic tensors:
///
///     auto inputs = xp::Input({28, 28});
///     auto x = xp::layers::Flatten()(inputs);
///     auto outputs = xp::layers::Dense(10)(x);
///     xp::Model model(inputs, outputs);
class SymbolicTensor {
 public:
  /// The sizes of the axes, -1 for those that depend on the data, such as the batch.
  const Shape& shape() const&;
  Shape shape() const&& { return shape(); }
  DType dtype() const;
  /// The name of the layer that it comes from.
  const std::string& name() const&;
  std::string name() const&& { return name(); }
  /// "<SymbolicTensor shape=(None, 10), dtype=float32, name=dense>"
  std::string str() const;

  const std::shared_ptr<detail::GraphNode>& node() const& noexcept { return node_; }
  std::shared_ptr<detail::GraphNode> node() const&& { return node_; }
  std::size_t index() const noexcept { return index_; }
  friend bool operator==(const SymbolicTensor& a, const SymbolicTensor& b) noexcept {
    return a.node_ == b.node_ && a.index_ == b.index_;
  }

 private:
  friend class Layer;
  friend SymbolicTensor Input(const Shape& shape, const InputOptions& options);
  SymbolicTensor(std::shared_ptr<detail::GraphNode> node, std::size_t index) : node_(std::move(node)), index_(index) {}

  std::shared_ptr<detail::GraphNode> node_;
  std::size_t index_;  ///< among the outputs of the call
};

/// Some symbolic tensors: what TensorList is to Tensor.
class SymbolicList : public std::vector<SymbolicTensor> {
 public:
  using std::vector<SymbolicTensor>::vector;
  SymbolicList(const SymbolicTensor& tensor) { push_back(tensor); }
  SymbolicList(std::initializer_list<SymbolicTensor> tensors) : std::vector<SymbolicTensor>(tensors) {}
  SymbolicList(std::vector<SymbolicTensor> tensors) : std::vector<SymbolicTensor>(std::move(tensors)) {}

  /// The only one. Throws a ValueError when there are several, or none.
  operator SymbolicTensor() const { return only(); }
  const SymbolicTensor& only() const&;
  SymbolicTensor only() const&& { return only(); }
};

/// Where data enter a model (keras.Input). `shape` leaves out the batch; -1 stands for a size that differs from batch
/// to batch. Throws a ValueError for a size below -1.
SymbolicTensor Input(const Shape& shape, const InputOptions& options = {});

/// Elementwise arithmetic of symbolic tensors, as nodes of the graph.
SymbolicTensor operator+(const SymbolicTensor& a, const SymbolicTensor& b);
SymbolicTensor operator-(const SymbolicTensor& a, const SymbolicTensor& b);
SymbolicTensor operator*(const SymbolicTensor& a, const SymbolicTensor& b);
SymbolicTensor operator/(const SymbolicTensor& a, const SymbolicTensor& b);
SymbolicTensor operator+(const SymbolicTensor& a, double b);
SymbolicTensor operator-(const SymbolicTensor& a, double b);
SymbolicTensor operator*(const SymbolicTensor& a, double b);
SymbolicTensor operator/(const SymbolicTensor& a, double b);
SymbolicTensor operator+(double a, const SymbolicTensor& b);
SymbolicTensor operator-(double a, const SymbolicTensor& b);
SymbolicTensor operator*(double a, const SymbolicTensor& b);
SymbolicTensor operator/(double a, const SymbolicTensor& b);
SymbolicTensor operator-(const SymbolicTensor& a);

}  // namespace xtape
