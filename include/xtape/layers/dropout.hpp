#pragma once

#include <memory>
#include <optional>

#include "xtape/core/random.hpp"
#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of Dropout.
struct DropoutOptions {
  std::optional<std::uint64_t> seed = {};  ///< a stream of random numbers of the layer's own
  std::string name = {};
};

/// In training, sets each element to 0 with probability `rate` and multiplies the others by 1 / (1 - rate), so that the
/// expected sum stays; otherwise passes its input on (keras.layers.Dropout; Srivastava et al., 2014). Throws a
/// ValueError unless 0 <= rate < 1.
class Dropout : public LayerBase<Dropout> {
 public:
  explicit Dropout(double rate, DropoutOptions options = {});

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  double rate_;
  std::shared_ptr<random::Generator> generator_;
};

}  // namespace xtape::layers
