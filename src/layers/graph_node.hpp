#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "layers/layer_state.hpp"
#include "xtape/layers/symbolic.hpp"

namespace xtape::detail {

/// A layer as a graph holds it: a copy of its own where the class can be copied; otherwise the object that the user
/// keeps, for as long as that lives.
class GraphLayer {
 public:
  explicit GraphLayer(Layer& layer);
  GraphLayer(const GraphLayer& other);
  GraphLayer(GraphLayer&&) noexcept = default;  // in a clone, a copy would be a clone of the clone
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
  std::uint64_t number;  ///< counts the nodes in the order of the calls, in which they can be run

  /// A node of which its layer knows.
  static std::shared_ptr<GraphNode> make(GraphLayer layer, std::vector<SymbolicTensor> inputs,
                                         std::vector<Shape> shapes, std::vector<DType> dtypes);
  static SymbolicTensor output(const std::shared_ptr<GraphNode>& node, std::size_t index) { return {node, index}; }
  static SymbolicList outputs(const std::shared_ptr<GraphNode>& node);
};

struct GraphEnds {
  SymbolicList inputs, outputs;
};

/// The nodes that lead from the inputs to the outputs, in the order of their calls. Throws a ValueError where outputs
/// depend on an Input that is not among the inputs.
std::vector<std::shared_ptr<GraphNode>> nodes_between(const GraphEnds& ends);

/// The same graph with the copies of its layers, for a clone: to be called while a CloneScope lives.
GraphEnds cloned(const GraphEnds& ends);

/// "(None, 28, 28)"
std::string symbolic_shape(const Shape& shape);

/// An input's shape as errors show it: of a call with symbolic tensors, which tries the layer on some sizes, theirs.
std::string shown_shape(const Shape& shape);

}  // namespace xtape::detail
