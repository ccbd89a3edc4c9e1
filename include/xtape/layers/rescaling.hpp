#pragma once

#include <initializer_list>
#include <vector>

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// One number for all elements, `0.5`, or one for each index of the last axis, `{0.5, 1, 2}`.
class RescalingValue {
 public:
  RescalingValue(double value) : values_{value} {}
  RescalingValue(std::initializer_list<double> values) : values_(values), several_(true) {}
  RescalingValue(std::vector<double> values) : values_(std::move(values)), several_(true) {}

  ConfigValue config() const { return several_ ? ConfigValue(values_) : ConfigValue(values_[0]); }
  static RescalingValue from_config(const ConfigValue& value);
  const std::vector<double>& values() const& noexcept { return values_; }
  std::vector<double> values() const&& { return values_; }
  bool several() const noexcept { return several_; }

 private:
  std::vector<double> values_;
  bool several_ = false;
};

/// Keyword arguments of Rescaling.
struct RescalingOptions {
  RescalingValue offset = 0;
  DTypePolicy dtype = {};  ///< inputs are first cast to its compute dtype
  std::string name = {};

  XTAPE_FIELDS(offset, dtype, name)
};

/// x scale + offset for x of any dtype (keras.layers.Rescaling): Rescaling(1 / 255.0) maps the bytes of images to [0,
/// 1], Rescaling(1 / 127.5, {.offset = -1}) to [-1, 1]. With several numbers, each is for one index of the last axis;
/// throws a ValueError for an empty list, and for numbers that do not broadcast to the input.
class Rescaling : public LayerBase<Rescaling> {
 public:
  explicit Rescaling(RescalingValue scale, RescalingOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  RescalingValue scale_, offset_;
};

}  // namespace xtape::layers
