#pragma once

#include <optional>

#include "xtape/layers/layer.hpp"
#include "xtape/ops/reduce.hpp"

// Family: activations with parameters, as layers; for the others use Activation, such as Activation("tanh").
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

/// max_value where x >= max_value, otherwise x where x > threshold, otherwise negative_slope (x - threshold)
/// (keras.layers.ReLU). Throws a ValueError for a negative option.
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
  explicit ELU(double alpha = 1, ActivationLayerOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double alpha_;
};

/// e^x / sum e^x over one axis, or over several together (keras.layers.Softmax). Throws a ValueError for an axis
/// outside the input.
///
///     Tensor y = softmax({x, mask});  // mask: bool, broadcasts to x; only elements where it is true count, others
///     give 0
///
/// The mask of x (see get_mask) is used in the same way if it has the axis of the softmax, such as time. The output
/// keeps it.
class Softmax : public LayerBase<Softmax> {
 public:
  explicit Softmax(Axes axis = -1, ActivationLayerOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  Tensor normalize(const Tensor& inputs, const Tensor& mask) const;
  Axes axis_;
};

}  // namespace xtape::layers
