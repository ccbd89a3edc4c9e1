#include "xtape/models/model.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "models/functional_graph.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {

Model::Model(const SymbolicList& inputs, const SymbolicList& outputs, std::string name)
    : LayerBase(name.empty() ? "functional" : std::move(name)),
      graph_(std::make_shared<detail::FunctionalGraph>(inputs, outputs)) {
  for (const auto& layer : graph_->layers()) adopt(*layer);
}

Model::Model(const Model& other) : LayerBase(other), graph_(other.graph_) {
  if (graph_ != nullptr && detail::CloneScope::current() != nullptr) {
    graph_ = std::make_shared<detail::FunctionalGraph>(*graph_);
  }
}

Tensor Model::call(const Tensor& input) {
  return graph_ != nullptr ? Tensor(graph_->run(input, name()).only()) : Layer::call(input);
}

TensorList Model::call_list(const TensorList& inputs) {
  return graph_ != nullptr ? graph_->run(inputs, name()) : Layer::call_list(inputs);
}

Tensor Model::predict(const Tensor& x, PredictOptions options) {
  if (options.batch_size < 1) {
    detail::fail<ValueError>("Model.predict", "expected a batch size of at least 1, received {}", options.batch_size);
  }
  if (x.rank() < 1) detail::fail<ValueError>("Model.predict", "expected a batch of inputs, received a scalar");
  const detail::NoRecording off;
  const std::int64_t rows = x.shape()[0];
  if (rows <= options.batch_size) return (*this)(x, {.training = false});
  std::vector<Tensor> outputs;
  for (std::int64_t begin = 0; begin < rows; begin += options.batch_size) {
    const std::int64_t count = std::min(options.batch_size, rows - begin);
    outputs.push_back((*this)(slice_axis(x, 0, begin, count), {.training = false}));
  }
  return concat(outputs, 0);
}

}  // namespace xtape
