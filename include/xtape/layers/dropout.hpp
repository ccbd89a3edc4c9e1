#pragma once

#include <memory>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Dropout.
struct DropoutOptions {
  /// The shape of the dropout mask, which broadcasts: {-1, 1, 8} drops the same features at all steps of [batch, steps,
  /// 8]. -1 stands for the size of the input. Unset: the shape of the input.
  std::optional<Shape> noise_shape = {};
  std::optional<std::uint64_t> seed = {};  ///< set: the layer has its own random generator
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(noise_shape, seed, dtype, name)
};

/// In training, sets each element to 0 with probability `rate` and multiplies the others by 1 / (1 - rate), so that the
/// expected sum stays the same. Outside training it returns its input (keras.layers.Dropout; Srivastava et al., 2014).
/// Throws a ValueError unless 0 <= rate < 1, and for a noise_shape that does not fit the input.
class Dropout : public LayerBase<Dropout> {
 public:
  explicit Dropout(double rate, DropoutOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double rate_;
  std::optional<Shape> noise_shape_;
  std::shared_ptr<random::Generator> generator_;
};

/// Keyword arguments of SpatialDropout1D and SpatialDropout2D.
struct SpatialDropoutOptions {
  std::optional<std::uint64_t> seed = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(seed, dtype, name)
};

/// Dropout of whole channels: drops all steps of a channel of [batch, steps, channels], or none (keras.layers.
/// SpatialDropout1D; Tompson et al., 2015). Throws a ValueError for another rank.
class SpatialDropout1D : public LayerBase<SpatialDropout1D> {
 public:
  explicit SpatialDropout1D(double rate, SpatialDropoutOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double rate_;
  std::shared_ptr<random::Generator> generator_;
};

/// The same for images, [batch, height, width, channels] (keras.layers.SpatialDropout2D).
class SpatialDropout2D : public LayerBase<SpatialDropout2D> {
 public:
  explicit SpatialDropout2D(double rate, SpatialDropoutOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double rate_;
  std::shared_ptr<random::Generator> generator_;
};

}  // namespace xtape::layers
