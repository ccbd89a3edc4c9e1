#include "xtape/layers/bidirectional.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::layers {

using xtape::detail::fail;

namespace {

RNN& as_rnn(const AnyLayer& layer) {
  auto* rnn = dynamic_cast<RNN*>(&*layer);
  if (rnn == nullptr) {
    fail<ValueError>("Bidirectional", "expected a recurrent layer (RNN, SimpleRNN, LSTM, GRU), received a {}",
                     layer->class_name());
  }
  return *rnn;
}

}  // namespace

Bidirectional::Bidirectional(const AnyLayer& layer, BidirectionalOptions options)
    : LayerBase(options.name, layer->dtype_policy()),
      forward_((as_rnn(layer), layer.clone())),
      backward_(options.backward_layer ? *options.backward_layer : layer.clone()),
      merge_mode_(options.merge_mode) {
  describe(options, {{"layer", layer}});
  constexpr std::array modes = {"sum", "mul", "ave", "concat", "none"};
  if (std::find(modes.begin(), modes.end(), merge_mode_) == modes.end()) {
    fail<ValueError>("Bidirectional", "expected merge_mode to be one of sum, mul, ave, concat, none: received '{}'",
                     merge_mode_);
  }
  RNN &forward = as_rnn(forward_), &backward = as_rnn(backward_);
  if (!options.backward_layer) {
    backward.options_.go_backwards = !forward.options().go_backwards;
  } else if (backward.options().go_backwards == forward.options().go_backwards) {
    fail<ValueError>("Bidirectional", "expected the layers to have different values of go_backwards, received {} twice",
                     forward.options().go_backwards);
  }
  if (forward.return_sequences() != backward.return_sequences() || forward.return_state() != backward.return_state()) {
    fail<ValueError>("Bidirectional", "expected the layers to have the same return_sequences and return_state");
  }
  for (RNN* each : {&forward, &backward}) each->options_.zero_output_for_mask = each->return_sequences();
  set_supports_masking(true);
  // Names that have the prefix already, as in the layer's config, stay.
  const auto prefixed = [](std::string_view prefix, const std::string& name) {
    return name.starts_with(prefix) ? name : fmt::format("{}{}", prefix, name);
  };
  forward.set_name(prefixed("forward_", layer->name()));
  backward.set_name(prefixed("backward_", options.backward_layer ? (*options.backward_layer)->name() : layer->name()));
  adopt(forward);
  adopt(backward);
}

void Bidirectional::build(const Shape& input_shape) {
  if (input_shape.rank() != 3) {
    fail<ValueError>("Bidirectional",
                     "expected ndim=3 ([batch, time, features]), found ndim={}: received an input of shape {}",
                     input_shape.rank(), input_shape);
  }
}

TensorList Bidirectional::merge(const Tensor& forward, const Tensor& backward) const {
  if (merge_mode_ == "concat") return concat({forward, backward}, -1);
  if (merge_mode_ == "sum") return forward + backward;
  if (merge_mode_ == "ave") return (forward + backward) / 2;
  if (merge_mode_ == "mul") return forward * backward;
  return {forward, backward};
}

TensorList Bidirectional::compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) {
  if (!as_rnn(forward_).return_sequences()) return {};
  const Tensor mask = inputs.size() > 1 && inputs[1].dtype() == boolean ? inputs[1] : previous_masks.front();
  return merge_mode_ == "none" ? TensorList{mask, mask} : TensorList(mask);
}

TensorList Bidirectional::call_list(const TensorList& inputs) {
  RNN &forward = as_rnn(forward_), &backward = as_rnn(backward_);
  const auto given = inputs.begin();
  const std::ptrdiff_t shared = inputs.size() > 1 && inputs[1].dtype() == boolean ? 2 : 1;
  const auto states = static_cast<std::ptrdiff_t>(inputs.size()) - shared;
  if (states % 2 != 0) {
    fail<ValueError>("Bidirectional", "expected the initial states of both layers, received {}", states);
  }
  TensorList to_forward, to_backward;
  to_forward.insert(to_forward.end(), given, given + shared + states / 2);
  to_backward.insert(to_backward.end(), given, given + shared);
  to_backward.insert(to_backward.end(), given + shared + states / 2, inputs.end());
  const TensorList ahead = forward(to_forward), back = backward(to_backward);
  const bool same_order = !forward.return_sequences();
  TensorList outputs = merge(forward.options().go_backwards && !same_order ? reverse(ahead[0], {1}) : ahead[0],
                             backward.options().go_backwards && !same_order ? reverse(back[0], {1}) : back[0]);
  outputs.insert(outputs.end(), ahead.begin() + 1, ahead.end());
  outputs.insert(outputs.end(), back.begin() + 1, back.end());
  return outputs;
}

}  // namespace xtape::layers
