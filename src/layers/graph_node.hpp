#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "layers/layer_state.hpp"
#include "xtape/layers/symbolic.hpp"

namespace xtape::detail {

/// A layer in a graph: a copy if the class can be copied, otherwise a reference to the user's object, as long as that
/// lives.
class GraphLayer {
 public:
  explicit GraphLayer(Layer& layer);
  GraphLayer(const GraphLayer& other);
  GraphLayer(GraphLayer&&) noexcept = default;  // in a CloneScope, a copy would be a clone of the clone
  /// Throws a RuntimeError when the user's object is gone.
  Layer& operator*() const;
  Layer* operator->() const { return &**this; }
  bool same_as(const GraphLayer& other) const noexcept { return state_ == other.state_; }
  LayerState& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<Layer> layer_;
  std::shared_ptr<LayerState> state_;
};

struct GraphNode {
  GraphLayer layer;
  std::vector<SymbolicTensor> inputs;  ///< none: an Input
  std::vector<Shape> shapes;           ///< of the outputs
  std::vector<DType> dtypes;
  std::uint64_t number;  ///< counts the nodes in the order of their calls, in which they can run

  /// Makes a node and registers it with its layer.
  static std::shared_ptr<GraphNode> make(GraphLayer layer, std::vector<SymbolicTensor> inputs,
                                         std::vector<Shape> shapes, std::vector<DType> dtypes);
  static SymbolicTensor output(const std::shared_ptr<GraphNode>& node, std::size_t index) { return {node, index}; }
  static SymbolicList outputs(const std::shared_ptr<GraphNode>& node);
};

struct GraphEnds {
  SymbolicList inputs, outputs;
};

/// The nodes between the inputs and the outputs, in the order of their calls. Throws a ValueError if an output depends
/// on an Input that is not among the inputs.
std::vector<std::shared_ptr<GraphNode>> nodes_between(const GraphEnds& ends);

/// The same graph with copies of its layers, for a clone; called inside a CloneScope.
GraphEnds cloned(const GraphEnds& ends);

/// An Input of any shape, which may be that of a scalar. An empty name: the automatic one.
SymbolicTensor make_input(const std::string& name, const Shape& shape, DType dtype);

/// "(None, 28, 28)"
std::string symbolic_shape(const Shape& shape);

/// The shape of an input in error texts. A call with symbolic tensors tries the layer with assumed sizes; errors then
/// show the symbolic shape.
std::string shown_shape(const Shape& shape);

}  // namespace xtape::detail
