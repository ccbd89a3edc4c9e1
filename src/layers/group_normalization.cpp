#include "xtape/layers/group_normalization.hpp"

#include <vector>

#include "base/check.hpp"
#include "layers/input_checks.hpp"
#include "layers/weight_options.hpp"
#include "ops/in_float32.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/normalization.hpp"

namespace xtape::layers {

GroupNormalization::GroupNormalization(GroupNormalizationOptions options)
    : LayerBase(options), options_(std::move(options)) {
  if (options_.groups <= 0 && options_.groups != -1) {
    detail::fail<ValueError>("GroupNormalization",
                             "Received an invalid value for argument `groups`, expected a positive integer (or `-1` "
                             "for instance normalization). Received: groups={}",
                             options_.groups);
  }
  detail::check_epsilon("GroupNormalization", options_.epsilon);
  set_supports_masking(true);
}

void GroupNormalization::build(const Shape& input_shape) {
  detail::expect_min_ndim(*this, input_shape, 2);
  const std::int64_t channels = input_shape[detail::expect_axis_inside(*this, input_shape, options_.axis)];
  const std::int64_t groups = options_.groups == -1 ? channels : options_.groups;
  if (channels < groups) {
    detail::fail<ValueError>("GroupNormalization",
                             "Number of groups ({}) cannot be more than the number of channels ({}).", groups,
                             channels);
  }
  if (channels % groups != 0) {
    detail::fail<ValueError>("GroupNormalization",
                             "The number of channels ({}) must be a multiple of the number of groups ({}).", channels,
                             groups);
  }
  channels_ = channels;
  if (options_.scale) gamma_ = add_weight("gamma", {channels}, detail::gamma_options(options_));
  if (options_.center) beta_ = add_weight("beta", {channels}, detail::beta_options(options_));
}

Tensor GroupNormalization::call(const Tensor& inputs) {
  detail::expect_min_ndim(*this, inputs.shape(), 2);
  const int axis = detail::expect_axis_inside(*this, inputs.shape(), options_.axis);
  detail::expect_axis(*this, inputs.shape(), options_.axis, channels_);
  const std::int64_t groups = options_.groups == -1 ? channels_ : options_.groups;
  if (inputs.size() == 0) return inputs;
  if (xtape::detail::has_mask(inputs)) {
    std::vector<int> axes;
    for (int i = 1; i < inputs.rank(); ++i) {
      if (i != axis || channels_ > groups) axes.push_back(i);
    }
    detail::warn_of_padding_in(*this, inputs, axes);
  }
  const bool last = axis == inputs.rank() - 1;
  const Tensor wide = detail::widened(inputs);
  const Tensor x = last ? wide : moveaxis(wide, axis, -1);
  const Tensor grouped = reshape(x, {x.shape()[0], -1, groups, channels_ / groups});
  const auto [mean, variance] = nn::moments(grouped, {1, 3}, true);
  const auto for_groups = [&](bool used, const Variable& weight) {
    return used ? reshape(detail::widened(weight), {groups, channels_ / groups}) : Tensor();
  };
  const Tensor y = reshape(nn::batch_norm(grouped, mean, variance, for_groups(options_.center, beta_),
                                          for_groups(options_.scale, gamma_), options_.epsilon),
                           x.shape());
  return cast(last ? y : moveaxis(y, -1, axis), inputs.dtype());
}

}  // namespace xtape::layers
