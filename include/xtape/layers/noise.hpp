#pragma once

#include <memory>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

// Layers that add randomness in training and otherwise pass their input on.
namespace xtape::layers {

/// Keyword arguments of GaussianNoise and GaussianDropout.
struct NoiseOptions {
  std::optional<std::uint64_t> seed = {};  ///< a stream of random numbers of the layer's own
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

/// x noise, normally distributed around 1 with the deviation sqrt(rate / (1 - rate)): mean and variance of Dropout's
/// result (keras.layers.GaussianDropout; Srivastava et al., 2014). Throws a ValueError unless 0 <= rate < 1.
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
  std::optional<Shape> noise_shape = {};  ///< as Dropout's
  std::optional<std::uint64_t> seed = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(noise_shape, seed, dtype, name)
};

/// Sets each element to selu(-infinity) with probability `rate` and then maps all linearly, such that inputs of mean 0
/// and variance 1 keep these (keras.layers.AlphaDropout; Klambauer et al., 2017). Throws a ValueError as Dropout does.
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
