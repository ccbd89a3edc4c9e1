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
  /// Throws a RuntimeError when the user's object is gone.
  Layer& operator*() const;
  Layer* operator->() const { return &**this; }
  bool same_as(const GraphLayer& other) const noexcept { return state_ == other.state_; }

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
};

std::uint64_t next_node_number() noexcept;

/// "(None, 28, 28)"
std::string symbolic_shape(const Shape& shape);

/// An input's shape as errors show it: of a call with symbolic tensors, which tries the layer on zeros, theirs.
std::string shown_shape(const Shape& shape);

}  // namespace xtape::detail
