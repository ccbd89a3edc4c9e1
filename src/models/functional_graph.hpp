#pragma once

#include <string>
#include <vector>

#include "layers/graph_node.hpp"

namespace xtape::detail {

/// The layers between the inputs and outputs of a functional model, in an order in which they can run.
class FunctionalGraph {
 public:
  explicit FunctionalGraph(GraphEnds ends);
  /// The graph of a clone, made inside a CloneScope.
  FunctionalGraph(const FunctionalGraph& other);
  /// Names inputs() and outputs() after their layers, once a model has made the names of the layers unique; "dense",
  /// "dense_1" for several outputs of one layer.
  void name_ports();

  /// The index of a tensor while the graph runs.
  using Slot = std::size_t;
  struct Step {
    std::size_t layer;  ///< its index in layers()
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

  /// Errors name `model`. Inputs are converted by fitted_input().
  TensorList run(const TensorList& inputs, const std::string& model) const;

 private:
  GraphEnds ends_;
  std::vector<GraphLayer> layers_;
  std::vector<Step> steps_;
  std::vector<Port> inputs_, outputs_;
  std::size_t slots_ = 0;
};

}  // namespace xtape::detail
