// How masks pass from the inputs of a layer to its outputs.
#include <algorithm>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "layers/layer_state.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape {

bool Layer::supports_masking() const noexcept { return state_ != nullptr && state_->supports_masking; }
void Layer::set_supports_masking(bool supports) { state().supports_masking = supports; }

namespace {

void warn_of_dropped_mask(const Layer& layer) {
  detail::LayerState& state = detail::LayerState::of(layer);
  if (state.has_dropped_mask.exchange(true, std::memory_order_relaxed)) return;
  detail::warn(
      fmt::format("[{}] layer '{}' was passed an input with a mask. It does not support masking and drops the mask: "
                  "the layers and losses after it take padding for data",
                  layer.class_name(), state.shown_path()));
}

}  // namespace

Tensor Layer::compute_mask(const Tensor&, const Tensor& previous_mask) {
  if (supports_masking() || !previous_mask.defined()) return previous_mask;
  warn_of_dropped_mask(*this);
  return {};
}

TensorList Layer::compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) {
  const auto defined = [](const Tensor& mask) { return mask.defined(); };
  if (!supports_masking() && !may_make_masks() && std::any_of(previous_masks.begin(), previous_masks.end(), defined)) {
    warn_of_dropped_mask(*this);
  }
  return inputs.empty() ? TensorList() : TensorList(compute_mask(inputs.front(), previous_masks.front()));
}

void Layer::give_masks(std::span<const Tensor> inputs, std::span<Tensor> outputs) {
  // Whether compute_mask has to give this output a mask. An output that is an input has the input's mask, which is
  // replaced. Another output with a mask got it from call(), and keeps it.
  const auto open = [&](const Tensor& output) {
    const auto same = [&](const Tensor& input) { return input.is_same(output); };
    if (!output.defined() || !detail::has_mask(output)) return output.defined();
    return !keeps_masks_of_outputs() && std::any_of(inputs.begin(), inputs.end(), same);
  };
  if (std::none_of(outputs.begin(), outputs.end(), open)) return;
  TensorList masks;
  for (const Tensor& input : inputs) masks.push_back(get_mask(input));
  masks = compute_mask_list(TensorList(Tensors(inputs.begin(), inputs.end())), masks);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!open(outputs[i])) continue;
    const Tensor mask = i < masks.size() ? masks[i] : Tensor();
    if (mask.defined() && (mask.dtype() != boolean || !detail::mask_fits(mask.shape(), outputs[i].shape()))) {
      detail::fail<ValueError>(class_name().c_str(),
                               "expected compute_mask to return a bool mask of the first axes of the output, of shape "
                               "{}: received {} {}",
                               outputs[i].shape(), mask.dtype(), mask.shape());
    }
    outputs[i] = detail::masked(std::move(outputs[i]), mask);
  }
}

}  // namespace xtape
