#pragma once

#include <memory>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

// Family: layers that add noise in training; outside training they return their input.
namespace xtape::layers {

/// Keyword arguments of GaussianNoise and GaussianDropout.
struct NoiseOptions {
  std::optional<std::uint64_t> seed = {};  ///< set: the layer has its own random generator
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(seed, dtype, name)
};

/// x + noise, normally distributed around 0 (keras.layers.GaussianNoise). Throws a ValueError unless 0 <= stddev <= 1.
class GaussianNoise : public LayerBase<GaussianNoise> {
 public:
  explicit GaussianNoise(double stddev, NoiseOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double stddev_;
  std::shared_ptr<random::Generator> generator_;
};

/// x times noise, normally distributed with mean 1 and standard deviation sqrt(rate / (1 - rate)), which gives the mean
/// and variance of Dropout's result (keras.layers.GaussianDropout; Srivastava et al., 2014). Throws a ValueError unless
/// 0 <= rate < 1.
class GaussianDropout : public LayerBase<GaussianDropout> {
 public:
  explicit GaussianDropout(double rate, NoiseOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double rate_;
  std::shared_ptr<random::Generator> generator_;
};

/// Keyword arguments of AlphaDropout.
struct AlphaDropoutOptions {
  std::optional<Shape> noise_shape = {};  ///< see DropoutOptions
  std::optional<std::uint64_t> seed = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(noise_shape, seed, dtype, name)
};

/// Sets each element to selu(-infinity) with probability `rate`, then maps all elements linearly so that mean 0 and
/// variance 1 of the inputs are kept (keras.layers.AlphaDropout; Klambauer et al., 2017). Throws a ValueError as
/// Dropout does.
class AlphaDropout : public LayerBase<AlphaDropout> {
 public:
  explicit AlphaDropout(double rate, AlphaDropoutOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double rate_;
  std::optional<Shape> noise_shape_;
  std::shared_ptr<random::Generator> generator_;
};

}  // namespace xtape::layers
