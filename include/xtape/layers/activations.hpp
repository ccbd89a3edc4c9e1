#pragma once

#include <optional>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/reduce.hpp"

// Activations with parameters, as layers; others are Activation("tanh").
namespace xtape::layers {

/// Keyword arguments of ReLU.
struct ReLUOptions {
  std::optional<double> max_value = {};
  double negative_slope = 0;
  double threshold = 0;
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(max_value, negative_slope, threshold, dtype, name)
};

/// max_value where x >= max_value, x where x > threshold, negative_slope (x - threshold) elsewhere, which is 0 without
/// a slope (keras.layers.ReLU). Throws a ValueError for a negative number.
class ReLU : public LayerBase<ReLU> {
 public:
  explicit ReLU(ReLUOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  ReLUOptions options_;
};

/// Keyword arguments of the layers below.
struct ActivationLayerOptions {
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(dtype, name)
};

/// x where x >= 0, negative_slope x below (keras.layers.LeakyReLU). Throws a ValueError for a negative slope.
class LeakyReLU : public LayerBase<LeakyReLU> {
 public:
  explicit LeakyReLU(double negative_slope = 0.3, ActivationLayerOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double negative_slope_;
};

/// x where x > 0, alpha (e^x - 1) below (keras.layers.ELU).
class ELU : public LayerBase<ELU> {
 public:
  explicit ELU(double alpha = 1, ActivationLayerOptions options = {})
      : LayerBase(options, {{"alpha", alpha}}), alpha_(alpha) {
    set_supports_masking(true);
  }

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double alpha_;
};

/// e^x / sum e^x over an axis, or over several together (keras.layers.Softmax). Throws a ValueError for an axis outside
/// of the input.
///
///     Tensor y = softmax({x, mask});  // bool, broadcast to x: over the elements where it is true; the others give 0
///
/// A mask that x carries (see get_mask) is used where it says something of the elements along the axis, as of steps
/// along the axis of time, and passes on.
class Softmax : public LayerBase<Softmax> {
 public:
  explicit Softmax(Axes axis = -1, ActivationLayerOptions options = {})
      : LayerBase(options, {{"axis", axis}}), axis_(std::move(axis)) {
    set_supports_masking(true);
  }

 protected:
  Tensor call(const Tensor& inputs) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  Tensor normalize(const Tensor& inputs, const Tensor& mask) const;
  Axes axis_;
};

}  // namespace xtape::layers
