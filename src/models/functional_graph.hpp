#pragma once

#include <string>
#include <vector>

#include "layers/graph_node.hpp"

namespace xtape::detail {

/// The layers between a functional model's inputs and outputs, in an order in which they can be run.
class FunctionalGraph {
 public:
  explicit FunctionalGraph(GraphEnds ends);
  /// Of a clone: made while a CloneScope lives.
  FunctionalGraph(const FunctionalGraph& other);
  /// Names inputs() and outputs() after the layers that they come from, once a model has made the names of those
  /// unique; "dense", "dense_1" where one layer gives several.
  void name_ports();

  /// Where a tensor lives while the graph runs.
  using Slot = std::size_t;
  struct Step {
    std::size_t layer;  ///< among layers()
    std::vector<Slot> inputs;
    Slot first_output;
    std::vector<Shape> output_shapes;
    std::vector<Slot> done;  ///< tensors that no later step needs
  };
  struct Port {
    Slot slot;
    Shape shape;
    DType dtype;
    std::string name;
  };

  const std::vector<Step>& steps() const noexcept { return steps_; }
  const std::vector<GraphLayer>& layers() const noexcept { return layers_; }
  const std::vector<Port>& inputs() const noexcept { return inputs_; }
  const std::vector<Port>& outputs() const noexcept { return outputs_; }
  const GraphEnds& ends() const noexcept { return ends_; }

  /// `model` is named in errors. Inputs of another dtype are cast, a missing or superfluous last axis of 1 is put
  /// right, as in Keras.
  TensorList run(const TensorList& inputs, const std::string& model) const;

 private:
  GraphEnds ends_;
  std::vector<GraphLayer> layers_;
  std::vector<Step> steps_;
  std::vector<Port> inputs_, outputs_;
  std::size_t slots_ = 0;
};

}  // namespace xtape::detail
