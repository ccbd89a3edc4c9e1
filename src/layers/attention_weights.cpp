#include "layers/attention_weights.hpp"

#include <limits>

#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::detail {

void check_dropout(const char* layer, double dropout) {
  if (!(dropout >= 0 && dropout < 1)) {
    fail<ValueError>(layer, "expected 0 <= dropout < 1, received dropout={}", dropout);
  }
}

Tensor attention_weights(const Tensor& scores, const Tensor& mask, bool causal) {
  Tensor allowed = mask;
  if (causal) {
    const Tensor earlier = tril(ones({scores.shape(-2), scores.shape(-1)}, boolean));
    allowed = allowed.defined() ? logical_and(allowed, earlier) : earlier;
  }
  if (!allowed.defined()) return nn::softmax(scores);
  // Finite, so that a row without keys gives finite numbers, which zeros then replace.
  constexpr double lowest = -static_cast<double>(std::numeric_limits<float>::max()) / 2;
  return where(allowed, nn::softmax(where(allowed, scores, lowest)), 0);
}

}  // namespace xtape::detail
