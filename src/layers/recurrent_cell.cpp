#include "xtape/layers/recurrent_cell.hpp"

#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace layers {

void RecurrentCell::begin_sequence(const Tensor&) {}
Tensor RecurrentCell::prepare(const Tensor& x) { return x; }

TensorList RecurrentCell::step(const Tensor& x, const TensorList& states) {
  TensorList inputs(x);
  inputs.insert(inputs.end(), states.begin(), states.end());
  return (*this)(inputs);
}

}  // namespace layers

namespace detail {

UnitsCell::UnitsCell(const char* class_name, CellConfig config)
    : RecurrentCell(config.name, config.dtype), config_(std::move(config)) {
  if (config_.units < 1) {
    fail<ValueError>(class_name, "expected a positive number of units, received units={}", config_.units);
  }
  for (const auto& [name, rate] :
       {std::pair("dropout", config_.dropout), std::pair("recurrent_dropout", config_.recurrent_dropout)}) {
    if (!(rate >= 0 && rate < 1)) fail<ValueError>(class_name, "expected 0 <= {0} < 1, received {0}={1}", name, rate);
  }
  if (config_.seed) generator_ = track(std::make_shared<random::Generator>(*config_.seed));
}

void UnitsCell::check_inputs(const std::vector<Shape>& shapes) const {
  const auto sizes = state_size();
  if (shapes.size() != 1 + sizes.size()) {
    fail<ValueError>(class_name().c_str(), "expected an input and {} state(s), received {} tensors", sizes.size(),
                     shapes.size());
  }
  const Shape& x = shapes[0];
  if (x.rank() != 2 || (kernel_.defined() && x[1] != kernel_.shape()[0])) {
    fail<ValueError>(class_name().c_str(), "expected an input of shape (None, {}), received {}",
                     kernel_.defined() ? fmt::format("{}", kernel_.shape()[0]) : "features", x);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Shape wanted{x[0], sizes[i]};
    if (shapes[i + 1] != wanted) {
      fail<ValueError>(class_name().c_str(), "expected state {} of shape {}, received {}", i, wanted, shapes[i + 1]);
    }
  }
}

void UnitsCell::build_list(const std::vector<Shape>& input_shapes) {
  kernel_ = Variable();
  check_inputs(input_shapes);
  const std::int64_t width = config_.gates * config_.units;
  kernel_ = add_weight("kernel", {input_shapes.front()[1], width},
                       {.initializer = config_.kernel_initializer,
                        .regularizer = config_.kernel_regularizer,
                        .constraint = config_.kernel_constraint});
  recurrent_kernel_ = add_weight("recurrent_kernel", {config_.units, width},
                                 {.initializer = config_.recurrent_initializer,
                                  .regularizer = config_.recurrent_regularizer,
                                  .constraint = config_.recurrent_constraint});
  if (!config_.use_bias) return;
  bias_ = add_weight("bias", bias_shape(),
                     {.initializer = config_.bias_initializer,
                      .regularizer = config_.bias_regularizer,
                      .constraint = config_.bias_constraint});
}

TensorList UnitsCell::call_list(const TensorList& inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  check_inputs(shapes);
  const struct Sequence {
    UnitsCell* cell;
    ~Sequence() { cell->end_sequence(); }
  } sequence{this};
  begin_sequence(inputs[0]);
  TensorList states;
  states.insert(states.end(), inputs.begin() + 1, inputs.end());
  return step(prepare(inputs[0]), states);
}

void UnitsCell::begin_sequence(const Tensor& x) {
  if (!training()) return;
  const auto draw = [&](double rate, std::int64_t size) {
    return nn::dropout(ones({x.shape()[0], size}, x.dtype()), rate, {.generator = generator_.get()});
  };
  if (config_.dropout > 0) input_mask_ = draw(config_.dropout, x.shape().back());
  if (config_.recurrent_dropout > 0) state_mask_ = draw(config_.recurrent_dropout, config_.units);
}

void UnitsCell::end_sequence() noexcept {
  if (input_mask_.defined() || state_mask_.defined())
    input_mask_ = state_mask_ =
        Tensor();  // written only if set, since several threads may share a call without dropout
}

Tensor UnitsCell::dropped_inputs(const Tensor& x) const {
  if (!input_mask_.defined()) return x;
  return x * (x.rank() == 3 ? expand_dims(input_mask_, 1) : input_mask_);
}

Tensor UnitsCell::multiply_mask(const Tensor& h) const { return h * state_mask_; }

Tensor UnitsCell::prepare(const Tensor& x) { return linear(dropped_inputs(x), kernel_, input_bias()); }

}  // namespace detail

}  // namespace xtape
