#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xtape/base/dtype.hpp"
#include "xtape/base/shape.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape {

namespace detail {

/// One call of a layer in a graph of symbolic tensors.
struct GraphNode;

}  // namespace detail

/// Keyword arguments of Input.
struct InputOptions {
  std::int64_t batch_size = -1;  ///< -1: any
  AnyDType dtype = float32;      ///< or a name: "int32"
  std::string name = {};         ///< unset: "input_layer"
};

/// A tensor without elements (keras.KerasTensor): it has a shape and a dtype, and knows the layers that compute it.
/// Made by Input, and by calling layers and ops (see symbolic_ops.hpp) with symbolic tensors:
///
///     auto inputs = xp::Input({28, 28});
///     auto x = xp::layers::Flatten()(inputs / 255);
///     auto outputs = xp::layers::Dense(10)(xp::nn::relu(x));
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

  /// Python's brackets, as for a Tensor: `x[{all, 0}]`.
  SymbolicTensor operator[](const IndexItem& item) const;
  SymbolicTensor operator[](std::initializer_list<IndexItem> items) const;

  const std::shared_ptr<detail::GraphNode>& node() const& noexcept { return node_; }
  std::shared_ptr<detail::GraphNode> node() const&& { return node_; }
  std::size_t index() const noexcept { return index_; }
  friend bool operator==(const SymbolicTensor& a, const SymbolicTensor& b) noexcept {
    return a.node_ == b.node_ && a.index_ == b.index_;
  }

 private:
  friend struct detail::GraphNode;
  friend SymbolicTensor Input(const Shape& shape, const InputOptions& options);
  SymbolicTensor(std::shared_ptr<detail::GraphNode> node, std::size_t index) : node_(std::move(node)), index_(index) {}

  std::shared_ptr<detail::GraphNode> node_;
  std::size_t index_;  ///< its index among the outputs of the call
};

/// Several symbolic tensors, as TensorList is several tensors.
class SymbolicList : public std::vector<SymbolicTensor> {
 public:
  using std::vector<SymbolicTensor>::vector;
  SymbolicList(const SymbolicTensor& tensor) { push_back(tensor); }
  SymbolicList(std::initializer_list<SymbolicTensor> tensors) : std::vector<SymbolicTensor>(tensors) {}
  SymbolicList(std::vector<SymbolicTensor> tensors) : std::vector<SymbolicTensor>(std::move(tensors)) {}

  /// The only tensor. Throws a ValueError when there are several, or none.
  operator SymbolicTensor() const { return only(); }
  const SymbolicTensor& only() const&;
  SymbolicTensor only() const&& { return only(); }
};

/// The input of a model (keras.Input). `shape` is without the batch axis; -1 stands for a size that may differ between
/// batches. Throws a ValueError for a size below -1.
SymbolicTensor Input(const Shape& shape, const InputOptions& options = {});

namespace detail {

/// An operand of an op on symbolic tensors: a symbolic tensor, a tensor, a variable or a number.
struct SymbolicOperand {
  SymbolicOperand(const SymbolicTensor& tensor) : symbolic(tensor) {}
  SymbolicOperand(const SymbolicList& list) : symbolic(list.only()) {}
  SymbolicOperand(const Variable& weight) : variable(weight) {}
  template <std::convertible_to<Tensor> T>
  requires(!std::same_as<T, Variable>) SymbolicOperand(const T& tensor) : known(tensor) {}

  std::optional<SymbolicTensor> symbolic;
  Variable variable;  ///< empty: none
  Tensor known;
};

/// Several operands: `{x, y}`.
class SymbolicOperands : public std::vector<SymbolicOperand> {
 public:
  SymbolicOperands(std::initializer_list<SymbolicOperand> operands) : std::vector<SymbolicOperand>(operands) {}
  SymbolicOperands(const std::vector<SymbolicTensor>& tensors) : vector(tensors.begin(), tensors.end()) {}
};

template <class... T>
concept AnySymbolic = ((std::same_as<T, SymbolicTensor> || std::same_as<T, SymbolicList>) || ...);
template <class T>
concept SymbolicOperandList = std::same_as<T, SymbolicOperands> || std::derived_from<T, std::vector<SymbolicTensor>>;

SymbolicTensor map_node(std::vector<SymbolicOperand> operands, std::function<Tensor(std::span<const Tensor>)> function);

}  // namespace detail

/// map() of symbolic tensors as a node of the graph; some inputs may be tensors or numbers. symbolic_ops.hpp has all
/// other ops. Needs `xtape/ops/map.hpp`.
template <class F, class... T>
requires detail::AnySymbolic<T...> SymbolicTensor map(F f, const T&... inputs) {
  return detail::map_node({detail::SymbolicOperand(inputs)...}, [f](std::span<const Tensor> x) {
    return [&]<std::size_t... i>(std::index_sequence<i...>) { return map(f, x[i]...); }
    (std::index_sequence_for<T...>());
  });
}

}  // namespace xtape
